"""Kinds of documents and what they must contain: `validate(document)` before one may be entered or confirmed.

What a kind is called, who issues it, what is closed without it and which fields its form has are data of the pack
(docs/reference/documents.md is made from them).
"""

from collections.abc import Mapping

from beffroi.domain.documents import DocumentKind
from beffroi.domain.text import Text
from beffroi.law.packs.fr.document_check import asked_for, holds_until, longest_end, remarks, validate
from beffroi.law.packs.fr.document_choices import Choice
from beffroi.law.packs.fr.document_types import COMMON, FieldSpec, KindSpec, Need, field_of, kinds

__all__ = [
    "COMMON",
    "Choice",
    "FieldSpec",
    "KindSpec",
    "Need",
    "asked_for",
    "blocks",
    "code",
    "field_of",
    "form",
    "holds_until",
    "issuer",
    "longest_end",
    "mandatory_fields",
    "remarks",
    "scope_parts",
    "spec",
    "type_name",
    "validate",
]


def spec(kind: DocumentKind) -> KindSpec:
    """Everything that the pack says of a kind."""
    return kinds()[kind]


def type_name(kind: DocumentKind) -> Text:
    """How a kind of document is called."""
    return kinds()[kind].name


def code(kind: DocumentKind) -> str:
    """The code of a kind (D1 to D23, or D- and three letters)."""
    return kinds()[kind].code


def issuer(kind: DocumentKind) -> Text:
    """Who issues a document of this kind."""
    return kinds()[kind].issuer


def blocks(kind: DocumentKind) -> Text:
    """What is closed while no such document is in force."""
    return kinds()[kind].blocks


def scope_parts(kind: DocumentKind) -> tuple[str, ...]:
    """What a document of this kind must name: ``bodies``, ``cameras``, ``persons``. It may name the others too."""
    return kinds()[kind].scope


def form(kind: DocumentKind) -> tuple[FieldSpec, ...]:
    """The fields of a kind in the order of its form, those that any document may carry last."""
    return (*kinds()[kind].fields.values(), *COMMON)


def mandatory_fields(kind: DocumentKind) -> Mapping[str, str]:
    """The fields that are always asked for, with their type."""
    return {one.name: one.type for one in kinds()[kind].fields.values() if one.required}
