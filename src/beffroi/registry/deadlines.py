"""What ends when, and what must be done before: from the documents alone.

Stages: 12, 6 and 4 calendar months, then 30, 7 and 1 days before the last valid day, in legal time (CSI L.252-4 and
the préfectures' practice: a renewal is filed 4 months before). An accreditation without end has a new inquiry 5 years
after the last one (circular IOMB2403160C of 16 April 2024), told from 6 months before.
"""

import calendar
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from beffroi.domain.documents import Document, DocumentKind, DocumentStatus
from beffroi.domain.facts import Facts
from beffroi.domain.ids import BodyId
from beffroi.domain.text import Text
from beffroi.law.documents import blocks, holds_until, spec
from beffroi.registry.concerned import communes_concerned

INQUIRY_YEARS: Final = 5
ANSWER_MONTHS: Final = 4
"""The préfet's silence for longer is a rejection (CSI R.252-15)."""


class Stage(StrEnum):
    """How near the end is; the value of the nearest that was reached. ``over``: past, and still to be done."""

    MONTHS_12 = "12m"
    MONTHS_6 = "6m"
    MONTHS_4 = "4m"
    DAYS_30 = "30d"
    DAYS_7 = "7d"
    DAY_1 = "1d"
    OVER = "over"


class Reason(StrEnum):
    """What happens on the day."""

    END = "end"
    """The document ends, and what it opens is closed."""
    INQUIRY = "inquiry"
    """A new administrative inquiry is due; nothing is closed by it."""
    ANSWER = "answer"
    """Without the préfet's answer the request is rejected."""
    REVIEW = "review"
    """An impact assessment is to be reviewed; nothing is closed by it."""


_MONTHS: Final = ((Stage.MONTHS_12, 12), (Stage.MONTHS_6, 6), (Stage.MONTHS_4, 4))
_DAYS: Final = ((Stage.DAYS_30, 30), (Stage.DAYS_7, 7), (Stage.DAY_1, 1))
_FROM: Final = {Reason.END: 12, Reason.INQUIRY: 6, Reason.ANSWER: 4, Reason.REVIEW: 6}
"""Months before, from which each is told."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """One thing that ends or is due.

    ``last_day`` is the last day on which all is well, in legal time; ``ends`` the first instant (UTC) after; whole
    ``days_left`` to ``last_day`` (0: today is the last day; negative: past). ``blocks`` says what will be closed,
    ``task`` what to do.
    """

    document: Document
    reason: Reason
    last_day: date
    ends: datetime
    days_left: int
    stage: Stage
    communes: frozenset[BodyId]
    blocks: Text
    task: Text


def deadlines(facts: Facts, at: datetime, communes: Collection[BodyId] | None = None) -> list[Deadline]:
    """What ends or is due within twelve months, nearest first.

    A document is left out when it is not in force, when a later version takes over without a day between, and when it
    serves once or for a moment (a requisition, an alert).

    Args:
        facts: the facts in force.
        at: now.
        communes: only what concerns one of these; None: all.
    """
    found = []
    for document in _in_charge(facts, at):
        concerned = communes_concerned(document, facts)
        if communes is not None and concerned.isdisjoint(communes):
            continue
        for reason, ends in _due(facts, document):
            if (made := _deadline(document, reason, ends, at, concerned)) is not None:
                found.append(made)
    return sorted(found, key=lambda one: (one.ends, one.document.id, one.reason))


def months_before(day: date, months: int) -> date:
    """The same day of the month, so many months before; the last of a month that is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def stage_on(last_day: date, today: date) -> Stage | None:
    """The nearest stage that was reached; None: more than twelve months away."""
    if today > last_day:
        return Stage.OVER
    reached = [stage for stage, months in _MONTHS if months_before(last_day, months) <= today]
    reached += [stage for stage, days in _DAYS if last_day - timedelta(days=days) <= today]
    return reached[-1] if reached else None


def stage_day(last_day: date, stage: Stage) -> date:
    """The day on which a stage is reached."""
    for one, months in _MONTHS:
        if one is stage:
            return months_before(last_day, months)
    days = dict(_DAYS).get(stage)
    return last_day + timedelta(days=1) if days is None else last_day - timedelta(days=days)


def _in_charge(facts: Facts, at: datetime) -> Iterator[Document]:
    for identifier in dict.fromkeys(document.id for document in facts.documents):
        document = facts.in_charge(identifier, at)
        if document is None or spec(document.kind).short or document.status_on(at) is not DocumentStatus.CONFIRMED:
            continue
        if document.begins <= at:
            yield document


def _due(facts: Facts, document: Document) -> Iterator[tuple[Reason, datetime]]:
    ends = holds_until(document)
    if ends is not None and not _taken_over(facts, document, ends):
        yield Reason.END, ends
    if document.kind is DocumentKind.ACCREDITATION and document.ends is None:
        since = _day(document, "inquiry_on") or document.signed_on
        yield Reason.INQUIRY, _after(document, months_before(since, -12 * INQUIRY_YEARS))
    if document.kind is DocumentKind.APPLICATION and _day(document, "answered_on") is None:
        filed = _day(document, "filed_on")
        if filed is not None:
            yield Reason.ANSWER, _after(document, months_before(filed, -ANSWER_MONTHS))
    if document.kind is DocumentKind.IMPACT_ASSESSMENT and (review := _day(document, "review_on")) is not None:
        yield Reason.REVIEW, _after(document, review)


def _taken_over(facts: Facts, document: Document, ends: datetime) -> bool:
    return any(
        later.version > document.version and later.status is DocumentStatus.CONFIRMED and later.begins <= ends
        for later in facts.versions(document.id)
    )


def _deadline(
    document: Document, reason: Reason, ends: datetime, at: datetime, communes: frozenset[BodyId]
) -> Deadline | None:
    zone = ZoneInfo(document.time_zone)
    # An end at midnight belongs to the day before; one at ten o'clock to its own day.
    last_day = (ends - timedelta(microseconds=1)).astimezone(zone).date()
    today = at.astimezone(zone).date()
    stage = stage_on(last_day, today)
    if stage is None or (reason is Reason.END and ends <= at):
        return None
    if stage is not Stage.OVER and months_before(last_day, _FROM[reason]) > today:
        return None
    return Deadline(
        document=document,
        reason=reason,
        last_day=last_day,
        ends=ends,
        days_left=(last_day - today).days,
        stage=stage,
        communes=communes,
        blocks=_blocks(document, reason),
        task=_task(document, reason),
    )


_NOTHING: Final = Text(fr="Rien n'est fermé ce jour-là.", en="Nothing is closed on that day.")


def _blocks(document: Document, reason: Reason) -> Text:
    return blocks(document.kind) if reason in {Reason.END, Reason.ANSWER} else _NOTHING


_TASKS: Final = {
    Reason.INQUIRY: Text(
        fr="Nouvelle enquête : l'employeur et l'agent la demandent ensemble au préfet (circulaire du 16 avril 2024).",
        en="New inquiry: employer and agent ask the préfet for it together (circular of 16 April 2024).",
    ),
    Reason.REVIEW: Text(
        fr="Réexaminez l'analyse d'impact avec le délégué à la protection des données, puis saisissez sa nouvelle "
        "version.",
        en="Review the impact assessment with the data protection officer, then enter its new version.",
    ),
    Reason.ANSWER: Text(
        fr="Passé ce jour, le silence du préfet vaut rejet (CSI R.252-15) : relancez la préfecture.",
        en="After that day the préfet's silence is a rejection (CSI R.252-15): ask the préfecture.",
    ),
}

_TEMPORARY: Final = Text(
    fr="Elle ne se renouvelle pas : si les caméras doivent rester, demandez une autorisation normale sans attendre.",
    en="It is not renewed: if the cameras have to stay, ask for a normal authorisation at once.",
)


def _task(document: Document, reason: Reason) -> Text:
    if reason in _TASKS:
        return _TASKS[reason]
    if document.kind is DocumentKind.PREFECT_ORDER and document.fields.get("type") in {"provisional", "event"}:
        return _TEMPORARY
    return spec(document.kind).renewal


def _after(document: Document, day: date) -> datetime:
    """The first instant (UTC) after this day."""
    midnight = datetime.combine(day + timedelta(days=1), datetime.min.time(), ZoneInfo(document.time_zone))
    return midnight.astimezone(UTC)


def _day(document: Document, field: str) -> date | None:
    value = document.fields.get(field)
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
