"""Document types as data: what each kind is called, who issues it, what is closed without it, which fields it has.

Read from documents.yaml (D1 to D23) and records.yaml of the pack.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final

import yaml

from beffroi.domain.documents import DocumentKind
from beffroi.domain.text import Text
from beffroi.law.packs.fr.document_choices import CHOICES, Choice


class Need(StrEnum):
    """How much a field is asked for."""

    MANDATORY = "mandatory"
    EXPECTED = "expected"
    """Its absence is told (`remarks`) and refuses nothing."""
    OPTIONAL = "optional"
    CONDITIONAL = "conditional"
    """Asked for by what another field says, or by the day of the signature: see ``help``."""


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field of a kind of document, as a form shows it.

    ``type`` is one of `document_fields.FIELD_TYPES`. ``choices`` is empty where anything of the type may be given.
    ``when`` (field → values; ``any``: whatever it holds), ``unless`` (a field) and ``since`` (day of signature) say
    when a conditional field is asked for.
    """

    name: str
    type: str
    label: Text
    need: Need
    choices: tuple[Choice, ...] = ()
    help: Text | None = None
    when: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    unless: str | None = None
    since: date | None = None

    @property
    def required(self) -> bool:
        """Whether it is always asked for."""
        return self.need is Need.MANDATORY


@dataclass(frozen=True, slots=True)
class Span:
    """A longest duration, by the calendar, from date to date."""

    months: int
    text: Text


@dataclass(frozen=True, slots=True)
class KindSpec:
    """One kind of document. ``longest`` goes by the value of the field ``type``. ``short``: it serves once or for a
    moment, and its end is not announced."""

    kind: DocumentKind
    code: str
    name: Text
    issuer: Text
    blocks: Text
    renewal: Text
    scope: tuple[str, ...]
    parties: int
    needs_end: bool
    longest: Mapping[str, Span]
    short: bool
    fields: Mapping[str, FieldSpec]


_RENEW: Final = Text(
    fr="Préparez la pièce qui la remplacera et faites-la confirmer avant la fin.",
    en="Prepare the document that will replace it and have it confirmed before the end.",
)

COMMON: Final = (
    FieldSpec(
        "scan_date",
        "date",
        Text(fr="date de signature lue sur le fichier", en="date of signature read on the file"),
        Need.OPTIONAL,
        help=Text(
            fr="Un an d'écart ou plus avec la date saisie : deux personnes confirment.",
            en="A year or more away from the date entered: two persons confirm.",
        ),
    ),
    FieldSpec(
        "scan_from", "date", Text(fr="date de début lue sur le fichier", en="start read on the file"), Need.OPTIONAL
    ),
    FieldSpec(
        "scan_until", "date", Text(fr="date de fin lue sur le fichier", en="end read on the file"), Need.OPTIONAL
    ),
    FieldSpec("source_link", "text", Text(fr="lien vers la source", en="link to the source"), Need.OPTIONAL),
)
"""Fields that any document may carry."""


@lru_cache(maxsize=1)
def kinds() -> Mapping[DocumentKind, KindSpec]:
    """All kinds, as the pack describes them."""
    found: dict[DocumentKind, KindSpec] = {}
    for name in ("documents.yaml", "records.yaml"):
        rows = yaml.safe_load((files(__package__) / name).read_text(encoding="utf-8"))
        for kind, row in rows.items():
            found[DocumentKind(kind)] = _kind(DocumentKind(kind), row)
    return found


def field_of(kind: DocumentKind, name: str) -> FieldSpec | None:
    """A field that a document of this kind may carry; None: it has no such field."""
    return kinds()[kind].fields.get(name) or next((one for one in COMMON if one.name == name), None)


def _kind(kind: DocumentKind, row: dict[str, Any]) -> KindSpec:
    return KindSpec(
        kind=kind,
        code=row["code"],
        name=_text(row["name"]),
        issuer=_text(row["issuer"]),
        blocks=_text(row["blocks"]),
        renewal=_text(row["renewal"]) if "renewal" in row else _RENEW,
        scope=tuple(row["scope"]),
        parties=row.get("parties", 1),
        needs_end=row.get("end") == "required",
        longest={value: _span(one) for value, one in row.get("max", {}).items()},
        short=row.get("short", False),
        fields={name: _field(name, one) for name, one in row["fields"].items()},
    )


def _field(name: str, row: dict[str, Any]) -> FieldSpec:
    conditional = any(key in row for key in ("when", "unless", "since"))
    need = Need.CONDITIONAL if conditional else Need(row.get("need", "mandatory"))
    choices = tuple(Choice(value, _text(words)) for value, words in row.get("choices", {}).items())
    return FieldSpec(
        name=name,
        type=row["type"],
        label=_text(row),
        need=need,
        choices=choices or CHOICES.get(row["type"], ()),
        help=_text(row["help"]) if "help" in row else None,
        when=tuple((field, tuple(values)) for field, values in row.get("when", {}).items()),
        unless=row.get("unless"),
        since=row.get("since"),
    )


def _span(row: dict[str, int]) -> Span:
    years, months = row.get("years", 0), row.get("months", 0)
    text = Text(fr=f"{years} ans", en=f"{years} years") if years else Text(fr=f"{months} mois", en=f"{months} months")
    return Span(12 * years + months, text)


def _text(row: dict[str, Any]) -> Text:
    return Text(fr=row["fr"], en=row["en"])
