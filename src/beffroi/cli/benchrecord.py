"""The recording bench: our recorder and its peer in turn on the same streams, measured from /proc.

A round is A then B. Before each, a generator of its own starts; it closes the cameras at the end, so that every picture
it sent must lie on disk: missing pictures are counted, not estimated.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from beffroi.cli.benchclip import QUALITIES, Kind, Quality, bench_clip
from beffroi.cli.benchhouse import Recorder
from beffroi.cli.benchpeer import Peer, version
from beffroi.cli.benchproc import Usage, pss_mib, threads, usage, wait_read

_START_S: Final = 180.0
_SETTLE_S: Final = 5.0
_READ_S: Final = 30.0


class System(Protocol):
    """What records."""

    def pids(self) -> list[int]: ...
    def finish(self) -> None: ...
    def close(self) -> None: ...
    def frames(self) -> list[int]: ...
    def runs(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Plan:
    """What to measure."""

    streams: int
    quality: Quality
    seconds: float
    rounds: int = 1
    peer: bool = True
    settle_s: float = _SETTLE_S


@dataclass(frozen=True, slots=True)
class Taken:
    """One phase of one round."""

    used: Usage
    generator: Usage
    lasted_s: float
    pss_mib: float
    threads: int
    late_ms: int
    missing: int
    refused: int
    recorded: int
    runs: int


def measure(
    folder: Path, *, streams: int, seconds: float, kind: Kind = "main", kbit_s: int = 0, rounds: int = 1,
    peer: bool = True, settle_s: float = _SETTLE_S,
) -> dict[str, Any]:  # fmt: skip
    """Run the bench in a folder and return its figures. ``kbit_s`` replaces the usual rate of the kind; ``settle_s``
    is how long all play before processor time counts."""
    usual = QUALITIES[kind]
    quality = Quality(usual.width, usual.height, kbit_s or usual.kbit_s)
    plan = Plan(streams, quality, seconds, rounds, peer, settle_s)
    clip = bench_clip(quality)
    ours: list[Taken] = []
    peers: list[Taken] = []
    for _ in range(rounds):
        ours.append(_phase(folder, plan, clip, Recorder))
        if peer:
            peers.append(_phase(folder, plan, clip, Peer))
    return _told(plan, kind, ours, peers)


def _phase(folder: Path, plan: Plan, clip: Path, start: "type[Recorder] | type[Peer]") -> Taken:
    with tempfile.TemporaryDirectory(prefix="phase-", dir=folder) as place, _Generator(clip, plan.streams) as feed:
        system: System = start(Path(place), feed.port, plan.streams)
        try:
            feed.wait_playing(plan.streams)
            time.sleep(plan.settle_s)  # past the burst of the start
            feed.ask("status")
            pids = system.pids()
            first, first_feed, began_s = usage(pids), usage([feed.pid]), time.monotonic()
            memory = []
            for _ in range(3):
                time.sleep(plan.seconds / 3)
                memory.append(pss_mib(pids))
            used, generator = usage(pids) - first, usage([feed.pid]) - first_feed
            lasted_s, many = time.monotonic() - began_s, threads(pids)
            late_ms = feed.ask("status")["late_ms"]
            ended = feed.ask("stop")
            wait_read(feed.port, timeout_s=_READ_S)
            system.finish()
        finally:
            system.close()
        kept = system.frames()
        missing = sum(abs(due - found) for due, found in zip(ended["due"], kept, strict=True))
        refused, runs = sum(ended["refused"]), system.runs()
    return Taken(used, generator, lasted_s, statistics.fmean(memory), many, late_ms, missing, refused, sum(kept), runs)


def _told(plan: Plan, kind: Kind, ours: list[Taken], peers: list[Taken]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "streams": plan.streams,
        "kind": kind,
        "kbit_s_per_stream": plan.quality.kbit_s,
        "seconds": plan.seconds,
        "rounds": plan.rounds,
        "cores": len(os.sched_getaffinity(0)),
        "load_before": round(os.getloadavg()[0], 1),
        "frames_recorded": sum(one.recorded for one in ours),
        "frames_missing": sum(one.missing for one in ours),
        "gaps": sum(one.runs - plan.streams for one in ours),
        "beffroi": _figures(plan, ours),
    }
    if peers:
        found["ffmpeg_version"] = version()
        found["ffmpeg"] = _figures(plan, peers)
        found["cpu_ratio"] = _ratio(
            [one.used.cpu_s / one.lasted_s for one in ours], [one.used.cpu_s / one.lasted_s for one in peers]
        )
        found["pss_ratio"] = _ratio([one.pss_mib for one in ours], [one.pss_mib for one in peers])
    return found


def _ratio(ours: list[float], peers: list[float]) -> float:
    return round(statistics.fmean(ours) / statistics.fmean(peers), 3)


def _figures(plan: Plan, taken: list[Taken]) -> dict[str, Any]:
    def each(values: list[float], digits: int = 2) -> float:
        return round(statistics.fmean(values) / plan.streams, digits)

    return {
        "cpu_ms_per_s_per_stream": each([one.used.cpu_s * 1000 / one.lasted_s for one in taken]),
        "pss_mib_per_stream": each([one.pss_mib for one in taken]),
        "context_switches_per_s_per_stream": each([one.used.switches / one.lasted_s for one in taken], 1),
        "frames_missing": sum(one.missing for one in taken),
        "frames_refused_by_socket": sum(one.refused for one in taken),
        "threads": taken[-1].threads,
        "generator_cpu_ms_per_s_per_stream": each([one.generator.cpu_s * 1000 / one.lasted_s for one in taken]),
        "generator_late_ms": max(one.late_ms for one in taken),
        "cpu_ms_per_s_per_stream_by_round": [
            round(one.used.cpu_s * 1000 / one.lasted_s / plan.streams, 2) for one in taken
        ],
    }


class _Generator:
    """`benchfeed` as a process."""

    def __init__(self, clip: Path, streams: int) -> None:
        command = [sys.executable, "-m", "beffroi.cli.benchfeed", "--clip", str(clip), "--streams", str(streams)]
        self._process = subprocess.Popen(  # noqa: S603  our own program
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.port = int(self._heard()["port"])

    @property
    def pid(self) -> int:
        return self._process.pid

    def __enter__(self) -> "_Generator":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()

    def ask(self, what: str) -> dict[str, Any]:
        """One order and its answer."""
        if self._process.stdin is None:
            raise RuntimeError("the generator has no input")
        self._process.stdin.write(what + "\n")
        self._process.stdin.flush()
        return self._heard()

    def wait_playing(self, streams: int) -> None:
        """Until so many streams play.

        Raises:
            RuntimeError: not in `_START_S`.
        """
        until_s = time.monotonic() + _START_S
        while (playing := self.ask("status")["playing"]) < streams:
            if time.monotonic() > until_s:
                raise RuntimeError(f"{playing} of {streams} streams play after {_START_S:.0f} s")
            time.sleep(0.1)

    def _heard(self) -> dict[str, Any]:
        if self._process.stdout is None or not (line := self._process.stdout.readline()):
            raise RuntimeError("the generator ended")
        answer: dict[str, Any] = json.loads(line)
        return answer
