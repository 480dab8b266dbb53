"""What the letter to a filmed person says, from a decided request: the regime follows the cameras' purposes."""

from datetime import date
from typing import Final

from beffroi.domain.acts import Purpose
from beffroi.domain.clock import instant, now
from beffroi.domain.documents import LEGAL_TIME_ZONE, DocumentKind
from beffroi.evidence.subjectrules import Outcome, Regime, Wish, regime_of
from beffroi.evidence.subjectstore import RequestFile
from beffroi.law.sentences import day_text
from beffroi.law.timeline import day_of
from beffroi.publish.subjectletter import Answered
from beffroi.server.centre import authority_name, commune_name
from beffroi.server.subject import Subjects

_TITLES: Final = (("title IV", "IV"), ("title III", "III"), ("GDPR", "II"))


def letter_of(subjects: Subjects, request: RequestFile) -> Answered:
    """The letter of a decided request."""
    row, facts = request.row, subjects.centre.registry.facts()
    decided = instant(row.decided_us or 0)
    terms = subjects.terms_us(request)
    commune = commune_name(facts, row.commune)
    sender = authority_name(facts, f"maire/{row.commune}", commune).fr
    return Answered(
        request=row.id,
        sender=sender[:1].upper() + sender[1:],  # the commune keeps its own capitals
        on=_day(day_of(decided)),
        received_on=_day(date.fromisoformat(row.received_on)),
        wish=Wish(row.wish),
        outcome=Outcome(row.outcome),
        ground=row.ground,
        reason=row.reason,
        regime=regime(subjects, request),
        until=_day(day_of(instant(min(terms)))) if terms else "",
    )


def regime(subjects: Subjects, request: RequestFile) -> Regime:
    """The part of data-protection law of the cameras held; of all cameras of the commune when none is."""
    facts, at = subjects.centre.registry.facts(), now(subjects.centre.clock)
    held = {one.camera for one in subjects.held(request)}
    wanted = held or {one.id for one in facts.cameras.values() if one.commune == request.row.commune}
    purposes: set[str] = set()
    for camera in wanted:
        for paper in facts.about(DocumentKind.PREFECT_ORDER, camera, at):
            told = paper.fields.get("purposes")
            purposes |= {str(one) for one in told} if isinstance(told, list) and paper.holds(at) else set()
    titles = []
    for purpose in sorted(purposes & set(Purpose)):
        text = subjects.centre.law.timeline.regime_of(Purpose(purpose), at)
        titles += [title for words, title in _TITLES if text is not None and words in text.en][:1]
    return regime_of(titles)


def _day(day: date) -> str:
    return day_text(day, LEGAL_TIME_ZONE).fr
