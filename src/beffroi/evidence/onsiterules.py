"""Viewing on site: two persons before one screen, within a requisition that provides for it. Pure: no clock, no disk.

Source: CSI R.253-3 III (investigators are recipients), CPP 60-1, 77-1-1, 99-3; our reading: docs/design/evidence.md.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from beffroi.domain.documents import DocumentKind
from beffroi.domain.errors import BadInputError, RefusedError
from beffroi.domain.facts import Facts
from beffroi.domain.ids import DocumentId
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.evidence.deskrules import Minutes, OutsideScopeError, Title, titles_of

LONGEST_S: Final = 4 * 3600.0
"""A joint session is over after this, whatever is on the screen: the identity is checked again for another one."""

IDLE_S: Final = 900.0
"""Nobody played, sought, marked or opened anything for so long: it is over."""

CONFIRM_S: Final = 600.0
"""The investigator confirms on the same screen within this."""


class Outcome(StrEnum):
    """How a joint session ends: with exactly one of these."""

    EXTRACT = "extract"
    NOTHING = "nothing"
    INTERRUPTED = "interrupted"


class Cause(StrEnum):
    """Why it was interrupted. The first three are a person's words, the others are found."""

    LEFT = "left"
    CALLED = "called"
    FAULT = "fault"
    UNCONFIRMED = "unconfirmed"
    IDLE = "idle"
    TIME = "time"
    WITHDRAWN = "withdrawn"
    SESSION = "session"
    RESTART = "restart"
    CLOSED = "closed"


SAID: Final = frozenset({Cause.LEFT, Cause.CALLED, Cause.FAULT})


@dataclass(frozen=True, slots=True)
class Paper:
    """A requisition in force that provides for viewing on site: what it opens, and what the card is compared with."""

    title: Title
    number: str
    service: str
    opj: str


class NoViewingError(RefusedError):
    """No requisition in force of the case provides for viewing on site."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                fr="Aucune réquisition en vigueur dans ce dossier ne prévoit de visionnage sur place : demandez à "
                "l'enquêteur un complément écrit qui le dise, joignez-le et faites-le confirmer par la commune.",
                en="No requisition in force in this case provides for viewing on site: ask the investigator for a "
                "written complement that says so, attach it and have the commune confirm it.",
            )
        )


class PastTermError(RefusedError):
    """The images asked for are past their term: held or not, they are not seen on site."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                fr="Ces images ont dépassé leur durée de conservation : elles ne se visionnent plus, même sous gel. "
                "Demandez-en l'extrait : la réquisition permet de les remettre.",
                en="These images are past their term: they are viewed no more, even when held. Ask for the extract: "
                "the requisition lets them be handed over.",
            )
        )


def papers_of(facts: Facts, documents: Iterable[str], at: datetime, service: str | None = None) -> list[Paper]:
    """The requisitions of a case that open viewing on site at this instant (those of one ``service``)."""
    found = []
    for title in titles_of(facts, documents, at):
        paper = facts.in_charge(title.document, at)
        if (
            paper is None
            or paper.kind is not DocumentKind.REQUISITION
            or paper.fields.get("onsite_viewing") is not True
        ):
            continue
        one = Paper(title, paper.number, str(paper.fields.get("service", "")), str(paper.fields.get("opj", "")))
        if service is None or same(one.service, service):
            found.append(one)
    return found


def same(one: str, other: str) -> bool:
    """Whether two lines of a paper say the same: case and spaces do not count."""
    return _plain(one) == _plain(other) != ""


def check_ask(papers: Sequence[Paper], *, investigator: str, service: str, number: str, card: bool) -> None:
    """Whether what the operator read on card and requisition opens a joint session.

    Raises:
        NoViewingError: no paper opens it. BadInputError: card not seen, no name, or not what the requisition says.
    """
    if not papers:
        raise NoViewingError
    if not card or not investigator.strip():
        raise BadInputError(
            Text(
                fr="Demandez à l'enquêteur sa carte professionnelle, comparez-la à la réquisition, puis notez son nom "
                "et cochez la case. Ne copiez pas la carte.",
                en="Ask the investigator for the professional card, compare it with the requisition, then write the "
                "name down and tick the box. Do not copy the card.",
            )
        )
    if not any(same(one.number, number) and same(one.service, service) for one in papers):
        raise BadInputError(
            Text(
                fr="Ce numéro et ce service ne sont pas ceux d'une réquisition de ce dossier qui prévoit le "
                "visionnage : recopiez-les du papier que l'enquêteur présente.",
                en="This number and this service are not those of a requisition of this case that provides for "
                "viewing: copy them from the paper that the investigator shows.",
            )
        )


def check_confirm(investigator: str, said: str) -> None:
    """The investigator confirms on the same screen, by their own name.

    Raises:
        BadInputError: not the name that the operator wrote down.
    """
    if not same(investigator, said):
        raise BadInputError(
            Text(
                fr="Ce nom n'est pas celui que l'opérateur a relevé sur la carte : l'enquêteur saisit son propre nom, "
                "ou l'opérateur recommence.",
                en="This is not the name that the operator read on the card: the investigator types their own name, or "
                "the operator starts again.",
            )
        )


def title_for(asked: Minutes, papers: Sequence[Paper]) -> DocumentId:
    """The requisition under which these minutes are seen.

    Raises:
        NoViewingError: none opens viewing. OutsideScopeError: none covers all of these minutes.
    """
    if not papers:
        raise NoViewingError
    for one in papers:
        if one.title.covers(asked):
            return one.title.document
    raise OutsideScopeError(asked)


def check_mark(asked: Minutes, papers: Sequence[Paper], seen: Iterable[Minutes]) -> None:
    """A mark lies within the requisition, and within what was opened during this joint session.

    Raises:
        OutsideScopeError: not within the requisition. BadInputError: never opened.
    """
    title_for(asked, papers)
    if not any(one.camera == asked.camera and one.range.contains(asked.range) for one in seen):
        raise BadInputError(
            Text(
                fr="Un repère porte sur ce qui a été ouvert pendant ce visionnage : ouvrez d'abord ces minutes.",
                en="A mark is about what was opened during this viewing: open these minutes first.",
            )
        )


def check_end(outcome: Outcome, cause: Cause | None, *, viewed: bool, marks: int) -> None:
    """Whether a joint session may end so.

    Raises:
        BadInputError: an extract without marks; “nothing found” with marks, or without having looked; an interruption
            without its cause.
    """
    wrong = {
        Outcome.EXTRACT: marks == 0,
        Outcome.NOTHING: marks > 0 or not viewed,
        Outcome.INTERRUPTED: cause not in SAID,
    }[outcome]
    if wrong or (outcome is not Outcome.INTERRUPTED and cause is not None):
        raise BadInputError(_ENDS[outcome])


_ENDS: Final = {
    Outcome.EXTRACT: Text(
        fr="Marquez d'abord ce que l'extrait doit contenir (début et fin).",
        en="First mark what the extract is to contain (beginning and end).",
    ),
    Outcome.NOTHING: Text(
        fr="« Rien trouvé » se dit après avoir regardé, et sans repère : ouvrez une caméra, ou supprimez les repères ; "
        "sinon, interrompez en disant pourquoi.",
        en="“Nothing found” is said after having looked, and without marks: open a camera, or remove the marks; "
        "otherwise interrupt, saying why.",
    ),
    Outcome.INTERRUPTED: Text(
        fr="Dites pourquoi le visionnage s'arrête : choisissez une cause de la liste.",
        en="Say why the viewing stops: choose a cause from the list.",
    ),
}


@dataclass(frozen=True, slots=True)
class Limits:
    """How long each part of a joint session may last, in seconds."""

    longest_s: float = LONGEST_S
    idle_s: float = IDLE_S
    confirm_s: float = CONFIRM_S


def why_over(
    limits: Limits,
    *,
    asked_s: float,
    opened_s: float | None,
    idle_s: float,
    papers: Sequence[Paper],
    logged_in: bool,
    closed: bool,
) -> Cause | None:
    """Why a joint session is over by itself; None while it may go on.

    Args:
        limits: how long it may last.
        asked_s: seconds since it was asked for.
        opened_s: seconds since the investigator confirmed; None when that is still awaited.
        idle_s: seconds since anybody did anything.
        papers: the requisitions that open viewing now.
        logged_in: the operator's session, its duty and its post are still there.
        closed: the case is closed.
    """
    if closed:
        return Cause.CLOSED
    if not papers:
        return Cause.WITHDRAWN
    if not logged_in:
        return Cause.SESSION
    if opened_s is None:
        return Cause.UNCONFIRMED if asked_s >= limits.confirm_s else None
    if opened_s >= limits.longest_s:
        return Cause.TIME
    return Cause.IDLE if idle_s >= limits.idle_s else None


def lines_of(marks: Iterable[Minutes], held: Iterable[Minutes]) -> tuple[list[Minutes], list[Minutes]]:
    """The lines of a delivery of these marks: disjoint, each within one mark and within one hold; and those of them
    that no hold has yet."""
    holds, fresh, lines = list(held), list[Minutes](), list[Minutes]()
    for mark in sorted(set(marks)):
        taken = [one.range for one in lines if one.camera == mark.camera]
        for part in _without(mark.range, taken):
            cuts = [one.range for one in holds if one.camera == mark.camera and one.range.overlaps(part)]
            lines += [
                Minutes(mark.camera, WallRange(max(part.from_us, one.from_us), min(part.to_us, one.to_us)))
                for one in cuts
            ]
            fresh += [Minutes(mark.camera, one) for one in _without(part, cuts)]
            lines += [Minutes(mark.camera, one) for one in _without(part, cuts)]
    return sorted(fresh), sorted(lines)


def _without(whole: WallRange, taken: Iterable[WallRange]) -> list[WallRange]:
    """What is left of a range."""
    left, at = [], whole.from_us
    for one in sorted(taken):
        if one.from_us > at:
            left.append(WallRange(at, min(one.from_us, whole.to_us)))
        at = max(at, one.to_us)
        if at >= whole.to_us:
            break
    if at < whole.to_us:
        left.append(WallRange(at, whole.to_us))
    return [one for one in left if one.from_us < one.to_us]


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
