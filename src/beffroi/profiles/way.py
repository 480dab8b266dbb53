"""The way from the deployment as described to the lawful one: papers applied one step after the other, the engine asked
after each. What a step opens is what the engine answers then: no outcome is written beforehand."""

from collections.abc import Iterator
from dataclasses import dataclass

from beffroi.domain.acts import Act, Verdict
from beffroi.domain.facts import Facts
from beffroi.profiles.reading import Reader
from beffroi.profiles.shape import Step


@dataclass(frozen=True, slots=True)
class Progress:
    """Where things stand after a step, in real cameras: open live, open to replay, “to be confirmed”; and how many
    conditions are still unmet, over the cameras of the facts. ``step`` None: before the first."""

    step: Step | None
    live: int
    replay: int
    unsettled: int
    unmet: int


def walk(reader: Reader, described: Facts) -> Iterator[Progress]:
    """Progress before the first step, then after each, from the facts as described."""
    facts = described
    yield _measure(reader, facts, None)
    for step in reader.scene.steps:
        facts = step.apply(facts)
        yield _measure(reader, facts, step)


def _measure(reader: Reader, facts: Facts, step: Step | None) -> Progress:
    live = replay = unsettled = unmet = 0
    for camera in facts.cameras.values():
        weight = reader.scene.weight(camera.id)
        seen, again = reader.nearest(Act.LIVE, camera, facts), reader.nearest(Act.REPLAY, camera, facts)
        if seen is None or again is None:
            continue
        live += weight * seen.allowed
        replay += weight * again.allowed
        unsettled += weight * (seen.verdict is Verdict.UNSETTLED)
        unmet += sum(not one.met for one in seen.conditions)
    return Progress(step, live, replay, unsettled, unmet)
