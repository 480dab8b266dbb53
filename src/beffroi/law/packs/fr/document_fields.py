"""What each type of field takes, and the sentence that says so."""

import re
from collections.abc import Callable
from datetime import date, datetime
from typing import Final

from beffroi.domain.acts import Form, Purpose
from beffroi.domain.documents import JsonValue
from beffroi.domain.facts import PersonStatus
from beffroi.domain.text import Text
from beffroi.law.packs.fr.document_choices import ACT_NAMES
from beffroi.law.packs.fr.document_types import FieldSpec

MAX_DAYS: Final = 31
"""A term in days above which it exceeds one month whatever the month (the engine caps it by the calendar)."""

MAX_TEXT: Final = 20_000
"""Characters of one text."""

_HOURS: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d")
_DEPARTEMENT: Final = re.compile(r"\d{2}|2[AB]|97\d|98\d")
_AUTHORITY: Final = re.compile(r"(maire|president-cd|controller|chief|own)/\S{1,64}|procureur|juge")
_ROW: Final = re.compile(r"row-\d{2}(bis|[a-c])?")
_ISO_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")

Check = Callable[[JsonValue, FieldSpec], bool]


def is_filled(value: JsonValue) -> bool:
    """Whether a field says anything: false and zero do, an empty text or list does not."""
    return bool(value.strip()) if isinstance(value, str) else value not in (None, [], {})


def fits(spec: FieldSpec, value: JsonValue) -> bool:
    """Whether a value is of the field's type and among its choices."""
    return FIELD_TYPES[spec.type][0](value, spec)


def rule_of(spec: FieldSpec) -> Text:
    """What the field takes, as the end of a sentence: “… must be” what follows."""
    words = FIELD_TYPES[spec.type][1]
    if spec.type not in _CLOSED:
        return words
    several = ", ".join(choice.value for choice in spec.choices)
    return Text(fr=f"{words.fr} ({several})", en=f"{words.en} ({several})")


def day(value: JsonValue) -> date | None:
    """The day that a field gives, or None."""
    if not isinstance(value, str) or not _ISO_DAY.fullmatch(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def instant(value: JsonValue) -> datetime | None:
    """The instant, with its time zone, that a field gives, or None."""
    if not isinstance(value, str) or "T" not in value:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _is_text(value: JsonValue, spec: FieldSpec) -> bool:
    del spec
    return isinstance(value, str) and bool(value.strip()) and len(value) <= MAX_TEXT


def _matches(pattern: re.Pattern[str]) -> Check:
    return lambda value, _: isinstance(value, str) and pattern.fullmatch(value) is not None


def _list_of(allowed: Callable[[str, FieldSpec], bool]) -> Check:
    def check(value: JsonValue, spec: FieldSpec) -> bool:
        if not isinstance(value, list) or not value:
            return False
        words = [one for one in value if isinstance(one, str) and allowed(one, spec)]
        return len(words) == len(value) == len(set(words))

    return check


def _is_count(value: JsonValue, spec: FieldSpec) -> bool:
    del spec
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1_000_000


def _is_days(value: JsonValue, spec: FieldSpec) -> bool:
    return _is_count(value, spec) and isinstance(value, int) and 1 <= value <= MAX_DAYS


def _is_choice(value: JsonValue, spec: FieldSpec) -> bool:
    return isinstance(value, str) and value in {choice.value for choice in spec.choices}


def _is_mapping(value: JsonValue, spec: FieldSpec) -> bool:
    return isinstance(value, dict) and bool(value) and all(_is_choice(one, spec) for one in value.values())


_ENUMS: Final[dict[str, frozenset[str]]] = {
    "acts": frozenset(ACT_NAMES),
    "purposes": frozenset(Purpose),
    "statuses": frozenset(PersonStatus),
}
_CLOSED: Final = frozenset({"choice", "choices", "natures"})

_WORDS: Final = _list_of(lambda one, _: bool(one.strip()) and len(one) <= MAX_TEXT)
_NAMES: Final = _list_of(lambda one, _: bool(one.strip()) and one == one.strip() and len(one) <= 64)

FIELD_TYPES: Final[dict[str, tuple[Check, Text]]] = {
    "text": (_is_text, Text(fr="rempli", en="filled in")),
    "texts": (_WORDS, Text(fr="une liste non vide", en="a list that is not empty")),
    "int": (_is_count, Text(fr="un nombre entier", en="a whole number")),
    "days": (
        _is_days,
        Text(
            fr="un nombre de jours qui ne dépasse pas un mois (CSI L.252-5 ; Code pénal 226-20)",
            en="a number of days of at most one month (CSI L.252-5; Code pénal 226-20)",
        ),
    ),
    "bool": (lambda value, _: isinstance(value, bool), Text(fr="oui ou non", en="true or false")),
    "clause": (
        lambda value, _: value is True,
        Text(fr="oui : sans cela la pièce est incomplète", en="true: without it the document is incomplete"),
    ),
    "date": (lambda value, _: day(value) is not None, Text(fr="une date (AAAA-MM-JJ)", en="a date (YYYY-MM-DD)")),
    "instant": (
        lambda value, _: instant(value) is not None,
        Text(
            fr="un instant avec son fuseau (2026-03-02T10:00:00+01:00)",
            en="an instant with its time zone (2026-03-02T10:00:00+01:00)",
        ),
    ),
    "moment": (
        lambda value, _: day(value) is not None or instant(value) is not None,
        Text(
            fr="une date (AAAA-MM-JJ), ou un instant avec son fuseau",
            en="a date (YYYY-MM-DD), or an instant with its time zone",
        ),
    ),
    "hours": (
        _matches(_HOURS),
        Text(fr="des heures (HH:MM-HH:MM, heure légale)", en="hours (HH:MM-HH:MM, legal time)"),
    ),
    "purposes": (
        _list_of(lambda one, _: one in _ENUMS["purposes"]),
        Text(fr="une liste de finalités de CSI L.251-2 (F1 à F11, FE, FC)", en="a list of purposes of CSI L.251-2"),
    ),
    "acts": (
        _list_of(lambda one, _: one in _ENUMS["acts"]),
        Text(
            fr="une liste d'actes (live, replay, ptz, extract, relay)",
            en="a list of acts (live, replay, ptz, extract, relay)",
        ),
    ),
    "statuses": (
        _list_of(lambda one, _: one in _ENUMS["statuses"]),
        Text(fr="une liste de qualités d'opérateurs", en="a list of qualities of operators"),
    ),
    "choice": (_is_choice, Text(fr="l'une de ces réponses", en="one of these answers")),
    "choices": (
        _list_of(_is_choice),
        Text(fr="une liste de ces réponses", en="a list of these answers"),
    ),
    "natures": (
        _is_mapping,
        Text(fr="la nature de chaque organisme, parmi", en="the nature of each body, among"),
    ),
    "body": (
        lambda value, _: isinstance(value, str) and value == value.strip() and 0 < len(value) <= 64,
        Text(fr="l'identifiant d'un organisme (INSEE ou SIREN)", en="the id of a body (INSEE or SIREN)"),
    ),
    "bodies": (_NAMES, Text(fr="une liste d'organismes (INSEE ou SIREN)", en="a list of bodies (INSEE or SIREN)")),
    "departements": (
        _list_of(lambda one, _: _DEPARTEMENT.fullmatch(one) is not None),
        Text(fr="une liste de départements (78, 2A, 971)", en="a list of départements (78, 2A, 971)"),
    ),
    "authority": (
        _matches(_AUTHORITY),
        Text(
            fr="une autorité (maire/INSEE, president-cd/code, controller/organisme, chief/organisme)",
            en="an authority (maire/INSEE, president-cd/code, controller/body, chief/body)",
        ),
    ),
    "point": (_matches(_ROW), Text(fr="une ligne du tableau (row-19)", en="a row of the table (row-19)")),
    "form": (
        lambda value, _: isinstance(value, str) and value in set(Form),
        Text(fr="une forme de mutualisation (A à G)", en="a legal form (A to G)"),
    ),
}
"""Type → check and words. ``clause`` is what a text demands that the document say; ``moment`` a last day or an
instant; ``natures`` a mapping from body to what it is."""
