"""A table as offices export it: CSV with `,` `;` or tab, UTF-8 or the Windows code page, with or without a BOM."""

import csv
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text

MAX_BYTES: Final = 8_000_000
MAX_ROWS: Final = 20_000
MAX_CELL: Final = 2_000
_SEPARATORS: Final = (";", "\t", ",")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: what each known column says, and where it stands in the file."""

    source: str
    line: int
    cells: Mapping[str, str]

    def wrong(self, fr: str, en: str) -> BadInputError:
        """The refusal of this line, naming file and line."""
        return wrong(self.source, self.line, fr, en)


def wrong(source: str, line: int, fr: str, en: str) -> BadInputError:
    """A refusal that names file and line."""
    return BadInputError(
        Text(fr=f"Fichier « {source} », ligne {line} : {fr}", en=f"File “{source}”, line {line}: {en}")
    )


def read_table(data: bytes, source: str, columns: Mapping[str, Sequence[str]]) -> list[Row]:
    """Rows of a CSV file, under the names of ``columns`` (name → headers it may have, as `plain_header` makes them).

    Columns that are not known are left out; blank lines too.

    Raises:
        BadInputError: too large, not text, no header, a column given twice, a line that does not fit; the sentence
            names file and line.
    """
    text = decoded(data, source)
    lines = text.splitlines()
    if not lines or not lines[0].strip():
        raise wrong(
            source, 1, "la première ligne doit porter les noms des colonnes.", "the first line must be headers."
        )
    separator = max(_SEPARATORS, key=lines[0].count)
    reader = csv.reader(text.splitlines(keepends=True), delimiter=separator, strict=True)
    rows, names = [], None
    for line, cells in _records(reader, source):
        if names is None:
            names = _columns(cells, source, columns)
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if any(cell.strip() for cell in cells[len(names) :]):
            raise wrong(
                source,
                line,
                f"{len(cells)} cellules pour {len(names)} colonnes : un séparateur en trop ?",
                f"{len(cells)} cells for {len(names)} columns: one separator too many?",
            )
        rows.append(
            Row(
                source, line, {name: cell.strip() for name, cell in zip(names, cells, strict=False) if name is not None}
            )
        )
        if len(rows) > MAX_ROWS:
            raise wrong(source, line, f"plus de {MAX_ROWS} lignes.", f"more than {MAX_ROWS} lines.")
    return rows


def _records(reader: Iterator[list[str]], source: str) -> Iterator[tuple[int, list[str]]]:
    line = 0  # the last line read: an error is on the next one, or further on in a quoted cell
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise wrong(
                source,
                line + 1,
                "guillemets mal fermés ou cellule trop longue.",
                f"unclosed quotes or too long a cell ({error}).",
            ) from error
        started, line = line + 1, int(getattr(reader, "line_num", line + 1))
        if any(len(cell) > MAX_CELL for cell in cells):
            raise wrong(source, started, "une cellule est trop longue.", "a cell is too long.")
        yield started, cells


def decoded(data: bytes, source: str) -> str:
    """The text of a file: UTF-8 (with or without BOM), UTF-16 with BOM, else the Windows code page of French offices.

    Raises:
        BadInputError: too large, empty, or not text.
    """
    if len(data) > MAX_BYTES:
        raise wrong(source, 1, "fichier trop gros (8 Mo au plus).", "file too large (8 MB at most).")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", errors="replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", errors="replace")
    control = _CONTROL.search(text)
    if control:
        line = text.count("\n", 0, control.start()) + 1
        raise wrong(source, line, "ce n'est pas un fichier texte.", "this is not a text file.")
    return text


def _columns(cells: list[str], source: str, columns: Mapping[str, Sequence[str]]) -> list[str | None]:
    known = {header: name for name, headers in columns.items() for header in headers}
    names = [known.get(plain_header(cell)) for cell in cells]
    for name in columns:
        if names.count(name) > 1:
            raise wrong(
                source, 1, f"deux colonnes disent « {columns[name][0]} ».", f"two columns say “{columns[name][0]}”."
            )
    return names


def plain_header(text: str) -> str:
    """A header without accents, case, units in brackets or punctuation: « Identifiant (n°) » gives `identifiant`."""
    return slug(re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", text)).replace("-", " ")


def slug(text: str) -> str:
    """Lower-case letters, digits and hyphens only: « Caméra n° 3 » gives `camera-n-3`."""
    bare = unicodedata.normalize("NFKD", text.replace("°", " ")).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", bare.lower()).strip("-")
