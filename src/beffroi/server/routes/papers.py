"""Documents: what is in force, proposed, suspended; propose, confirm, suspend, withdraw."""

from datetime import date
from typing import Annotated

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from beffroi.domain.clock import now
from beffroi.domain.documents import Document, DocumentKind, DocumentStatus, Scope
from beffroi.domain.facts import Facts, PersonStatus
from beffroi.domain.ids import BodyId, CameraId, DocumentId, PersonId
from beffroi.registry.entitlement import communes_of, speaks_for
from beffroi.server.access import AMEND, CONFIRM, SUPPLY, Routes
from beffroi.server.centre import Centre
from beffroi.server.rendering import Json
from beffroi.server.session import Caller, require_caller

_Names = Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=200)]


class Propose(BaseModel):
    """A document, as it is on paper. The version, who confirms and the status are set by the registry."""

    model_config = ConfigDict(extra="forbid")
    kind: DocumentKind
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]
    number: Annotated[str, Field(max_length=120)]
    signed_on: date
    signatory: Annotated[str, Field(max_length=160)]
    valid_from: date
    valid_until: date | None = None
    bodies: _Names = []
    cameras: _Names = []
    systems: _Names = []
    persons: _Names = []
    fields: Annotated[dict[str, JsonValue], Field(max_length=40)] = {}
    file_sha256: Annotated[str | None, Field(pattern=r"^[0-9a-f]{64}$")] = None


class Because(BaseModel):
    """Why it is suspended or withdrawn."""

    model_config = ConfigDict(extra="forbid")
    reason: Annotated[str, Field(min_length=3, max_length=500)]


def build(centre: Centre) -> Routes:
    """These routes, on this centre."""
    routes = Routes()

    @routes.get("/api/documents", SUPPLY)
    def documents(request: Request) -> list[Json]:
        """Documents in the caller's scope, newest version of each."""
        caller = require_caller(request)
        facts = centre.registry.facts()
        return [
            document_json(centre, facts, document, caller)
            for document in newest(facts)
            if in_scope(facts, document, caller)
        ]

    @routes.post("/api/documents", AMEND, status_code=201)
    def propose(body: Propose, request: Request) -> Json:
        """Enter a document; it counts once a person designated by the commune has confirmed it."""
        caller = require_caller(request)
        document = Document(
            id=DocumentId(f"{body.kind.value}/{body.name}"),
            kind=body.kind,
            number=body.number,
            signed_on=body.signed_on,
            signatory=body.signatory,
            valid_from=body.valid_from,
            valid_until=body.valid_until,
            scope=Scope(
                bodies=frozenset(BodyId(one) for one in body.bodies),
                cameras=frozenset(CameraId(one) for one in body.cameras),
                systems=frozenset(body.systems),
                persons=frozenset(PersonId(one) for one in body.persons),
            ),
            fields=body.fields,
            file_sha256=body.file_sha256,
        )
        change = centre.registry.propose(document, by=caller.person)
        return {"id": document.id, "version": change.version, "revision": change.revision}

    @routes.post("/api/documents/{kind}/{name}/confirm", CONFIRM)
    def confirm(kind: str, name: str, request: Request) -> Json:
        """The commune confirms; from its register entry on, the document counts."""
        change = centre.registry.confirm(DocumentId(f"{kind}/{name}"), by=require_caller(request).person)
        return {"revision": change.revision}

    @routes.post("/api/documents/{kind}/{name}/suspend", AMEND)
    def suspend(kind: str, name: str, body: Because, request: Request) -> Json:
        """Suspend at once; views that rested on it are cut."""
        caller = require_caller(request)
        change = centre.registry.suspend(DocumentId(f"{kind}/{name}"), by=caller.person, reason=body.reason)
        return {"revision": change.revision}

    @routes.post("/api/documents/{kind}/{name}/withdraw", AMEND)
    def withdraw(kind: str, name: str, body: Because, request: Request) -> Json:
        """Withdraw for good, at once."""
        caller = require_caller(request)
        change = centre.registry.withdraw(DocumentId(f"{kind}/{name}"), by=caller.person, reason=body.reason)
        return {"revision": change.revision}

    return routes


def newest(facts: Facts) -> list[Document]:
    """The newest version of each document, by id."""
    found: dict[DocumentId, Document] = {}
    for document in facts.documents:
        held = found.get(document.id)
        if held is None or document.version > held.version:
            found[document.id] = document
    return [found[key] for key in sorted(found)]


def in_scope(facts: Facts, document: Document, caller: Caller) -> bool:
    """Whether this person may read this document: those of one's own commune or body; a controller reads all of the
    bodies it controls here."""
    person = facts.persons.get(caller.person)
    if person is None:
        return False
    if person.status in {PersonStatus.DPO, PersonStatus.INSPECTOR}:
        return True
    communes = communes_of(document, facts)
    if person.commune is not None:
        return person.commune in communes or person.commune in document.scope.bodies
    employer = facts.bodies.get(person.employer)
    members = employer.members if employer else frozenset()
    return bool(
        communes & members
        or person.employer in document.scope.bodies
        or any(facts.persons[one].employer == person.employer for one in document.scope.persons if one in facts.persons)
    )


def document_json(centre: Centre, facts: Facts, document: Document, caller: Caller) -> Json:
    """A document as a row of the console's list, with what this person may do with it."""
    at = now(centre.clock)
    communes = sorted(communes_of(document, facts))
    awaiting = facts.bodies.get(document.awaiting) if document.awaiting else None
    proposed = document.status is DocumentStatus.PROPOSED
    ends = document.ends
    return {
        "id": document.id,
        "kind": document.kind.value,
        "label": centre.document_label(document.kind).as_dict(),
        "number": document.number,
        "signatory": document.signatory,
        "valid_from": document.valid_from.isoformat(),
        "valid_until": None if document.valid_until is None else document.valid_until.isoformat(),
        "in_force": document.holds(at),
        "expired": ends is not None and ends <= at,
        "status": document.status_on(at).value,
        "version": document.version,
        "communes": [facts.bodies[commune].name for commune in communes if commune in facts.bodies],
        "widens": True,
        "awaiting": None
        if awaiting is None or not proposed
        else {"fr": f"à confirmer par {awaiting.name}", "en": f"to be confirmed by {awaiting.name}"},
        "may": {
            "confirm": proposed
            and document.awaiting is not None
            and speaks_for(facts, caller.person, document.awaiting, at),
            "suspend": document.status is DocumentStatus.CONFIRMED and caller.role in (AMEND.roles or ()),
            "withdraw": document.status is not DocumentStatus.WITHDRAWN and caller.role in (AMEND.roles or ()),
        },
    }
