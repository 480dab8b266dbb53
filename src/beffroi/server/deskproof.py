"""What the register says of a package: the closing of each recorded file, and the entries that let it leave."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
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


def register_proof(
    ledger: Ledger, indexes: Iterable[int], covering: Callable[[int], bytes | None] = lambda _: None
) -> RegisterProof:
    """These entries under one checkpoint, which all of them precede: a countersigned one when there is.

    Args:
        ledger: the register.
        indexes: the entries.
        covering: a countersigned checkpoint of so many entries at least, None without one.

    Raises:
        LedgerDamagedError: a tile is missing.
    """
    wanted = sorted(set(indexes))
    witnessed = covering(max(wanted, default=-1) + 1)
    if witnessed is not None:
        with suppress(LedgerDamagedError, ValueError):  # the register was put back from an older copy
            return _under(ledger, witnessed, wanted)
    return _under(ledger, ledger.checkpoint_note(), wanted)


def _under(ledger: Ledger, note: bytes, wanted: Sequence[int]) -> RegisterProof:
    prover = Prover(ledger.directory, int(note.split(b"\n")[1]))
    return RegisterProof(note, tuple(prover.inclusion(index) for index in wanted))
