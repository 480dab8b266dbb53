"""What a recorder's catalogue costs with a million rows: a day's view, files coming and going, a destruction pass."""

import os
import statistics
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, Final

from beffroi.cli.bench_fragment import _frames
from beffroi.cli.benchclip import FPS, GOP, Quality, bench_clip
from beffroi.domain.clock import ManualClock
from beffroi.domain.ids import CameraId
from beffroi.domain.ranges import WallRange
from beffroi.media.codec import CodecConfig
from beffroi.media.frame import Frame
from beffroi.vault.catalogue import Catalogue
from beffroi.vault.catalogueschema import ChunkState, connect
from beffroi.vault.chunk import ChunkWriter
from beffroi.vault.chunkformat import ChunkHeader, CloseReason, GopEntry
from beffroi.vault.clockwatch import ClockWatch
from beffroi.vault.destruction import Destroyer
from beffroi.vault.growing import growing_range
from beffroi.vault.journal import Journal

STREAMS: Final = 200
"""A hundred cameras, two streams each."""

FILE_S: Final = 600
FLUSH_S: Final = 10
OPEN_FILES: Final = 4
TERM_DAYS: Final = 31
START_US: Final = 1_770_000_000_000_000
"""When the first file of each stream begins (wall time, µs)."""

_TICK_90K: Final = 90_000 // FPS
_FILE_US: Final = FILE_S * 1_000_000
_DAY_US: Final = 86_400_000_000


def catalogue_figures(
    folder: Path, *, rows: int = 1_000_000, seconds: float = 10.0, views: int = 400
) -> dict[str, Any]:
    """Fill a catalogue and measure it.

    Args:
        folder: where to write, on the disk to be measured.
        rows: closed files of `STREAMS` streams.
        seconds: how long files come, and how long they go.
        views: days looked at, each of a random stream.
    """
    clock = ManualClock(START_US + rows // STREAMS * _FILE_US)
    path = folder / "catalogue.sqlite"
    catalogue = Catalogue.open(path)
    began_s = time.monotonic()
    fill(path, rows)
    filled_s = time.monotonic() - began_s
    size = path.stat().st_size
    config, frames = _frames(bench_clip(Quality(320, 180, 100)))
    writers = [_open_file(folder, catalogue, config, frames, number, clock) for number in range(OPEN_FILES)]
    nominal = STREAMS / FILE_S
    figures: dict[str, Any] = {
        "rows": rows,
        "filled_s": round(filled_s, 1),
        "bytes_per_row": round(size / rows),
        **_views(folder, catalogue, clock, views),
        **_coming(catalogue, config, clock, seconds, nominal),
        **_going(catalogue, seconds, nominal),
        "destruction_pass_ms": round(_pass_ms(folder, catalogue, clock), 1),
        "nominal_files_per_s": round(nominal, 3),
    }
    for writer in writers:
        writer.abandon()
    catalogue.close()
    return figures


def fill(path: Path, rows: int, *, streams: int = STREAMS) -> None:
    """So many closed files of a catalogue that was created, as the recorder leaves them, in one transaction."""
    each = rows // streams
    with closing(connect(path)) as db:
        db.execute("BEGIN")
        for number in range(streams):
            camera, stream = f"cam-{number // 2:03d}", ("main", "sub")[number % 2]
            key = db.execute("INSERT INTO stream (camera, name) VALUES (?, ?)", (camera, stream)).lastrowid
            run = db.execute(
                "INSERT INTO run (stream_id, run, recorder, codec_string, config_digest, width, height) "
                "VALUES (?, ?, 'banc', 'avc1.640028', ?, 1920, 1080)",
                (key, f"{number:032x}", "d" * 64),
            ).lastrowid
            db.executemany(
                "INSERT INTO chunk (stream_id, run_id, path, wall_start_us, wall_end_us, start_90k, authority, "
                "term_days, hour, kid, size, gops, frames, root, state, reason) "
                "VALUES (?, ?, ?, ?, ?, ?, 'maire/99001', ?, ?, ?, 300000000, 300, 15000, ?, 'closed', 'rotated')",
                (_row(key, run, (camera, stream), START_US + place * _FILE_US) for place in range(each)),
            )
            db.executemany(
                "INSERT INTO gap (stream_id, from_us, to_us, cause) VALUES (?, ?, ?, 'stream_stalled')",
                ((key, at, at + 1_000_000) for at in range(START_US, START_US + each * _FILE_US, _DAY_US // 4)),
            )
        db.execute("COMMIT")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _row(key: int | None, run: int | None, stream: tuple[str, str], at_us: int) -> tuple[Any, ...]:
    kid = os.urandom(16)
    path = f"streams/{stream[0]}/{stream[1]}/{at_us // 1000}-5e5e5e5e-{kid.hex()[:8]}.mp4"
    hour = at_us // 3_600_000_000
    return key, run, path, at_us, at_us + _FILE_US, 0, TERM_DAYS, hour, kid, os.urandom(32)


def _header(config: CodecConfig, camera: str, at_us: int) -> ChunkHeader:
    return ChunkHeader(
        camera=CameraId(camera),
        stream="main",
        run=os.urandom(16).hex(),
        authority="maire/99001",
        term_days=TERM_DAYS,
        hour=at_us // 3_600_000_000,
        kid=os.urandom(16),
        sealed_key=os.urandom(80),
        wall_start_us=at_us,
        start_90k=0,
        config_digest=config.digest(),
        codec_string=config.codec_string,
        width=config.width,
        height=config.height,
        recorder="banc",
    )


def _open_file(
    folder: Path, catalogue: Catalogue, config: CodecConfig, frames: list[Frame], number: int, clock: ManualClock
) -> ChunkWriter:
    """A real file near its ten minutes, confirmed every ten seconds but the last ones."""
    start_us = clock.wall_us()
    header = _header(config, f"cam-{number:03d}", start_us)
    writer = ChunkWriter.create(folder, header, config, os.urandom(16), catalogue, flush_s=1e9)
    for group in range(FILE_S * FPS // GOP - 2):
        elapsed_us = group * GOP * 1_000_000 // FPS
        first_90k = elapsed_us * 9 // 100
        moved = [
            replace(one, dts_90k=first_90k + place * _TICK_90K, pts_90k=first_90k + place * _TICK_90K)
            for place, one in enumerate(frames[:GOP])
        ]
        writer.write_gop(moved, start_us + elapsed_us)
        if elapsed_us // 1_000_000 % FLUSH_S == 0 and elapsed_us < (FILE_S - 2 * FLUSH_S) * 1_000_000:
            writer.sync()
    return writer


def _views(folder: Path, catalogue: Catalogue, clock: ManualClock, views: int) -> dict[str, float]:
    """A day of a stream as the console asks for it: the calendar and what open files hold by now. One view in four is
    of today, with an open file."""
    rng = Random(4)  # noqa: S311  choice of cases
    took: list[float] = []
    worked: list[float] = []
    last_us = clock.wall_us() + _FILE_US
    days = max(1, (last_us - START_US) // _DAY_US)
    for number in range(views):
        today = number % 4 == 0
        camera = CameraId(f"cam-{rng.randrange(OPEN_FILES if today else STREAMS // 2):03d}")
        end_us = last_us if today else START_US + rng.randrange(1, days + 1) * _DAY_US
        asked = WallRange(end_us - _DAY_US, end_us)
        began_s, cpu_s = time.perf_counter(), time.thread_time()
        growing = [
            growing_range(folder, row)
            for row in catalogue.chunks(camera, "main", asked)
            if row.state is ChunkState.OPEN
        ]
        catalogue.calendar(camera, "main", asked, growing=growing)
        took.append((time.perf_counter() - began_s) * 1000)
        worked.append((time.thread_time() - cpu_s) * 1000)
    return {
        "day_view_p50_ms": round(statistics.median(took), 2),
        "day_view_p99_ms": _p99(took),
        "day_view_p99_cpu_ms": _p99(worked),
    }


def _p99(values: list[float]) -> float:
    return round(sorted(values)[len(values) * 99 // 100], 2)


def _coming(
    catalogue: Catalogue, config: CodecConfig, clock: ManualClock, seconds: float, nominal: float
) -> dict[str, float]:
    """Files opened, confirmed every ten seconds of their life, closed: rows only, each commit on disk."""
    checkpoints = FILE_S // FLUSH_S
    at_us = clock.wall_us() + 2 * _FILE_US
    entry = GopEntry(0, 100, at_us, 0, 180_000, 50, True, bytes(32))
    done = 0

    def one() -> None:
        nonlocal done
        done += 1
        header = _header(config, f"cam-{done % 100:03d}", at_us + done * 1000)
        chunk = catalogue.open_chunk(header, str(header.relative_path()), 1000)
        for _ in range(checkpoints):
            catalogue.checkpoint(chunk, 2000, [entry] * 5)
        catalogue.close_chunk(chunk, size=3000, entries=[entry], root=bytes(32), reason=CloseReason.ROTATED)

    rate = _rate(one, seconds)
    return {"insert_files_per_s": round(rate, 2), "insert_times_nominal": round(rate / nominal, 1)}


def _going(catalogue: Catalogue, seconds: float, nominal: float) -> dict[str, float]:
    """Files marked as garbage and turned into a destroyed range, each commit on disk."""
    with closing(connect(catalogue.path, create=False)) as db:
        oldest = [row[0] for row in db.execute("SELECT id FROM chunk ORDER BY hour, id LIMIT 200000")]
    ids = iter(oldest)

    def one() -> None:
        chunk = next(ids)
        catalogue.mark_garbage([chunk])
        catalogue.mark_destroyed(chunk, START_US)

    rate = _rate(one, seconds)
    return {"delete_files_per_s": round(rate, 2), "delete_times_nominal": round(rate / nominal, 1)}


def _rate(one: Callable[[], None], seconds: float) -> float:
    began_s, done = time.perf_counter(), 0
    with suppress(StopIteration):  # nothing is left to do: the rate until then
        while time.perf_counter() - began_s < seconds:
            one()
            done += 1
    return done / (time.perf_counter() - began_s)


def _pass_ms(folder: Path, catalogue: Catalogue, clock: ManualClock) -> float:
    """A pass that finds nothing due: what the recorder does every minute."""
    clock.wall = START_US
    journal = Journal.open(folder / "journal.sqlite")
    destroyer = Destroyer(
        folder, catalogue=catalogue, journal=journal, clock=clock, watch=ClockWatch(clock),
        legal_tz=lambda *_: "Europe/Paris",
    )  # fmt: skip
    destroyer.run()
    began_s = time.perf_counter()
    destroyer.run()
    took_ms = (time.perf_counter() - began_s) * 1000
    journal.close()
    return took_ms
