"""Words of the audit report: who and what a finding is about, states, gravities."""

from typing import Final

from beffroi.domain.facts import PersonStatus
from beffroi.domain.text import Language, Text
from beffroi.law.audit.model import Finding, Gravity, PaperState, Report
from beffroi.law.audit.roots import PERSONAL
from beffroi.law.packs.fr.document_choices import STATUS_NAMES

GRAVITIES: Final = {
    Gravity.OFFENCE: Text(fr="Code pénal", en="Offence"),
    Gravity.CLOSED: Text(fr="Images fermées", en="Images closed"),
    Gravity.WRONG: Text(fr="À corriger", en="To correct"),
    Gravity.LATE: Text(fr="En retard", en="Overdue"),
}
STATES: Final = {
    PaperState.PRESENT: Text(fr="présent", en="present"),
    PaperState.INCOMPLETE: Text(fr="incomplet", en="incomplete"),
    PaperState.EXPIRED: Text(fr="expiré", en="expired"),
    PaperState.ABSENT: Text(fr="absent", en="absent"),
    PaperState.NOT_NEEDED: Text(fr="inutile ici", en="not needed here"),
}
TITLE: Final = Text(fr="Audit de la vidéoprotection", en="Video protection audit")
NOT_ADVICE: Final = Text(
    fr="Établi par un programme à partir de la liste et des pièces fournies ; ce n'est pas un conseil juridique.",
    en="Made by a program from the list and papers provided; this is not legal advice.",
)
_NAMED: Final = 3
"""People or cameras named one by one; beyond, they are counted."""


def status_name(status: PersonStatus) -> Text:
    """What a quality is called."""
    return STATUS_NAMES.get(status) or Text(fr=status.value, en=status.value)


def headline(report: Report, finding: Finding, language: Language) -> str:
    """The finding as one sentence without a full stop: whom or what it is about, then the fault."""
    said = finding.text.in_(language)
    about = _about(report, finding, language)
    colon = " : " if language == "fr" else ": "
    return f"{about}{colon}{said}" if about else said[:1].upper() + said[1:]


def _about(report: Report, finding: Finding, language: Language) -> str:
    if is_personal(finding):
        people = person_names(report, finding)
        if 0 < len(people) <= _NAMED:
            return ", ".join(people)
        if people:
            return f"{len(people)} personnes" if language == "fr" else f"{len(people)} persons"
    names = camera_names(report, finding)
    if not names:
        return ""
    if is_everywhere(report, finding):
        return f"Les {len(names)} caméras" if language == "fr" else f"All {len(names)} cameras"
    if len(names) == 1:
        return names[0]
    return f"{len(names)} caméras" if language == "fr" else f"{len(names)} cameras"


def camera_names(report: Report, finding: Finding) -> list[str]:
    """The cameras of a finding: identifier as the list writes it, and name."""
    dossier = report.dossier
    made = []
    for one in finding.cameras:
        sheet, camera = dossier.sheets.get(one), dossier.facts.cameras.get(one)
        written = sheet.identifier if sheet is not None and sheet.identifier else one
        made.append(f"{written} ({camera.name})" if camera is not None and camera.name != written else written)
    return made


def is_everywhere(report: Report, finding: Finding) -> bool:
    """Whether a finding is about every camera of the list."""
    return 1 < len(finding.cameras) == len(report.dossier.facts.cameras)


def is_personal(finding: Finding) -> bool:
    """Whether a finding is told by the persons it is about rather than by the cameras."""
    return finding.kind in PERSONAL or (bool(finding.persons) and not finding.cameras)


def person_names(report: Report, finding: Finding) -> list[str]:
    """The persons of a finding, as they are labelled."""
    persons = report.dossier.facts.persons
    return [persons[one].label.fr for one in finding.persons if one in persons]
