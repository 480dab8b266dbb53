"""A small recorder at speed: the real writer, catalogue, journal and destruction, and a pipe on which it promises.

A line is one JSON object, written only once what it says is said to be on disk: ``open`` (file, key), ``written`` (n
groups of a file: no promise), ``durable`` (n groups), ``closed`` (n groups, root), ``act`` (number, name), ``gone``
(files destroyed at term). Groups last 40 ms; what a stream films is known by its decode time: all that is read back
can be compared with what was sent.
"""

import hashlib
import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, Final

from tests.support.chunks import START_US, header_for
from tests.support.clips import clip, gops

from beffroi.domain.clock import ManualClock
from beffroi.domain.ids import CameraId
from beffroi.media.frame import Frame
from beffroi.vault.catalogue import Catalogue
from beffroi.vault.chunk import ChunkWriter, CloseReason
from beffroi.vault.clockwatch import ClockWatch
from beffroi.vault.destruction import Destroyer
from beffroi.vault.journal import ActKind, Journal
from beffroi.vault.sealing import HOUR_US

STREAMS: Final = 3
GROUP_90K: Final = 3600  # 40 ms
FLUSH_S: Final = 0.4
EXIT_DISK: Final = 70
TERM_DAYS: Final = 15
KEEP: Final = 4
"""Files of a stream that are held; older ones are past their term."""

Tell = Callable[[dict[str, Any]], None]


def teller(fd: int) -> Tell:
    """Lines to a pipe, each by one system call; with the monotonic time."""

    def tell(line: dict[str, Any]) -> None:
        os.write(fd, json.dumps({**line, "at": time.monotonic()}).encode() + b"\n")

    return tell


def group_at(number: int) -> list[Frame]:
    """The pictures of the n-th group of any stream's life."""
    _, frames = clip(count=75)
    source = gops(frames)[number % 3]
    step = GROUP_90K // len(source)
    base = number * GROUP_90K
    return [
        replace(frame, dts_90k=base + place * step, pts_90k=base + place * step, duration_90k=step)
        for place, frame in enumerate(source)
    ]


def content_key(seed: int, camera: str, serial: int) -> bytes:
    """The key of a stream's n-th file of one life."""
    return hashlib.sha256(f"{seed}/{camera}/{serial}".encode()).digest()[:16]


_HOURS: Final[dict[str, int]] = {}
_HOURS_LOCK: Final = threading.Lock()


class Stream:
    """One stream's life, from the files that a former life left."""

    def __init__(self, root: Path, seed: int, number: int, tell: Tell, parts: tuple[Catalogue, Journal]) -> None:
        self.camera = CameraId(f"rue-{number}")
        self._root, self._seed, self._tell = root, seed, tell
        self._catalogue, self._journal = parts
        self._rng = Random(f"{seed}/{number}")  # noqa: S311  choice of cases
        last_us = self._catalogue.accounted_us(self.camera, "main")
        self._hour = (last_us or START_US) // HOUR_US + 1
        with _HOURS_LOCK:
            _HOURS[self.camera] = self._hour
        self._serial = 0
        self._number = 0
        self._run = f"{self._rng.getrandbits(128):032x}"

    def one_file(self, groups: int | None = None, *, flush_s: float = FLUSH_S, pace_s: float = 0.04) -> None:
        """Write a file of some groups, each 40 ms after the former unless told otherwise."""
        config, _ = clip(count=75)
        key = content_key(self._seed, self.camera, self._serial)
        header = header_for(
            config, wall_start_us=self._hour * HOUR_US, camera=self.camera, run=self._run,
            start_90k=self._number * GROUP_90K,
        )  # fmt: skip
        self._serial, self._hour = self._serial + 1, self._hour + 1
        path = str(header.relative_path())
        self._tell({"tell": "open", "path": path, "key": key.hex()})
        writer = ChunkWriter.create(self._root, header, config, key, self._catalogue, flush_s=flush_s)
        promised = 0
        for place in range(groups or self._rng.randrange(3, 25)):
            began_s = time.monotonic()
            writer.write_gop(
                group_at(self._number),
                header.wall_start_us + place * 40_000,
                next_dts_90k=(self._number + 1) * GROUP_90K,
            )
            self._number += 1
            took_s = time.monotonic() - began_s
            self._tell({"tell": "written", "path": path, "n": len(writer.entries), "took": took_s})
            if writer.confirmed > promised:
                promised = writer.confirmed
                self._tell({"tell": "durable", "path": path, "n": promised})
            time.sleep(max(0.0, pace_s - took_s))
        root = writer.close(CloseReason.ROTATED)
        assert root is not None
        self._tell({"tell": "closed", "path": path, "n": len(writer.entries), "root": root.hex()})
        fields = {"path": path, "root": root.hex()}
        seq = self._journal.append(ActKind.CHUNK_CLOSED, fields, wall_us=START_US, once=f"closed:{path}")
        self._tell({"tell": "act", "seq": seq, "path": path})

    def forget_old(self, keep: int = KEEP) -> None:
        """Destroy what is past its term: all but the last files of the stream that is least far."""
        with _HOURS_LOCK:
            _HOURS[self.camera] = self._hour
            hour = min(_HOURS.values()) - keep
        destroy_before(self._root, self._catalogue, self._journal, hour * HOUR_US, self._tell)


_DESTROYING = threading.Lock()


def destroy_before(root: Path, catalogue: Catalogue, journal: Journal, wall_us: int, tell: Tell) -> None:
    """One pass of destruction at the instant when hours before ``wall_us`` reach their term."""
    with _DESTROYING:
        clock = ManualClock(wall=wall_us + TERM_DAYS * 86_400_000_000)
        due = [row.path for row in catalogue.all_chunks() if row.hour * HOUR_US <= wall_us]  # all are closed
        tell({"tell": "due", "paths": due})
        watch = ClockWatch(clock)
        report = Destroyer(
            root, catalogue=catalogue, journal=journal, clock=clock, watch=watch, legal_tz=lambda *_: "UTC"
        ).run()
        if not report.problems:
            tell({"tell": "gone", "paths": due})


def live(root: Path, seed: int, fd: int, *, files: int | None = None) -> None:
    """Record until killed or until the disk fails (exit 70), or so many files a stream."""
    tell = teller(fd)
    parts = (Catalogue.open(root / "catalogue.sqlite"), Journal.open(root / "journal.sqlite"))
    streams = [Stream(root, seed, number, tell, parts) for number in range(STREAMS)]
    tell({"tell": "ready"})

    def record(number: int) -> None:
        try:
            stream = streams[number]
            done = 0
            while files is None or done < files:
                stream.one_file()
                stream.forget_old()
                done += 1
        except BaseException as error:  # noqa: BLE001  whatever it is: what is on disk is unknown, as in the recorder
            os.write(2, f"{type(error).__name__}: {error.__cause__ or error}\n".encode())
            os._exit(EXIT_DISK)

    threads = [threading.Thread(target=record, args=(number,)) for number in range(STREAMS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    parts[1].close()
    parts[0].close()


def steps(root: Path, seed: int, fd: int, *, files: int = 3) -> None:
    """One stream, always the same calls: small files, confirmed at each group or never, then a destruction each."""
    tell = teller(fd)
    catalogue, journal = Catalogue.open(root / "catalogue.sqlite"), Journal.open(root / "journal.sqlite")
    stream = Stream(root, seed, 0, tell, (catalogue, journal))
    for number in range(files):
        stream.one_file(groups=3, flush_s=0.0 if number % 2 else 1e6, pace_s=0.0)
        stream.forget_old(keep=2)
    # Not closed: what SQLite does then may fail unseen, and may: its log stays and is read at the next start.
