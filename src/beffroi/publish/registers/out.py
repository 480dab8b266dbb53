"""A register as JSON, as CSV and as the data of its PDF."""

import csv
import io
from typing import Any, Final

from beffroi.domain.text import Text
from beffroi.publish.registers.privacy import Count
from beffroi.publish.registers.table import Cell, Row, Table, numbers, text_of

SMALL: Final = Text(
    fr="Réquisitions, gels, visionnages sur place et renvois d'images n'apparaissent ici que par mois entier et "
    "écoulé, « < 5 » au-dessous de cinq. Leur détail est lu par ceux qui les traitent, le délégué à la protection des "
    "données et les contrôleurs.",
    en="Requisitions, holds, viewings on site and relays appear here only by whole months that are over, “< 5” under "
    "five. Their detail is read by those who handle them, the data protection officer and inspectors.",
)
AGENTS: Final = Text(
    fr="Un agent a le même numéro pendant un mois civil et dans une commune ; il en a un autre ailleurs et ensuite.",
    en="An agent has the same number through one calendar month and in one commune; another elsewhere and afterwards.",
)
_SOURCE: Final = {
    True: Text(fr="Inscriptions n°", en="Entries no."),
    False: Text(fr="Référence au registre", en="Reference in the register"),
}
_BOM: Final = "\ufeff"
"""Spreadsheets then read accents right."""


def source_of(row: Row, *, whole: bool) -> str:
    """What a row rests on: entry numbers, or to a commune references that tell nothing of what happens elsewhere."""
    return numbers(row.source.numbers) if whole else " … ".join(row.source.references)


def json_of(table: Table) -> dict[str, Any]:
    """The register for the console."""
    return {
        "register": table.register.value,
        "title": table.register.heading.as_dict(),
        "about": table.register.about.as_dict(),
        "commune": {"id": table.commune, "name": table.commune_name},
        "from": table.period.first.isoformat(),
        "to": table.period.last.isoformat(),
        "source": _SOURCE[table.whole].as_dict(),
        "columns": [column.as_dict() for column in table.columns],
        "rows": [
            {
                "source": source_of(row, whole=table.whole),
                "first": row.source.numbers[0] if table.whole and row.source.numbers else None,
                "cells": [_cell(cell) for cell in row.cells],
            }
            for row in table.rows
        ],
        "counts": [_count(one) for one in table.counts],
        "notes": [note.as_dict() for note in notes_of(table)],
    }


def notes_of(table: Table) -> list[Text]:
    """What a reader must know to read it right."""
    bound = [] if table.bound is None else [table.bound]
    return [*bound, AGENTS] if table.whole else [*bound, AGENTS, SMALL]


def _count(one: Count) -> dict[str, Any]:
    return {"month": one.month.name, "what": one.secret.text.as_dict(), "shown": one.shown}


def _cell(cell: Cell) -> dict[str, str] | str:
    return cell if isinstance(cell, str) else cell.as_dict()


def csv_of(table: Table, language: str = "fr") -> bytes:
    """The register for a spreadsheet: semicolons, as French spreadsheets read; UTF-8 with its mark. A cell that a
    spreadsheet would run as a formula is kept as text."""
    out = io.StringIO()
    write = csv.writer(out, delimiter=";", lineterminator="\r\n")
    write.writerow([text_of(one, language) for one in (_SOURCE[table.whole], *table.columns)])
    for row in table.rows:
        cells = [source_of(row, whole=table.whole), *(text_of(one, language) for one in row.cells)]
        write.writerow([_inert(one) for one in cells])
    if table.bound is not None:
        write.writerow([_inert(text_of(table.bound, language))])
    for one in table.counts:
        write.writerow(["", one.month.name, _inert(text_of(one.secret.text, language)), f"'{one.shown}"])
    return (_BOM + out.getvalue()).encode()


def _inert(text: str) -> str:
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def sheet_of(table: Table, language: str, *, drawn_on: str, head: dict[str, Any] | None) -> dict[str, Any]:
    """The data of the PDF. ``head`` is the register's head at that instant (`heads.head_of`), None before a
    commune: it tells how many entries the whole register has."""

    def say(cell: Cell) -> str:
        return text_of(cell, language)

    return {
        "language": language,
        "on": drawn_on,
        "title": say(table.register.heading),
        "about": say(table.register.about),
        "commune": table.commune_name,
        "first": table.period.first.strftime("%d/%m/%Y"),
        "last": table.period.last.strftime("%d/%m/%Y"),
        "columns": [say(_SOURCE[table.whole]), *(say(one) for one in table.columns)],
        "rows": [[source_of(row, whole=table.whole), *(say(cell) for cell in row.cells)] for row in table.rows],
        "counts": [[one.month.name, say(one.secret.text), one.shown] for one in table.counts],
        "notes": [say(one) for one in notes_of(table)],
        "head": head,
    }
