"""Persons and their papers: who may be asked to watch, since when, and what was suspended. A person opens nothing."""

from datetime import datetime
from typing import Annotated

from fastapi import Request
from pydantic import Field

from beffroi.domain.clock import now
from beffroi.domain.documents import Document, DocumentKind
from beffroi.domain.facts import Facts, Person, PersonStatus
from beffroi.domain.ids import BodyId, PersonId
from beffroi.domain.text import Text
from beffroi.server.access import AMEND, PEOPLE, Routes
from beffroi.server.body import Body
from beffroi.server.centre import Centre
from beffroi.server.paperfile import history_json
from beffroi.server.paperlists import in_charge, paper_json
from beffroi.server.rendering import Json
from beffroi.server.session import Caller, require_caller
from beffroi.server.sight import TERRITORIAL, Sight, sight_of, slug, unknown
from beffroi.server.statuses import STATUS_WORDS


class AddPerson(Body):
    """A person in one quality, named by their function. Their papers are entered apart."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,50}$")]
    function: Annotated[str, Field(min_length=3, max_length=120)]
    status: PersonStatus
    employer: Annotated[str, Field(max_length=20)]
    commune: Annotated[str | None, Field(max_length=20)] = None


def build(centre: Centre) -> Routes:
    """These routes, on this centre."""
    routes = Routes()

    @routes.get("/api/persons", PEOPLE)
    def persons(request: Request) -> Json:
        """Persons in the caller's scope, with the papers that name them."""
        caller, facts, at = require_caller(request), centre.registry.facts(), now(centre.clock)
        sight = sight_of(facts, caller.person)
        papers = _papers(facts, at, sight)
        return {
            "persons": [
                _person_json(facts, at, person, papers.get(person.id, []), amends=_amends(caller))
                for person in sorted(facts.persons.values(), key=lambda one: one.id)
                if sight.person(facts, person)
            ],
            "statuses": [{"id": one.value, "name": STATUS_WORDS[one].as_dict()} for one in PersonStatus],
        }

    @routes.get("/api/persons/{person}", PEOPLE)
    def person_file(person: str, request: Request) -> Json:
        """One person: papers, each with what happened to it (entered, confirmed, suspended, and why)."""
        caller, facts, at = require_caller(request), centre.registry.facts(), now(centre.clock)
        sight, found = sight_of(facts, caller.person), facts.persons.get(PersonId(person))
        if found is None or not sight.person(facts, found):
            raise unknown(person)
        papers = _papers(facts, at, sight).get(found.id, [])
        return {
            **_person_json(facts, at, found, papers, amends=_amends(caller)),
            "history": {
                paper.id: history_json(facts, centre.registry.changes(subject=paper.id), sight) for paper in papers
            },
        }

    @routes.post("/api/persons", AMEND, status_code=201)
    def add(body: AddPerson, request: Request) -> Json:
        """Enter a person; nothing opens before their papers are confirmed."""
        caller, facts = require_caller(request), centre.registry.facts()
        sight = sight_of(facts, caller.person)
        employer = facts.bodies.get(BodyId(body.employer))
        served = None if body.commune is None else BodyId(body.commune)
        if employer is None or not sight.employs(facts, employer.id):
            raise unknown(body.employer)
        if served is not None and not sight.commune(served):
            raise unknown(served)
        # The id begins with a body of whoever enters it, so that an id taken elsewhere is never met.
        own = served or (employer.id if employer.kind in TERRITORIAL else sight.own or employer.id)
        typed = body.id if body.id.startswith(f"{slug(own)}-") else f"{slug(own)}-{body.id}"
        label = Text(fr=body.function, en=body.function)
        centre.registry.add_person(Person(PersonId(typed), label, body.status, employer.id, served), by=caller.person)
        return {"id": typed}

    return routes


def _amends(caller: Caller) -> bool:
    return caller.role in (AMEND.roles or ())


def _papers(facts: Facts, at: datetime, sight: Sight) -> dict[PersonId, list[Document]]:
    """The papers in charge that name a person and may be read, by person."""
    found: dict[PersonId, list[Document]] = {}
    for document in in_charge(facts, at, lambda one: bool(one.scope.persons) and sight.document(facts, one)):
        for person in document.scope.persons:
            found.setdefault(person, []).append(document)
    return found


def _person_json(facts: Facts, at: datetime, person: Person, papers: list[Document], *, amends: bool) -> Json:
    employer, commune = facts.bodies.get(person.employer), facts.bodies.get(person.commune or BodyId(""))
    return {
        "id": person.id,
        "name": person.label.as_dict(),
        "status": person.status.value,
        "quality": STATUS_WORDS[person.status].as_dict(),
        "employer": {"id": person.employer, "name": employer.name if employer else person.employer},
        "commune": None if commune is None else {"id": commune.id, "name": commune.name},
        "papers": [
            {
                **paper_json(facts, paper, at),
                "scope": paper.fields.get("departements" if paper.kind is DocumentKind.ACCREDITATION else "acts"),
                "may_suspend": amends and paper.holds(at),
            }
            for paper in papers
        ],
    }
