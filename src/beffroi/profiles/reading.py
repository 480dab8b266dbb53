"""Asks the engine about a scene: who may see what, what is refused and why, what is missing; it words no outcome."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from beffroi.domain.acts import Act, Verdict
from beffroi.domain.clock import to_wall_us
from beffroi.domain.decision import ActRequest, Decision
from beffroi.domain.facts import Camera, Facts
from beffroi.domain.ids import CameraId, PersonId
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.law.engine import LawEngine
from beffroi.profiles.shape import Scene

TABLE_ACTS: Final = (Act.LIVE, Act.REPLAY, Act.PTZ)
_REPLAYED: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Refused:
    """One refusal, and how many real cameras it closes to this person. ``sentence`` is the engine's."""

    person: PersonId
    cameras: tuple[CameraId, ...]
    stands_for: int
    decision: Decision


@dataclass(frozen=True, slots=True)
class Missing:
    """One condition that does not hold for those who would watch for all, and on how many real cameras."""

    text: Text
    article: str
    stands_for: int


def ask(
    engine: LawEngine,
    scene: Scene,
    person: PersonId,
    act: Act,
    camera: CameraId,
    *,
    facts: Facts | None = None,
    at: datetime | None = None,
) -> Decision:
    """One question about a scene; a replay is of the ten minutes before."""
    instant = at or scene.at
    footage = None
    if act in {Act.REPLAY, Act.EXTRACT}:
        footage = WallRange(to_wall_us(instant - _REPLAYED), to_wall_us(instant))
    request = ActRequest(person, act, camera, scene.purpose(camera), instant, footage, post=scene.post)
    return engine.decide(facts or scene.facts, request)


def table(
    engine: LawEngine, scene: Scene, at: datetime | None = None
) -> dict[PersonId, dict[CameraId, dict[Act, Verdict]]]:
    """Who may see what: the verdict for each person of the cast, camera and act of `TABLE_ACTS`."""
    return {
        person: {
            camera.id: {act: ask(engine, scene, person, act, camera.id, at=at).verdict for act in TABLE_ACTS}
            for camera in ordered(scene.facts)
        }
        for person in scene.cast
    }


def refusals(engine: LawEngine, scene: Scene, persons: Iterable[PersonId], at: datetime | None = None) -> list[Refused]:
    """What these persons are refused to see live, one entry for each different sentence, the widest first.

    Refusals that may tell nothing of the camera are left out: they are the same for a camera that does not exist.
    """
    found: dict[tuple[PersonId, str], Refused] = {}
    for person in persons:
        for camera in ordered(scene.facts):
            decision = ask(engine, scene, person, Act.LIVE, camera.id, at=at)
            if decision.allowed or not decision.disclosable:
                continue
            before = found.get((person, decision.sentence.fr))
            cameras = (*before.cameras, camera.id) if before else (camera.id,)
            weight = scene.weight(camera.id) + (before.stands_for if before else 0)
            first = before.decision if before else decision
            found[person, decision.sentence.fr] = Refused(person, cameras, weight, first)
    return sorted(found.values(), key=lambda one: -one.stands_for)


def missing(engine: LawEngine, scene: Scene, at: datetime | None = None, facts: Facts | None = None) -> list[Missing]:
    """The conditions unmet for the watchers who lack least, each with the number of real cameras it keeps closed."""
    found: dict[tuple[str, str], Missing] = {}
    for camera in ordered(scene.facts):
        nearest = nearest_watcher(engine, scene, Act.LIVE, camera, facts=facts, at=at)
        if nearest is None or nearest.allowed or not nearest.disclosable:
            continue
        for one in (condition for condition in nearest.conditions if not condition.met):
            key, before = (one.text.fr, one.article), found.get((one.text.fr, one.article))
            weight = scene.weight(camera.id) + (before.stands_for if before else 0)
            found[key] = Missing(one.text, one.article, weight)
    return sorted(found.values(), key=lambda one: -one.stands_for)


def nearest_watcher(
    engine: LawEngine,
    scene: Scene,
    act: Act,
    camera: Camera,
    *,
    facts: Facts | None = None,
    at: datetime | None = None,
) -> Decision | None:
    """The best answer that a watcher gets for this camera: an allow, or the refusal that lacks least."""
    answers = list(_answers(engine, scene, act, camera, facts=facts, at=at))
    return min(answers, key=_lack) if answers else None


def _answers(
    engine: LawEngine, scene: Scene, act: Act, camera: Camera, *, facts: Facts | None, at: datetime | None
) -> Iterator[Decision]:
    for person in scene.watchers:
        yield ask(engine, scene, person, act, camera.id, facts=facts, at=at)


def _lack(decision: Decision) -> tuple[bool, bool, bool, int]:
    unmet = sum(not one.met for one in decision.conditions)
    unsettled = decision.verdict is Verdict.UNSETTLED
    return (not decision.allowed, not unsettled, not decision.disclosable, unmet)


def ordered(facts: Facts) -> list[Camera]:
    """The cameras of a scene as its tables show them: by commune, then as they were given."""
    return list(facts.cameras.values())
