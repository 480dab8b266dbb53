"""``add``: a document of which a case says only what matters; the rest is filled so that it is valid on that day."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from beffroi.domain.documents import Document, DocumentKind
from beffroi.domain.facts import Facts
from beffroi.domain.ids import DocumentId
from beffroi.law.cases.filled import Subject, dated, filled, wider
from beffroi.law.cases.malformed import WrongError
from beffroi.law.cases.model import day
from beffroi.law.cases.names import kind_of
from beffroi.law.cases.values import PARTS, check_field, field_value, known_fields, names_in, plain_day, status
from beffroi.law.documents import longest_end, spec
from beffroi.law.worlds.paper import FIRST_DAY, LAST_DAY, Reach, paper

_COMMON: Final = ("kind", "id", "name", "number", "signatory", "signed_on", "valid_from", "valid_until", "status")
_SHORT_ORDERS: Final = frozenset({"provisional", "event"})


def added(facts: Facts, said: Mapping[str, Any], at: datetime, subject: Subject | None = None) -> Document:
    """The document that an ``add`` describes, confirmed and in force at ``at`` unless it says otherwise.

    Raises:
        WrongError: no kind, an unknown key, or nothing that it is about.
    """
    words = dict(said)
    name = str(words.get("name") or "")
    if "id" in words:
        word, _, name = str(words["id"]).partition("/")
        words.setdefault("kind", word)
    if "kind" not in words:
        raise WrongError("« add » demande « kind », le type de la pièce.", "“add” needs “kind”, the kind of document.")
    kind, topic = kind_of(str(words["kind"]))
    words = {_part(kind, key): one for key, one in words.items()}
    about = _reach(facts, words, name)
    fields = {key: field_value(key, one) for key, one in words.items() if key not in {*_COMMON, *PARTS, "scope"}}
    for field in fields:
        check_field(kind, field, (*_COMMON[2:], *PARTS))
    if topic is not None:
        fields.setdefault("object", topic)
    if "point" in fields:
        fields["point"] = f"row-{str(fields['point']).removeprefix('row-')}"
    about = wider(facts, kind, about, fields, subject)
    for part in spec(kind).scope:
        if not getattr(about, part):
            raise WrongError(
                f"« add » d'une pièce « {kind.value} » demande « {part} » : ce qu'elle concerne.",
                f"“add” of a “{kind.value}” document needs “{part}”: what it is about.",
            )
    everything = {**dated(kind, at), **filled(facts, kind, about, fields), **fields}
    made = paper(kind, name or _name(facts, kind, about), about, everything)
    return _common(made, words, at)


_ONE: Final = {"body": "bodies", "commune": "bodies", "camera": "cameras", "person": "persons"}


def _part(kind: DocumentKind, key: str) -> str:
    """``camera: cX`` is ``cameras: [cX]``, unless the kind has a field of that name."""
    return _ONE[key] if key in _ONE and key not in known_fields(kind) else key


def _reach(facts: Facts, words: Mapping[str, Any], name: str) -> Reach:
    scope = words.get("scope") or {}
    if not isinstance(scope, dict) or not set(scope) <= set(PARTS):
        names = ", ".join(PARTS)
        raise WrongError(f"« scope » ne contient que {names}.", f"“scope” only holds {names}.")
    parts = {part: names_in(facts, part, one) for part in PARTS if (one := words.get(part, scope.get(part)))}
    if not parts and name:  # the name says it: agreement E-X, designation agentE-X
        tokens = [one for one in name.replace("/", "-").split("-") if one]
        parts = {
            "bodies": tuple(one for one in tokens if one in facts.bodies),
            "cameras": tuple(one for one in tokens if one in facts.cameras),
            "persons": tuple(one for one in tokens if one in facts.persons),
        }
    return Reach(**parts)


def _name(facts: Facts, kind: DocumentKind, about: Reach) -> str:
    stem = "-".join((*about.persons, *about.bodies, *about.cameras)[:4]) or "added"
    name, count = stem, 1
    while facts.versions(DocumentId(f"{kind.value}/{name}")):
        count += 1
        name = f"{stem}-{count}"
    return name


def _common(made: Document, words: Mapping[str, Any], at: datetime) -> Document:
    more: dict[str, Any] = {key: str(words[key]) for key in ("number", "signatory") if key in words}
    if "signed_on" in words:
        more["signed_on"] = plain_day(words["signed_on"])
    month_ago = at.date() - timedelta(days=30)
    first: date | datetime = FIRST_DAY if month_ago >= FIRST_DAY and at.date() <= LAST_DAY else month_ago
    if made.fields.get("type") in _SHORT_ORDERS:
        first = at.date() - timedelta(days=7)
    more["valid_from"] = day(words["valid_from"]) if "valid_from" in words else first
    if "status" in words:
        more |= status(words["status"])
    made = replace(made, **more)
    if "valid_until" in words:
        return replace(made, valid_until=None if words["valid_until"] is None else day(words["valid_until"]))
    made = replace(made, valid_until=max(LAST_DAY, at.date() + timedelta(days=365)))
    longest, ends = longest_end(made), made.ends
    return replace(made, valid_until=longest) if longest and ends and ends > longest else made
