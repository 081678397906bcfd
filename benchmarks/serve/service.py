"""A service in a process of its own, and a client that keeps its connection and measures nothing but the service."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class Service:
    """``ecotone serve`` on loopback, with a token, one worker."""

    def __init__(self, folder: Path, port: int = 0) -> None:
        self.token = folder / "token"
        self.token.write_text("0123456789abcdef" * 4)
        words = ["serve", "--port", str(port), "--token-file", str(self.token), "--state", f"m={folder / 'm.duckdb'}"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ecotone", *words],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **ONE_THREAD},
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if "listening" not in line:
            raise RuntimeError("the service did not start; what it says stands above")
        self.port = int(line.rsplit(":", 1)[1])

    def client(self) -> Client:
        """A connection of its own."""
        return Client(self.port, self.token.read_text())

    def end(self, number: int = signal.SIGTERM) -> None:
        """Send a signal and wait."""
        self.process.send_signal(number)
        self.process.wait()


class Client:
    """Requests over one kept connection, as bytes."""

    def __init__(self, port: int, token: str) -> None:
        self.line = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.head = f"Host: a\r\nAuthorization: Bearer {token}\r\n"
        self._rest = b""

    def post(self, body: bytes, media: str, headers: str = "", path: str = "/monitors/m/rows") -> tuple[int, bytes]:
        """Status and body of the answer."""
        head = (
            f"POST {path} HTTP/1.1\r\n{self.head}Content-Type: {media}\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        )
        self.line.sendall(head.encode() + body)
        return self._answer()

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body of the answer."""
        self.line.sendall(f"GET {path} HTTP/1.1\r\n{self.head}\r\n".encode())
        return self._answer()

    def _answer(self) -> tuple[int, bytes]:
        data = self._rest
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        head = data[:end].lower()
        at = head.index(b"content-length: ") + 16
        size = int(head[at:].split(b"\r", 1)[0])
        data = data[end + 4 :]
        while len(data) < size:
            data += self._more()
        self._rest = data[size:]
        return int(head[9:12]), data[:size]

    def _more(self) -> bytes:
        data = self.line.recv(1 << 16)
        if not data:
            raise ConnectionError("the service closed the connection")
        return data
