"""kill -9 of a capture worker: recording resumes, a group of pictures is lost, the rest is a gap with its cause."""

import os
import random
import signal
import time
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from beffroi.cli.house import House
from beffroi.cli.promises.recording import RESUMED_IN_S, RecorderDoor, StreamId, check_at_hash
from beffroi.cli.promises.report import Figure, Kept, demand, kept
from beffroi.cli.promises.waiting import wait_until
from beffroi.domain.gaps import GapCause
from beffroi.vault.catalogue import Catalogue
from beffroi.vault.catalogueschema import ChunkRow, ChunkState
from beffroi.vault.journal import ActKind
from beffroi.vault.reader import ChunkReader

IN_FLIGHT_S: Final = 1.0
"""A picture held by the parser, and a writer that waits for its turn: workers that come back together load the machine
themselves. Without the tolerance of timings: it is a bound already."""

SLEW_US: Final = 60_000
"""What the recorder's clock may slew between two files."""

_SETTLED_FRAMES: Final = 60
_APART_S: Final = 1.5
_TIMEOUT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill: when (wall time), which process, and the streams that it was recording."""

    at_us: int
    pid: int
    streams: frozenset[StreamId]


@dataclass(frozen=True, slots=True)
class StoredGap:
    """A gap of a stream, as the recorder's journal tells it."""

    stream: StreamId
    from_us: int
    to_us: int
    cause: str


def workers_killed(house: House, *, kills: int = 3, workers: int | None = None, seed: int = 1) -> Kept:
    """Kill workers of a house's recorder at random instants. See `survive_kills`.

    With ``workers``, the recorder is first started anew with so many: they die in overlapping turns.
    """
    if workers is None:
        return survive_kills(house.data, kills=kills, seed=seed)
    door = RecorderDoor(house.data)
    before = door.recording()
    try:
        house.children.stop("recorder")
        house.start_recorder(workers=workers)
        found = survive_kills(house.data, kills=kills, seed=seed)
    finally:
        house.children.stop("recorder")
        house.start_recorder()
    door.wait_recording(before)  # the house is left as it was found
    return found


def survive_kills(data: Path, *, kills: int, seed: int = 1) -> Kept:
    """Kill random workers of the recorder on this folder at random instants, then read what it stored.

    Raises:
        PromiseBrokenError: a stream did not come back, more than one group of pictures was lost of what had been
            received, a hole has no cause, or a stored byte is not what its index says.
    """
    chance = random.Random(seed)  # noqa: S311  instants of a trial
    door = RecorderDoor(data)
    wait_until(lambda: _settled_workers(door, set()), "un enregistrement", "a recording", timeout_s=_TIMEOUT_S)
    began_us = time.time_ns() // 1000
    done: list[Kill] = []
    while len(done) < kills:
        done += _kill_one(door, chance, {kill.pid for kill in done})
    touched = frozenset().union(*(kill.streams for kill in done))
    wait_until(
        lambda: touched <= door.recording() and not {kill.pid for kill in done} & set(door.workers()),
        "la reprise de tous",
        "all to be recorded again",
        timeout_s=_TIMEOUT_S,
    )
    wait_until(lambda: _all_told(done, _gaps(door, began_us)), "l'inscription des trous", "the gaps to be written")
    rows = _closed(door, touched, began_us)  # before the gaps: what lies between two files that are closed is told
    gaps = _gaps(door, began_us)
    lost_s, resumed_s = [], []
    for kill in done:
        for name in kill.streams:
            gap = _gap_of(kill, name, gaps)
            demand(gap, "un trou n'est pas inscrit", "a gap is not written")
            if gap is not None:
                lost_s.append((kill.at_us - gap.from_us) / 1e6)
                resumed_s.append((gap.to_us - kill.at_us) / 1e6)
    _nothing_unexplained(touched, gaps, rows, began_us)
    gop_s = max(_longest_gop_s(door.paths.root / row.path) for row in rows)
    check_at_hash(data)
    return kept(
        f"{kills} processus de capture tués (kill -9) : un groupe d'images perdu au plus, un trou expliqué",
        Figure("flux touchés", len(lost_s), ""),
        Figure("reprise au plus", round(max(resumed_s), 2), "s", RESUMED_IN_S),
        Figure("perdu au plus", round(max(lost_s), 2), "s"),
        Figure("groupe d'images", round(gop_s, 2), "s"),
        Figure("perdu au-delà d'un groupe", round(max(0.0, max(lost_s) - gop_s), 2), "s", IN_FLIGHT_S, timing=False),
    )


def _kill_one(door: RecorderDoor, chance: random.Random, dead: set[int]) -> list[Kill]:
    """Kill one of the workers that have come back, at an instant drawn; none when it had ended by itself."""
    awaited = ("un worker remis", "a worker that has come back")
    wait_until(lambda: _settled_workers(door, dead), *awaited, timeout_s=_TIMEOUT_S)
    time.sleep(chance.uniform(0, _APART_S))  # the instant is drawn, nothing is awaited
    ready = _settled_workers(door, dead)
    if not ready:
        return []
    pid = chance.choice(sorted(ready))
    at_us = time.time_ns() // 1000
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return []
    return [Kill(at_us, pid, frozenset(ready[pid]))]


def _settled_workers(door: RecorderDoor, dead: set[int]) -> dict[int, set[StreamId]]:
    """The workers whose recorded streams have all stored something since they started, and these streams."""
    found: dict[int, set[StreamId]] = {}
    young: set[int] = set(dead)
    for name, item in door.streams().items():
        if item["state"] == "recording" and item.get("pid"):
            found.setdefault(item["pid"], set()).add(name)
            if item["frames"] < _SETTLED_FRAMES:
                young.add(item["pid"])
        elif item["state"] != "stopped":
            young.add(item.get("pid") or 0)
    return {pid: streams for pid, streams in found.items() if pid not in young}


def _gaps(door: RecorderDoor, since_us: int) -> list[StoredGap]:
    return [
        StoredGap(
            (entry.fields["camera"], entry.fields["stream"]),
            entry.fields["from_us"],
            entry.fields["to_us"],
            entry.fields["cause"],
        )
        for entry in door.journal()
        if entry.kind is ActKind.GAP and entry.fields["to_us"] > since_us
    ]


def _gap_of(kill: Kill, name: StreamId, gaps: list[StoredGap]) -> StoredGap | None:
    return next(
        (
            gap
            for gap in gaps
            if gap.stream == name
            and gap.cause == GapCause.RECORDER_KILLED
            and gap.from_us <= kill.at_us + SLEW_US
            and gap.to_us >= kill.at_us
        ),
        None,
    )


def _all_told(done: list[Kill], gaps: list[StoredGap]) -> bool:
    return all(_gap_of(kill, name, gaps) for kill in done for name in kill.streams)


def _closed(door: RecorderDoor, streams: frozenset[StreamId], since_us: int) -> list[ChunkRow]:
    """The files of these streams that were closed since."""
    with closing(Catalogue.open(door.paths.catalogue)) as catalogue:
        return [
            row
            for row in catalogue.all_chunks()
            if (row.camera, row.stream) in streams and row.state is ChunkState.CLOSED and row.range.to_us > since_us
        ]


def _nothing_unexplained(
    streams: frozenset[StreamId], gaps: list[StoredGap], rows: list[ChunkRow], since_us: int
) -> None:
    """Files and stored gaps follow one another without a hole."""
    for name in streams:
        pieces = [(gap.from_us, gap.to_us) for gap in gaps if gap.stream == name]
        pieces += [(row.range.from_us, row.range.to_us) for row in rows if (row.camera, row.stream) == name]
        for before, after in pairwise(sorted(pieces)):
            demand(
                after[0] - before[1] < SLEW_US,
                f"un trou sans cause sur {name[0]}",
                f"a hole without a cause on {name[0]}: {(after[0] - before[1]) / 1e6:.2f} s",
            )


def _longest_gop_s(path: Path) -> float:
    with ChunkReader.open(path) as reader:
        return max((gop.duration_90k / 90_000 for gop in reader.gops), default=0.0)
