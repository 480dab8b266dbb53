"""What the register says of a package: the closing of each recorded file, and the entries that let it leave."""

import time
from collections.abc import Iterable, Mapping
from typing import Final

from beffroi.domain.ids import CameraId
from beffroi.domain.ranges import WallRange
from beffroi.evidence.registerproof import RegisterProof
from beffroi.ledger.entry import Record
from beffroi.ledger.ledger import Ledger
from beffroi.ledger.proofs import Prover
from beffroi.ledger.store import LedgerDamagedError

_CLOSED: Final = "chunk_closed"
_PAGE: Final = 1000
_TRIES: Final = 25


def closings(ledger: Ledger, wanted: Mapping[CameraId, set[str]], since_us: int, now_us: int) -> list[Record]:
    """The entries that closed these files, by camera and Merkle root (hexadecimal); a file without one is left out.

    Args:
        ledger: the register.
        wanted: roots by camera.
        since_us: when the oldest of these files began (wall time).
        now_us: until when to look.
    """
    found: list[Record] = []
    for camera, roots in wanted.items():
        left, from_us = set(roots), since_us
        while left and from_us <= now_us:
            page = ledger.entries_between(WallRange(from_us, now_us + 1), camera=camera, limit=_PAGE)
            for record in page:
                if record.outcome == _CLOSED and record.detail.get("root") in left:
                    left.discard(str(record.detail["root"]))
                    found.append(record)
            if len(page) < _PAGE:
                break
            from_us = max(from_us + 1, page[-1].happened_us)
    return found


def register_proof(ledger: Ledger, indexes: Iterable[int]) -> RegisterProof:
    """These entries under one checkpoint, which all of them precede.

    Raises:
        LedgerDamagedError: a tile is missing (the register goes on meanwhile: it is tried again first).
    """
    wanted = sorted(set(indexes))
    for left in range(_TRIES, -1, -1):
        note = ledger.checkpoint_note()
        prover = Prover(ledger.directory, int(note.split(b"\n")[1]))
        try:
            return RegisterProof(note, tuple(prover.inclusion(index) for index in wanted))
        except (LedgerDamagedError, ValueError):
            if not left:
                raise
            time.sleep(0.05)
    raise AssertionError("unreachable")
