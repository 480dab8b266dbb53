"""Documents: what is in force, proposed, suspended; propose, confirm, suspend, withdraw."""

from datetime import date, datetime
from typing import Annotated

from fastapi import Request
from pydantic import Field, JsonValue

from beffroi.domain.clock import now
from beffroi.domain.documents import Document, DocumentKind, DocumentStatus, Scope
from beffroi.domain.facts import BodyKind, Facts
from beffroi.domain.ids import BodyId, CameraId, DocumentId, PersonId
from beffroi.law.documents import code, type_name
from beffroi.registry.confirming import FirstConfirmation
from beffroi.registry.deadlines import deadlines
from beffroi.registry.entitlement import NotEntitledToFactError, check_confirm, check_second, communes_of
from beffroi.registry.scan import ScanDates
from beffroi.registry.two_persons import why_two
from beffroi.server.access import AMEND, CONFIRM, SUPPLY, Routes
from beffroi.server.body import Body
from beffroi.server.centre import Centre
from beffroi.server.paperfile import attachment_json, deadline_json, history_json, kind_json, versions_json
from beffroi.server.rendering import Json
from beffroi.server.session import Caller, require_caller
from beffroi.server.sight import Sight, sight_of, unknown

_Names = Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=200)]


class Propose(Body):
    """A document, as it is on paper. The version, who confirms and the status are set by the registry."""

    kind: DocumentKind
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$")]
    number: Annotated[str, Field(max_length=120)]
    signed_on: date
    signatory: Annotated[str, Field(max_length=160)]
    valid_from: date
    valid_until: date | None = None
    bodies: _Names = Field(default_factory=list)
    cameras: _Names = Field(default_factory=list)
    systems: _Names = Field(default_factory=list)
    persons: _Names = Field(default_factory=list)
    fields: Annotated[dict[str, JsonValue], Field(max_length=40, default_factory=dict)]
    file_sha256: Annotated[str | None, Field(pattern=r"^[0-9a-f]{64}$")] = None


class Because(Body):
    """Why it is suspended or withdrawn."""

    reason: Annotated[str, Field(min_length=3, max_length=500)]


def build(centre: Centre) -> Routes:
    """These routes, on this centre."""
    routes = Routes()

    def known(caller: Caller, kind: str, name: str) -> DocumentId:
        facts, document = centre.registry.facts(), DocumentId(f"{kind}/{name}")
        newest_of_it = (facts.versions(document) or (None,))[-1]
        if not sight_of(facts, caller.person).document(facts, newest_of_it):
            raise unknown(document)
        return document

    @routes.get("/api/documents", SUPPLY)
    def documents(request: Request) -> list[Json]:
        """Documents in the caller's scope, newest version of each."""
        caller = require_caller(request)
        facts = centre.registry.facts()
        sight, firsts = sight_of(facts, caller.person), centre.registry.first_confirmations()
        scans = centre.registry.scans()
        return [
            document_json(
                facts,
                document,
                caller,
                at=now(centre.clock),
                first=firsts.get(document.id),
                scan=scans.get((document.id, document.version)),
            )
            for document in newest(facts)
            if sight.document(facts, document)
        ]

    @routes.get("/api/documents/kinds", SUPPLY)
    def kinds() -> list[Json]:
        """Kinds of documents: code, what is closed without them, and the form of each."""
        return [kind_json(kind) for kind in DocumentKind]

    @routes.get("/api/documents/names", SUPPLY)
    def names(request: Request) -> Json:
        """What a document may name: bodies, cameras, systems and persons in the caller's scope."""
        facts = centre.registry.facts()
        return names_json(facts, sight_of(facts, require_caller(request).person))

    @routes.get("/api/documents/{kind}/{name}", SUPPLY)
    def document(kind: str, name: str, request: Request) -> Json:
        """One document: all its versions, what changed between them, and its history."""
        caller = require_caller(request)
        identifier, facts = known(caller, kind, name), centre.registry.facts()
        sight, several = sight_of(facts, caller.person), facts.versions(identifier)
        return {
            **document_json(
                facts,
                several[-1],
                caller,
                at=now(centre.clock),
                first=centre.registry.first_confirmations().get(identifier),
                scan=centre.registry.scans().get((identifier, several[-1].version)),
            ),
            "type": kind_json(several[-1].kind),
            "versions": versions_json(facts, several, sight),
            "history": history_json(facts, centre.registry.changes(subject=identifier), sight),
            "files": [attachment_json(one) for one in centre.registry.attachments(identifier)],
            "deadlines": [
                deadline_json(one) for one in deadlines(facts, now(centre.clock)) if one.document.id == identifier
            ],
        }

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
        facts = centre.registry.facts()
        sight = sight_of(facts, caller.person)
        _check_named(facts, document.scope, sight)
        change = centre.registry.propose(sight.paper_name(facts, document), by=caller.person)
        return {"id": change.subject, "version": change.version}

    @routes.post("/api/documents/{kind}/{name}/confirm", CONFIRM)
    def confirm(kind: str, name: str, request: Request) -> Json:
        """The commune confirms; from its register entry on, the document counts."""
        caller = require_caller(request)
        centre.registry.confirm(known(caller, kind, name), by=caller.person)
        return {}

    @routes.post("/api/documents/{kind}/{name}/suspend", AMEND)
    def suspend(kind: str, name: str, body: Because, request: Request) -> Json:
        """Suspend at once; views that rested on it are cut."""
        caller = require_caller(request)
        centre.registry.suspend(known(caller, kind, name), by=caller.person, reason=body.reason)
        return {}

    @routes.post("/api/documents/{kind}/{name}/withdraw", AMEND)
    def withdraw(kind: str, name: str, body: Because, request: Request) -> Json:
        """Withdraw for good, at once."""
        caller = require_caller(request)
        centre.registry.withdraw(known(caller, kind, name), by=caller.person, reason=body.reason)
        return {}

    return routes


def newest(facts: Facts) -> list[Document]:
    """The newest version of each document, by id."""
    found: dict[DocumentId, Document] = {}
    for document in facts.documents:
        held = found.get(document.id)
        if held is None or document.version > held.version:
            found[document.id] = document
    return [found[key] for key in sorted(found)]


def names_json(facts: Facts, sight: Sight) -> Json:
    """What a form offers to name."""
    cameras = sorted((one for one in facts.cameras.values() if sight.camera(one)), key=lambda one: one.id)
    persons = sorted((one for one in facts.persons.values() if sight.person(facts, one)), key=lambda one: one.id)
    bodies = [
        body
        for body in facts.bodies.values()
        if sight.everything
        or body.id in sight.communes | sight.bodies
        or body.kind not in {BodyKind.COMMUNE, BodyKind.EPCI, BodyKind.SYNDICAT, BodyKind.COMMUNES_SYNDICAT}
    ]
    return {
        "bodies": [{"id": one.id, "name": one.name, "kind": one.kind.value} for one in bodies],
        "cameras": [{"id": one.id, "name": one.name, "commune": one.commune} for one in cameras],
        "systems": sorted({one.system for one in cameras if one.system}),
        "persons": [{"id": one.id, "name": one.label.as_dict(), "status": one.status.value} for one in persons],
    }


def _check_named(facts: Facts, scope: Scope, sight: Sight) -> None:
    """What another commune has is, for this caller, as unknown as what nobody has."""
    for camera in sorted(scope.cameras):
        if not sight.camera(facts.cameras.get(camera)):
            raise unknown(camera)
    for person in sorted(scope.persons):
        if not sight.person(facts, facts.persons.get(person)):
            raise unknown(person)
    systems = {camera.system for camera in facts.cameras.values() if camera.system and sight.camera(camera)}
    for system in sorted(scope.systems):
        if system not in systems:
            raise unknown(system)


def document_json(
    facts: Facts,
    document: Document,
    caller: Caller,
    *,
    at: datetime,
    first: FirstConfirmation | None,
    scan: ScanDates | None = None,
) -> Json:
    """A document as a row of the console's list, with what this person may do with it."""
    communes = sorted(communes_of(document, facts))
    awaiting = facts.bodies.get(document.awaiting) if document.awaiting else None
    proposed = document.status is DocumentStatus.PROPOSED
    why = why_two(document, facts, scan or ScanDates()) if proposed else None
    ends = document.ends
    return {
        "id": document.id,
        "kind": document.kind.value,
        "code": code(document.kind),
        "label": type_name(document.kind).as_dict(),
        "number": document.number,
        "signatory": document.signatory,
        "valid_from": document.valid_from.isoformat(),
        "valid_until": None if document.valid_until is None else document.valid_until.isoformat(),
        "in_force": document.holds(at),
        "expired": ends is not None and ends <= at,
        "status": document.status_on(at).value,
        "version": document.version,
        "communes": [facts.bodies[commune].name for commune in communes if commune in facts.bodies],
        "awaiting": None
        if awaiting is None or not proposed
        else {"fr": f"à confirmer par {awaiting.name}", "en": f"to be confirmed by {awaiting.name}"},
        "two_persons": None if why is None else {"why": why.as_dict(), "first_done": first is not None},
        "may": {
            "confirm": proposed
            and caller.role in (CONFIRM.roles or ())
            and _may_confirm(facts, document, caller.person, at, first),
            "suspend": document.status is DocumentStatus.CONFIRMED and caller.role in (AMEND.roles or ()),
            "withdraw": document.status is not DocumentStatus.WITHDRAWN and caller.role in (AMEND.roles or ()),
        },
    }


def _may_confirm(
    facts: Facts, document: Document, person: PersonId, at: datetime, first: FirstConfirmation | None
) -> bool:
    """Whether the button is worth showing; the registry asks again, and also who entered the document."""
    somebody_else = PersonId("")
    try:
        if first is None:
            check_confirm(facts, document, person, somebody_else, at)
        else:
            check_second(facts, document, person, somebody_else, at, first=first.by)
    except NotEntitledToFactError:
        return False
    return True
