"""`beffroi report`: the monthly report of a commune, from the files of a centre that runs or not."""

import asyncio
import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text

if TYPE_CHECKING:
    from beffroi.ledger.choosing import Choice
    from beffroi.ledger.entry import Record

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Reports to the communes.")


@app.callback()
def _group() -> None:
    """Reports to the communes."""


@app.command()
def month(
    commune: Annotated[str, typer.Option("--commune", help="Code of the commune.")],
    month: Annotated[str, typer.Option("--month", help="The month, YYYY-MM.")],
    out: Annotated[Path, typer.Option("--out", help="The PDF to write.")],
    data: Annotated[Path, typer.Option("--data", help="Data folder prepared by `beffroi init`.")] = Path("data"),
) -> None:
    """Draw a commune's report of a month from the files, and from the recorder when it runs. The centre makes its own
    from the 2nd on and enters its hash; this one, drawn beside it, is not entered: it says the same of the same
    entries."""
    from beffroi.base.clock import SystemClock
    from beffroi.cli.opening import opened_registry
    from beffroi.domain.ids import BodyId
    from beffroi.law.packs.fr.reasons import REASONS
    from beffroi.ledger.note import open_note, parse_verifier
    from beffroi.ledger.reading import records
    from beffroi.publish.registers.draw import Place
    from beffroi.publish.registers.heads import head_of
    from beffroi.publish.registers.pdf import pdf_of
    from beffroi.publish.registers.period import ZONE, Period
    from beffroi.publish.registers.privacy import counts
    from beffroi.publish.registers.report import Machine, report_of
    from beffroi.server.reports import account_of, tallied
    from beffroi.server.witnessing import status_in

    period = Period.month(month)
    with opened_registry(data, write=False) as (registry, _):
        facts = registry.facts()
    place = Place.of(facts, BodyId(commune))
    if not place.cameras:
        raise BadInputError(
            Text(
                fr=f"Aucune caméra dans « {commune} » : donnez le code d'une commune (« beffroi body list »).",
                en=f"No camera in “{commune}”: give the code of a commune (`beffroi body list`).",
            )
        )
    folder, clock = data / "centre" / "ledger", SystemClock()
    verifier = parse_verifier((data / "centre" / "ledger.vkey").read_text().strip())
    note = (folder / "checkpoint").read_bytes()
    own = [one for one in records(folder, verifier) if place.has(one)]
    tally, counted = tallied(place, period, lambda choice: _chosen(own, choice))
    now_us = clock.wall_us()
    today = datetime.fromtimestamp(now_us / 1e6, UTC).astimezone(ZONE).date()
    status = status_in(data / "centre", clock)
    account, faults = asyncio.run(account_of(data / "run" / "recorder.sock", place, period))
    sheet = report_of(
        place,
        period,
        tally,
        counts(counted, period, today, whole=False),
        Machine(account, faults, status.text, status.witnessed),
        head=head_of(open_note(note, verifier), note),
        reasons={one.purpose.value: one.text.fr for one in REASONS},
        drawn_us=now_us,
        today=today,
    )
    body = pdf_of("report", sheet)
    out.write_bytes(body)
    print(f"{out}  SHA-256 {hashlib.sha256(body).hexdigest()}")


def _chosen(own: "list[Record]", choice: "Choice") -> "list[Record]":
    """As `beffroi.ledger.choosing.chosen`, out of entries in hand."""
    found = [
        one
        for one in own
        if one.kind in choice.kinds
        and choice.span.from_us <= one.happened_us < choice.span.to_us
        and (choice.cameras is None or one.camera in choice.cameras or one.camera is None)
        and not (one.camera is None and one.authority not in choice.authorities)
    ]
    return sorted(found, key=lambda one: (one.happened_us, one.index))[: choice.limit]
