"""A journal's file, read offline and believed in nothing: the chain is computed again from the acts."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text
from beffroi.vault.journal import MAX_FIELDS_BYTES
from beffroi.vault.journalchain import NOTHING, act_hash, faults, view
from beffroi.vault.registerkept import HEADS

_MAGIC = b"SQLite format 3\x00"


class JournalUnreadableError(BadInputError):
    """The file is not a journal."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            Text(
                fr=f"« {path} » ne se lit pas comme un journal d'enregistreur ({why}) : donnez son fichier "
                "journal.sqlite, ou une copie faite avec son -wal.",
                en=f"“{path}” cannot be read as a recorder's journal ({why}): give its file journal.sqlite, or a "
                "copy made together with its -wal.",
            )
        )


@dataclass(frozen=True, slots=True)
class Act:
    """One act as it stands in the file. ``chain``: computed again over the acts before it. ``fields`` None: they are
    not the JSON object that a recorder writes."""

    seq: int
    wall_us: int
    kind: str
    fields: dict[str, Any] | None
    chain: bytes


class JournalFile:
    """Read-only; a recorder may be at work on it. Use as a context."""

    def __init__(self, path: Path) -> None:
        self._path = path
        if not path.is_file() or path.open("rb").read(16) != _MAGIC:
            raise JournalUnreadableError(path, "SQLite")
        try:
            self._db = _open(path)
            opening = self._db.execute("SELECT seq, hash FROM opening").fetchone()
            row = self._db.execute("SELECT seq FROM acknowledged").fetchone()
            self.acked = _whole(row[0]) if row else 0
            self.opening, self.opening_hash = (
                (0, NOTHING) if opening is None else (_whole(opening[0]), _hash(opening[1]))
            )
            self.last = _whole(self._db.execute("SELECT MAX(seq) FROM act").fetchone()[0] or self.opening)
        except (sqlite3.Error, TypeError, ValueError) as error:
            raise JournalUnreadableError(path, str(error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def acts(self) -> Iterator[Act]:
        """Every act, in order.

        Raises:
            JournalUnreadableError: the file is damaged.
        """
        before = self.opening_hash
        try:
            for *row, _ in self._db.execute("SELECT seq, wall_us, kind, fields, once, hash FROM act ORDER BY seq"):
                try:
                    before = act_hash(before, tuple(row))
                except (TypeError, ValueError):
                    before = NOTHING  # bytes where text is due: no chain goes over it
                yield Act(row[0], row[1], row[2], _fields(row[3]), before)
        except sqlite3.Error as error:
            raise JournalUnreadableError(self._path, str(error)) from error

    def chain_at(self, seq: int) -> bytes | None:
        """The hash that stands at an act, as it was written; None when it is not here."""
        try:
            row = self._db.execute("SELECT hash FROM act WHERE seq = ?", (seq,)).fetchone()
        except sqlite3.Error as error:
            raise JournalUnreadableError(self._path, str(error)) from error
        return row[0] if row and isinstance(row[0], bytes) else None

    def first_us(self) -> int:
        """When the oldest act still here was done (wall time, µs); 0 for none."""
        try:
            row = self._db.execute("SELECT wall_us FROM act ORDER BY seq LIMIT 1").fetchone()
        except sqlite3.Error as error:
            raise JournalUnreadableError(self._path, str(error)) from error
        return row[0] if row and isinstance(row[0], int) else 0

    def newest_heads(self, count: int) -> list[Act]:
        """The newest acts about the register's checkpoints, oldest first; their chain is not computed."""
        sql = f"SELECT seq, wall_us, kind, fields FROM act WHERE {HEADS} ORDER BY seq DESC LIMIT ?"  # noqa: S608  ours
        try:
            rows = self._db.execute(sql, (count,)).fetchall()
        except sqlite3.Error as error:
            raise JournalUnreadableError(self._path, str(error)) from error
        return [Act(seq, wall_us, kind, _fields(fields), b"") for seq, wall_us, kind, fields in reversed(rows)]

    def faults(self) -> Iterator[tuple[int, int]]:
        """Acts that are missing or changed by the file's own chain, first and last."""
        try:
            for fault in faults(self._db):
                yield fault.first, fault.last
        except (sqlite3.Error, TypeError, ValueError) as error:
            raise JournalUnreadableError(self._path, str(error)) from error


def _open(path: Path) -> sqlite3.Connection:
    """One view of the file, read only; on a medium that nothing can be written to, as it is there. Its newest acts may
    lie in a -wal, which SQLite reads where it can write beside it: without them a journal would be called cut short."""
    with suppress(sqlite3.Error):
        return view(f"{path.absolute().as_uri()}?mode=ro")
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size:
        raise sqlite3.OperationalError("-wal: copy both files to a folder that can be written")
    return view(f"{path.absolute().as_uri()}?mode=ro&immutable=1")


def _whole(value: object) -> int:
    if not isinstance(value, int) or value < 0:
        raise ValueError("a number was due")
    return value


def _hash(value: object) -> bytes:
    if not isinstance(value, bytes) or len(value) != 32:
        raise ValueError("a hash was due")
    return value


def _fields(text: object) -> dict[str, Any] | None:
    if not isinstance(text, str) or len(text) > MAX_FIELDS_BYTES:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
