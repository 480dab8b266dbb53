"""From words in a file to a document, and what is wrong with them. Shared by the CSV and the YAML reader.

Every word is read as text and turned into what its field takes: a spreadsheet's “01” stays a département.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from beffroi.domain.documents import LEGAL_TIME_ZONE, Document, DocumentKind, JsonValue, Scope
from beffroi.domain.errors import BadInputError
from beffroi.domain.ids import BodyId, CameraId, DocumentId, PersonId
from beffroi.domain.text import Text
from beffroi.law.documents import field_of

Words = str | list["Words"] | dict[str, "Words"]
"""What a file says: text, lists and mappings of it."""

SCOPE: Final = ("bodies", "cameras", "systems", "persons")
COLUMNS: Final = (
    "id", "number", "signed_on", "signatory", "valid_from", "valid_until", *SCOPE, "file_sha256", "time_zone",
)  # fmt: skip
IGNORED: Final = frozenset({"version", "status", "kind", "awaiting", "confirmed_by", "status_at"})
"""What an export tells and an import does not take: the registry sets it."""

_LISTS: Final = frozenset({"texts", "purposes", "acts", "statuses", "choices", "bodies", "departements"})
_BOOLS: Final = {
    "oui": True, "vrai": True, "true": True, "yes": True, "1": True,
    "non": False, "faux": False, "false": False, "no": False, "0": False,
}  # fmt: skip
_ID: Final = re.compile(r"[a-z_]{1,40}/[A-Za-z0-9][A-Za-z0-9._-]{0,119}")
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_FRENCH_DAY: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_PART: Final = re.compile(r"(?:\\.|[^;|\\])+", re.DOTALL)
_YEARS: Final = range(1950, 2150)
_MAX_TEXT: Final = 20_000
_MAX_NAMES: Final = 5_000
_DIGITS: Final = 10


def document_of(raw: Mapping[str, Words], fields: Mapping[str, Words]) -> tuple[Document | None, list[Text]]:
    """The document that a line describes (None: it cannot be made), and what is unreadable in it."""
    wrong: list[Text] = []
    identifier, kind = _identity(_word(raw, "id"), wrong)
    signed_on = _day(_word(raw, "signed_on"), "signed_on", wrong)
    valid_from = _moment(_word(raw, "valid_from"), "valid_from", wrong)
    until = _word(raw, "valid_until")
    valid_until = _moment(until, "valid_until", wrong) if until else None
    zone = _zone(_word(raw, "time_zone"), wrong)
    names = {part: _names(raw.get(part, ""), part, wrong) for part in SCOPE}
    for field in (*COLUMNS, *fields):
        if not _clean(raw.get(field, "") if field in COLUMNS else fields[field]):
            wrong.append(_unclean(field))
    if kind is None or signed_on is None or valid_from is None or (until and valid_until is None) or not zone:
        return None, wrong
    try:
        document = Document(
            id=DocumentId(identifier),
            kind=kind,
            number=_word(raw, "number"),
            signed_on=signed_on,
            signatory=_word(raw, "signatory"),
            valid_from=valid_from,
            valid_until=valid_until,
            scope=Scope(
                bodies=frozenset(map(BodyId, names["bodies"])),
                cameras=frozenset(map(CameraId, names["cameras"])),
                systems=frozenset(names["systems"]),
                persons=frozenset(map(PersonId, names["persons"])),
            ),
            fields={name: read for name, word in fields.items() if (read := value_of(kind, name, word)) is not None},
            file_sha256=_word(raw, "file_sha256").lower() or None,
            time_zone=zone,
        )
    except BadInputError as error:
        return None, [*wrong, error.text]
    return document, wrong


def value_of(kind: DocumentKind, name: str, word: Words) -> JsonValue:
    """What a field holds, by its type; a word that does not fit stays as it is, for the check to name it."""
    if not isinstance(word, str):
        return _plain(word) or None
    text, spec = word.strip(), field_of(kind, name)
    if not text:
        return None
    return _READ[spec.type](text) if spec is not None and spec.type in _READ else text


def split(text: str) -> list[str]:
    """The parts of a list cell, separated by ``;`` or ``|``; a backslash keeps the next character as it is."""
    parts = (re.sub(r"\\(.)", r"\1", part, flags=re.DOTALL).strip() for part in _PART.findall(text))
    return [part for part in parts if part]


def join(parts: list[str]) -> str:
    """The cell that `split` reads as these parts."""
    return "|".join(re.sub(r"([;|\\])", r"\\\1", part) for part in parts)


def _identity(text: str, wrong: list[Text]) -> tuple[str, DocumentKind | None]:
    if _ID.fullmatch(text):
        try:
            return text, DocumentKind(text.partition("/")[0])
        except ValueError:
            pass
    wrong.append(
        Text(
            fr=f"« {text[:60]} » n'est pas un identifiant de pièce : écrivez type/nom, par exemple « agreement/E-X ».",
            en=f"“{text[:60]}” is not the id of a document: write kind/name, for instance “agreement/E-X”.",
        )
    )
    return text, None


def _word(raw: Mapping[str, Words], column: str) -> str:
    word = raw.get(column, "")
    return word.strip() if isinstance(word, str) else ""


def _names(word: Words, column: str, wrong: list[Text]) -> list[str]:
    names = split(word) if isinstance(word, str) else [one for one in word if isinstance(one, str)]
    if isinstance(word, dict) or (isinstance(word, list) and len(names) != len(word)) or len(names) > _MAX_NAMES:
        wrong.append(Text(fr=f"« {column} » doit être une liste de noms.", en=f"“{column}” must be a list of names."))
    return [name.strip() for name in names]


def _iso(text: str) -> str:
    """A French date as ISO 8601; anything else as it is."""
    found = _FRENCH_DAY.fullmatch(text)
    return f"{found[3]}-{int(found[2]):02}-{int(found[1]):02}" if found else text


def _day(text: str, column: str, wrong: list[Text]) -> date | None:
    found = _moment(text, column, wrong)
    return found.date() if isinstance(found, datetime) else found


def _moment(text: str, column: str, wrong: list[Text]) -> date | datetime | None:
    text = _iso(text)
    try:
        found = date.fromisoformat(text) if _DAY.fullmatch(text) else datetime.fromisoformat(text)
    except ValueError:
        found = None
    if isinstance(found, datetime) and ("T" not in text or found.tzinfo is None):
        found = None
    if found is None or found.year not in _YEARS:
        wrong.append(
            Text(
                fr=f"« {column} » : « {text[:40]} » n'est pas une date (AAAA-MM-JJ ou JJ/MM/AAAA), ni un instant avec "
                "son fuseau.",
                en=f"“{column}”: “{text[:40]}” is neither a date (YYYY-MM-DD or DD/MM/YYYY) nor an instant with its "
                "time zone.",
            )
        )
        return None
    return found


def _zone(text: str, wrong: list[Text]) -> str:
    zone = text or LEGAL_TIME_ZONE
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        wrong.append(Text(fr=f"« {zone[:40]} » n'est pas un fuseau horaire.", en=f"“{zone[:40]}” is no time zone."))
        return ""
    return zone


def _natures(text: str) -> JsonValue:
    pairs = [part.partition("=") for part in split(text)]
    return {key.strip(): nature.strip() for key, _, nature in pairs}


def _count(text: str) -> JsonValue:
    return int(text) if text.isascii() and text.isdigit() and len(text) < _DIGITS else text


_READ: Final[dict[str, Callable[[str], JsonValue]]] = {
    **dict.fromkeys(_LISTS, lambda text: [*split(text)]),
    **dict.fromkeys(("bool", "clause"), lambda text: _BOOLS.get(text.lower(), text)),
    **dict.fromkeys(("int", "days"), _count),
    **dict.fromkeys(("date", "moment"), _iso),
    "natures": _natures,
}
"""Type of a field → how its words are read; the others stay text."""


def _plain(word: Words) -> JsonValue:
    if isinstance(word, dict):
        return {key: _plain(one) for key, one in word.items()}
    return [_plain(one) for one in word] if isinstance(word, list) else word.strip()


def _clean(word: Words) -> bool:
    """Whether it holds only what a person can read, in a reasonable length."""
    if isinstance(word, str):
        # A formula is never data: it came from a spreadsheet that was not saved as values.
        return len(word) <= _MAX_TEXT and not word.startswith("=") and all(map(_readable, word))
    several = [*word, *word.values()] if isinstance(word, dict) else word
    return all(_clean(one) for one in several)


def _readable(char: str) -> bool:
    return char in "\t\r\n" or not ("\0" <= char < " " or "\x7f" <= char <= "\x9f" or "\ud800" <= char <= "\udfff")


def _unclean(column: str) -> Text:
    return Text(
        fr=f"« {column} » est illisible : texte trop long, caractère de contrôle ou formule. Enregistrez les valeurs.",
        en=f"“{column}” cannot be read: text too long, control character or formula. Save values.",
    )
