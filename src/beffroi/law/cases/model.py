"""The format of a case file: keys, types, and what a case must say."""

from collections.abc import Mapping
from datetime import date, datetime, time
from enum import StrEnum
from typing import Annotated, Any, Final, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from beffroi.domain.acts import Act, Purpose
from beffroi.domain.documents import LEGAL_TIME_ZONE
from beffroi.law.cases.malformed import WrongError, near


class Expected(StrEnum):
    """What the answer must be. ``refuse`` accepts both kinds of refusal; ``deny`` only the one that no position of
    the préfecture opens."""

    ALLOW = "allow"
    REFUSE = "refuse"
    DENY = "deny"
    UNSETTLED = "unsettled"


def instant(value: object) -> datetime:
    """An instant with its time zone, from YAML or text.

    Raises:
        WrongError: it is none.
    """
    made = value
    if isinstance(value, str):
        try:
            made = datetime.fromisoformat(value)
        except ValueError:
            made = None
    if not isinstance(made, datetime) or made.tzinfo is None:
        raise WrongError(
            f"« {value} » n'est pas un instant avec son fuseau, comme 2026-03-02T10:00:00+01:00.",
            f"“{value}” is not an instant with its time zone, like 2026-03-02T10:00:00+01:00.",
        )
    return made


def day(value: object) -> date | datetime:
    """A day, or an instant with its time zone, from YAML or text.

    Raises:
        WrongError: it is neither.
    """
    if isinstance(value, str) and len(value) == len("2026-03-01"):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    elif isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return instant(value)
    except WrongError as error:
        raise WrongError(
            f"« {value} » n'est ni un jour, comme 2026-03-01, ni un instant avec son fuseau.",
            f"“{value}” is neither a day, like 2026-03-01, nor an instant with its time zone.",
        ) from error


def start_of(moment: date | datetime) -> datetime:
    """The first instant of a day, in legal time; an instant is itself."""
    if isinstance(moment, datetime):
        return moment
    return datetime.combine(moment, time(), ZoneInfo(LEGAL_TIME_ZONE))


def _word(value: object) -> object:
    """A name that YAML reads as a number (a commune's code) is text."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _list(value: object) -> object:
    """One thing alone is a list of one."""
    return value if isinstance(value, list) or value is None else [value]


Instant = Annotated[datetime, BeforeValidator(instant)]
Day = Annotated[date | datetime, BeforeValidator(day)]
Word = Annotated[str, BeforeValidator(_word), Field(min_length=1, max_length=200)]
Words = Annotated[list[Word], BeforeValidator(_list), Field(max_length=100)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Footage(_Strict):
    """The images asked for."""

    from_: Annotated[Instant, Field(alias="from")]
    to: Instant

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.to <= self.from_:
            raise WrongError("« to » doit suivre « from ».", "“to” must be after “from”.")
        return self


_VERBS: Final[Mapping[str, tuple[frozenset[str], frozenset[str]]]] = {
    # verb: (keys that must go with it, keys that may)
    "remove": (frozenset(), frozenset()),
    "end": (frozenset({"on"}), frozenset()),
    "suspend": (frozenset(), frozenset({"at"})),
    "set": (frozenset({"to"}), frozenset()),
    "add": (frozenset(), frozenset()),
}


class Change(_Strict):
    """One change to the world: ``remove``, ``end`` + ``on``, ``suspend`` + ``at``, ``set`` + ``to``, ``add``."""

    remove: Word | None = None
    end: Word | None = None
    on: Day | None = None
    suspend: Word | None = None
    at: Day | None = None
    set: Word | None = None
    to: Any = None
    add: dict[str, Any] | None = None

    @property
    def verb(self) -> str:
        """Which of the five it is."""
        return next(one for one in _VERBS if one in self.model_fields_set)

    @model_validator(mode="after")
    def _one_verb(self) -> Self:
        verbs = [one for one in _VERBS if one in self.model_fields_set]
        if len(verbs) != 1:
            raise WrongError(
                "un changement porte un seul de ces mots : remove, end (avec on), suspend (avec at), "
                "set (avec to), add.",
                "a change has exactly one of: remove, end (with on), suspend (with at), set (with to), add.",
            )
        needed, allowed = _VERBS[verbs[0]]
        rest = self.model_fields_set - {verbs[0]}
        if needed - rest:
            names = ", ".join(sorted(needed - rest))
            raise WrongError(f"« {verbs[0]} » demande « {names} ».", f"“{verbs[0]}” needs “{names}”.")
        if rest - needed - allowed:
            names = ", ".join(sorted(rest - needed - allowed))
            raise WrongError(f"« {names} » ne va pas avec « {verbs[0]} ».", f"“{names}” does not go with “{verbs[0]}”.")
        return self


Changes = Annotated[list[Change], BeforeValidator(_list)]


class Case(_Strict):
    """One question, and the answer that the law must give."""

    id: Annotated[Word, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=80)]
    note: str | None = None
    at: Instant | None = None
    change: Changes = []
    who: Word
    act: Act
    camera: Word
    purpose: Purpose | None = None
    footage: Footage | None = None
    second: Word | None = None
    recipient: Word | None = None
    post: Word | None = None
    present: Words = []
    two_factor: bool = True
    expect: Expected
    rules: Words = []
    cure: Word | None = None
    authority: Word | None = None
    articles: Words = []
    documents: Words = []
    row: Word | None = None

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.expect is Expected.ALLOW and self.cure is not None:
            raise WrongError("« cure » ne va qu'avec un refus.", "“cure” only goes with a refusal.")
        return self


class CaseFile(_Strict):
    """A file: a world, an instant, changes that hold for all its cases, and the cases."""

    world: Word
    at: Instant | None = None
    note: str | None = None
    change: Changes = []
    cases: Annotated[list[Case], Field(min_length=1, max_length=5000)]


KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "file": tuple(CaseFile.model_fields),
    "case": tuple(Case.model_fields),
    "change": tuple(Change.model_fields),
    "footage": ("from", "to"),
}


def sentence_of(error: Mapping[str, Any], keys: tuple[str, ...]) -> WrongError:
    """What a validation error means, in words; ``keys`` are those that the place knows."""
    cause = error.get("ctx", {}).get("error")
    if isinstance(cause, WrongError):
        return cause
    name, kind = str(error["loc"][-1]) if error["loc"] else "", error["type"]
    got = repr(error.get("input"))[:60]
    if kind == "missing":
        return WrongError(f"il manque « {name} ».", f"“{name}” is missing.")
    if kind == "extra_forbidden":
        close = near(name, keys)
        return WrongError(f"la clé « {name[:60]} » est inconnue : {close} ?", f"unknown key “{name[:60]}”: {close}?")
    if kind == "enum":
        words = str(error["ctx"]["expected"])
        return WrongError(f"« {name} » : écrivez {words} (lu : {got}).", f"“{name}”: write {words} (read: {got}).")
    wanted_fr, wanted_en = _WANTED.get(kind, ("une autre valeur", "another value"))
    return WrongError(f"« {name} » attend {wanted_fr} (lu : {got}).", f"“{name}” expects {wanted_en} (read: {got}).")


_WANTED: Final[Mapping[str, tuple[str, str]]] = {
    "string_type": ("un mot", "a word"),
    "string_too_short": ("un mot", "a word"),
    "string_too_long": ("un mot plus court", "a shorter word"),
    "string_pattern_mismatch": ("des lettres sans accent, des chiffres, « - », « . »", "letters, digits, “-”, “.”"),
    "list_type": ("une liste", "a list"),
    "too_short": ("au moins un élément", "at least one item"),
    "too_long": ("moins d'éléments", "fewer items"),
    "dict_type": ("des clés et des valeurs", "keys and values"),
    "model_type": ("des clés et des valeurs", "keys and values"),
    "bool_type": ("true ou false", "true or false"),
    "bool_parsing": ("true ou false", "true or false"),
}
