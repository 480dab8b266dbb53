"""What names people, beside the register: payloads and the keys of pseudonyms, in SQLite, erasable.

A payload row is durable before its leaf (`synchronous=FULL`); a leaf never promises a payload that a power cut took.
Erasing overwrites (`secure_delete`) and empties the write-ahead log; the leaf's commitment then proves only that
something was there, which is all that the proofs need.
"""

import hashlib
import hmac
import json
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from beffroi.domain.ids import PersonId
from beffroi.ledger.entry import commitment

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS person_key (person TEXT PRIMARY KEY, key BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS payload (
    commitment BLOB PRIMARY KEY, person TEXT, salt BLOB, body BLOB, erased_us INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS payload_person ON payload (person);
"""


@dataclass(frozen=True, slots=True)
class SealedPayload:
    """A payload about to be written, with the salt and hash that bind it."""

    person: PersonId | None
    salt: bytes
    body: bytes
    bound: bytes


def bind(person: PersonId | None, body: bytes) -> SealedPayload:
    """Draw a salt and bind a payload."""
    salt = secrets.token_bytes(32)
    return SealedPayload(person, salt, body, commitment(salt, body))


class Payloads:
    """One connection, one lock: few writes (the committer's) and few reads (a person asks)."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._lock = threading.Lock()
        if read_only:
            uri = f"{path.absolute().as_uri()}?mode=ro"
            self._db = sqlite3.connect(uri, uri=True, check_same_thread=False, isolation_level=None)
            return
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        path.chmod(0o600)
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "busy_timeout=5000"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def write(self, rows: Sequence[SealedPayload], people: Sequence[PersonId]) -> dict[PersonId, str]:
        """Write payloads and, for people without one, a key; durable on return. Gives each person's pseudonym."""
        with self._transaction():
            for person in people:
                self._db.execute(
                    "INSERT INTO person_key VALUES (?, ?) ON CONFLICT DO NOTHING", (person, secrets.token_bytes(32))
                )
            self._db.executemany(
                "INSERT INTO payload (commitment, person, salt, body) VALUES (?, ?, ?, ?)",
                [(row.bound, row.person, row.salt, row.body) for row in rows],
            )
            known = {person: self._pseudonym(person) for person in people}
        return {person: name for person, name in known.items() if name is not None}

    def pseudonym(self, person: PersonId) -> str | None:
        """The person's pseudonym, or None when the register does not know them (or forgot them)."""
        with self._lock:
            return self._pseudonym(person)

    def _pseudonym(self, person: PersonId) -> str | None:
        row = self._db.execute("SELECT key FROM person_key WHERE person = ?", (person,)).fetchone()
        return None if row is None else hmac.new(row[0], person.encode(), hashlib.sha256).hexdigest()[:32]

    def read(self, bound: bytes) -> dict[str, Any] | None:
        """The payload behind a commitment, or None when it was erased.

        Raises:
            KeyError: the register promises a payload that is not there and was not erased.
            ValueError: what is there is not what the leaf promises.
        """
        with self._lock:
            row = self._db.execute("SELECT salt, body FROM payload WHERE commitment = ?", (bound,)).fetchone()
        if row is None:
            raise KeyError(bound.hex())
        if row[1] is None:
            return None
        if commitment(row[0], row[1]) != bound:
            raise ValueError("the payload is not the one that the register promises")
        found: dict[str, Any] = json.loads(row[1])
        return found

    def state(self, bound: bytes) -> str:
        """One of ``held``, ``erased``, ``altered``, ``missing``: for the verifier."""
        try:
            return "erased" if self.read(bound) is None else "held"
        except KeyError:
            return "missing"
        except ValueError:
            return "altered"

    def erase(self, bounds: Sequence[bytes], now_us: int) -> None:
        """Erase salts and bodies; the rows stay, dated, so that an erasure is not taken for a loss. A person of whom
        nothing is held any more loses the key of the pseudonym too: older entries are then no one's."""
        with self._transaction():
            self._db.executemany(
                "UPDATE payload SET salt = NULL, body = NULL, person = NULL, erased_us = ? "
                "WHERE commitment = ? AND erased_us IS NULL",
                [(now_us, bound) for bound in bounds],
            )
            held = "SELECT 1 FROM payload WHERE payload.person = person_key.person"
            self._db.execute(f"DELETE FROM person_key WHERE NOT EXISTS ({held})")  # noqa: S608  words of ours
        self._empty_wal()

    def drop(self, bounds: Sequence[bytes]) -> None:
        """Remove the rows of pruned entries: no leaf promises them any more."""
        with self._transaction():
            self._db.executemany("DELETE FROM payload WHERE commitment = ?", [(bound,) for bound in bounds])
        self._empty_wal()

    def keep_only(self, bounds: set[bytes]) -> int:
        """Remove payloads that no leaf promises (a crash between the two). Returns how many."""
        with self._lock:
            rows = self._db.execute("SELECT commitment FROM payload").fetchall()
            orphans = [(row[0],) for row in rows if row[0] not in bounds]
            self._db.executemany("DELETE FROM payload WHERE commitment = ?", orphans)
        return len(orphans)

    def count(self) -> int:
        """How many payload rows there are, erased ones included."""
        with self._lock:
            found: int = self._db.execute("SELECT count(*) FROM payload").fetchone()[0]
            return found

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def _empty_wal(self) -> None:
        with self._lock:
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
