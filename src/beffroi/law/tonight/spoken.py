"""A change said in a line: ``end agreement/E-X 2026-03-01``. Documents are named as in the case files.

| line | says |
|---|---|
| ``end DOC DATE`` | DATE is its last valid day |
| ``suspend DOC [INSTANT]``, ``withdraw DOC [INSTANT]`` | from that instant, else from now |
| ``accredit PERSON 95,78`` | the préfets of these départements accredit the person |
| ``designate PERSON COMMUNE live,replay`` | the mayor designates the person for these acts |
| ``set DOC.FIELD VALUE`` | a field says something else (YAML; ``null`` takes it away) |
"""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Final

import yaml

from beffroi.domain.acts import Act
from beffroi.domain.errors import BadInputError
from beffroi.domain.facts import Facts
from beffroi.domain.ids import BodyId, PersonId
from beffroi.domain.text import Text
from beffroi.law.cases.malformed import WrongError
from beffroi.law.cases.names import resolve
from beffroi.law.cases.values import check_field
from beffroi.law.tonight.whatif import Accredit, Amend, Change, Designate, End, Stop

_USAGE: Final = Text(
    fr="Un changement se dit ainsi : « end agreement/E-X 2026-03-01 », « suspend DOC », « withdraw DOC », "
    "« accredit PERSONNE 95,78 », « designate PERSONNE COMMUNE live,replay », "
    "« set prefect_order/X.hours 07:00-22:00 ».",
    en="A change is said like this: “end agreement/E-X 2026-03-01”, “suspend DOC”, “withdraw DOC”, "
    "“accredit PERSON 95,78”, “designate PERSON COMMUNE live,replay”, “set prefect_order/X.hours 07:00-22:00”.",
)


def spoken(facts: Facts, line: str, at: datetime) -> list[Change]:
    """The changes that a line says; several when it names several documents.

    Raises:
        BadInputError: it cannot be understood, or names what is not there; the sentence says what to write.
    """
    verb, *words = line.split(maxsplit=3) or [""]
    known = _VERBS.get(verb)
    if known is None:
        raise BadInputError(_USAGE)
    try:
        return known(facts, words, at)
    except WrongError as error:
        raise BadInputError(error.text) from error
    except (ValueError, IndexError, yaml.YAMLError) as error:
        raise BadInputError(_USAGE) from error


def _end(facts: Facts, words: list[str], at: datetime) -> list[Change]:
    del at
    name, day = words
    return [End(one, date.fromisoformat(day)) for one in resolve(facts, name)]


def _stop(facts: Facts, words: list[str], at: datetime, *, withdrawn: bool) -> list[Change]:
    name, *rest = words
    since = datetime.fromisoformat(rest[0]) if rest else at
    if since.tzinfo is None or len(rest) > 1:
        raise ValueError(rest)
    return [Stop(one, since, withdrawn=withdrawn) for one in resolve(facts, name)]


def _accredit(facts: Facts, words: list[str], at: datetime) -> list[Change]:
    del facts, at
    person, departements = words
    return [Accredit(PersonId(person), _several(departements))]


def _designate(facts: Facts, words: list[str], at: datetime) -> list[Change]:
    del facts, at
    person, commune, acts = words
    return [Designate(PersonId(person), BodyId(commune), tuple(Act(one) for one in _several(acts)))]


def _set(facts: Facts, words: list[str], at: datetime) -> list[Change]:
    del at
    target, *value = words
    name, dot, field = target.rpartition(".")
    if not dot or not field:
        raise ValueError(target)
    documents = resolve(facts, name)
    check_field(facts.versions(documents[0])[0].kind, field)
    said: Any = yaml.safe_load(" ".join(value))
    said = said.isoformat() if isinstance(said, (date, datetime)) else said
    return [Amend(one, ((field, said),)) for one in documents]


def _several(text: str) -> tuple[str, ...]:
    found = tuple(one.strip() for one in text.split(",") if one.strip())
    if not found:
        raise ValueError(text)
    return found


_VERBS: Final[dict[str, Callable[[Facts, list[str], datetime], list[Change]]]] = {
    "end": _end,
    "suspend": lambda facts, words, at: _stop(facts, words, at, withdrawn=False),
    "withdraw": lambda facts, words, at: _stop(facts, words, at, withdrawn=True),
    "accredit": _accredit,
    "designate": _designate,
    "set": _set,
}
