"""Real media for the stand-in centre of the console's tests: encoded here, boxed and encrypted by the house."""

import asyncio
import base64
import itertools
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from fastapi import WebSocket
from tests.support.console_facts import REFUSAL, t

from beffroi.base.ending import bring_to_end
from beffroi.media.cenc import Protection
from beffroi.media.codec import CodecConfig, annexb_to_lengths, config_from_annexb
from beffroi.media.fmp4 import fragment, init_segment
from beffroi.media.frame import Frame

FPS, GOP, SECONDS = 25, 50, 8
GOP_US = GOP * 1_000_000 // FPS
MINUTE_US = 60_000_000
CHUNK_US = 2 * MINUTE_US
GAP_US = (5 * MINUTE_US, 5 * MINUTE_US + 80_000_000)
AHEAD_US = 10_000_000
GAP_CAUSE = t("La liaison avec le site a été coupée (fibre).", "The link with the site was cut (fibre).")

SILENT, GONE, FROZEN, WITHDRAWN = 3, 13, 12, 14
"""Last two digits of the cameras that show a state: no picture, link cut, frozen after 1 s, withdrawn when asked."""


@dataclass(frozen=True)
class Clip:
    """A few seconds, repeated for ever."""

    config: CodecConfig
    frames: list[tuple[bytes, bool]]

    def frame(self, number: int) -> Frame:
        """The n-th picture of the endless stream."""
        data, key = self.frames[number % len(self.frames)]
        at = number * 90_000 // FPS
        return Frame(
            data=data, key=key, dts_90k=at, pts_90k=at, duration_90k=90_000 // FPS, arrival_us=0, camera_us=None
        )


def encode(path: Path | None, seed: int) -> Clip:
    """A clip of H.264 without B-frames: a file's pictures, or drawn ones."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 640, 360, "yuv420p"
    encoder.time_base = Fraction(1, FPS)
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "g": str(GOP), "keyint_min": str(GOP)}
    config: CodecConfig | None = None
    frames: list[tuple[bytes, bool]] = []
    for number, picture in enumerate(_from_file(path) if path else _drawn(seed)):
        picture.pts, picture.pict_type = number, av.video.frame.PictureType.NONE
        for packet in encoder.encode(picture):
            data = bytes(packet)
            config = config or config_from_annexb("h264", data)
            body, key, _ = annexb_to_lengths("h264", data)
            frames.append((body, key))
    assert config is not None
    return Clip(config, frames)


def _from_file(path: Path) -> Iterator[av.VideoFrame]:
    with av.open(str(path)) as source:
        first = itertools.islice(source.decode(video=0), FPS * SECONDS)
        kept = [frame.reformat(640, 360, format="yuv420p") for frame in first]
    return itertools.islice(itertools.cycle(kept), FPS * SECONDS)


def _drawn(seed: int) -> Iterator[av.VideoFrame]:
    ground = np.zeros((360, 640, 3), np.uint8)
    ground[:] = np.linspace(30 + seed * 7 % 40, 90, 360, dtype=np.uint8)[:, None, None]
    for number in range(FPS * SECONDS):
        picture = ground.copy()
        x = (number * 4 + seed * 90) % 600
        picture[200:260, x : x + 40] = (200, 180 - seed * 9 % 90, 90 + seed * 23 % 120)
        picture[20:40, 20 : 20 + (number % FPS) * 10] = 220
        yield av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")


def _now_us() -> int:
    return time.time_ns() // 1000


def _binary(wall_us: int, key: bool, data: Sequence[bytes | memoryview]) -> bytes:
    return b"\x02" + wall_us.to_bytes(8, "big") + _now_us().to_bytes(8, "big") + bytes([key]) + b"".join(data)


@asynccontextmanager
async def renewed(socket: WebSocket) -> AsyncIterator[None]:
    """The lease is passed on each second, as the centre does: a page that hears nothing hides its pictures."""

    async def renew() -> None:
        while True:
            await asyncio.sleep(1)
            await socket.send_json({"type": "lease", "lease": "lease"})

    renewing = asyncio.create_task(renew())
    try:
        yield
    finally:
        await bring_to_end(renewing)


async def live(socket: WebSocket, clip: Clip, seed: int, withdrawn: Callable[[], bool]) -> None:
    """One fragment per picture, in real time; some cameras have a fate."""
    if seed == SILENT:
        cause = t("La caméra ne répond plus au réseau.", "The camera no longer answers.")
        await socket.send_json({"type": "state", "state": "gap", "cause": cause})
        await socket.receive_text()
    if seed == GONE:
        text = t("La liaison avec Saint-Aubin est coupée. L’enregistrement continue sur place.", "The link is down.")
        await socket.send_json({"type": "cut", "code": "unreachable", "text": text, "refusal": None})
        return
    await socket.send_json({"type": "init", "codec": clip.config.codec_string, "stream": "sub"})
    await socket.send_bytes(b"\x01" + init_segment(clip.config, protection=None))
    start, first = time.monotonic(), seed * GOP
    for number in itertools.count():
        await asyncio.sleep(max(0.0, start + number / FPS - time.monotonic()))
        if seed == WITHDRAWN and withdrawn():
            text = t("La vue a été coupée : la commune a suspendu la convention.", "The view was cut.")
            await socket.send_json({"type": "cut", "code": "withdrawn", "text": text, "refusal": REFUSAL})
            return
        if seed == FROZEN and number > FPS:
            await socket.receive_text()
        frame = clip.frame(first + number)
        data = fragment([frame], sequence=number + 1, protection=None, first_sample=number)
        await socket.send_bytes(_binary(_now_us(), frame.key, data))


@dataclass
class _Replay:
    socket: WebSocket
    clip: Clip
    start: int
    end: int
    position: int = 0
    seek: dict[str, Any] | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self) -> None:
        while True:
            message = await self.socket.receive_json()
            if message["type"] in {"position", "seek"}:
                self.position = message["at_us"]
            if message["type"] == "seek":
                self.seek = message
            self.changed.set()

    async def send(self) -> None:
        while True:
            while self.seek is None:
                await self._wait()
            asked, self.seek = self.seek, None
            await self._play(asked["at_us"], asked["seek"])

    async def _wait(self) -> None:
        self.changed.clear()
        await self.changed.wait()

    async def _play(self, at: int, seek: int) -> None:
        at = max(self.start, at)
        at -= (at - self.start) % GOP_US
        gap = (self.start + GAP_US[0], self.start + GAP_US[1])
        chunk, sample, zero, protection = -1, 0, at, None
        while self.seek is None and at < self.end:
            if at > self.position + AHEAD_US:
                await self._wait()
                continue
            if gap[0] <= at < gap[1]:
                await self.socket.send_json(
                    {"type": "gap", "from": gap[0], "to": gap[1], "cause": GAP_CAUSE, "seek": seek}
                )
                at, chunk = gap[1], -1
                continue
            if chunk != (at - self.start) // CHUNK_US:
                chunk, sample, zero = (at - self.start) // CHUNK_US, 0, at
                protection = Protection(kid=secrets.token_bytes(16), key=secrets.token_bytes(16))
                await self._begin(protection, zero, seek)
            first = (at - self.start) * FPS // 1_000_000
            data = fragment(
                [self.clip.frame(first + number) for number in range(GOP)],
                sequence=sample // GOP + 1,
                protection=protection,
                first_sample=sample,
                codec="h264",
                base_dts_90k=(at - zero) * 9 // 100,
            )
            await self.socket.send_bytes(_binary(at, True, data))
            sample += GOP
            at += GOP_US
        if self.seek is None:
            await self.socket.send_json({"type": "end", "at_us": self.end, "seek": seek})

    async def _begin(self, protection: Protection, zero: int, seek: int) -> None:
        await self.socket.send_json(
            {
                "type": "init",
                "codec": self.clip.config.codec_string,
                "stream": "main",
                "kid": _b64(protection.kid),
                "key": _b64(protection.key),
                "offset_s": (zero - self.start) / 1e6,
                "seek": seek,
            }
        )
        await self.socket.send_bytes(b"\x01" + init_segment(self.clip.config, protection=protection))


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


async def replay(socket: WebSocket, clip: Clip, asked: dict[str, Any]) -> None:
    """Encrypted groups of pictures, a new key every two minutes, and a gap at the fifth."""
    start, end = (int(datetime.fromisoformat(asked[name]).timestamp() * 1e6) for name in ("from", "to"))
    gap = (start + GAP_US[0], start + GAP_US[1])
    await socket.send_json(
        {
            "type": "timeline",
            "from": start,
            "to": end,
            "recorded": [[start, gap[0]], [gap[1], end]],
            "gaps": [{"from": gap[0], "to": gap[1], "cause": GAP_CAUSE}],
            "destroyed": [],
        }
    )
    run = _Replay(socket, clip, start, end)
    async with asyncio.TaskGroup() as group:
        group.create_task(run.listen())
        group.create_task(run.send())
