"""A recorder as a witness of the register that takes in its journal: it keeps, as acts of its own, checkpoints that the
register signed, each only when it goes on from the one before. Whoever rewrites the register meets every site's memory.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from beffroi.domain.errors import RefusedError
from beffroi.domain.text import Text
from beffroi.ledger import merkle
from beffroi.ledger.note import Checkpoint, NoteError, Verifier, alone, open_note, parse_verifier
from beffroi.vault.journal import ActKind, Journal

MAX_NOTE: Final = 4096
MAX_PROOF: Final = 63
HEADS: Final = "kind IN ('register_head', 'register_anew')"
"""As the journal's index of them is written."""


class Refusal(StrEnum):
    """Why a checkpoint is not kept. The last three are said of a note that the register's key signed: each is a proof
    that its holder told two stories."""

    NO_KEY = "no_key"
    NOT_SIGNED = "not_signed"
    SET_BACK = "set_back"
    OTHER_ROOT = "other_root"
    NOT_PROVEN = "not_proven"


_TEXTS: Final = {
    Refusal.NO_KEY: Text(
        fr="L'enregistreur n'a pas la clé du registre : il ne peut pas en être témoin. Lancez « beffroi recorder "
        "register » sur sa machine.",
        en="The recorder does not have the register's key: it cannot be its witness. Run `beffroi recorder register` "
        "on its machine.",
    ),
    Refusal.NOT_SIGNED: Text(
        fr="L'enregistreur refuse le point de contrôle du registre : il n'est pas signé par la clé qu'il connaît, ou "
        "il est mal formé.",
        en="The recorder refuses the register's checkpoint: it is not signed by the key that it knows, or is "
        "malformed.",
    ),
    Refusal.SET_BACK: Text(
        fr="L'enregistreur a connu un registre plus long : celui-ci a été ramené en arrière. N'effacez rien ; voyez "
        "docs/guide/witness.md.",
        en="The recorder knew a longer register: this one was set back. Delete nothing; see docs/guide/witness.md.",
    ),
    Refusal.OTHER_ROOT: Text(
        fr="Le registre a signé deux histoires de même longueur : il a été réécrit. N'effacez rien ; voyez "
        "docs/guide/witness.md.",
        en="The register signed two histories of the same length: it was rewritten. Delete nothing; see "
        "docs/guide/witness.md.",
    ),
    Refusal.NOT_PROVEN: Text(
        fr="Le registre ne prolonge pas celui que l'enregistreur a connu : il a été réécrit. N'effacez rien ; voyez "
        "docs/guide/witness.md.",
        en="The register does not go on from the one that the recorder knew: it was rewritten. Delete nothing; see "
        "docs/guide/witness.md.",
    ),
}


class HeadRefusedError(RefusedError):
    """A checkpoint that is not kept. ``note`` is its text when the register's key signed it."""

    def __init__(self, refusal: Refusal, note: bytes = b"") -> None:
        super().__init__(_TEXTS[refusal])
        self.refusal = refusal
        self.note = note


@dataclass(frozen=True, slots=True)
class Kept:
    """The last checkpoint kept: what it says, and when it was kept (wall time, µs; 0 for none)."""

    size: int
    root: bytes
    wall_us: int


NOTHING: Final = Kept(0, merkle.EMPTY_ROOT, 0)


def trusted(path: Path) -> Verifier:
    """The register's key, as it was given to this recorder.

    Raises:
        HeadRefusedError: there is none, or it cannot be read.
    """
    try:
        return parse_verifier(path.read_text())
    except (OSError, ValueError) as error:
        raise HeadRefusedError(Refusal.NO_KEY) from error


def last_kept(journal: Journal) -> Kept:
    """The last checkpoint kept, `NOTHING` before the first and after a new beginning.

    Raises:
        JournalBrokenError: the journal cannot be read.
    """
    rows = journal.select(f"SELECT wall_us, kind, fields FROM act WHERE {HEADS} ORDER BY seq DESC LIMIT 1")  # noqa: S608  ours
    if not rows or rows[0][1] != ActKind.REGISTER_HEAD.value:
        return NOTHING
    fields = json.loads(rows[0][2])
    return Kept(int(fields["size"]), bytes.fromhex(fields["root"]), rows[0][0])


def judge(kept: Kept, verifier: Verifier, proof: Sequence[bytes], note: bytes) -> Checkpoint:
    """What a note says, when it goes on from what was kept.

    Args:
        kept: the last checkpoint kept.
        verifier: the register's key.
        proof: consistency proof from the size kept; whatever it is when the note tells of no longer register.
        note: the signed note.

    Raises:
        HeadRefusedError: it does not, or is not the register's.
    """
    if len(note) > MAX_NOTE:
        raise HeadRefusedError(Refusal.NOT_SIGNED)
    try:
        new, own = open_note(note, verifier), alone(note, verifier)
    except NoteError as error:
        raise HeadRefusedError(Refusal.NOT_SIGNED) from error
    if new.size < kept.size:
        raise HeadRefusedError(Refusal.SET_BACK, own)
    if new.size == kept.size:
        if new.root != kept.root:
            raise HeadRefusedError(Refusal.OTHER_ROOT, own)
        return new
    if not merkle.goes_on(kept.size, kept.root, new.size, new.root, proof):
        raise HeadRefusedError(Refusal.NOT_PROVEN, own)
    return new


def head_fields(new: Checkpoint, note: bytes, verifier: Verifier, acked: int) -> dict[str, Any]:
    """What the act of a checkpoint kept says; ``acked``: the last act that this register had acknowledged."""
    return {"size": new.size, "root": new.root.hex(), "note": alone(note, verifier).decode(), "acked": acked}
