"""The same world where communes have other names."""

from dataclasses import replace
from typing import Any

from beffroi.domain.documents import Document
from beffroi.domain.facts import Body, Camera, Facts, Person
from beffroi.domain.ids import BodyId


def renamed(facts: Facts, names: dict[str, str]) -> Facts:
    """Every mention of these bodies, in ids, scopes and fields, becomes another."""

    def body(one: str) -> BodyId:
        return BodyId(names.get(one, one))

    def value(one: Any) -> Any:
        if isinstance(one, list):
            return [value(inside) for inside in one]
        if isinstance(one, dict):
            return {value(key): value(inside) for key, inside in one.items()}
        if isinstance(one, str) and "/" in one:
            office, _, name = one.partition("/")
            return f"{office}/{body(name)}"
        return body(one) if isinstance(one, str) else one

    def person(one: Person) -> Person:
        return replace(one, employer=body(one.employer), commune=body(one.commune) if one.commune else None)

    def camera(one: Camera) -> Camera:
        return replace(one, commune=body(one.commune), controller=body(one.controller) if one.controller else None)

    def organism(one: Body) -> Body:
        return replace(one, id=body(one.id), members=frozenset(map(body, one.members)))

    def document(one: Document) -> Document:
        scope = replace(one.scope, bodies=frozenset(map(body, one.scope.bodies)))
        return replace(one, scope=scope, fields={key: value(inside) for key, inside in one.fields.items()})

    return Facts.of(
        revision=facts.revision,
        persons=map(person, facts.persons.values()),
        bodies=map(organism, facts.bodies.values()),
        cameras=map(camera, facts.cameras.values()),
        documents=map(document, facts.documents),
    )


def renamed_authority(authority: str | None, names: dict[str, str]) -> str | None:
    """An authority, where the body that it names has another name."""
    if authority is None or "/" not in authority:
        return authority
    office, _, name = authority.partition("/")
    return f"{office}/{names.get(name, name)}"
