"""Letters that cure faults: one for each finding, in French, ready to be read over, signed and sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

from beffroi.domain.facts import BodyKind
from beffroi.law.audit.model import Finding, Report
from beffroi.law.audit.reading import legal_day
from beffroi.law.audit.sentences import issuer_of, title_of
from beffroi.law.sentences import contracted, day_text
from beffroi.publish.audit_words import camera_names, headline, is_everywhere, is_personal, person_names

MAX_NAMED = 60
"""Cameras named one by one in a letter; beyond, the list of the commune is joined."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter, or the model of an act, that cures the finding of this number."""

    number: int
    kind: str
    sender: str
    to: str
    on: str
    subject: str
    paragraphs: tuple[str, ...]
    enclosures: tuple[str, ...]

    def as_text(self) -> str:
        """The letter as plain text."""
        joint = [f"  – {one}" for one in self.enclosures]
        parts = [self.sender, self.to, f"Le {self.on}", f"Objet : {self.subject}", *self.paragraphs]
        if joint:
            parts.append("\n".join(["Pièces jointes :", *joint]))
        parts.append("(Nom, qualité, signature)")
        return "\n\n".join(parts) + "\n"


def letters(report: Report) -> list[Letter]:
    """One letter for each finding, in the order of the findings."""
    return [_letter(report, number, finding) for number, finding in enumerate(report.findings, 1)]


def _letter(report: Report, number: int, finding: Finding) -> Letter:
    facts, commune = report.dossier.facts, report.dossier.commune
    models = _models()
    model = models.get(finding.code) or models.get(finding.kind) or models["default"]
    pools = [body.name for body in facts.bodies.values() if body.kind in {BodyKind.EPCI, BodyKind.SYNDICAT}]
    papers = [facts.versions(one)[-1].number for one in finding.documents if facts.versions(one)]
    words = {
        "commune": commune.name,
        "departement": commune.departement,
        "pooling": pools[0] if pools else "l'organisme de mutualisation",
        "fault": headline(report, finding, "fr") if is_personal(finding) else finding.text.fr,
        "article": finding.article,
        "cameras": _cameras(report, finding),
        "people": ", ".join(person_names(report, finding)) or "la personne concernée",
        "papers": ", ".join(f"n° {one}" for one in papers) or "en cause",
        "piece": title_of(finding.kind).fr,
        "issuer": issuer_of(finding.kind).fr,
    }
    return Letter(
        number=number,
        kind=finding.kind,
        sender=contracted(f"Le maire de {commune.name}"),
        to=_filled(model["to"], words),
        on=day_text(legal_day(report.at), "Europe/Paris").fr,
        subject=_filled(model["subject"], words),
        paragraphs=tuple(_filled(one, words) for one in model["body"]),
        enclosures=tuple(_filled(one, words) for one in model["joint"]),
    )


def _cameras(report: Report, finding: Finding) -> str:
    if is_everywhere(report, finding):
        return f"les {len(finding.cameras)} caméras de la liste jointe"
    names = camera_names(report, finding)
    more = " et les autres de la liste jointe" if len(names) > MAX_NAMED else ""
    return ", ".join(names[:MAX_NAMED]) + more if names else "sans objet"


def _filled(text: str, words: Mapping[str, str]) -> str:
    return contracted(text.format_map(words))


@lru_cache(maxsize=1)
def _models() -> Mapping[str, Any]:
    text = (files(__package__) / "letters.yaml").read_text(encoding="utf-8")
    models: Mapping[str, Any] = yaml.safe_load(text)
    return models
