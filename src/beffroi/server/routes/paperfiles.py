"""Files of documents, documents from a file, and what was announced to the caller."""

from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import Query, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from beffroi.domain.clock import now
from beffroi.domain.documents import LEGAL_TIME_ZONE
from beffroi.domain.errors import NotFoundError
from beffroi.domain.facts import Facts
from beffroi.domain.ids import DocumentId
from beffroi.law.documents import type_name
from beffroi.registry.announcer import Announcement
from beffroi.registry.attachments import SUFFIXES
from beffroi.registry.deadlines import Reason, Stage, deadlines
from beffroi.registry.papers_file import Line, import_all, read_documents
from beffroi.server.access import AMEND, DEADLINES, SUPPLY, Routes
from beffroi.server.body import Body
from beffroi.server.centre import Centre
from beffroi.server.paperfile import attachment_json
from beffroi.server.rendering import Json
from beffroi.server.session import Caller, require_caller
from beffroi.server.sight import Sight, sight_of, unknown

_FileName = Annotated[str, Query(min_length=1, max_length=200)]
_SOONEST: Final = list(Stage)


class Read(Body):
    """Which announcement was read."""

    document: Annotated[str, Field(max_length=120)]
    reason: Reason


def build(centre: Centre) -> Routes:
    """These routes, on this centre."""
    routes = Routes()

    def known(caller: Caller, kind: str, name: str) -> DocumentId:
        facts, document = centre.registry.facts(), DocumentId(f"{kind}/{name}")
        several = facts.versions(document)
        if not several or not sight_of(facts, caller.person).document(facts, several[-1]):
            raise unknown(document)
        return document

    @routes.post("/api/documents/{kind}/{name}/files", AMEND, status_code=201)
    async def attach(kind: str, name: str, request: Request, file: Annotated[str, Query(alias="name")]) -> Json:
        """Attach a file (the body itself: PDF, PNG, JPEG or ODT) to the newest version; it opens nothing."""
        caller = require_caller(request)
        document, data = known(caller, kind, name), await request.body()

        def keep() -> Json:
            stored = centre.attachments.put(data)
            centre.registry.attach(document, stored, name=file, by=caller.person)
            held = [one for one in centre.registry.attachments(document) if one.file.sha256 == stored.sha256]
            return attachment_json(held[-1])

        return await run_in_threadpool(keep)

    @routes.get("/api/documents/{kind}/{name}/files/{sha256}", SUPPLY)
    def download(kind: str, name: str, sha256: str, request: Request) -> Response:
        """A file of a document, checked against its hash, always handed out as a download."""
        document = known(require_caller(request), kind, name)
        held = next((one for one in centre.registry.attachments(document) if one.file.sha256 == sha256), None)
        if held is None:
            raise unknown(sha256)
        suffix = SUFFIXES.get(held.file.media_type, "")
        called = held.name if held.name.lower().endswith(suffix) else f"{held.name}{suffix}"
        return Response(
            centre.attachments.open(sha256),
            media_type=held.file.media_type,
            headers={"content-disposition": f"attachment; filename*=UTF-8''{quote(called, safe='')}"},
        )

    @routes.post("/api/documents/import", AMEND)
    async def bring_in(request: Request, name: _FileName, check: Annotated[bool, Query()] = True) -> Json:
        """Documents from a CSV or YAML file (the body itself): a report line by line, then all enter or none."""
        caller, data = require_caller(request), await request.body()

        def read() -> Json:
            lines = _read(centre.registry.facts(), caller, data, name)
            wrong = [line for line in lines if line.errors]
            done = not wrong and not check and bool(lines)
            if done:
                import_all(centre.registry, lines, by=caller.person)
            return _report_json(lines, done=done)

        return await run_in_threadpool(read)

    _announcements(routes, centre)
    return routes


def _read(facts: Facts, caller: Caller, data: bytes, name: str) -> list[Line]:
    """The lines of a file, read with what the caller may know of: what is another's is as unknown as what is not."""
    sight = sight_of(facts, caller.person)
    return [_named(facts, sight, line) for line in read_documents(data, name, _known_facts(facts, sight))]


def _known_facts(facts: Facts, sight: Sight) -> Facts:
    if sight.everything:
        return facts
    return Facts.of(
        revision=facts.revision,
        persons=[one for one in facts.persons.values() if sight.person(facts, one)],
        bodies=facts.bodies.values(),
        cameras=[one for one in facts.cameras.values() if sight.camera(one)],
        documents=[one for one in facts.documents if sight.document(facts, one)],
    )


def _named(facts: Facts, sight: Sight, line: Line) -> Line:
    """The line under the id that its document will bear."""
    if line.document is None or line.errors:
        return line
    try:
        return replace(line, document=sight.paper_name(facts, line.document))
    except NotFoundError as error:
        return replace(line, errors=(error.text,))


def _report_json(lines: list[Line], *, done: bool) -> Json:
    wrong = [line for line in lines if line.errors]
    fresh = [line for line in lines if line.document is not None and not line.known]
    return {
        "done": done,
        "entered": [] if wrong else [line.document.id for line in fresh if line.document is not None],
        "known": sum(line.known for line in lines),
        "lines": [
            {
                "line": line.number,
                "document": None if line.document is None else line.document.id,
                "problems": [text.as_dict() for text in line.errors],
            }
            for line in wrong
        ],
    }


def _announcements(routes: Routes, centre: Centre) -> None:
    def pending(caller: Caller) -> list[Announcement]:
        """What was announced to the caller and still stands: the nearest stage of each, soonest first."""
        facts = centre.registry.facts()
        sight = sight_of(facts, caller.person)
        standing = {
            (one.document.id, one.document.version, one.reason)
            for one in deadlines(facts, now(centre.clock))
            if sight.document(facts, one.document)
        }
        nearest: dict[tuple[str, int, Reason], Announcement] = {}
        documents = {document for document, _, _ in standing}
        for one in centre.announcer.announcements_for(caller.person, pending=True, of=documents):
            key = (one.document, one.version, one.reason)
            held = nearest.get(key)
            if key in standing and (held is None or _SOONEST.index(one.stage) > _SOONEST.index(held.stage)):
                nearest[key] = one
        return sorted(nearest.values(), key=lambda one: one.ends)

    @routes.get("/api/announcements", DEADLINES)
    def announcements(request: Request) -> list[Json]:
        """What comes to its end, as announced to the caller 12, 6 and 4 months, then 30, 7 and 1 days before."""
        facts, zone = centre.registry.facts(), ZoneInfo(LEGAL_TIME_ZONE)
        today = now(centre.clock).astimezone(zone).date()
        found = []
        for one in pending(require_caller(request)):
            paper = facts.versions(one.document)[-1]
            last_day = (one.ends - timedelta(microseconds=1)).astimezone(zone).date()
            found.append(
                {
                    "document": one.document,
                    "label": type_name(paper.kind).as_dict(),
                    "number": paper.number,
                    "reason": one.reason.value,
                    "on": last_day.isoformat(),
                    "days": (last_day - today).days,
                    "text": one.text.as_dict(),
                }
            )
        return found

    @routes.post("/api/announcements/read", DEADLINES)
    def read(body: Read, request: Request) -> Json:
        """The caller has read an announcement; the next stage is told again."""
        caller = require_caller(request)
        told = [one for one in pending(caller) if one.document == body.document and one.reason is body.reason]
        if not told:
            raise unknown(body.document)
        for one in centre.announcer.announcements_for(caller.person, pending=True, of={told[0].document}):
            if one.reason is told[0].reason:
                centre.announcer.acknowledge(one.number, by=caller.person)
        return {}
