"""The audit report as plain data in one language: the same for the screen, JSON and the PDF."""

from typing import Any, Final

from beffroi.domain.documents import LEGAL_TIME_ZONE
from beffroi.domain.text import Language, Text
from beffroi.law.audit.model import AccessRow, Finding, Gravity, Report
from beffroi.law.audit.reading import legal_day
from beffroi.law.audit.sentences import issuer_of, title_of
from beffroi.law.documents import type_name
from beffroi.law.packs.fr.document_choices import ACT_NAMES
from beffroi.law.sentences import day_text
from beffroi.publish.audit_words import (
    GRAVITIES,
    NOT_ADVICE,
    STATES,
    TITLE,
    camera_names,
    headline,
    is_everywhere,
    person_names,
    status_name,
)
from beffroi.publish.letters import letters
from beffroi.registry.deadlines import Deadline, Reason, Stage, deadlines


def sheet_of(report: Report, language: Language) -> dict[str, Any]:
    """Everything that the report says, JSON-ready. Letters are in French whatever the language."""
    commune = report.dossier.commune
    return {
        "language": language,
        "title": TITLE.in_(language),
        "commune": {"insee": commune.id, "name": commune.name, "departement": commune.departement},
        "on": legal_day(report.at).isoformat(),
        "day": day_text(legal_day(report.at), LEGAL_TIME_ZONE).in_(language),
        "verdict": verdict(report).in_(language),
        "counts": _counts(report),
        "findings": [_finding(report, number, one, language) for number, one in enumerate(report.findings, 1)],
        "access": [_access(row, language) for row in report.access],
        "deadlines": [_deadline(one, language) for one in _announced(report)],
        "checklist": [
            {
                "code": row.code,
                "name": row.name.in_(language),
                "state": row.state.value,
                "state_label": STATES[row.state].in_(language),
                "blocks": row.blocks.in_(language),
                "note": row.note.in_(language) if row.note is not None else "",
                "documents": list(row.documents),
            }
            for row in report.checklist
        ],
        "letters": [
            {
                "number": one.number,
                "kind": one.kind,
                "sender": one.sender,
                "to": one.to,
                "on": one.on,
                "subject": one.subject,
                "paragraphs": list(one.paragraphs),
                "enclosures": list(one.enclosures),
            }
            for one in letters(report)
        ],
        "rule_set_hash": report.rule_set_hash,
        "facts_hash": report.facts_hash,
        "not_advice": NOT_ADVICE.in_(language),
    }


def verdict(report: Report) -> Text:
    """The sentence that a mayor reads first."""
    total, closed, faults = len(report.dossier.facts.cameras), len(report.closed_cameras), len(report.findings)
    if not faults and not closed:
        return Text(
            fr=f"Tout est en ordre : aucune des {total} caméras n'est fermée faute d'une pièce.",
            en=f"All is in order: none of the {total} cameras is closed for want of a paper.",
        )
    offences = sum(one.gravity is Gravity.OFFENCE for one in report.findings)
    fr = f"{_many(faults, 'anomalie', 'anomalies')}. "
    en = f"{faults} fault{'s' if faults > 1 else ''}. "
    if closed:
        fr += f"Aujourd'hui, {closed} des {total} caméras ne peuvent être regardées par personne de la commune. "
        en += f"Today nobody of the commune may watch {closed} of the {total} cameras. "
    else:
        fr += f"Aucune des {total} caméras n'est fermée à tous. "
        en += f"None of the {total} cameras is closed to everybody. "
    if offences:
        fr += f"{_many(offences, 'point relève', 'points relèvent')} du Code pénal : à régler d'abord."
        en += f"{offences} of them concern{'' if offences > 1 else 's'} the Code pénal: settle first."
    return Text(fr=fr.strip(), en=en.strip())


def _many(count: int, one: str, several: str) -> str:
    return f"{count} {several if count > 1 else one}"


def _counts(report: Report) -> dict[str, int]:
    facts = report.dossier.facts
    gravities = {one.value: sum(each.gravity is one for each in report.findings) for one in Gravity}
    return {
        "cameras": len(facts.cameras),
        "cameras_open": len(report.open_cameras),
        "cameras_closed": len(report.closed_cameras),
        "persons": len(facts.persons),
        "papers": len(facts.documents),
        "findings": len(report.findings),
        "deadlines": len(_announced(report)),
        **gravities,
    }


def _finding(report: Report, number: int, finding: Finding, language: Language) -> dict[str, Any]:
    return {
        "number": number,
        "code": finding.code,
        "gravity": finding.gravity.value,
        "gravity_label": GRAVITIES[finding.gravity].in_(language),
        "headline": headline(report, finding, language) + ".",
        "article": finding.article,
        "rule": finding.rule,
        "kind": finding.kind,
        "cure": title_of(finding.kind).in_(language),
        "issuer": issuer_of(finding.kind).in_(language),
        "cameras": list(finding.cameras),
        "camera_names": camera_names(report, finding),
        "everywhere": is_everywhere(report, finding),
        "persons": list(finding.persons),
        "person_names": person_names(report, finding),
        "documents": list(finding.documents),
        "acts": [ACT_NAMES[act].in_(language) for act in finding.acts],
    }


def _announced(report: Report) -> list[Deadline]:
    """What ends or is due within the year, and is not over yet: what is over is a finding."""
    return [one for one in deadlines(report.dossier.facts, report.at) if one.stage is not Stage.OVER]


def _deadline(one: Deadline, language: Language) -> dict[str, Any]:
    name = type_name(one.document.kind).in_(language)
    number = "n°" if language == "fr" else "no."
    return {
        "on": one.last_day.isoformat(),
        "day": day_text(one.last_day, LEGAL_TIME_ZONE).in_(language),
        "days_left": one.days_left,
        "stage": one.stage.value,
        "stage_label": _STAGES[one.stage].in_(language),
        "reason": one.reason.value,
        "text": f"{name} {number} {one.document.number}{_REASONS[one.reason].in_(language)}",
        "task": one.task.in_(language),
        "document": one.document.id,
    }


_STAGES: Final = {
    Stage.MONTHS_12: Text(fr="12 mois", en="12 months"),
    Stage.MONTHS_6: Text(fr="6 mois", en="6 months"),
    Stage.MONTHS_4: Text(fr="4 mois", en="4 months"),
    Stage.DAYS_30: Text(fr="30 jours", en="30 days"),
    Stage.DAYS_7: Text(fr="7 jours", en="7 days"),
    Stage.DAY_1: Text(fr="1 jour", en="1 day"),
}
_REASONS: Final = {
    Reason.END: Text(fr=" : dernier jour", en=": last day"),
    Reason.INQUIRY: Text(fr=" : nouvelle enquête", en=": new inquiry"),
    Reason.ANSWER: Text(fr=" : réponse du préfet", en=": answer of the préfet"),
    Reason.REVIEW: Text(fr=" : réexamen", en=": review"),
}


def _access(row: AccessRow, language: Language) -> dict[str, Any]:
    return {
        "status": row.status.value,
        "status_label": status_name(row.status).in_(language),
        "act": row.act.value,
        "act_label": ACT_NAMES[row.act].in_(language),
        "persons": row.persons,
        "open": row.open,
        "refused": row.refused,
        "closed_by_law": row.closed_by_law,
        "findings": list(row.findings),
    }
