"""A real headless browser over Chrome's own protocol, through a pipe: what it shows, and what it asked for."""

import fcntl
import json
import os
import select
import shutil
import subprocess
import time

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def browser():
    """The program, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """One page at a time.

    Parameters
    ----------
    folder : Path
        For its profile.
    width, height : int
        Of the window, in pixels of the page.
    """

    def __init__(self, folder, width, height=900):
        ours, theirs = os.pipe(), os.pipe()
        ends = [fcntl.fcntl(fd, fcntl.F_DUPFD, 20) for fd in (ours[0], theirs[1])]

        def pipes():
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        words = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
        self.process = subprocess.Popen(
            [browser(), *words, "--remote-debugging-pipe", f"--user-data-dir={folder}", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=pipes,
            pass_fds=(3, 4),
        )  # fmt: skip
        for fd in (*ends, ours[0], theirs[1]):
            os.close(fd)
        self._out, self._in, self._rest, self._count = ours[1], theirs[0], b"", 0
        self.events = []
        self._session = None
        (page,) = [t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page"]
        attached = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Network", "Log"):
            self.call(f"{domain}.enable")
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **size)

    def call(self, method, **parameters):
        """The result of one command."""
        self._count += 1
        sent = {"id": self._count, "method": method, "params": parameters}
        sent |= {"sessionId": self._session} if self._session else {}
        os.write(self._out, json.dumps(sent).encode() + b"\0")
        while True:
            message = self._next(60)
            if message.get("id") == self._count:
                assert "error" not in message, message
                return message["result"]
            self.events.append(message)

    def open(self, address, **headers):
        """Load a page, with headers of its own, and wait until it is there."""
        self.call("Network.setExtraHTTPHeaders", headers=headers)
        self.call("Page.navigate", url=address)
        self.wait("Page.loadEventFired", 60)

    def wait(self, method, seconds):
        """The next event of a kind; those before it are kept, too."""
        until = time.monotonic() + seconds
        while True:
            message = self._next(until - time.monotonic())
            self.events.append(message)
            if message.get("method") == method:
                return message["params"]

    def value(self, expression):
        """Of an expression in the page."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def asked(self):
        """Addresses that were asked for."""
        return [e["params"]["request"]["url"] for e in self.events if e.get("method") == "Network.requestWillBeSent"]

    def complaints(self):
        """What the browser has written into its log: blocked styles, broken addresses."""
        return [e["params"]["entry"]["text"] for e in self.events if e.get("method") == "Log.entryAdded"]

    def close(self):
        """End the process."""
        self.process.kill()
        self.process.wait()
        os.close(self._out)
        os.close(self._in)

    def _next(self, seconds):
        while b"\0" not in self._rest:
            if not select.select([self._in], [], [], max(seconds, 0))[0]:
                raise TimeoutError(f"the browser said nothing for {seconds:.0f} s")
            data = os.read(self._in, 1 << 16)
            if not data:
                raise ConnectionError("the browser has ended")
            self._rest += data
        line, self._rest = self._rest.split(b"\0", 1)
        return json.loads(line)
