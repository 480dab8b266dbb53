"""Asking the law before anybody has chosen a reason: an act counts as open when some purpose opens it."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from beffroi.domain.acts import IMAGE_ACTS, Act, Purpose, Verdict
from beffroi.domain.clock import to_wall_us
from beffroi.domain.decision import ActRequest, Decision
from beffroi.domain.documents import Document, DocumentKind
from beffroi.domain.facts import Facts
from beffroi.domain.ids import CameraId, PersonId
from beffroi.domain.ranges import WallRange
from beffroi.law.engine import LawEngine

_LAST_MINUTE_US: Final = 60_000_000
_FOOTAGE: Final = frozenset({Act.REPLAY, Act.EXTRACT})

_PURPOSES: Final = frozenset(Purpose)
_Circumstance = tuple[Purpose, str | None]
"""A purpose and a workstation."""


class Asking:
    """Asks with whatever purpose opens, as lists do, from a workstation that the order declares: nobody has chosen a
    reason or sat down yet. Replay is of the last minute."""

    def __init__(self, engine: LawEngine, facts: Facts) -> None:
        self._engine = engine
        self._facts = facts
        self._known: dict[tuple[CameraId, datetime], tuple[_Circumstance, ...]] = {}
        self.asked = 0

    def decide(self, person: PersonId, camera: CameraId, act: Act, at: datetime) -> Decision:
        """The answer in the circumstances that open, else in the likeliest ones."""
        end = to_wall_us(at)
        footage = WallRange(end - _LAST_MINUTE_US, end) if act in _FOOTAGE else None
        (purpose, post), *others = self._likely(camera, at)
        request = ActRequest(person, act, camera, purpose, at, footage, post=post)
        first = self._ask(request)
        if act in IMAGE_ACTS and not first.allowed and _lacks_circumstances_only(first):
            for purpose, post in others:
                other = self._ask(replace(request, purpose=purpose, post=post))
                if other.verdict is not Verdict.DENY:
                    return other
        return first

    def _ask(self, request: ActRequest) -> Decision:
        self.asked += 1
        return self._engine.decide(self._facts, request)

    def _likely(self, camera: CameraId, at: datetime) -> tuple[_Circumstance, ...]:
        """The purposes and workstations that the orders naming the camera hold: F5 first, traffic offences last. F5
        from anywhere without an order."""
        known = self._known.get((camera, at))
        if known is None:
            written: dict[_Circumstance, None] = {}
            for order in self._facts.about(DocumentKind.PREFECT_ORDER, camera, at):
                posts = _listed(order, "posts")
                for purpose in _listed(order, "purposes"):
                    if purpose in _PURPOSES:
                        written[Purpose(purpose), posts[0] if posts else None] = None
            likely = sorted(written, key=lambda one: (one[0] is not Purpose.F5, one[0] is Purpose.F4, one[0].value))
            known = self._known[camera, at] = tuple(likely) or ((Purpose.F5, None),)
        return known


def _lacks_circumstances_only(decision: Decision) -> bool:
    return decision.disclosable and all(
        one.met or one.id.startswith(("purpose", "order-post")) for one in decision.conditions
    )


def _listed(document: Document, field: str) -> list[str]:
    value = document.fields.get(field)
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
