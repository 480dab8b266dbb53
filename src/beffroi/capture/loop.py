"""The capture loop: one thread that takes what all the cameras of a worker send.

It looks at its sockets at a tick, not at each packet: a picture of a 4 Mbit/s stream comes in 15 packets, and waking
for each would cost more than taking them. Nothing in it waits but the tick itself; helper threads look names up.
"""

import os
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from beffroi.capture.ends import RunEnd
from beffroi.capture.link import Target
from beffroi.capture.rtsp import Address
from beffroi.capture.stream import CameraStream

TICK_S: Final = 0.142
"""While nobody watches. At every usual rate of pictures (10 to 60 a second) it falls elsewhere in the interval each
time: within two seconds one picture is seen at most 10 ms after its arrival, and wall time is drawn from that one."""

BRISK_TICK_S: Final = 0.011
"""While somebody watches a stream of this worker (what the tick may add to the delay of a live picture), and while a
camera is being called (each of its five answers waits for a tick)."""

_SWEEP_S: Final = 0.1
_BUFFER_BYTES: Final = 256 * 1024


class CaptureLoop(threading.Thread):
    """Drives the streams of one worker. `add`, `end` and `close` may be called from any thread."""

    def __init__(self, watched: Callable[[], bool] = lambda: False, *, tick_s: float = TICK_S) -> None:
        super().__init__(name="capture", daemon=True)
        self.beat_s = float("inf")
        self._watched = watched
        self._tick_s = tick_s
        self._orders: deque[Callable[[], None]] = deque()
        self._streams: set[CameraStream] = set()
        self._by_fd: dict[int, CameraStream] = {}
        self._poll = select.epoll()
        self._wake_fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._sleeper = select.poll()
        self._sleeper.register(self._wake_fd, select.POLLIN)
        self._ending = self._calling = False

    def add(self, stream: CameraStream) -> None:
        """Capture this stream from now on."""

        def begin() -> None:
            self._streams.add(stream)
            stream.begin(self)

        self._order(begin)

    def end(self, stream: CameraStream, end: RunEnd) -> None:
        """Capture it no more; it is `finished` a moment later."""

        def stop() -> None:
            stream.stop(end)
            self._streams.discard(stream)

        self._order(stop)

    def close(self) -> None:
        """End every stream, then the thread."""

        def stop() -> None:
            for stream in self._streams:
                stream.stop(RunEnd.STOPPED)
            self._streams.clear()
            self._ending = True

        self._order(stop)

    def watch(self, fd: int, events: int, stream: CameraStream) -> None:
        if fd in self._by_fd:
            self._poll.modify(fd, events)
        else:
            self._poll.register(fd, events)
        self._by_fd[fd] = stream

    def unwatch(self, fd: int) -> None:
        if self._by_fd.pop(fd, None) is not None:
            self._poll.unregister(fd)

    def resolve(self, address: Address, found: Callable[[Target | None], None]) -> None:
        def look_up() -> None:
            target = _look_up(address)
            self._order(lambda: found(target))

        threading.Thread(target=look_up, name="resolver", daemon=True).start()

    def run(self) -> None:
        buffer = memoryview(bytearray(_BUFFER_BYTES))
        sweep_s = tick_s = 0.0
        while not self._ending:
            now_s = self.beat_s = time.monotonic()
            if self._orders:
                self._obey()
            if now_s >= tick_s:
                tick_s = max(tick_s + (BRISK_TICK_S if self._calling or self._watched() else self._tick_s), now_s)
                for fd, events in self._poll.poll(0):
                    ready = self._by_fd.get(fd)
                    if ready is not None:
                        ready.ready(events, buffer, now_s)
                if now_s >= sweep_s:  # after reading: when this machine stood still, no camera is taken for silent
                    sweep_s = now_s + _SWEEP_S
                    for stream in list(self._streams):
                        if now_s >= stream.due_s:
                            stream.timer(now_s)
                    self._calling = any(stream.calling for stream in self._streams)
            self._sleep(tick_s)

    def _sleep(self, until_s: float) -> None:
        """Until the next tick, or an order."""
        if self._sleeper.poll(max(0.0, until_s - time.monotonic()) * 1000):
            os.eventfd_read(self._wake_fd)

    def _order(self, order: Callable[[], None]) -> None:
        self._orders.append(order)
        os.eventfd_write(self._wake_fd, 1)

    def _obey(self) -> None:
        while self._orders:
            self._orders.popleft()()


def _look_up(address: Address) -> Target | None:
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return None
    for family, _, _, _, where in found:
        if family in {socket.AF_INET, socket.AF_INET6} and isinstance(where[0], str):
            return Target(family, (where[0], address.port))
    return None
