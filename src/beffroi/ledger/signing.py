"""Who signs the register's checkpoints: a key in this process, or a signer behind a socket (`beffroi.ledger.signer`).

A signer that remembers refuses a head that does not go on from the last one it signed: it is given the proof.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beffroi.base.files import write_durable
from beffroi.domain.errors import BrokenError
from beffroi.domain.text import Text
from beffroi.ledger.closed import LedgerClosedError
from beffroi.ledger.note import Checkpoint, NoteError, Verifier, open_note, sign
from beffroi.ledger.store import LedgerDamagedError, load_edge
from beffroi.ledger.tiles import CHECKPOINT

Proof = Callable[[int], list[bytes]]
"""Size of the older head → proof that the new one goes on from it."""


class SignerGoneError(LedgerClosedError):
    """The signer did not answer: this commit is refused, the next one may succeed."""

    def __init__(self, why: str) -> None:
        super().__init__(f"signer: {why}")


class SignerRefusedError(BrokenError):
    """The signer knows another history, or a longer one."""

    def __init__(self, size: str) -> None:
        super().__init__(
            Text(
                fr=f"Le signataire du registre refuse ce registre (il connaît {size} écritures d'une histoire qui "
                "n'est pas celle-ci) : aucune vue ne s'ouvre. N'effacez rien ; voyez docs/guide/witness.md.",
                en=f"The register's signer refuses this register (it knows {size} entries of a history that is not "
                "this one): no view opens. Delete nothing; see docs/guide/witness.md.",
            )
        )


class Signer(Protocol):
    """Signs checkpoints of one register."""

    @property
    def verifier(self) -> Verifier:
        """Name and public key."""
        ...

    def sign(self, head: Checkpoint, proof: Proof) -> bytes:
        """The signed note of a head.

        Raises:
            SignerGoneError: no answer: it may have signed, or not.
            SignerRefusedError: it knows another history, or a longer one.
        """
        ...

    def begin(self, note: bytes) -> None:
        """Give a signer without a memory the checkpoint to go on from."""
        ...

    def last(self) -> bytes | None:
        """The last note that it signed and remembers; None when it keeps no memory.

        Raises:
            SignerGoneError: no answer.
        """
        ...


class OwnKey:
    """The key in this process: tools on a stopped centre, tests."""

    def __init__(self, key: Ed25519PrivateKey, origin: str) -> None:
        self.verifier = Verifier(origin, key.public_key())
        self._key = key

    def sign(self, head: Checkpoint, proof: Proof) -> bytes:
        """Sign; nothing is remembered, nothing asked."""
        del proof
        return sign(head, self._key)

    def begin(self, note: bytes) -> None:
        """Nothing is remembered."""

    def last(self) -> bytes | None:
        """Nothing is remembered."""
        return None


def catch_up(directory: Path, signer: Signer) -> None:
    """Bring the checkpoint on disk to what the signer last signed: a process that ended between the signature and the
    checkpoint left all its tiles in place. A signer without a memory begins here.

    Raises:
        LedgerDamagedError: the checkpoint cannot be read.
        SignerRefusedError: it signed more than is on disk, or another history: a register set back.
    """
    last = signer.last()
    path = directory / CHECKPOINT
    try:
        note = path.read_bytes()
        disk = open_note(note, signer.verifier)
    except (OSError, NoteError) as error:
        raise LedgerDamagedError(f"checkpoint: {error}") from error
    if last is None:
        signer.begin(note)
        return
    head = open_note(last, signer.verifier)
    if head.size < disk.size:
        return  # entries written meanwhile by a tool that holds the key: the next signature proves them
    if head.size == disk.size and head.root == disk.root:
        return
    try:
        load_edge(directory, head)
    except LedgerDamagedError as error:
        raise SignerRefusedError(str(head.size)) from error
    write_durable(path, last)
