"""Values from YAML as documents and scopes hold them; an unknown name is refused, with those that look like it."""

from datetime import date, datetime
from typing import Any, Final

from beffroi.domain.documents import DocumentKind, DocumentStatus, JsonValue
from beffroi.domain.facts import Facts
from beffroi.law.cases.malformed import WrongError, near
from beffroi.law.cases.model import day
from beffroi.law.cases.names import thing
from beffroi.law.documents import COMMON, spec
from beffroi.law.worlds.blank import blank

PARTS: Final = ("bodies", "cameras", "systems", "persons")
"""Parts of a scope."""


def json_value(value: Any) -> JsonValue:
    """A value from YAML as documents keep it: dates and instants are text."""
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, list):
        return [json_value(one) for one in value]
    if isinstance(value, dict):
        return {str(key): json_value(one) for key, one in value.items()}
    made: JsonValue = value
    return made


def field_value(name: str, value: Any) -> JsonValue:
    """A field from YAML; the codes of départements are text, even where YAML reads numbers."""
    made = json_value(value)
    if name == "departements" and isinstance(made, list):
        return [str(one) if isinstance(one, int) else one for one in made]
    return made


def known_fields(kind: DocumentKind) -> list[str]:
    """The fields that a document of this kind may carry."""
    return [*dict.fromkeys((*spec(kind).fields, *blank(kind), *(one.name for one in COMMON)))]


def check_field(kind: DocumentKind, name: str, more: tuple[str, ...] = ()) -> None:
    """Refuse a field that the kind does not have.

    Raises:
        WrongError: with the fields that look like it.
    """
    if name not in known_fields(kind):
        close = near(name, [*known_fields(kind), *more], 6)
        raise WrongError(
            f"une pièce « {kind.value} » n'a pas de champ « {name[:60]} » : {close} ?",
            f"a “{kind.value}” document has no field “{name[:60]}”: {close}?",
        )


def names_in(facts: Facts, part: str, value: Any) -> tuple[str, ...]:
    """Names of one part of a scope, checked against the world (systems are free)."""
    several = [str(one) for one in (value if isinstance(value, list) else [value])]
    if part == "bodies":
        return tuple(thing(one, facts.bodies, "d'organisme", "body") for one in several)
    if part == "cameras":
        return tuple(thing(one, facts.cameras, "de caméra", "camera") for one in several)
    if part == "persons":
        return tuple(thing(one, facts.persons, "de personne", "person") for one in several)
    return tuple(several)


def plain_day(value: Any) -> date:
    """The day of a day or instant."""
    made = day(value)
    return made.date() if isinstance(made, datetime) else made


def status(value: Any) -> dict[str, Any]:
    """A status as attributes of a document; a proposal is confirmed by nobody."""
    try:
        made = DocumentStatus(value)
    except ValueError:
        words = ", ".join(DocumentStatus)
        raise WrongError(f"« status » est l'un de : {words}.", f"“status” is one of: {words}.") from None
    return {"status": made, **({"confirmed_by": None} if made is DocumentStatus.PROPOSED else {})}
