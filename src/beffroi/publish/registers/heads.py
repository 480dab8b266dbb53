"""The register's head on paper: what it was when a document was drawn, and how to hold the centre to it."""

from typing import Any, Final

from beffroi.ledger.note import Checkpoint

COMMAND: Final = "beffroi ledger verify REGISTRE --key CLÉ --checkpoint TÊTE"


def head_of(head: Checkpoint, note: bytes) -> dict[str, Any]:
    """Size, root and the signed note, as a document prints them."""
    return {"size": head.size, "root": head.root.hex(), "note": note.decode(), "command": COMMAND}
