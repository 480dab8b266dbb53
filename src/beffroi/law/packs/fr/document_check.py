"""What a document must contain before it may be confirmed, by type (documents.yaml of the pack)."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from beffroi.domain.acts import Act, Form, Purpose
from beffroi.domain.documents import Document, DocumentKind, JsonValue
from beffroi.domain.facts import PersonStatus
from beffroi.domain.text import Text
from beffroi.law.pack import load_pack

MAX_DAYS: Final = 31
"""A term in days above which it exceeds one month whatever the month (the engine caps it by the calendar)."""

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


def validate(document: Document) -> list[Text]:
    """What is wrong with a document, one sentence each; an empty list: it may be confirmed."""
    kind = _types()[document.kind.value]
    name = Text(fr=kind["name"]["fr"], en=kind["name"]["en"])
    return [*_common(document, name), *_dates(document, kind, name), *_fields(document, kind, name)]


def type_name(kind: DocumentKind) -> Text:
    """How a kind of document is called."""
    name = _types()[kind.value]["name"]
    return Text(fr=name["fr"], en=name["en"])


def mandatory_fields(kind: DocumentKind) -> Mapping[str, str]:
    """The mandatory fields of a kind with their type (text, texts, int, days, bool, date, purposes, acts, …)."""
    fields: Mapping[str, str] = _types()[kind.value]["fields"]
    return fields


@lru_cache(maxsize=1)
def _types() -> Mapping[str, Mapping[str, Any]]:
    return load_pack().document_types


def _common(document: Document, name: Text) -> list[Text]:
    wrong = []
    for field, fr, en in (("number", "son numéro", "its number"), ("signatory", "son signataire", "its signatory")):
        if not getattr(document, field).strip():
            wrong.append(Text(fr=f"La pièce « {name.fr} » doit porter {fr}.", en=f"The {name.en} must bear {en}."))
    if document.file_sha256 is not None and not _SHA256.fullmatch(document.file_sha256):
        wrong.append(
            Text(
                fr="L'empreinte du fichier n'est pas une empreinte SHA-256 : déposez de nouveau le fichier.",
                en="The digest of the file is not a SHA-256: upload the file again.",
            )
        )
    for part in _types()[document.kind.value]["scope"]:
        if not getattr(document.scope, part):
            wrong.append(
                Text(
                    fr=f"La pièce « {name.fr} » doit nommer {_PARTS[part].fr}.",
                    en=f"The {name.en} must name {_PARTS[part].en}.",
                )
            )
    return wrong


_PARTS: Final = {
    "bodies": Text(fr="les organismes qu'elle concerne", en="the bodies it is about"),
    "cameras": Text(fr="les caméras qu'elle concerne", en="the cameras it is about"),
    "persons": Text(fr="la personne qu'elle concerne", en="the person it is about"),
}


def _dates(document: Document, kind: Mapping[str, Any], name: Text) -> list[Text]:
    ends, years = document.ends, kind.get("max_years")
    if ends is None:
        if years or kind.get("needs_end"):
            return [Text(fr=f"La pièce « {name.fr} » doit porter une date de fin.", en=f"The {name.en} needs an end.")]
        return []
    if ends <= document.begins:
        return [
            Text(
                fr=f"La pièce « {name.fr} » finit avant de commencer : corrigez ses dates.",
                en=f"The {name.en} ends before it begins: correct its dates.",
            )
        ]
    if years and ends > _years_later(document, int(years)):
        return [
            Text(
                fr=f"La pièce « {name.fr} » ne peut durer plus de {years} ans.",
                en=f"The {name.en} cannot last more than {years} years.",
            )
        ]
    return []


def _years_later(document: Document, years: int) -> datetime:
    """Date to date, in the legal time of the document."""
    zone = ZoneInfo(document.time_zone)
    begins = document.begins.astimezone(zone).replace(tzinfo=None)
    try:
        later = begins.replace(year=begins.year + years)
    except ValueError:  # 29 February
        later = begins.replace(year=begins.year + years, month=3, day=1)
    return later.replace(tzinfo=zone).astimezone(UTC)


def _fields(document: Document, kind: Mapping[str, Any], name: Text) -> list[Text]:
    wrong = []
    for field, expected in kind["fields"].items():
        if not _FIELD_TYPES[expected][0](document.fields.get(field)):
            rule = _FIELD_TYPES[expected][1]
            wrong.append(
                Text(
                    fr=f"La pièce « {name.fr} » : le champ « {field} » doit être {rule.fr}.",
                    en=f"The {name.en}: the field “{field}” must be {rule.en}.",
                )
            )
    return wrong


def _is_text(value: JsonValue) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_list_of(allowed: Callable[[str], bool]) -> Callable[[JsonValue], bool]:
    def check(value: JsonValue) -> bool:
        return isinstance(value, list) and bool(value) and all(isinstance(one, str) and allowed(one) for one in value)

    return check


def _is_count(value: JsonValue) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_date(value: JsonValue) -> bool:
    if not isinstance(value, str):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


_OPENABLE: Final = frozenset({Act.LIVE, Act.REPLAY, Act.PTZ, Act.EXTRACT, Act.RELAY})

_FIELD_TYPES: Final[dict[str, tuple[Callable[[JsonValue], bool], Text]]] = {
    "text": (_is_text, Text(fr="rempli", en="filled in")),
    "texts": (_is_list_of(lambda one: bool(one.strip())), Text(fr="une liste non vide", en="a list that is not empty")),
    "int": (_is_count, Text(fr="un nombre entier", en="a whole number")),
    "days": (
        lambda value: _is_count(value) and isinstance(value, int) and 1 <= value <= MAX_DAYS,
        Text(
            fr="un nombre de jours qui ne dépasse pas un mois (CSI L.252-5 ; Code pénal 226-20)",
            en="a number of days of at most one month (CSI L.252-5; Code pénal 226-20)",
        ),
    ),
    "bool": (lambda value: isinstance(value, bool), Text(fr="oui ou non", en="true or false")),
    "date": (_is_date, Text(fr="une date (AAAA-MM-JJ)", en="a date (YYYY-MM-DD)")),
    "purposes": (
        _is_list_of(lambda one: one in set(Purpose)),
        Text(fr="une liste de finalités de CSI L.251-2 (F1 à F11, FE, FC)", en="a list of purposes of CSI L.251-2"),
    ),
    "acts": (
        _is_list_of(lambda one: one in _OPENABLE),
        Text(fr="une liste d'actes (live, replay, ptz, extract)", en="a list of acts (live, replay, ptz, extract)"),
    ),
    "statuses": (
        _is_list_of(lambda one: one in set(PersonStatus)),
        Text(fr="une liste de qualités d'opérateurs", en="a list of qualities of operators"),
    ),
    "members": (_is_list_of(lambda one: bool(one.strip())), Text(fr="la liste des membres", en="the list of members")),
    "form": (
        lambda value: isinstance(value, str) and value in set(Form),
        Text(fr="une forme de partage (A à G)", en="a legal form (A to G)"),
    ),
}
