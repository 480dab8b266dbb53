"""Our RTSP session on a real socket, blocking: the smallest use of it."""

import contextlib
import socket
import time
from collections.abc import Callable

from beffroi.capture.rtsp import Session
from beffroi.media.rtp import AccessUnit


class Caller:
    """A session with a camera over TCP, for tests."""

    def __init__(self, url: str) -> None:
        self.session = Session(url, now_s=time.monotonic())
        self._socket = socket.create_connection((self.session.address.host, self.session.address.port), 30.0)
        self._socket.settimeout(0.2)
        self.units: list[AccessUnit] = []

    def __enter__(self) -> "Caller":
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):  # a camera that has hung up needs no farewell
            self._socket.sendall(self.session.close())
        self._socket.close()

    def run(self, until: Callable[[], bool], *, timeout_s: float = 60.0) -> list[AccessUnit]:
        """Receive until a condition holds; all access units so far.

        Raises:
            SourceError: the session ended.
            TimeoutError: the condition never held.
        """
        deadline_s = time.monotonic() + timeout_s
        while not until():
            if time.monotonic() > deadline_s:
                raise TimeoutError("the condition never held")
            said = self.session.to_send()
            if said:
                self._socket.sendall(said)
            try:
                data = self._socket.recv(256 << 10)
            except TimeoutError:
                data = b""
            else:
                if not data:
                    raise ConnectionError("closed by the camera")
            now_s = time.monotonic()
            if data:
                self.units += self.session.receive(data, now_s)
            self.session.tick(now_s)
        return self.units

    def pictures(self, count: int) -> list[AccessUnit]:
        """The first ``count`` access units of the session."""
        return self.run(lambda: len(self.units) >= count)
