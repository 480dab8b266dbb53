"""Asks the engine about a scene: who may see what, what is refused and why, what is missing. It words no outcome."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
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
_SEVERAL: Final = 2
"""A refusal that rests on who asks has one condition; a ground has several."""

Cell = dict[Act, Verdict]


@dataclass(frozen=True, slots=True)
class Refused:
    """One refusal, and how many real cameras it closes to this person; the sentence is the engine's."""

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


class Reader:
    """Puts questions about one scene, at its instant unless another is given."""

    def __init__(self, engine: LawEngine, scene: Scene, at: datetime | None = None) -> None:
        self._engine = engine
        self.scene = scene if at is None else replace(scene, at=at)
        self._answered: dict[tuple[PersonId, Act, CameraId], Decision] = {}

    def ask(self, person: PersonId, act: Act, camera: CameraId, facts: Facts | None = None) -> Decision:
        """One question, about other facts than the scene's where given; a replay is of the ten minutes before."""
        if facts is None or facts is self.scene.facts:
            key = (person, act, camera)
            if key not in self._answered:
                self._answered[key] = self._decide(person, act, camera, self.scene.facts)
            return self._answered[key]
        return self._decide(person, act, camera, facts)

    def _decide(self, person: PersonId, act: Act, camera: CameraId, facts: Facts) -> Decision:
        scene = self.scene
        footage = None
        if act is Act.REPLAY:
            footage = WallRange(to_wall_us(scene.at - _REPLAYED), to_wall_us(scene.at))
        purpose = scene.purpose(camera)
        request = ActRequest(person, act, camera, purpose, scene.at, footage, post=scene.post)
        return self._engine.decide(facts, request)

    def table(self) -> dict[PersonId, dict[CameraId, Cell]]:
        """Who may see what: the verdict for each person of the cast, camera and act of `TABLE_ACTS`."""
        return {
            person: {
                camera: {act: self.ask(person, act, camera).verdict for act in TABLE_ACTS}
                for camera in self.scene.facts.cameras
            }
            for person in self.scene.cast
        }

    def refusals(self, persons: Iterable[PersonId]) -> list[Refused]:
        """What these persons are refused to see live, one entry for each different sentence: those who would watch for
        all first, then the widest first.

        Refusals that may tell nothing of the camera are left out: they are the same for a camera that does not exist.
        """
        found: dict[tuple[PersonId, str], Refused] = {}
        for person in persons:
            for camera in self.scene.facts.cameras:
                decision = self.ask(person, Act.LIVE, camera)
                if decision.allowed or not decision.disclosable:
                    continue
                key = (person, decision.sentence.fr)
                before = found.get(key, Refused(person, (), 0, decision))
                weight = before.stands_for + self.scene.weight(camera)
                found[key] = replace(before, cameras=(*before.cameras, camera), stands_for=weight)
        watchers = self.scene.watchers
        return sorted(found.values(), key=lambda one: (one.person not in watchers, -one.stands_for))

    def missing(self) -> list[Missing]:
        """The conditions unmet for the watchers who lack least, each with the number of real cameras it keeps closed.

        A refusal that rests on who asks lacks nothing: it stands among the refusals.
        """
        found: dict[tuple[str, str], Missing] = {}
        for camera in self.scene.facts.cameras.values():
            nearest = self.nearest(Act.LIVE, camera)
            if nearest is None or len(nearest.conditions) < _SEVERAL:
                continue
            for one in nearest.conditions:
                if not one.met:
                    before = found.get((one.text.fr, one.article), Missing(one.text, one.article, 0))
                    weight = before.stands_for + self.scene.weight(camera.id)
                    found[one.text.fr, one.article] = replace(before, stands_for=weight)
        return sorted(found.values(), key=lambda one: -one.stands_for)

    def nearest(self, act: Act, camera: Camera, facts: Facts | None = None) -> Decision | None:
        """The best answer that a watcher gets for this camera: an allow, or the refusal that lacks least."""
        answers = list(self._answers(act, camera, facts))
        return min(answers, key=_lack) if answers else None

    def _answers(self, act: Act, camera: Camera, facts: Facts | None) -> Iterator[Decision]:
        for person in self.scene.watchers:
            yield self.ask(person, act, camera.id, facts)


def _lack(decision: Decision) -> tuple[bool, bool, bool, int]:
    unmet = sum(not one.met for one in decision.conditions)
    unsettled = decision.verdict is Verdict.UNSETTLED
    return (not decision.allowed, not unsettled, not decision.disclosable, unmet)
