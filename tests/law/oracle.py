"""The decision table read a second time, in plain Python, sharing no code and no table with `beffroi.law`.

    oracle(facts, request) -> Expected(verdict, authority)

The reading goes: the question (here), the rows (`oracle_rows`), what each quality must hold (`oracle_people`), the
camera, its order and its images (`oracle_camera`), who has to do with a camera (`oracle_links`), and which papers hold
at an instant (`oracle_papers`).
"""

from dataclasses import dataclass, replace
from datetime import date

from tests.law.oracle_links import linked
from tests.law.oracle_papers import Question, midnight
from tests.law.oracle_people import elected
from tests.law.oracle_rows import INSPECTION, ROWS, in_force, position

from beffroi.domain.acts import IMAGE_ACTS
from beffroi.domain.decision import ActRequest
from beffroi.domain.facts import Facts

REGISTER_KEPT = midnight(date(2023, 11, 30))


@dataclass(frozen=True)
class Expected:
    """What the law must answer: allow, deny or unsettled. ``authority`` matters only when allowed; None: not said."""

    verdict: str
    authority: str | None = None

    @property
    def allowed(self) -> bool:
        """Whether the act may be done."""
        return self.verdict == "allow"


DENIED = Expected("deny")
UNSETTLED = Expected("unsettled")


def oracle(facts: Facts, request: ActRequest) -> Expected:
    """May this person do this act? Before a shared screen: may everyone who stands there?"""
    alone = _alone(facts, replace(request, present=frozenset()))
    others = (
        _alone(facts, replace(request, person=one, present=frozenset()))
        for one in request.present
        if one != request.person
    )
    if request.act in IMAGE_ACTS and alone.verdict != "deny" and not all(one.allowed for one in others):
        return DENIED
    return alone


def _alone(facts: Facts, request: ActRequest) -> Expected:
    person, camera = facts.persons.get(request.person), facts.cameras.get(request.camera)
    if person is None or camera is None or not request.strong_auth:
        return DENIED
    q = Question(facts, request, person, camera)
    if not linked(q):
        return DENIED
    return _images(q) if request.act in IMAGE_ACTS else papers_and_settings(q)


def _images(q: Question) -> Expected:
    found = DENIED
    for row in ROWS:
        if q.act not in row.acts or not in_force(row, q):
            continue
        authority = row.opens(q)
        if authority is None:
            continue
        said = position(q, row)
        if row.unsettled and "open" not in said:
            found = UNSETTLED
        elif not (row.interpretation and "closed" in said):
            return Expected("allow", authority)
    return found


def papers_and_settings(q: Question) -> Expected:
    """The register is read by the mayor at home, by the DPO and the inspectors; settings are the technician's."""
    at, own = q.request.at, q.person.commune == q.camera.commune and q.camera.placement_confirmed_by is not None
    if q.act == "configure":
        return Expected("allow") if q.status == "technician" and at >= REGISTER_KEPT else DENIED
    if q.status in ("dpo", "inspector") and at >= midnight(INSPECTION):
        return Expected("allow")
    if q.status == "mayor" and own and elected(q) and at >= REGISTER_KEPT:
        return Expected("allow", q.mayor)
    return DENIED
