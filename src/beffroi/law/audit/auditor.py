"""Audit of a commune's cameras and papers: what would be refused today, what contradicts, what is overdue, the cure.

Pure: a dossier and an instant in, a report out. Whether an image may be seen is asked of `LawEngine.decide` alone; the
rest (dates, norms, contradictions) are functions that cite their article.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from beffroi.domain.acts import Act
from beffroi.domain.documents import DocumentKind
from beffroi.law.audit import access as audit_access
from beffroi.law.audit.checklist import checklist
from beffroi.law.audit.field import field_findings
from beffroi.law.audit.model import Dossier, Finding, Gravity, Report
from beffroi.law.audit.papers import paper_findings
from beffroi.law.audit.wanted import wanted_findings
from beffroi.law.engine import LawEngine

_GRAVITIES: Final = list(Gravity)


def audit(engine: LawEngine, dossier: Dossier, at: datetime) -> Report:
    """Audit a dossier at an instant (its day counts; the most favourable hour of that day is taken).

    Raises:
        BrokenError: the engine failed on a question.
    """
    asked = audit_access.ask_all(engine, dossier.facts, at)
    refusals = audit_access.gathered(dossier.facts, at, asked)
    others = [
        *audit_access.strangers(dossier.facts, asked),
        *field_findings(dossier, at),
        *paper_findings(dossier, at),
        *wanted_findings(dossier, at),
    ]
    told = {cause: _told_by(others, one) for cause, one in refusals.items()}
    causes = list(dict.fromkeys(told.values()))
    ordered = tuple(sorted(dict.fromkeys([*causes, *_not_told(others, causes)]), key=_rank))
    places = {cause: ordered.index(one) + 1 for cause, one in told.items()}
    live = [one for one in asked if one.act is Act.LIVE]
    opened = frozenset(one.camera for one in live if one.decision.allowed)
    return Report(
        dossier=dossier,
        at=at,
        findings=ordered,
        access=tuple(audit_access.rows(asked, places)),
        checklist=tuple(checklist(dossier, at, ordered)),
        open_cameras=opened,
        closed_cameras=frozenset(one.camera for one in live if one.roots) - opened,
        rule_set_hash=engine.pack.hash,
        facts_hash=dossier.facts.digest(),
    )


def _rank(finding: Finding) -> tuple[int, int, str, str]:
    """By gravity, then by how much of the commune it touches."""
    touched = len(finding.cameras) * max(1, len(finding.persons))
    return _GRAVITIES.index(finding.gravity), -touched, finding.code, finding.text.fr


def _told_by(others: list[Finding], refusal: Finding) -> Finding:
    """The graver finding about the same paper that says why (a term over a month also closes the replay), or itself."""
    if set(refusal.acts) - {Act.REPLAY}:
        return refusal
    graver = (one for one in others if one.gravity is Gravity.OFFENCE)
    return next((one for one in graver if set(one.documents) & set(refusal.documents)), refusal)


def _not_told(others: list[Finding], refusals: list[Finding]) -> Iterator[Finding]:
    """Findings, or the cameras of findings, that no refusal tells already: one fault is told once."""
    told = {(one.text, document) for one in refusals for document in one.documents}
    absent = {(one.kind, camera) for one in refusals for camera in one.cameras}
    kinds = {one.kind for one in refusals if not one.documents}
    for one in others:
        left = tuple(camera for camera in one.cameras if (one.kind, camera) not in absent)
        if any((one.text, document) in told for document in one.documents):
            continue
        if one.code == "no-coordination" and DocumentKind.COORDINATION in kinds:
            continue
        if not one.code.startswith("no-") or left == one.cameras:
            yield one
        elif left:
            yield replace(one, cameras=left)
