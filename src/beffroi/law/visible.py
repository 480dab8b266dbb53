"""Lists: the cameras that a person may know of, and what may be done with each; whose register may be read."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from beffroi.domain.acts import IMAGE_ACTS, Act, Purpose
from beffroi.domain.clock import to_wall_us
from beffroi.domain.decision import ActRequest, Decision
from beffroi.domain.facts import Camera, Facts
from beffroi.domain.ids import BodyId, PersonId
from beffroi.domain.ranges import WallRange
from beffroi.law.engine import LawEngine

LISTED_ACTS: Final = (Act.LIVE, Act.REPLAY, Act.PTZ)
_LAST_MINUTE_US: Final = 60_000_000


@dataclass(frozen=True, slots=True)
class VisibleCamera:
    """A camera that a person may know of, with the decision for each act asked about."""

    camera: Camera
    decisions: dict[Act, Decision]

    @property
    def acts(self) -> frozenset[Act]:
        """The acts that are open now, with some reason."""
        return frozenset(act for act, decision in self.decisions.items() if decision.allowed)


@dataclass(frozen=True, slots=True)
class RegisterScope:
    """Whose entries a person may read besides their own acts, which are always open to them."""

    whole: bool
    communes: frozenset[BodyId]


def visible(
    engine: LawEngine,
    facts: Facts,
    person: PersonId,
    at: datetime,
    *,
    acts: tuple[Act, ...] = LISTED_ACTS,
    strong_auth: bool = True,
    post: str | None = None,
) -> list[VisibleCamera]:
    """The cameras that a person may know of, in order of id, and what may be done with each.

    A list is drawn before a reason is chosen: an act counts as open when some purpose opens it; replay is asked about
    footage of the last minute.
    """
    listed = []
    for identifier in sorted(facts.cameras):
        decisions = {}
        for act in acts:
            asked = ActRequest(person, act, identifier, None, at, strong_auth=strong_auth, post=post)
            decision = _with_some_purpose(engine, facts, asked)
            if not decision.disclosable:
                break  # the same for every act: the person has no link with the place
            decisions[act] = decision
        if decisions:
            listed.append(VisibleCamera(facts.cameras[identifier], decisions))
    return listed


def register_scope(engine: LawEngine, facts: Facts, person: PersonId, at: datetime) -> RegisterScope:
    """Whose entries this person may read: all (the ground is tied to no territory), those of some communes, or none."""
    readable: set[BodyId] = set()
    for camera in facts.cameras.values():
        if camera.commune in readable:
            continue
        decision = engine.decide(facts, ActRequest(person, Act.READ_REGISTER, camera.id, None, at))
        if decision.allowed and not any(one.id.startswith("territory") for one in decision.conditions):
            return RegisterScope(whole=True, communes=frozenset(one.commune for one in facts.cameras.values()))
        if decision.allowed:
            readable.add(camera.commune)
    return RegisterScope(whole=False, communes=frozenset(readable))


def _with_some_purpose(engine: LawEngine, facts: Facts, request: ActRequest) -> Decision:
    end = to_wall_us(request.at)
    footage = WallRange(end - _LAST_MINUTE_US, end) if request.act is Act.REPLAY else None
    request = replace(request, purpose=Purpose.F5, footage=footage)
    decision = engine.decide(facts, request)
    if decision.allowed or request.act not in IMAGE_ACTS or not _lacks_purpose_only(decision):
        return decision
    for purpose in Purpose:
        other = engine.decide(facts, replace(request, purpose=purpose))
        if other.allowed:
            return other
    return decision


def _lacks_purpose_only(decision: Decision) -> bool:
    return decision.disclosable and all(one.met or one.id.startswith("purpose") for one in decision.conditions)
