"""An honest register of any size to try a verifier on: invented acts, real hashes, a real signature, no payloads."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beffroi.base.files import fsync_fd
from beffroi.domain.acts import Act, Purpose, Verdict
from beffroi.domain.errors import BadInputError
from beffroi.domain.ids import AuthorityId, CameraId, ViewId
from beffroi.domain.text import Text
from beffroi.ledger.entry import Entry, EntryKind, Trace, leaf_bytes
from beffroi.ledger.note import Verifier, sign
from beffroi.ledger.store import TileStore
from beffroi.ledger.tiles import CHECKPOINT, WIDTH

ORIGIN: Final = "beffroi/sample"
_STEP: Final = 64 * WIDTH
_YEAR_US: Final = 365 * 86_400 * 1_000_000
_TRACE: Final = Trace(
    Verdict.ALLOW, "sample", ("R1", "R2", "R3"), ("CSI L.252-1",), ("order/1", "agent/2"), "0" * 64, "0" * 64
)


class FolderTakenError(BadInputError):
    """The folder is not empty: a sample never mixes with what is there."""

    def __init__(self, directory: Path) -> None:
        super().__init__(
            Text(
                fr=f"Le dossier {directory} n'est pas vide : donnez un dossier vide ou qui n'existe pas encore.",
                en=f"The folder {directory} is not empty: give an empty folder, or one that does not exist yet.",
            )
        )


def write_sample(directory: Path, entries: int, *, ends_us: int) -> Verifier:
    """Write a register of ``entries`` entries spread over the year that ends at ``ends_us`` (wall time, µs).

    The key that signs it is thrown away. Its public half is returned, and written beside as ``<name>.vkey``.

    Raises:
        FolderTakenError: the folder holds something.
    """
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise FolderTakenError(directory)
    key = Ed25519PrivateKey.generate()
    store = TileStore.create(directory, _without_fsync)
    store.publish(store.stage([]), sign(store.head(ORIGIN), key))
    leaves: list[bytes] = []
    for leaf in _leaves(entries, ends_us):
        leaves.append(leaf)
        if len(leaves) == _STEP:
            _publish(store, leaves, key)
    if leaves:
        _publish(store, leaves, key)
    with (directory / CHECKPOINT).open("rb") as checkpoint:
        fsync_fd(checkpoint.fileno(), directory / CHECKPOINT)
    verifier = Verifier(ORIGIN, key.public_key())
    directory.absolute().with_name(f"{directory.absolute().name}.vkey").write_text(verifier.encode() + "\n")
    return verifier


def _publish(store: TileStore, leaves: list[bytes], key: Ed25519PrivateKey) -> None:
    staged = store.stage(leaves)
    store.place(staged)
    store.publish(staged, sign(staged.head(ORIGIN), key))
    leaves.clear()


def _leaves(entries: int, ends_us: int) -> Iterator[bytes]:
    pace_us = _YEAR_US // max(entries, 1)
    for number in range(entries):
        told = hashlib.sha256(number.to_bytes(8, "big"))
        opens = number % 2 == 0
        entry = Entry(
            EntryKind.VIEW_OPENED if opens else EntryKind.VIEW_ENDED,
            session="0123456789abcdef",
            view=ViewId(f"{number // 2:032x}"),
            camera=CameraId(f"camera-{number // 2 % 60}"),
            authority=AuthorityId("maire/99001"),
            act=Act.LIVE,
            purpose=Purpose.F5,
            decision=_TRACE if opens else None,
            outcome="allow" if opens else "ended",
            opened=None if opens else number - 1,
        )
        yield leaf_bytes(
            entry,
            time_us=ends_us - (entries - number) * pace_us,
            actor=f"{number // 2 % 25:032x}",
            bound=told.digest(),
        )


def _without_fsync(fd: int, path: Path) -> None:
    """Nothing here is relied upon: a sample that a power cut tears is written again."""
