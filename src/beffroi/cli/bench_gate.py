"""How long a person waits for the law and for the gate: the bench territory, the real law, a real disk."""

import asyncio
import secrets
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beffroi.base.clock import SystemClock
from beffroi.cli.init import prepare_folder
from beffroi.cli.signerchild import SignerChild
from beffroi.domain.acts import Act, Purpose
from beffroi.domain.clock import now
from beffroi.domain.decision import ActRequest, Decision
from beffroi.domain.facts import Facts
from beffroi.gate.bench import Figures, time_disk, time_open
from beffroi.law.bench import AT, measure, territory
from beffroi.law.engine import LawEngine

GATE_COUNT: Final = 400
_TURNS: Final = 8


@dataclass(frozen=True, slots=True)
class BenchLaw:
    """The real law over the bench territory, asked as of the day for which its papers are in order."""

    engine: LawEngine
    facts: Facts

    def revision(self) -> int:
        """Facts do not change during a bench."""
        return self.facts.revision

    def decide(self, request: ActRequest) -> Decision:
        """The law's answer of that day, about the question that was asked."""
        return replace(self.engine.decide(self.facts, replace(request, at=AT)), request=request)


def law_figures(decisions: int = 5000) -> dict[str, Any]:
    """Decisions of the law alone; see `beffroi.law.bench.measure`."""
    return asdict(measure(decisions))


def signer_figures(folder: Path, *, rounds: int = 8, count: int = 100) -> dict[str, Any]:
    """Opening a view, one at a time and sixteen, with the register's key here and in its own process, in turn."""
    data = folder / "apart"
    prepare_folder(data, host="127.0.0.1", authorities=[], passphrase=secrets.token_urlsafe(24))
    here, own = folder / "here", Ed25519PrivateKey.generate()
    here.mkdir()
    found: dict[str, Any] = {}
    child = SignerChild(data)
    try:
        apart = child.signer()
        for at_once in (1, 16):
            taken: dict[str, list[float]] = {"here": [], "apart": []}
            for _ in range(rounds):
                taken["here"] += asyncio.run(time_open(here, own, count=count, at_once=at_once))
                taken["apart"] += asyncio.run(time_open(data / "centre", apart, count=count, at_once=at_once))
            for name, seconds in taken.items():
                figures = Figures.of(seconds)
                found[f"gate, {at_once} at once, key {name}, p50 ms"] = figures.p50_ms
                found[f"gate, {at_once} at once, key {name}, p99 ms"] = figures.p99_ms
    finally:
        child.stop()
    return found


def gate_figures(folder: Path, *, count: int = GATE_COUNT, together: tuple[int, ...] = (1, 16)) -> dict[str, Any]:
    """Opening a view, so many ``together``: decision, entry on disk, lease. Beside one small durable file on the same
    disk, in the same run.

    Files and openings take turns: what else the machine does weighs on both alike. The same (person, camera) comes
    back, as on a wall: the first decision about each is in the figure.
    """
    law = BenchLaw(LawEngine.load(), territory())
    at = now(SystemClock())
    persons = [person for person in law.facts.persons if person.startswith("agent-")][:2]
    asked = [ActRequest(person, Act.LIVE, camera, Purpose.F5, at) for person in persons for camera in law.facts.cameras]
    allowed = [request for request in asked if law.decide(request).allowed]
    law = BenchLaw(LawEngine.load(), territory())
    key = Ed25519PrivateKey.generate()
    files: list[float] = []
    opened: dict[int, list[float]] = {at_once: [] for at_once in together}
    for turn in range(_TURNS):
        files += time_disk(folder, count=max(1, count // _TURNS))
        begin = turn * count // _TURNS % len(allowed)
        for at_once in together:
            inner = folder / f"at-once-{at_once}"
            inner.mkdir(exist_ok=True)
            more = time_open(
                inner,
                key,
                count=max(1, count // _TURNS),
                at_once=at_once,
                decider=law,
                requests=[*allowed[begin:], *allowed[:begin]],
            )
            opened[at_once] += asyncio.run(more)
    disk = Figures.of(files)
    found: dict[str, Any] = {"durable_file_p50_ms": disk.p50_ms, "durable_file_p99_ms": disk.p99_ms}
    for at_once, taken in opened.items():
        figures, name = Figures.of(taken), f"open_{at_once}_at_once"
        found |= {f"{name}_p50_ms": figures.p50_ms, f"{name}_p99_ms": figures.p99_ms}
        found[f"{name}_p50_in_durable_files"] = round(figures.p50_ms / disk.p50_ms, 1)
    return found
