"""Faults of the papers in force, which no single decision shows: incomplete, or at odds with one another."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from beffroi.domain.documents import Document, DocumentKind
from beffroi.domain.facts import PersonStatus
from beffroi.domain.ids import PersonId
from beffroi.domain.text import Text
from beffroi.law.audit.model import Dossier, Finding, Gravity
from beffroi.law.audit.reading import MAX_DAYS, cameras_of, in_force, number
from beffroi.law.audit.sentences import empty_fields, missing_of
from beffroi.law.documents import Need, remarks, validate

COORDINATION_FROM: Final = 3
"""Posts of municipal police from which a coordination agreement is mandatory (CSI L.512-4)."""

_POLICE_DAY: Final = (6 * 60, 23 * 60)
"""Minutes of the day between which municipal police works without a night clause (CSI L.512-4)."""

_CLOCK: Final = re.compile(r"\b(\d{1,2})\s*(?:h|:)\s*([0-5]\d)?")
_ROUND_THE_CLOCK: Final = re.compile(
    r"24\s*(?:h\w*)?\s*(?:/|sur)\s*24|h\s*24|jour et nuit|round the clock", re.IGNORECASE
)

ARTICLES: Final = {
    DocumentKind.PREFECT_ORDER: "CSI L.252-1 ; R.252-16",
    DocumentKind.APPLICATION: "CSI R.252-3",
    DocumentKind.AGREEMENT: "CSI L.132-14 IV",
    DocumentKind.STATE_AGREEMENT: "CSI L.132-14 V",
    DocumentKind.ACCREDITATION: "CSI L.132-14-1 ; R.114-2",
    DocumentKind.DESIGNATION: "CSI R.253-3",
    DocumentKind.DELIBERATION: "CSI L.132-14",
    DocumentKind.COORDINATION: "CSI L.512-4",
    DocumentKind.IMPACT_ASSESSMENT: "RGPD, art. 35 ; LIL, art. 90",
    DocumentKind.CNIL_COMMITMENT: "CSI R.253-7",
    DocumentKind.PROCESSING_RECORD: "RGPD, art. 30 ; LIL, art. 100",
    DocumentKind.STATUTES: "CSI L.132-14",
    DocumentKind.NOTICE: "CSI R.253-6",
    DocumentKind.CONFORMITY: "Arrêté du 3 août 2007 ; CSI R.252-3",
    DocumentKind.REQUISITION: "CPP 60-1, 77-1-1, 99-3",
    DocumentKind.DELEGATION: "CGCT L.2122-18",
    DocumentKind.COMMON_PARTS_AGREEMENT: "CSI L.272-2",
    DocumentKind.ROLE_ACT: "RGPD, art. 26 et 28",
    DocumentKind.SECURITY_APPROVAL: "RGS (décret 2010-112)",
    DocumentKind.COMMISSIONING: "CSI R.252-17",
    DocumentKind.SERVICE_DESIGNATION: "CSI L.252-3",
    DocumentKind.MASK: "CSI L.251-3",
}
"""The article that asks for each kind of paper; the others are cited under R.253-3, which says who may see images."""

Check = Callable[[Dossier, datetime], Iterator[Finding]]


def paper_findings(dossier: Dossier, at: datetime) -> list[Finding]:
    """Faults of the papers in force."""
    checks: tuple[Check, ...] = (_incomplete, _ghosts, _strangers, _night, _no_coordination)
    return [finding for check in checks for finding in check(dossier, at)]


def _incomplete(dossier: Dossier, at: datetime) -> Iterator[Finding]:
    for kind in DocumentKind:
        for document in in_force(dossier, kind, at):
            days = number(document, "retention_days")
            if kind is DocumentKind.PREFECT_ORDER and days is not None and days > MAX_DAYS:
                yield _over_a_month(dossier, document, days)
                continue
            problems = validate(document)
            if problems:
                yield _told(dossier, document, problems, Gravity.WRONG, "incomplete")
            elif told := remarks(document):
                yield _told(dossier, document, told, Gravity.LATE, "to-complete")


def _over_a_month(dossier: Dossier, order: Document, days: int) -> Finding:
    return Finding(
        code="term-over-a-month",
        gravity=Gravity.OFFENCE,
        text=Text(
            fr=f"l'arrêté n° {order.number} est saisi pour {days} jours de conservation, la loi en permet un mois",
            en=f"order no. {order.number} is entered with {days} days of retention: the law allows one month",
        ),
        article="CSI L.252-5 ; Code pénal 226-20",
        kind=DocumentKind.PREFECT_ORDER,
        rule="CSI-L252-5",
        cameras=cameras_of(dossier, order),
        documents=(order.id,),
    )


def _told(dossier: Dossier, document: Document, problems: list[Text], gravity: Gravity, code: str) -> Finding:
    return Finding(
        code=f"{code}-{document.kind.value.replace('_', '-')}",
        gravity=gravity,
        text=_text(document, problems, Need.EXPECTED if gravity is Gravity.LATE else Need.MANDATORY),
        article=ARTICLES.get(document.kind, "CSI R.253-3"),
        kind=document.kind,
        cameras=cameras_of(dossier, document),
        persons=tuple(sorted(document.scope.persons)),
        documents=(document.id,),
    )


def _text(document: Document, problems: list[Text], need: Need) -> Text:
    empty = empty_fields(document, need)
    if empty:
        return missing_of(document, empty)
    more = len(problems) - 1
    return Text(
        fr=f"{problems[0].fr.rstrip(' .')} (n° {document.number})"
        + (f", et {more} autre(s) défaut(s)" if more else ""),
        en=f"{problems[0].en.rstrip(' .')} (no. {document.number})" + (f", and {more} more" if more else ""),
    )


def _ghosts(dossier: Dossier, at: datetime) -> Iterator[Finding]:
    for order in in_force(dossier, DocumentKind.PREFECT_ORDER, at):
        ghosts = sorted(order.scope.cameras - dossier.facts.cameras.keys())
        if ghosts and order.scope.bodies == {dossier.commune.id}:
            names, many = ", ".join(one.upper() for one in ghosts), len(ghosts) > 1
            yield Finding(
                code="order-names-unlisted-camera",
                gravity=Gravity.WRONG,
                text=Text(
                    fr=f"l'arrêté n° {order.number} nomme {'des caméras absentes' if many else 'une caméra absente'} "
                    f"de la liste, {names}",
                    en=f"order no. {order.number} names cameras that are not in the list, {names}",
                ),
                article="CSI R.252-17 ; R.254-2",
                kind=DocumentKind.PREFECT_ORDER,
                rule="CSI-R254-2",
                documents=(order.id,),
            )


def _strangers(dossier: Dossier, at: datetime) -> Iterator[Finding]:
    """Persons whom a paper names and of whom nothing tells the quality: nothing could be asked about them."""
    named: dict[PersonId, list[Document]] = {}
    for kind in DocumentKind:
        for document in in_force(dossier, kind, at):
            for person in document.scope.persons - dossier.facts.persons.keys():
                named.setdefault(person, []).append(document)
    for person, papers in sorted(named.items()):
        yield Finding(
            code="unknown-person",
            gravity=Gravity.WRONG,
            text=Text(
                fr=f"la pièce n° {papers[0].number} nomme « {person} », dont rien ne dit la qualité",
                en=f"paper no. {papers[0].number} names “{person}”, of whom nothing tells the quality",
            ),
            article="CSI R.253-3",
            kind="person_list",
            rule="CSI-R253-3",
            documents=tuple(one.id for one in papers),
        )


def _night(dossier: Dossier, at: datetime) -> Iterator[Finding]:
    for agreement in in_force(dossier, DocumentKind.COORDINATION, at):
        hours = agreement.fields.get("hours")
        if agreement.fields.get("night_clause") is not True and isinstance(hours, str) and beyond_police_day(hours):
            yield Finding(
                code="night-without-clause",
                gravity=Gravity.WRONG,
                text=Text(
                    fr=f"la police municipale est prévue de nuit (« {hours} ») sans la clause qui le permet",
                    en=f"municipal police is planned at night (“{hours}”) without the clause that allows it",
                ),
                article="CSI L.512-4, L.512-6",
                kind=DocumentKind.COORDINATION,
                rule="CSI-L512-4/6",
                documents=(agreement.id,),
            )


def beyond_police_day(hours: str) -> bool:
    """Whether hours as people write them (« 24 h sur 24 », « 7 h - 2 h », « 18:00-23:30 ») leave 6:00 to 23:00."""
    if _ROUND_THE_CLOCK.search(hours):
        return True
    clocks = [int(hour) * 60 + int(minute or 0) for hour, minute in _CLOCK.findall(hours)]
    spans = zip(clocks[::2], clocks[1::2], strict=False)
    return any(start < _POLICE_DAY[0] or end > _POLICE_DAY[1] or end <= start for start, end in spans)


def _no_coordination(dossier: Dossier, at: datetime) -> Iterator[Finding]:
    commune = dossier.commune.id
    police = [
        name
        for name, one in sorted(dossier.facts.persons.items())
        if one.status is PersonStatus.MUNICIPAL_POLICE and one.employer == commune
    ]
    held = any(commune in one.scope.bodies for one in in_force(dossier, DocumentKind.COORDINATION, at))
    if len(police) >= COORDINATION_FROM and not held:
        yield Finding(
            code="no-coordination",
            gravity=Gravity.WRONG,
            text=Text(
                fr=f"{len(police)} policiers municipaux sans convention de coordination en vigueur, obligatoire dès 3",
                en=f"{len(police)} municipal officers without a coordination agreement in force, mandatory from 3",
            ),
            article="CSI L.512-4",
            kind=DocumentKind.COORDINATION,
            rule="CSI-L512-4/6",
            persons=tuple(police),
        )
