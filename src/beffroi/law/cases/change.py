"""Changes to a world: a document removed, ended, suspended, altered or added; a fact altered."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from beffroi.domain.acts import Form, Origin
from beffroi.domain.documents import Document, DocumentStatus
from beffroi.domain.facts import BodyKind, CameraKind, Facts, PersonStatus
from beffroi.domain.ids import BodyId, CameraId, PersonId
from beffroi.law.cases.added import added
from beffroi.law.cases.filled import Subject
from beffroi.law.cases.malformed import WrongError, near
from beffroi.law.cases.model import Change, day, instant, start_of
from beffroi.law.cases.names import resolve, thing
from beffroi.law.cases.values import PARTS, check_field, field_value, known_fields, names_in, plain_day, status
from beffroi.law.worlds.paper import Reach

ALL: Final = "*"
"""Stands for every document: ``set: "*.valid_from"``."""

_ATTRIBUTES: Final[Mapping[str, Callable[[Any], dict[str, Any]]]] = {
    "valid_from": lambda value: {"valid_from": day(value)},
    "valid_until": lambda value: {"valid_until": None if value is None else day(value)},
    "status": status,
    "status_at": lambda value: {"status_at": None if value is None else instant(value)},
    "signed_on": lambda value: {"signed_on": plain_day(value)},
    "number": lambda value: {"number": str(value)},
    "signatory": lambda value: {"signatory": str(value)},
}
"""What may be set besides the fields of the kind, and how it is read."""


def changed(facts: Facts, change: Change, at: datetime, subject: Subject | None = None) -> Facts:
    """The facts after one change; ``at`` is the instant of the case, ``subject`` what it asks about.

    Raises:
        WrongError: it names what is not there.
    """
    match change.verb:
        case "remove":
            for document in resolve(facts, str(change.remove)):
                facts = facts.without_document(document)
            return facts
        case "end":
            return _each(facts, str(change.end), lambda one: replace(one, valid_until=change.on))
        case "suspend":
            since = start_of(change.at) if change.at is not None else None

            def suspended(one: Document) -> Document:
                return replace(one, status=DocumentStatus.SUSPENDED, status_at=since)

            return _each(facts, str(change.suspend), suspended)
        case "set":
            return _set(facts, str(change.set), change.to)
        case _:
            return facts.with_documents(added(facts, change.add or {}, at, subject))


def _each(facts: Facts, name: str, alter: Callable[[Document], Document]) -> Facts:
    wanted = {one.id for one in facts.documents} if name == ALL else set(resolve(facts, name))
    return facts.with_documents(*(alter(one) for one in facts.documents if one.id in wanted))


def _set(facts: Facts, target: str, value: Any) -> Facts:
    holder, dot, field = target.partition(".")
    if not dot or not field:
        raise WrongError(
            f"« set: {target[:60]} » : écrivez PIÈCE.CHAMP, comme prefect_order/X.purposes.",
            f"“set: {target[:60]}”: write DOCUMENT.FIELD, like prefect_order/X.purposes.",
        )
    kind, _, name = holder.partition("/")
    if kind in _FACTS:
        return _set_fact(facts, kind, name, field, value)
    return _each(facts, holder, lambda one: _altered(facts, one, field, value))


def _altered(facts: Facts, document: Document, field: str, value: Any) -> Document:
    if field in _ATTRIBUTES:
        return replace(document, **_ATTRIBUTES[field](value))
    part = field.removeprefix("scope.")
    if part in PARTS and part not in known_fields(document.kind):
        return _rescoped(facts, document, part, value)
    check_field(document.kind, field, (*_ATTRIBUTES, *(f"scope.{one}" for one in PARTS)))
    fields = {key: one for key, one in document.fields.items() if key != field}
    if value is not None:
        fields[field] = field_value(field, value)
    return replace(document, fields=fields)


def _rescoped(facts: Facts, document: Document, part: str, value: Any) -> Document:
    names = names_in(facts, part, [] if value is None else value)
    scope = Reach(**{part: names}).scope()
    return replace(document, scope=replace(document.scope, **{part: getattr(scope, part)}))


def _body_or_none(facts: Facts, value: Any) -> BodyId | None:
    return None if value is None else BodyId(thing(str(value), facts.bodies, "d'organisme", "body"))


def _body(facts: Facts, value: Any) -> BodyId:
    return BodyId(thing(str(value), facts.bodies, "d'organisme", "body"))


def _members(facts: Facts, value: Any) -> frozenset[BodyId]:
    return frozenset(map(BodyId, names_in(facts, "bodies", value or [])))


def _one_of(kind: Callable[[Any], Any]) -> Callable[[Facts, Any], Any]:
    def made(facts: Facts, value: Any) -> Any:
        del facts
        try:
            return None if value is None else kind(value)
        except ValueError:
            raise WrongError(f"« {value} » n'est pas permis ici.", f"“{value}” is not allowed here.") from None

    return made


_Setter = Callable[[Facts, Any], Any]
_FACTS: Final[Mapping[str, Mapping[str, _Setter]]] = {
    "person": {"status": _one_of(PersonStatus), "employer": _body, "commune": _body_or_none},
    "camera": {
        "origin": _one_of(Origin),
        "commune": _body,
        "system": _one_of(str),
        "kind": _one_of(CameraKind),
        "controller": _body_or_none,
        "placement_confirmed_by": _one_of(str),
    },
    "body": {"kind": _one_of(BodyKind), "form": _one_of(Form), "departement": _one_of(str), "members": _members},
}


def _set_fact(facts: Facts, kind: str, name: str, field: str, value: Any) -> Facts:
    setters = _FACTS[kind]
    if field not in setters:
        close = near(field, setters, 6)
        raise WrongError(
            f"« {kind} » n'a pas de champ « {field[:60]} » : {close} ?", f"no field “{field[:60]}”: {close}?"
        )
    new = setters[field](facts, value)
    revision = facts.revision + 1
    if kind == "person":
        person = PersonId(thing(name, facts.persons, "de personne", "person"))
        persons = {**facts.persons, person: replace(facts.persons[person], **{field: new})}
        return replace(facts, revision=revision, persons=persons)
    if kind == "camera":
        camera = CameraId(thing(name, facts.cameras, "de caméra", "camera"))
        cameras = {**facts.cameras, camera: replace(facts.cameras[camera], **{field: new})}
        return replace(facts, revision=revision, cameras=cameras)
    body = BodyId(thing(name, facts.bodies, "d'organisme", "body"))
    return replace(facts, revision=revision, bodies={**facts.bodies, body: replace(facts.bodies[body], **{field: new})})
