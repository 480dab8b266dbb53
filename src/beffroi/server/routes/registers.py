"""The registers of a commune: as rows for the console, for a spreadsheet, as PDF. Reading is itself an entry."""

import asyncio
from datetime import date
from typing import Annotated

from fastapi import Query, Request, Response

from beffroi.domain.ids import BodyId
from beffroi.ledger.entry import Entry, EntryKind
from beffroi.publish.registers.heads import head_of
from beffroi.publish.registers.out import csv_of, json_of, sheet_of
from beffroi.publish.registers.pdf import pdf_of
from beffroi.publish.registers.period import Period
from beffroi.publish.registers.table import Register, Table
from beffroi.server.access import VIEWS, Routes
from beffroi.server.centre import Centre, commune_name
from beffroi.server.registers import reader_of, table_of, today_of
from beffroi.server.rendering import Json
from beffroi.server.reports import Reports
from beffroi.server.session import require_caller
from beffroi.server.sight import unknown

_Commune = Annotated[str, Query(max_length=64)]
_First = Annotated[date, Query(alias="from")]
_Last = Annotated[date, Query(alias="to")]


def build(centre: Centre, kept: Reports) -> Routes:
    """These routes, on this centre and its monthly reports."""
    routes = Routes()
    drawing = asyncio.Lock()  # a month of recordings takes seconds of processor: live views keep their share

    async def drawn(request: Request, register: Register, commune: str, period: Period) -> Table:
        caller = require_caller(request)

        def work() -> Table:
            reader = reader_of(centre, centre.registry.facts(), caller.person)
            return table_of(centre, reader, register, BodyId(commune), period)

        async with drawing:
            return await asyncio.to_thread(work)

    @routes.get("/api/registers", VIEWS)
    def listed(request: Request) -> Json:
        """The registers, and the communes whose registers the caller may read."""
        caller, facts = require_caller(request), centre.registry.facts()
        reader = reader_of(centre, facts, caller.person)
        communes = [{"id": one, "name": commune_name(facts, one)} for one in reader.communes]
        return {
            "registers": [
                {"id": one.value, "title": one.heading.as_dict(), "about": one.about.as_dict()} for one in Register
            ],
            "communes": sorted(communes, key=lambda one: one["name"]),
            "whole": reader.whole,
            "today": today_of(centre).isoformat(),
        }

    @routes.get("/api/registers/{register}", VIEWS)
    async def read(request: Request, register: Register, commune: _Commune, first: _First, last: _Last) -> Json:
        """One register of one commune, from one legal day to another, both included."""
        return json_of(await drawn(request, register, commune, Period(first, last)))

    @routes.get("/api/registers/{register}/csv", VIEWS)
    async def as_csv(request: Request, register: Register, commune: _Commune, first: _First, last: _Last) -> Response:
        """The same for a spreadsheet."""
        table = await drawn(request, register, commune, Period(first, last))
        return attached(csv_of(table), f"{_name(table)}.csv", "text/csv; charset=utf-8")

    @routes.get("/api/registers/{register}/pdf", VIEWS)
    async def as_pdf(request: Request, register: Register, commune: _Commune, first: _First, last: _Last) -> Response:
        """The same on paper, with the head of the register for whoever reads the whole of it."""
        table = await drawn(request, register, commune, Period(first, last))
        made = await asyncio.to_thread(pdf_of, "register", paper(centre, table))
        return attached(made, f"{_name(table)}.pdf", "application/pdf")

    @routes.get("/api/reports", VIEWS)
    def reports(request: Request) -> Json:
        """The monthly reports that were made of the communes whose registers the caller may read."""
        caller, facts = require_caller(request), centre.registry.facts()
        reader = reader_of(centre, facts, caller.person)
        return {
            "reports": [
                {
                    "commune": {"id": one.commune, "name": commune_name(facts, one.commune)},
                    "month": one.month,
                    "sha256": one.sha256,
                    "entry": str(one.entry) if reader.whole else one.reference,
                }
                for one in kept.listed()
                if one.commune in reader.communes
            ]
        }

    @routes.get("/api/reports/{commune}/{month}", VIEWS)
    def report(request: Request, commune: str, month: str) -> Response:
        """A monthly report as PDF. Reading it is itself an entry."""
        caller = require_caller(request)
        reader = reader_of(centre, centre.registry.facts(), caller.person)
        body = kept.pdf(commune, month) if commune in reader.communes else None
        if body is None:
            raise unknown(f"{commune} {month}")
        detail = {"report": month, "commune": commune}
        centre.ledger.append(Entry(EntryKind.REGISTER_READ, actor=caller.person, detail=detail))
        return attached(body, f"rapport-{safe(commune)}-{safe(month)}.pdf", "application/pdf")

    return routes


def paper(centre: Centre, table: Table, language: str = "fr") -> dict[str, object]:
    """The data of a register's PDF."""
    head = head_of(centre.ledger.checkpoint(), centre.ledger.checkpoint_note()) if table.whole else None
    return sheet_of(table, language, drawn_on=today_of(centre).isoformat(), head=head)


def attached(body: bytes, name: str, media_type: str) -> Response:
    """A file to keep, never opened in the page."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(body, media_type=media_type, headers=headers)


def _name(table: Table) -> str:
    return f"{table.register.value}-{safe(table.commune)}-{table.period.name}"


def safe(name: str) -> str:
    """A name as part of a file's."""
    return "".join(one if one.isascii() and one.isalnum() else "-" for one in name)
