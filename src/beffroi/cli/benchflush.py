"""What the flush interval costs a disk: the real writer of so many streams at the nominal rate, in real time."""

import os
import resource
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from beffroi.capture.writers import MIN_CAP_BYTES, WriterPool
from beffroi.domain.ids import CameraId
from beffroi.media.codec import config_from_parameter_sets
from beffroi.media.frame import Frame
from beffroi.vault.catalogue import Catalogue
from beffroi.vault.chunk import ChunkHeader, ChunkWriter, CloseReason
from beffroi.vault.sealing import HOUR_US

GOP_S: Final = 2.0
FPS: Final = 25
_TICK_90K: Final = 90_000 // FPS
_CONFIG: Final = config_from_parameter_sets(
    "h264", (bytes.fromhex("6742c028da01e0089f96100000030010002bf200f1832a"), bytes.fromhex("68ce0fc8"))
)
"""1080p. The pictures are random bytes: nothing decodes them."""

_START_US: Final = 1_770_001_200_000_000


@dataclass
class _Cost:
    """Times of all confirmations of one measure, in seconds."""

    took_s: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class _TimedWriter(ChunkWriter):
    """Tells how long each confirmation took: the file and its checkpoint row."""

    cost: _Cost

    def sync(self) -> None:
        began_s = time.monotonic()
        super().sync()
        with self.cost.lock:
            self.cost.took_s.append(time.monotonic() - began_s)


def flush_figures(
    folder: Path, *, streams: int, seconds: float, kbit_s: int, intervals_s: list[float]
) -> dict[str, Any]:
    """Figures for each interval: confirmations a second, bytes a second, time in them per second, the slowest ones.

    Args:
        folder: on the disk that is asked about.
        streams, kbit_s: how many, and the rate of each.
        seconds: measured time for each interval, after one interval of warming up.
        intervals_s: seconds between two confirmations of a file.
    """
    size = kbit_s * 1000 // 8 // FPS
    nal = b"\x65" + secrets.token_bytes(max(64, size) - 5)
    group = [
        Frame(len(nal).to_bytes(4, "big") + nal, place == 0, place * _TICK_90K, place * _TICK_90K, _TICK_90K, 0, None)
        for place in range(int(GOP_S * FPS))
    ]
    found = {}
    for interval_s in intervals_s:
        root = folder / f"flush-{interval_s:g}"
        (root / "streams").mkdir(parents=True)
        found[f"{interval_s:g} s"] = _one(root, group, streams, seconds, interval_s)
    return {"streams": streams, "kbit_s": kbit_s, "seconds": seconds, "flush": found}


def _one(root: Path, group: list[Frame], streams: int, seconds: float, interval_s: float) -> dict[str, Any]:
    cost = _Cost()

    class Writer(_TimedWriter):
        pass

    Writer.cost = cost
    catalogue = Catalogue.open(root / "catalogue.sqlite")
    pool = WriterPool(total_cap=4 * MIN_CAP_BYTES)
    writers = [
        Writer.create(root, _header(number), _CONFIG, secrets.token_bytes(16), catalogue, flush_s=interval_s)
        for number in range(streams)
    ]
    refused, began_s, counted_s = 0, time.monotonic(), 0.0
    used = _cpu_s()
    written = 0
    size = sum(len(frame.data) for frame in group)
    total = int((interval_s + seconds) / GOP_S) * streams
    for turn in range(total):
        number, place = turn % streams, turn // streams
        due_s = began_s + (place + number / streams) * GOP_S
        time.sleep(max(0.0, due_s - time.monotonic()))
        if not counted_s and due_s - began_s >= interval_s:
            with cost.lock:
                cost.took_s.clear()
            counted_s, used, written = time.monotonic(), _cpu_s(), _written_bytes()
        refused += not pool.submit(str(number), size, _task(writers, number, place, group))
    measured_s, cpu_s, bytes_out = time.monotonic() - counted_s, _cpu_s() - used, _written_bytes() - written
    with cost.lock:
        took_s = sorted(cost.took_s) or [0.0]
    pool.close()
    for writer in writers:
        writer.close(CloseReason.STOPPED)
    catalogue.close()
    return {
        "syncs_per_s": round(len(took_s) / measured_s, 1),
        "written_mb_per_s": round(bytes_out / 1e6 / measured_s, 1),
        "in_sync_ms_per_s": round(sum(took_s) * 1000 / measured_s, 1),
        "sync_ms_median": round(took_s[len(took_s) // 2] * 1000, 1),
        "sync_ms_p95": round(took_s[int(len(took_s) * 0.95)] * 1000, 1),
        "sync_ms_max": round(took_s[-1] * 1000, 1),
        "cpu_ms_per_s": round(cpu_s * 1000 / measured_s, 1),
        "groups_refused": refused,
    }


def _task(writers: Sequence[ChunkWriter], number: int, place: int, group: list[Frame]) -> Callable[[], None]:
    shift = place * len(group) * _TICK_90K

    def write() -> None:
        frames = [replace(frame, dts_90k=frame.dts_90k + shift, pts_90k=frame.pts_90k + shift) for frame in group]
        writers[number].write_gop(frames, _START_US + shift * 100 // 9)

    return write


def _header(number: int) -> ChunkHeader:
    return ChunkHeader(
        camera=CameraId(f"bench-{number}"), stream="main", run="5e" * 16, authority="maire/99001", term_days=15,
        hour=_START_US // HOUR_US, kid=os.urandom(16), sealed_key=os.urandom(80), wall_start_us=_START_US, start_90k=0,
        config_digest=_CONFIG.digest(), codec_string=_CONFIG.codec_string, width=_CONFIG.width, height=_CONFIG.height,
        recorder="bench",
    )  # fmt: skip


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _written_bytes() -> int:
    line = next(x for x in Path("/proc/self/io").read_text().splitlines() if x.startswith("write_bytes:"))
    return int(line.split()[1])
