"""The proof of one entry of the register, out of its files."""

import json
from typing import Final

from beffroi.domain.errors import NotFoundError
from beffroi.domain.text import Text
from beffroi.ledger.entry import Record
from beffroi.ledger.proofs import Prover
from beffroi.ledger.tiles import CHECKPOINT
from beffroi.server.centre import Centre

_NO_ENTRY: Final = Text(
    fr="Le registre n'a pas d'inscription de ce numéro, ou elle est arrivée au terme de sa conservation.",
    en="The register has no entry of this number, or its term has come.",
)


def entry_of(centre: Centre, index: int) -> Record:
    """An entry.

    Raises:
        NotFoundError: there is none of that number.
    """
    if index >= centre.ledger.size:
        raise NotFoundError(_NO_ENTRY)
    return centre.ledger.record(index)


def proof_of(centre: Centre, index: int) -> bytes:
    """The proof of an entry under the head of this instant, as `beffroi ledger prove` prints it.

    Raises:
        NotFoundError: there is no such entry.
    """
    entry_of(centre, index)
    directory = centre.ledger.directory
    note = (directory / CHECKPOINT).read_bytes()
    found = Prover(directory, int(note.split(b"\n")[1])).inclusion(index)
    fields = {
        "index": found.index,
        "size": found.size,
        "leaf": found.leaf.decode(),
        "path": [step.hex() for step in found.path],
        "checkpoint": note.decode(),
    }
    return (json.dumps(fields, ensure_ascii=False, indent=2) + "\n").encode()
