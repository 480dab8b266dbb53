"""How long a person waits for the law and for the gate: the bench territory, the real law, a real disk."""

import asyncio
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from beffroi.base.clock import SystemClock
from beffroi.domain.acts import Act, Purpose
from beffroi.domain.clock import now
from beffroi.domain.decision import ActRequest, Decision
from beffroi.domain.facts import Facts
from beffroi.gate.bench import Figures, measure_disk, measure_open
from beffroi.law.bench import AT, measure, territory
from beffroi.law.engine import LawEngine

GATE_COUNT: Final = 400


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


def gate_figures(folder: Path, *, count: int = GATE_COUNT) -> dict[str, Any]:
    """Opening a view: decision, entry on disk, lease. Beside one small durable file on the same disk, in the same run.

    The same (person, camera) comes back, as on a wall: the first decision about each is in the figure.
    """
    law = BenchLaw(LawEngine.load(), territory())
    at = now(SystemClock())
    persons = [person for person in law.facts.persons if person.startswith("agent-")][:2]
    asked = [ActRequest(person, Act.LIVE, camera, Purpose.F5, at) for person in persons for camera in law.facts.cameras]
    allowed = [request for request in asked if law.decide(request).allowed]
    law = BenchLaw(LawEngine.load(), territory())
    disk = measure_disk(folder)
    found: dict[str, Any] = {"durable_file_p50_ms": disk.p50_ms, "durable_file_p99_ms": disk.p99_ms}
    for at_once in (1, 16):
        inner = folder / f"at-once-{at_once}"
        inner.mkdir()
        figures: Figures = asyncio.run(measure_open(inner, count=count, at_once=at_once, decider=law, requests=allowed))
        name = f"open_{at_once}_at_once"
        found |= {f"{name}_p50_ms": figures.p50_ms, f"{name}_p99_ms": figures.p99_ms}
        found[f"{name}_p50_in_durable_files"] = round(figures.p50_ms / disk.p50_ms, 1)
    return found
