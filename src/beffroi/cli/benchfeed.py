"""The generator of the recording bench: many cameras in one small process, packets cut once and shared by all.

``python -m beffroi.cli.benchfeed --clip CLIP --streams N`` prints ``{"port": …}``; then ``status`` on its input is
answered with how many streams play, and ``stop`` ends every stream where it is and says, for each, how many pictures
were due since the first key picture after its PLAY. A receiver that does not read loses pictures; they stay due.
"""

import argparse
import contextlib
import json
import re
import select
import socket
import sys
import time
from collections import deque
from pathlib import Path
from typing import Final

from simulate.packets import Clip, load_clip
from simulate.sdp import describe

_TICK_S: Final = 0.005
_SSRC: Final = 0x42454646
_FIRST_TIMESTAMP: Final = 1_000_000
_REPORT_EVERY: Final = 125
_BACKLOG: Final = 250
"""Pictures that wait for a receiver that does not read (10 s), before they are thrown away."""

_NTP_EPOCH_S: Final = 2_208_988_800
_INTERLEAVED: Final = re.compile(r"interleaved=(\d{1,3})-(\d{1,3})")


class Loop:
    """Pictures of the endless clip as they go out, the same bytes for every stream."""

    def __init__(self, clip: Clip) -> None:
        self.clip = clip
        self._ready: dict[int, bytes] = {}

    def is_key(self, number: int) -> bool:
        """Whether the n-th picture may begin a recording."""
        return self.clip.frames[number % len(self.clip.frames)].key

    def picture(self, number: int) -> bytes:
        """All packets of the n-th picture."""
        found = self._ready.get(number)
        if found is None:
            frame = self.clip.frames[number % len(self.clip.frames)]
            stamp = (_FIRST_TIMESTAMP + self.clip.timestamp(number)) & 0xFFFFFFFF
            found = bytes(frame.stamped(first_sequence=self.clip.sequence(number), timestamp=stamp, ssrc=_SSRC))
            self._ready[number] = found
        return found

    def forget(self, before: int) -> None:
        """No stream is behind this picture any more."""
        for number in [number for number in self._ready if number < before]:
            del self._ready[number]

    def report(self, number: int) -> bytes:
        """A sender report (RFC 3550 §6.4.1) that says that the n-th picture is of now."""
        stamp = (_FIRST_TIMESTAMP + self.clip.timestamp(number)) & 0xFFFFFFFF
        ntp = int((time.time() + _NTP_EPOCH_S) * (1 << 32))
        body = b"".join(value.to_bytes(4, "big") for value in (_SSRC, ntp >> 32, ntp & 0xFFFFFFFF, stamp, 0, 0))
        return b"$\x01\x00\x1c\x80\xc8\x00\x06" + body


class Camera:
    """One stream: where it is in the loop, and what was due."""

    def __init__(self, offset_s: float, phase: int) -> None:
        self.offset_s = offset_s
        self.phase = phase
        self.next = phase
        self.due = 0
        self.refused = 0
        self.link: Link | None = None
        self._began = False

    def send(self, loop: Loop) -> None:
        """The next picture, when someone plays it."""
        number, self.next = self.next, self.next + 1
        if self.link and loop.is_key(number):
            self._began = True
        if self._began:
            self.due += 1
        if self.link is None:
            return
        if (number - self.phase) % _REPORT_EVERY == 0:
            self.link.send(loop.report(number))
        if not self.link.send(loop.picture(number)):
            self.refused += 1


class Link:
    """One RTSP connection: answers requests, and carries a camera's pictures once it has asked to play."""

    def __init__(self, sock: socket.socket, house: "House") -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock
        self._house = house
        self._camera: Camera | None = None
        self._input = b""
        self._waiting: deque[memoryview] = deque()

    def send(self, data: bytes) -> bool:
        """Send now, or keep what the socket does not take. False: too much waits, not sent."""
        if self._waiting:
            if len(self._waiting) >= _BACKLOG:
                return False
            self._waiting.append(memoryview(data))
            return True
        try:
            sent = self.sock.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._house.drop(self)
            return False
        if sent < len(data):
            self._waiting.append(memoryview(data)[sent:])
            self._house.watch(self, writing=True)
        return True

    def writable(self) -> None:
        """The socket takes more."""
        while self._waiting:
            try:
                sent = self.sock.send(self._waiting[0])
            except BlockingIOError:
                return
            except OSError:
                self._house.drop(self)
                return
            if sent < len(self._waiting[0]):
                self._waiting[0] = self._waiting[0][sent:]
                return
            self._waiting.popleft()
        self._house.watch(self, writing=False)

    def readable(self) -> None:
        """A request, or the end."""
        try:
            data = self.sock.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._house.drop(self)
            return
        self._input += data
        while self._input:
            if self._input[:1] == b"$":
                if len(self._input) < 4 or len(self._input) < (size := 4 + int.from_bytes(self._input[2:4], "big")):
                    return
                self._input = self._input[size:]
                continue
            head, found, rest = self._input.partition(b"\r\n\r\n")
            if not found:
                return
            self._input = rest
            self._answer(head.decode("ascii", "replace"))

    def leave(self) -> None:
        """Carry nothing any more."""
        if self._camera and self._camera.link is self:
            self._camera.link = None

    def _answer(self, head: str) -> None:
        lines = head.split("\r\n")
        method, url = lines[0].split(" ")[:2]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        out = [f"RTSP/1.0 200 OK\r\nCSeq: {headers.get('cseq', '0')}"]
        body = ""
        if method == "OPTIONS":
            out.append("Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN")
        elif method == "DESCRIBE":
            body = self._house.sdp
            out += [
                f"Content-Base: {url.rstrip('/')}/",
                "Content-Type: application/sdp",
                f"Content-Length: {len(body)}",
            ]
        elif method == "SETUP":
            pair = _INTERLEAVED.search(headers.get("transport", ""))
            channels = pair.group(0) if pair else "interleaved=0-1"
            out += [f"Transport: RTP/AVP/TCP;unicast;{channels}", "Session: 0001;timeout=60"]
        else:
            out.append("Session: 0001")
        self.send(("\r\n".join(out) + "\r\n\r\n" + body).encode())
        if method == "PLAY":
            number = re.search(r"/cam-(\d+)", url)
            self._camera = self._house.cameras[int(number.group(1)) if number else 0]
            self._camera.link = self


class House:
    """All cameras, one epoll, one timetable."""

    def __init__(self, clip: Path, streams: int) -> None:
        self.loop = Loop(load_clip(clip))
        self.sdp = describe(self.loop.clip, audio=False)
        self.period_s = float(1 / self.loop.clip.fps)
        self.cameras = [
            Camera(self.period_s * number / streams, number * len(self.loop.clip.frames) // streams)
            for number in range(streams)
        ]
        self._links: dict[int, Link] = {}
        self._poll = select.epoll()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self._poll.register(self._listener, select.EPOLLIN)
        self._poll.register(sys.stdin, select.EPOLLIN)
        self._late_s = 0.0

    def watch(self, link: Link, *, writing: bool) -> None:
        """Be told when it takes more, or not."""
        self._poll.modify(link.sock, select.EPOLLIN | (select.EPOLLOUT if writing else 0))

    def drop(self, link: Link) -> None:
        """Its receiver is gone."""
        if self._links.pop(link.sock.fileno(), None):
            self._poll.unregister(link.sock)
            link.leave()
            link.sock.close()

    def run(self) -> None:
        """Send until told to stop."""
        began_s = time.monotonic()
        turn, at = 0, 0  # the next to send: picture `turn` of the timetable, of camera `at`
        wake_s = began_s
        while True:
            for fd, events in self._poll.poll(max(0.0, wake_s - time.monotonic())):
                if fd == self._listener.fileno():
                    sock, _ = self._listener.accept()
                    self._links[sock.fileno()] = Link(sock, self)
                    self._poll.register(sock, select.EPOLLIN)
                elif fd == sys.stdin.fileno():
                    if not self._obey():
                        return
                elif link := self._links.get(fd):
                    if events & select.EPOLLOUT:
                        link.writable()
                    if events & ~select.EPOLLOUT:
                        link.readable()
            now_s = time.monotonic()
            if now_s < wake_s:
                continue
            while (due_s := began_s + turn * self.period_s + self.cameras[at].offset_s) <= now_s:
                self._late_s = max(self._late_s, now_s - due_s)
                self.cameras[at].send(self.loop)
                at += 1
                if at == len(self.cameras):
                    turn, at = turn + 1, 0
                    self.loop.forget(turn)
            wake_s = now_s + _TICK_S

    def _obey(self) -> bool:
        asked = sys.stdin.readline().strip()
        if asked == "status":
            late_s, self._late_s = self._late_s, 0.0
            _say({"playing": sum(camera.link is not None for camera in self.cameras), "late_ms": round(late_s * 1e3)})
            return True
        self._listener.close()
        for link in list(self._links.values()):
            link.sock.settimeout(10.0)
            link.writable()
            with contextlib.suppress(
                OSError
            ):  # one that read nothing for so long is gone already; what it lost stays due
                link.sock.shutdown(socket.SHUT_WR)
        _say({"due": [camera.due for camera in self.cameras], "refused": [camera.refused for camera in self.cameras]})
        sys.stdin.readline()  # sockets stay until the receivers have read what is in them
        return False


def _say(what: object) -> None:
    print(json.dumps(what), flush=True)


def main() -> None:
    """Entry point of the process."""
    parser = argparse.ArgumentParser(prog="beffroi-bench-feed")
    parser.add_argument("--clip", type=Path, required=True)
    parser.add_argument("--streams", type=int, required=True)
    asked = parser.parse_args()
    house = House(asked.clip, asked.streams)
    _say({"port": house.port})
    house.run()


if __name__ == "__main__":
    main()
