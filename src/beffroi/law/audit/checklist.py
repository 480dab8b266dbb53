"""The checklist D1–D23 of a commune: where each kind of paper stands, and what stops without it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from beffroi.domain.acts import Origin
from beffroi.domain.documents import Document, DocumentKind
from beffroi.domain.facts import BodyKind, PersonStatus
from beffroi.domain.text import Text
from beffroi.law.audit.model import ChecklistRow, Dossier, Finding, PaperState
from beffroi.law.audit.reading import in_charge
from beffroi.law.documents import spec

ORDER: Final = (
    DocumentKind.APPLICATION,
    DocumentKind.PREFECT_ORDER,
    DocumentKind.AGREEMENT,
    DocumentKind.STATE_AGREEMENT,
    DocumentKind.ACCREDITATION,
    DocumentKind.DESIGNATION,
    DocumentKind.DELIBERATION,
    DocumentKind.COORDINATION,
    DocumentKind.IMPACT_ASSESSMENT,
    DocumentKind.CNIL_COMMITMENT,
    DocumentKind.PROCESSING_RECORD,
    DocumentKind.STATUTES,
    DocumentKind.NOTICE,
    DocumentKind.CONFORMITY,
    DocumentKind.REQUISITION,
    DocumentKind.DELEGATION,
    DocumentKind.COMMON_PARTS_AGREEMENT,
    DocumentKind.ROLE_ACT,
    DocumentKind.SECURITY_APPROVAL,
    DocumentKind.COMMISSIONING,
    DocumentKind.SERVICE_DESIGNATION,
    DocumentKind.PREFECTURE_POSITION,
    DocumentKind.MASK,
)
"""D1 to D23, in order."""

_POOLS: Final = {BodyKind.EPCI, BodyKind.SYNDICAT, BodyKind.COMMUNES_SYNDICAT}
_POOLED: Final = Text(fr="les caméras ne sont pas mutualisées", en="the cameras are not pooled")
_ASKED: Final = Text(fr="vient avec chaque demande", en="comes with each request")


def checklist(dossier: Dossier, at: datetime, findings: tuple[Finding, ...]) -> list[ChecklistRow]:
    """One line for each of D1 to D23. A paper that a finding is about is incomplete, expired or absent."""
    needless = _needless(dossier)
    return [_row(dossier, kind, at, findings, needless) for kind in ORDER]


def _row(
    dossier: Dossier,
    kind: DocumentKind,
    at: datetime,
    findings: tuple[Finding, ...],
    needless: Mapping[DocumentKind, Text],
) -> ChecklistRow:
    papers = in_charge(dossier, kind, at)
    held = [one for one in papers if one.holds(at)]
    numbers = [place for place, one in enumerate(findings, 1) if one.kind == kind]
    note = needless.get(kind) if not papers else None
    state = _state(papers, held, wrong=bool(numbers), needless=note is not None)
    if numbers:
        told = ", ".join(str(number) for number in numbers)
        note = Text(fr=f"voir anomalie {told}", en=f"see fault {told}")
    name, blocks = spec(kind).name, spec(kind).blocks
    return ChecklistRow(spec(kind).code, name, state, blocks, note, tuple(one.id for one in papers))


def _state(papers: list[Document], held: list[Document], *, wrong: bool, needless: bool) -> PaperState:
    if not papers:
        return PaperState.NOT_NEEDED if needless and not wrong else PaperState.ABSENT
    if not held or (wrong and len(held) < len(papers)):
        return PaperState.EXPIRED
    return PaperState.INCOMPLETE if wrong else PaperState.PRESENT


def _needless(dossier: Dossier) -> dict[DocumentKind, Text]:
    """The papers that this commune can do without, and why."""
    facts = dossier.facts
    statuses = {one.status for one in facts.persons.values()}
    origins = {one.origin for one in facts.cameras.values()}
    agents = {PersonStatus.AGREED_AGENT, PersonStatus.EPCI_AGENT, PersonStatus.SYNDICAT_AGENT}
    found = {
        DocumentKind.REQUISITION: _ASKED,
        DocumentKind.PREFECTURE_POSITION: Text(fr="aucun point à confirmer", en="no point to confirm"),
        DocumentKind.APPLICATION: Text(fr="aucune demande en cours", en="no request under way"),
    }
    if not any(body.kind in _POOLS for body in facts.bodies.values()):
        for kind in (
            DocumentKind.AGREEMENT,
            DocumentKind.STATE_AGREEMENT,
            DocumentKind.DELIBERATION,
            DocumentKind.STATUTES,
            DocumentKind.ROLE_ACT,
        ):
            found[kind] = _POOLED
    if not statuses & agents:
        found[DocumentKind.ACCREDITATION] = Text(fr="aucun agent à agréer", en="no agent to accredit")
    if not statuses & {*agents, PersonStatus.MUNICIPAL_POLICE}:
        found[DocumentKind.DESIGNATION] = Text(fr="personne à désigner", en="nobody to designate")
    if PersonStatus.MUNICIPAL_POLICE not in statuses:
        found[DocumentKind.COORDINATION] = Text(fr="pas de police municipale", en="no municipal police")
    else:
        found[DocumentKind.COORDINATION] = Text(fr="moins de 3 postes, ni nuit ni partage", en="fewer than 3 posts")
    if PersonStatus.ELECTED_DELEGATED not in statuses:
        found[DocumentKind.DELEGATION] = Text(fr="aucun élu délégué", en="no delegated elected member")
    if Origin.COMMON_PARTS not in origins:
        found[DocumentKind.COMMON_PARTS_AGREEMENT] = Text(
            fr="aucun immeuble d'habitation", en="no residential building"
        )
    if PersonStatus.POLICE_GENDARMERIE not in statuses:
        found[DocumentKind.SERVICE_DESIGNATION] = Text(
            fr="aucun service destinataire ici", en="no receiving service here"
        )
    return found
