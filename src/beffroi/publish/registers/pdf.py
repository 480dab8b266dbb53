"""Registers and reports as PDF: tagged for screen readers (PDF/UA-1), fonts inside, same data same bytes."""

import json
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

import typst

from beffroi.publish.audit_pdf import unbroken


def pdf_of(template: str, sheet: dict[str, Any]) -> bytes:
    """A sheet laid out by one of this folder's templates (``register`` or ``report``)."""
    data = unbroken(sheet) if sheet["language"] == "fr" else sheet
    made = typst.compile(
        (files(__package__) / f"{template}.typ").read_bytes(),
        format="pdf",
        ignore_system_fonts=True,
        sys_inputs={"sheet": json.dumps(data, ensure_ascii=False)},
        pdf_standards=["ua-1"],
        timestamp=datetime.fromisoformat(sheet["on"]).replace(tzinfo=UTC),
    )
    if not isinstance(made, bytes):
        raise TypeError("one PDF file is expected")
    return made
