"""Whom and where a caller may read tonight: their own communes, and whoever has a link with one of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from beffroi.domain.clock import now
from beffroi.domain.facts import Facts
from beffroi.domain.ids import BodyId, PersonId
from beffroi.law.tonight.moments import tonight
from beffroi.room.roster import Roster
from beffroi.room.shift import Shift
from beffroi.server.centre import Centre
from beffroi.server.session import Caller
from beffroi.server.sight import Sight, sight_of, unknown

Who = Literal["duty", "rostered", "all"]


@dataclass(frozen=True, slots=True)
class Scope:
    """What one caller may read: the communes that have cameras, the persons, at an instant."""

    facts: Facts
    at: datetime
    sight: Sight
    communes: tuple[BodyId, ...]
    persons: tuple[PersonId, ...]

    def commune(self, commune: str) -> BodyId:
        """A commune of the scope.

        Raises:
            NotFoundError: it is not, or does not exist: the same.
        """
        if commune not in self.communes:
            raise unknown(commune)
        return BodyId(commune)

    def person(self, person: str) -> PersonId:
        """A person of the scope.

        Raises:
            NotFoundError: as for communes.
        """
        if person not in self.persons:
            raise unknown(person)
        return PersonId(person)

    def told(self, shift: Shift) -> list[BodyId]:
        """The communes of a shift that may be told; none: neither may the shift."""
        return [one for one in shift.communes if one in self.communes] if shift.person in self.persons else []


def scope_of(centre: Centre, caller: Caller) -> Scope:
    """What a caller may read."""
    facts = centre.registry.facts()
    sight = sight_of(facts, caller.person)
    communes = {one.commune for one in facts.cameras.values() if sight.commune(one.commune)}
    persons = (one.id for one in facts.persons.values() if sight.person(facts, one))
    return Scope(facts, now(centre.clock), sight, tuple(sorted(communes)), tuple(sorted(persons)))


def chosen(who: Who, scope: Scope, roster: Roster, taken: frozenset[PersonId]) -> tuple[PersonId, ...]:
    """The persons of a filter: on duty now, on the roster of the night besides, or all. ``taken``: have taken duty."""
    if who == "all":
        return scope.persons
    shifts = [one for one in roster.within(tonight(scope.at)) if scope.told(one)]
    if who == "duty":
        shifts = [one for one in shifts if one.covers(scope.at)]
    return tuple(sorted({*(one.person for one in shifts), *(taken & set(scope.persons))}))
