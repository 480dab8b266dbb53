"""Why a refusal: the papers at fault, read from the conditions that the engine says are not met."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from beffroi.domain.decision import Condition, Decision
from beffroi.domain.documents import Document, DocumentKind
from beffroi.domain.facts import Camera, Facts
from beffroi.domain.ids import CameraId, DocumentId, PersonId
from beffroi.law.documents import spec
from beffroi.law.engine import LawEngine

_CHOICES: Final = ("hour", "post")
"""Conditions by which an order narrows on purpose: nothing to cure."""

PERSONAL: Final = frozenset(
    {
        DocumentKind.ACCREDITATION,
        DocumentKind.DESIGNATION,
        DocumentKind.DELEGATION,
        DocumentKind.ELECTION,
        DocumentKind.POLICE_ACCREDITATION,
        DocumentKind.SECONDMENT,
        DocumentKind.SERVICE_DESIGNATION,
    }
)
"""Papers about one person: a fault of each person is a fault of its own."""

Cause = tuple[str, str, PersonId | None, DocumentId | None]
"""Kind of paper at fault, what is wrong with it, whose it is where it is about one person, which one where it is an
order."""


@dataclass(frozen=True, slots=True)
class Root:
    """One paper at fault in a refusal."""

    kind: str
    rule: str
    condition: Condition
    person: PersonId | None
    paper: Document | None

    @property
    def cause(self) -> Cause:
        """Refusals with the same cause are cured together: one letter for one order, one for all masks."""
        order = self.paper.id if self.paper is not None and self.paper.kind is DocumentKind.PREFECT_ORDER else None
        return self.kind, self.condition.text.fr, self.person, order


def roots_of(engine: LawEngine, facts: Facts, decision: Decision, at: datetime) -> tuple[Root, ...]:
    """The papers at fault: the first unmet condition of each kind of paper (a missing order also “lacks” its acts).

    None where no paper would open: the refusal has no cure, or lacks what no paper gives (who, where).
    """
    if decision.allowed or decision.cure is None:
        return ()
    roots: dict[str, Root] = {}
    for condition in unmet(decision):
        words = engine.pack.conditions.get(condition.id)
        if words is None or (words.structural and words.cure is None):
            return ()
        if words.cure is None or any(choice in condition.id for choice in _CHOICES):
            continue
        kind = words.cure.kind
        if _is_momentary(kind):  # an alert, a requisition: their absence is the rule, not a fault
            continue
        whose = decision.request.person if kind in PERSONAL else None
        paper = _paper_at_fault(facts, kind, condition, decision.request.camera, at)
        roots.setdefault(kind, Root(kind, words.rule.id, condition, whose, paper))
    return tuple(roots.values())


def _is_momentary(kind: str) -> bool:
    return kind in set(DocumentKind) and spec(DocumentKind(kind)).short


def _paper_at_fault(facts: Facts, kind: str, condition: Condition, camera: CameraId, at: datetime) -> Document | None:
    """The paper that a condition rests on. An order is the one that names the camera, even ended: None if there is
    none, whatever other order the law looked at."""
    if kind == DocumentKind.PREFECT_ORDER:
        return order_about(facts, facts.cameras[camera], at)
    return facts.in_charge(condition.documents[0], at) if condition.documents else None


def order_about(facts: Facts, camera: Camera, at: datetime) -> Document | None:
    """The order that speaks of this camera: one in force if there is one."""
    orders = facts.about(DocumentKind.PREFECT_ORDER, camera.id, at)
    return next((one for one in orders if one.holds(at)), orders[0] if orders else None)


def unmet(decision: Decision) -> tuple[Condition, ...]:
    """The conditions that do not hold, in the order of the row."""
    return tuple(one for one in decision.conditions if not one.met)
