"""Documents in a spreadsheet's CSV: one row a document, in the encodings and with the separators of spreadsheets."""

import codecs
import csv
import io
import re
from collections.abc import Iterator
from typing import Final

from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text
from beffroi.registry.papers_raw import COLUMNS, IGNORED, Words

FIELD: Final = "fields."
"""What the name of a column begins with, when it holds a field of the kind of document."""

_SEPARATORS: Final = ";,\t"
_BOMS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_QUOTED: Final = re.compile(r"'+[=+\-@\t\r]")


def decoded(data: bytes) -> str:
    """The text of a file: UTF-8 or UTF-16 by its mark, else UTF-8, else Windows-1252 (what French spreadsheets save).

    Raises:
        BadInputError: it is no text.
    """
    if data.startswith(b"PK\x03\x04") or data.startswith(b"%PDF-") or data.startswith(b"\xd0\xcf\x11\xe0"):
        raise _no_text()
    encodings = [name for mark, name in _BOMS if data.startswith(mark)] or ["utf-8", "cp1252"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise _no_text()


def rows(text: str) -> Iterator[tuple[int, dict[str, Words], dict[str, Words]]]:
    """For each row: the number of its line in the file, its columns, its fields. Empty rows are passed over.

    Raises:
        BadInputError: no header, a column that is unknown or there twice, a row longer than the header.
    """
    first = text.split("\n", 1)[0]
    separator = max(_SEPARATORS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _check(header)
        last = reader.line_num
        for cells in reader:
            # A cell may hold several lines: the row is named by its first.
            number, last = last + 1, reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) > len(header):
                raise BadInputError(
                    Text(
                        fr=f"Ligne {number} : plus de cellules que de colonnes. Mettez entre guillemets les textes qui "
                        f"contiennent « {separator} ».",
                        en=f"Line {number}: more cells than columns. Quote the texts that hold “{separator}”.",
                    )
                )
            row: dict[str, Words] = dict(zip(header, map(unquoted, cells), strict=False))
            yield number, _columns(row), _fields(row)
    except csv.Error as error:
        raise BadInputError(
            Text(
                fr=f"Le fichier CSV est mal formé après la ligne {reader.line_num} : enregistrez-le de nouveau.",
                en=f"The CSV file is malformed after line {reader.line_num}: save it again.",
            )
        ) from error


def unquoted(cell: str) -> str:
    """What a cell says, without the apostrophe that keeps a spreadsheet from computing it."""
    return cell[1:] if _QUOTED.match(cell) else cell


def quoted(text: str) -> str:
    """The cell of a text, so that no spreadsheet computes it (OWASP, CSV injection)."""
    return f"'{text}" if text[:1] in set("=+-@\t\r") or _QUOTED.match(text) else text


def _columns(row: dict[str, Words]) -> dict[str, Words]:
    return {name: word for name, word in row.items() if name in COLUMNS}


def _fields(row: dict[str, Words]) -> dict[str, Words]:
    return {name[len(FIELD) :]: word for name, word in row.items() if name.startswith(FIELD) and word}


def _check(header: list[str]) -> None:
    named = [name for name in header if name]
    strangers = [name for name in named if name not in COLUMNS and name not in IGNORED and not name.startswith(FIELD)]
    if "id" not in named or len(set(named)) != len(named) or len(named) != len(header) or strangers:
        which = ", ".join(one[:40] for one in strangers[:5])
        raise BadInputError(
            Text(
                fr="La première ligne doit nommer les colonnes, chacune une fois : "
                f"{', '.join(COLUMNS)}, puis fields.nom pour chaque champ."
                + (f" Colonnes inconnues : {which}." if which else ""),
                en="The first line must name the columns, each once: "
                f"{', '.join(COLUMNS)}, then fields.name for each field."
                + (f" Unknown columns: {which}." if which else ""),
            )
        )


def _no_text() -> BadInputError:
    return BadInputError(
        Text(
            fr="Ce fichier n'est pas un texte : enregistrez la feuille au format CSV (UTF-8), puis recommencez.",
            en="This file is no text: save the sheet as CSV (UTF-8), then try again.",
        )
    )
