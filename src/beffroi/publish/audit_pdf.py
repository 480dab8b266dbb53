"""The audit report as PDF: tagged for screen readers (PDF/UA-1), fonts inside, the verdict on one A4 page."""

import json
import re
from datetime import UTC, datetime
from importlib.resources import files
from typing import Any, Final

import typst

_FIRST_PAGE: Final = 18
"""Findings tried on the first page; fewer are listed there when their sentences are long."""


def pdf_of(sheet: dict[str, Any]) -> bytes:
    """The report of a sheet (`audit_sheet.sheet_of`). The same sheet always gives the same bytes."""
    template = (files(__package__) / "audit.typ").read_bytes()
    data = json.dumps(unbroken(sheet) if sheet["language"] == "fr" else sheet, ensure_ascii=False)
    first = min(len(sheet["findings"]), _FIRST_PAGE)
    while first > 1 and _detail_page(template, data, first) > 2:
        first -= 1
    made = typst.compile(
        template,
        format="pdf",
        ignore_system_fonts=True,
        sys_inputs={"sheet": data, "first": str(first)},
        pdf_standards=["ua-1"],
        timestamp=datetime.fromisoformat(sheet["on"]).replace(tzinfo=UTC),
    )
    if not isinstance(made, bytes):
        raise TypeError("one PDF file is expected")
    return made


def _detail_page(template: bytes, data: str, first: int) -> int:
    """The page on which the detail begins: 2 when the verdict holds on one page."""
    found = typst.query(
        template,
        "<detail-page>",
        field="value",
        one=True,
        ignore_system_fonts=True,
        sys_inputs={"sheet": data, "first": str(first)},
    )
    return int(json.loads(found))


_BEFORE: Final = re.compile(r" (?=[:;?!»])")
_AFTER: Final = re.compile(r"(?<=[«°]) ")


def unbroken(value: Any) -> Any:
    """French as it is set: a space that must not break stands before « : ; ? ! » and inside quotes."""
    if isinstance(value, str):
        return _AFTER.sub("\u00a0", _BEFORE.sub("\u00a0", value))
    if isinstance(value, dict):
        return {key: unbroken(one) for key, one in value.items()}
    return [unbroken(one) for one in value] if isinstance(value, list) else value
