"""``ecotone serve`` in a process of its own, for tests that kill it, look at it or scrape it."""

import json
import os
import subprocess
import sys
from http.client import HTTPConnection

TOKEN = "0123456789abcdef0123456789"
BEARER = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}


class Service:
    """``ecotone serve`` in a process of its own."""

    def __init__(self, folder, *more):
        (folder / "token").write_text(TOKEN + "\n")
        words = [
            "serve",
            "--port",
            "0",
            "--token-file",
            str(folder / "token"),
            "--state",
            f"m={folder / 'm.duckdb'}",
            *more,
        ]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ecotone", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=env,
        )
        line = self.process.stdout.readline()
        assert "listening on" in line, self.process.stderr.read()
        self.port = int(line.rsplit(":", 1)[1])

    def ask(self, method, path, body=None, headers=None):
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, None if body is None else json.dumps(body), {**BEARER, **(headers or {})})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, data

    def end(self, number):
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.communicate(timeout=60)
        return self.process.returncode
