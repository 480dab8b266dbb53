"""The way from the deployment as described to the lawful one: papers applied one step after the other, the engine asked
after each. What a step opens is what the engine answers then: no outcome is written beforehand."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from beffroi.domain.acts import Act, Verdict
from beffroi.domain.facts import Facts
from beffroi.law.engine import LawEngine
from beffroi.profiles.reading import nearest_watcher, ordered
from beffroi.profiles.shape import Scene, Step


@dataclass(frozen=True, slots=True)
class Progress:
    """Where things stand after a step, in real cameras: open live, open to replay, “to be confirmed”; and how many
    conditions are still unmet, over all cameras of the facts. ``step`` None: before the first."""

    step: Step | None
    live: int
    replay: int
    unsettled: int
    unmet: int


def walk(engine: LawEngine, scene: Scene, at: datetime | None = None) -> Iterator[Progress]:
    """Progress before the first step, then after each."""
    facts = scene.facts
    yield _measure(engine, scene, facts, None, at)
    for step in scene.steps:
        facts = step.apply(facts)
        yield _measure(engine, scene, facts, step, at)


def _measure(engine: LawEngine, scene: Scene, facts: Facts, step: Step | None, at: datetime | None) -> Progress:
    live = replay = unsettled = unmet = 0
    for camera in ordered(facts):
        weight = scene.weight(camera.id)
        seen = nearest_watcher(engine, scene, Act.LIVE, camera, facts=facts, at=at)
        again = nearest_watcher(engine, scene, Act.REPLAY, camera, facts=facts, at=at)
        if seen is None or again is None:
            continue
        live += weight * seen.allowed
        replay += weight * again.allowed
        unsettled += weight * (seen.verdict is Verdict.UNSETTLED)
        unmet += sum(not one.met for one in seen.conditions)
    return Progress(step, live, replay, unsettled, unmet)
