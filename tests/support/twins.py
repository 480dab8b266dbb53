"""Worlds with twins: cameras, persons and a commune that exist twice, papers included, so that much can be alike."""

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

from beffroi.domain.documents import Document, Scope
from beffroi.domain.facts import Body, Camera, Facts, Person
from beffroi.domain.ids import BodyId, CameraId, DocumentId, PersonId

Names = Mapping[str, str]


def chance_of(seed: str) -> Random:
    """Chance that comes out the same each time."""
    return Random(seed)  # noqa: S311  not a secret


def twinned(draw: Random, facts: Facts, commune: str = "X") -> Facts:
    """The world where this commune, some persons and some cameras have a twin. Now and then a twin lacks a paper."""
    facts = _commune_twice(draw, facts, commune)
    people: dict[str, str] = {one: f"{one}-bis" for one in facts.persons if draw.random() < 0.3}
    places: dict[str, str] = {one: f"{one}-bis" for one in facts.cameras if draw.random() < 0.4}
    persons = [replace(facts.persons[PersonId(one)], id=PersonId(two)) for one, two in people.items()]
    cameras = [replace(facts.cameras[CameraId(one)], id=CameraId(two)) for one, two in places.items()]
    documents = []
    for document in facts.documents:
        named = {**people, **places}
        alone = len(document.scope.persons) <= 1 and len(document.scope.cameras) <= 1
        if not alone:
            documents.append(replace(document, scope=_widened(document.scope, named)))
            continue
        documents.append(document)
        copy = _renamed(document, named)
        if copy.scope != document.scope and draw.random() < 0.95:
            documents.append(replace(copy, id=DocumentId(f"{copy.id}-bis"), number=f"{copy.number}-bis"))
    return Facts.of(
        revision=facts.revision,
        persons=[*facts.persons.values(), *persons],
        bodies=facts.bodies.values(),
        cameras=[*facts.cameras.values(), *cameras],
        documents=documents,
    )


def _commune_twice(draw: Random, facts: Facts, commune: str) -> Facts:
    names: dict[str, str] = {commune: f"{commune}9", f"s{commune}": f"s{commune}9"}
    names |= {one.id: f"{one.id}-9" for one in facts.cameras.values() if one.commune == commune}
    names |= {one.system: f"{one.system}9" for one in facts.cameras.values() if one.commune == commune}
    names |= {one.id: f"{one.id}-9" for one in facts.persons.values() if commune in {one.commune, one.employer}}
    own = {key for key in names if key != commune}
    documents = []
    for document in facts.documents:
        scope = document.scope
        concerned = commune in scope.bodies or bool(own & {*scope.cameras, *scope.systems, *scope.persons})
        others = scope.bodies - {commune} - _not_communes(facts)
        if concerned and not others:
            documents.append(document)
            if draw.random() < 0.97:
                copy = _renamed(document, names)
                documents.append(replace(copy, id=DocumentId(f"{copy.id}-9")))
        else:
            fields = {key: _also(value, commune, names[commune]) for key, value in document.fields.items()}
            documents.append(replace(document, fields=fields, scope=_widened(scope, names)))
    return Facts.of(
        revision=facts.revision,
        persons=[*facts.persons.values(), *(_person(one, names) for one in facts.persons.values() if one.id in names)],
        bodies=[*_joined(facts, commune, names), replace(facts.bodies[BodyId(commune)], id=BodyId(names[commune]))],
        cameras=[*facts.cameras.values(), *(_camera(one, names) for one in facts.cameras.values() if one.id in names)],
        documents=documents,
    )


def _not_communes(facts: Facts) -> set[BodyId]:
    return {one.id for one in facts.bodies.values() if one.kind.value != "commune"}


def _joined(facts: Facts, commune: str, names: Names) -> list[Body]:
    return [
        replace(one, members=one.members | {BodyId(names[commune])}) if commune in one.members else one
        for one in facts.bodies.values()
    ]


def _person(one: Person, names: Names) -> Person:
    return replace(
        one,
        id=PersonId(names[one.id]),
        employer=BodyId(names.get(one.employer, one.employer)),
        commune=BodyId(names.get(one.commune, one.commune)) if one.commune else None,
    )


def _camera(one: Camera, names: Names) -> Camera:
    controller = one.controller
    return replace(
        one,
        id=CameraId(names[one.id]),
        commune=BodyId(names[one.commune]),
        system=names.get(one.system, one.system),
        controller=BodyId(names.get(controller, controller)) if controller else None,
    )


def _renamed(document: Document, names: Names) -> Document:
    scope = document.scope
    return replace(
        document,
        scope=Scope(
            frozenset(BodyId(names.get(one, one)) for one in scope.bodies),
            frozenset(CameraId(names.get(one, one)) for one in scope.cameras),
            frozenset(names.get(one, one) for one in scope.systems),
            frozenset(PersonId(names.get(one, one)) for one in scope.persons),
        ),
        fields={key: _said(value, names) for key, value in document.fields.items()},
    )


def _widened(scope: Scope, names: Names) -> Scope:
    return Scope(
        scope.bodies | {BodyId(names[one]) for one in scope.bodies if one in names},
        scope.cameras | {CameraId(names[one]) for one in scope.cameras if one in names},
        scope.systems | {names[one] for one in scope.systems if one in names},
        scope.persons | {PersonId(names[one]) for one in scope.persons if one in names},
    )


def _said(value: Any, names: Names) -> Any:
    if isinstance(value, str):
        office, slash, body = value.rpartition("/")
        return names.get(value, f"{office}{slash}{names.get(body, body)}" if slash else value)
    return [_said(one, names) for one in value] if isinstance(value, list) else value


def _also(value: Any, one: str, twin: str) -> Any:
    """A list or mapping that speaks of one speaks of its twin too."""
    if isinstance(value, list) and one in value:
        return [*value, twin]
    if isinstance(value, dict) and one in value:
        return {**value, twin: value[one]}
    return value
