"""`beffroi law audit`: a commune's list of cameras and its papers, audited without a centre and without an image."""

import json
from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from beffroi.base.clock import SystemClock
from beffroi.domain.clock import now
from beffroi.domain.documents import LEGAL_TIME_ZONE
from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text

FAULTS = 3
"""Exit code when there is a fault: 0 is none, 1 a bad input."""


def audit(
    cameras: Annotated[Path, typer.Argument(help="CSV list of cameras, as a spreadsheet saves it")],
    docs: Annotated[Path, typer.Argument(help="papers, CSV or YAML; a YAML may also list persons and bodies")],
    at: Annotated[str | None, typer.Option(help="day of the audit, YYYY-MM-DD (default: today)")] = None,
    pdf: Annotated[Path | None, typer.Option(help="write the report and its letters there, as PDF")] = None,
    letters: Annotated[Path | None, typer.Option(help="write each letter there, as a text file")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="machine-readable")] = False,
    english: Annotated[bool, typer.Option("--english", help="report in English (letters stay in French)")] = False,
) -> None:
    """What would be refused today, what ends when, which letter cures it. Exit code 0: no fault; 3: faults."""
    from beffroi.law.audit.auditor import audit as audited
    from beffroi.law.engine import LawEngine
    from beffroi.publish.audit_sheet import sheet_of
    from beffroi.publish.dossier import load_dossier

    report = audited(LawEngine.load(), load_dossier(cameras, docs), _day(at))
    sheet = sheet_of(report, "en" if english else "fr")
    if pdf is not None:
        from beffroi.publish.audit_pdf import pdf_of

        _write(pdf, pdf_of(sheet))
    if letters is not None:
        from beffroi.publish.letters import letters as written

        for one in written(report):
            _write(letters / f"{one.number:02}-{one.kind.replace('_', '-')}.txt", one.as_text().encode())
    if as_json:
        print(json.dumps(sheet, ensure_ascii=False, indent=2))
    else:
        from beffroi.publish.audit_screen import screen_of

        print(screen_of(sheet), end="")
    if report.findings:
        raise typer.Exit(FAULTS)


def _day(text: str | None) -> datetime:
    """Ten o'clock of a day, in legal time."""
    zone = ZoneInfo(LEGAL_TIME_ZONE)
    if text is None:
        return now(SystemClock()).astimezone(zone)
    try:
        return datetime.combine(date.fromisoformat(text), time(10), zone)
    except ValueError as error:
        raise BadInputError(
            Text(
                fr=f"« {text[:40]} » n'est pas un jour : écrivez par exemple 2026-03-02.",
                en=f"“{text[:40]}” is not a day: write for instance 2026-03-02.",
            )
        ) from error


def _write(path: Path, content: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise BadInputError(
            Text(
                fr=f"Impossible d'écrire « {path} » ({error.strerror}) : choisissez un autre endroit.",
                en=f"“{path}” cannot be written ({error.strerror}): choose another place.",
            )
        ) from error
