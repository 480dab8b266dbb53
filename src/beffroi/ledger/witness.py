"""What a witness does (C2SP tlog-witness), without the network: it remembers the last checkpoint of each register that
it was told to watch, demands a proof that a new one goes on from it, and cosigns.

It never forgets backwards: the new checkpoint is on its disk before its signature is given. Whoever rewrites a register
needs this machine's disk as well.
"""

import base64
import fcntl
import hashlib
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beffroi.base.files import write_durable
from beffroi.domain.clock import Clock
from beffroi.domain.errors import BrokenError
from beffroi.domain.text import Text
from beffroi.ledger import merkle
from beffroi.ledger.cosignature import WitnessKey, cosign
from beffroi.ledger.note import Checkpoint, NoteError, Verifier, open_note, parse_checkpoint, strict_base64

MAX_REQUEST: Final = 32_768
MAX_PROOF: Final = 63
SIZE_TYPE: Final = "text/x.tlog.size"
_OLD: Final = re.compile(r"old (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: 200 the cosignature; 400 malformed; 403 not signed by the register; 404 unknown register; 409 not
    the last one seen (the body tells its size); 413 too long; 422 the proof does not hold."""

    status: int
    body: bytes
    content_type: str = "text/plain; charset=utf-8"


class WitnessBusyError(BrokenError):
    """Another process works in this folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            Text(
                fr=f"Un témoin travaille déjà dans {folder} : arrêtez-le, ou donnez un autre dossier.",
                en=f"A witness already works in {folder}: stop it, or give another folder.",
            )
        )


class Witness:
    """One per folder and process. Calls are made one at a time."""

    def __init__(self, folder: Path, name: str, key: Ed25519PrivateKey, logs: Iterable[Verifier], clock: Clock) -> None:
        self._heads = folder / "heads"
        self._heads.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock_fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(self._lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock_fd)
            raise WitnessBusyError(folder) from error
        self._name = name
        self._key = key
        self._logs = {log.name: log for log in logs}
        self._clock = clock
        self.public = WitnessKey(name, key.public_key())

    def close(self) -> None:
        """Let the folder go."""
        os.close(self._lock_fd)

    def head(self, log: Verifier) -> tuple[Checkpoint, bytes] | None:
        """The last checkpoint seen of a register, with its signed note; None before the first.

        Raises:
            NoteError: what is on disk is not what was written there.
        """
        note = remembered(self._heads.parent, log)
        return None if note is None else (open_note(note, log), note)

    def add_checkpoint(self, request: bytes) -> Answer:
        """Take a checkpoint with the proof that it goes on from the last one seen.

        Raises:
            NoteError, OSError, FsyncFailedError: the witness's own memory is damaged: it must not sign.
        """
        if len(request) > MAX_REQUEST:
            return Answer(413, b"too long\n")
        try:
            old, proof, note = _parse(request)
            claimed = parse_checkpoint(note)
        except (NoteError, ValueError) as error:
            return Answer(400, f"{error}\n".encode())
        log = self._logs.get(claimed.origin)
        if log is None:
            return Answer(404, b"unknown register\n")
        try:
            new = open_note(note, log)
        except NoteError as error:
            return Answer(403, f"{error}\n".encode())
        if old > new.size:
            return Answer(400, b"the older size is the larger\n")
        return self._judge(log, old, proof, new, note)

    def _judge(self, log: Verifier, old: int, proof: list[bytes], new: Checkpoint, note: bytes) -> Answer:
        known = self.head(log)
        seen = known[0] if known else Checkpoint(log.name, 0, merkle.EMPTY_ROOT)
        if old != seen.size or (new.size == seen.size and new.root != seen.root):
            return Answer(409, f"{seen.size}\n".encode(), SIZE_TYPE)
        if not merkle.goes_on(seen.size, seen.root, new.size, new.root, proof):
            return Answer(422, b"the proof does not hold\n")
        write_durable(_path(self._heads.parent, log), note)
        return Answer(200, cosign(note, self._name, self._key, now_s=self._clock.wall_us() // 1_000_000))


def remembered(folder: Path, log: Verifier) -> bytes | None:
    """The last checkpoint that the witness of a folder saw of a register, as it was signed; None before the first."""
    try:
        return _path(folder, log).read_bytes()
    except FileNotFoundError:
        return None


def _path(folder: Path, log: Verifier) -> Path:
    return folder / "heads" / hashlib.sha256(log.encode().encode()).hexdigest()


def request_of(old: int, proof: Iterable[bytes], note: bytes) -> bytes:
    """The body of *add-checkpoint*."""
    lines = [f"old {old}", *(base64.b64encode(step).decode() for step in proof), "", ""]
    return "\n".join(lines).encode() + note


def _parse(request: bytes) -> tuple[int, list[bytes], bytes]:
    head, blank, note = request.partition(b"\n\n")
    if not blank:
        raise NoteError("no blank line after the proof")
    try:
        first, *lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise NoteError("the proof is not text") from error
    match = _OLD.fullmatch(first)
    if match is None:
        raise NoteError("the first line is not the older size")
    if len(lines) > MAX_PROOF:
        raise NoteError("the proof is too long")
    proof = [strict_base64(line) for line in lines]
    if any(len(step) != 32 for step in proof):
        raise NoteError("a hash has 32 bytes")
    return int(match[1]), proof, note
