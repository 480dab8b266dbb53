"""What the register says of a package: the closing of each recorded file, and the entries that let it leave."""

import itertools
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from beffroi.domain.clock import Clock
from beffroi.domain.errors import RefusedError
from beffroi.domain.ids import CameraId
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.evidence.registerproof import RegisterProof
from beffroi.ledger.entry import Record
from beffroi.ledger.ledger import Ledger
from beffroi.ledger.proofs import Prover
from beffroi.ledger.store import LedgerDamagedError
from beffroi.server.intake import RECORDER
from beffroi.vault.release import CHUNK_SPAN_US

PAUSES: Final = (0.5,) * 30
"""Seconds between two looks for a closing that is on its way: the journal is taken in every two seconds."""

_CLOSED: Final = "chunk_closed"
_PAGE: Final = 1000
_PAGES: Final = 20
"""A journal that is further ahead of the register is not searched to its end: what it says there is not known."""

_YOUNG_US: Final = CHUNK_SPAN_US + 60_000_000
"""No file is longer; its closing reaches the journal just after the file is whole."""

_NOT_YET: Final = Text(
    fr="Le registre n'a pas encore repris la fermeture de ces fichiers : la remise ne pourrait pas prouver quand ils "
    "ont été enregistrés. Rien n'est parti : réessayez dans une minute ; si cela dure, prévenez l'administrateur.",
    en="The register has not taken in the closing of these files yet: the delivery could not prove when they were "
    "recorded. Nothing was handed over: try again in a minute; if it lasts, tell the administrator.",
)


@dataclass(frozen=True, slots=True)
class Closings:
    """Of the files of one package, waited for while they are on their way from the recorder to the register.

    ``journal`` gives the recorder's acts after a number, so many at most; ``pauses``: seconds between two looks.
    Blocking.
    """

    ledger: Ledger
    clock: Clock
    journal: Callable[[int, int], Sequence[Mapping[str, Any]]]
    pauses: Iterable[float]

    def of(self, files: Mapping[CameraId, Mapping[str, int]]) -> list[Record]:
        """The entries that closed these files. What neither register nor journal tells of is left out: its entry was
        pruned or its journal lost, no wait would bring it, and the package says so.

        Args:
            files: when each began (wall time, microseconds), by camera and Merkle root (hexadecimal).

        Raises:
            RefusedError: the register is behind for longer than the pauses.
        """
        wanted = {camera: set(roots) for camera, roots in files.items()}
        begun_us = {root: at_us for roots in files.values() for root, at_us in roots.items()}
        since_us = min(begun_us.values(), default=0)

        def look() -> tuple[list[Record], set[str]]:
            found = closings(self.ledger, wanted, since_us, self.clock.wall_us())
            return found, begun_us.keys() - {str(one.detail["root"]) for one in found}

        found, missing = look()
        for pause in itertools.chain(self.pauses, [None]):
            if not missing:
                break
            # Asked before the register is read again: what it takes in meanwhile is then found there.
            coming = self._coming(missing)
            coming |= {root for root in missing if begun_us[root] > self.clock.wall_us() - _YOUNG_US}
            found, missing = look()
            if not missing & coming:
                break
            if pause is None:
                raise RefusedError(_NOT_YET)
            time.sleep(pause)
        return found

    def _coming(self, missing: set[str]) -> set[str]:
        """Of these roots, those that the journal tells of beyond what the register has; all, when it is far behind."""
        after, told = self.ledger.last_seq(RECORDER) or 0, set[str]()
        for _ in range(_PAGES):
            acts = self.journal(after, _PAGE)
            told |= {str(one["fields"].get("root")) for one in acts if one["kind"] == _CLOSED}
            if len(acts) < _PAGE:
                return missing & told
            after = int(acts[-1]["seq"])
        return set(missing)


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
