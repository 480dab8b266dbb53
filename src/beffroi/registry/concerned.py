"""Whom a document concerns: communes, and the persons who are told."""

from collections.abc import Iterable
from datetime import datetime

from beffroi.domain.documents import Document
from beffroi.domain.facts import BodyKind, Facts, PersonStatus
from beffroi.domain.ids import BodyId, PersonId
from beffroi.registry.entitlement import POOLING, communes_of, speaks_for


def communes_concerned(document: Document, facts: Facts) -> frozenset[BodyId]:
    """The communes that a document names; for one that names only a pooling body or its agent, all members."""
    communes = communes_of(document, facts)
    if communes:
        return communes
    employers = {facts.persons[one].employer for one in document.scope.persons if one in facts.persons}
    return member_communes(facts, {*document.scope.bodies, *employers})


def member_communes(facts: Facts, bodies: Iterable[BodyId]) -> frozenset[BodyId]:
    """The communes among these bodies, their members, and the members of a member EPCI."""
    found: set[BodyId] = set()
    seen: set[BodyId] = set()
    waiting = list(bodies)
    while waiting:
        body = facts.bodies.get(waiting.pop())
        if body is None or body.id in seen:
            continue
        seen.add(body.id)
        if body.kind is BodyKind.COMMUNE:
            found.add(body.id)
        elif body.kind in POOLING:
            waiting.extend(body.members)
    return frozenset(found)


def mayors(facts: Facts, communes: Iterable[BodyId], at: datetime) -> frozenset[PersonId]:
    """The mayors in office of these communes, by an election record in force."""
    asked = frozenset(communes)
    return frozenset(
        person.id
        for person in facts.persons.values()
        if person.status is PersonStatus.MAYOR
        and person.commune in asked
        and speaks_for(facts, person.id, person.commune, at)
    )
