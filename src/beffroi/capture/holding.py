"""Holds on the control socket: placed, sealed, read and ended under a lease; told without one only by number."""

import contextlib
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final

from beffroi.capture.leases import LeaseChecker
from beffroi.capture.methods import MAX_READ_BYTES, Method
from beffroi.capture.params import bad, whole
from beffroi.capture.paths import RecorderPaths
from beffroi.domain.acts import Act, Keeping
from beffroi.domain.clock import Clock
from beffroi.domain.errors import BeffroiError
from beffroi.domain.ids import CameraId
from beffroi.domain.lease import Lease, LeaseRefusedError
from beffroi.domain.ranges import WallRange
from beffroi.vault.catalogue import Catalogue, ChunkRow
from beffroi.vault.chunkformat import ChunkHeader, GopEntry
from beffroi.vault.clockwatch import ClockWatch
from beffroi.vault.freezer import Freezer, PieceState
from beffroi.vault.frozen import FrozenPiece
from beffroi.vault.hold import Hold, HoldDamagedError, NoHoldError
from beffroi.vault.journal import Journal
from beffroi.vault.publichours import PublicHours
from beffroi.vault.sealing import SEALED_KEY_BYTES
from beffroi.vault.signed import b64, load_public_keys, unb64

_PAGE: Final = 64
_HOURS_S: Final = 15.0
_FOOTAGE_ACTS: Final = (Act.REPLAY, Act.EXTRACT)
_HOLDING_ACTS: Final = (Act.EXTRACT, Keeping.HOLD)
"""A lease to hold places, seals and ends; it reads nothing, and is not told how large the pictures are."""


class LegalTimes:
    """The authorities' time zones, from the bundles of public hours; read again every 15 s. A bundle's zone stays known
    while its file is there."""

    def __init__(self, paths: RecorderPaths) -> None:
        self._paths = paths
        self._read_s = float("-inf")
        self._hours = PublicHours(paths.hours, ())

    def zone(self, authority: str, term_days: int) -> str | None:
        """As `PublicHours.legal_tz`."""
        if time.monotonic() - self._read_s > _HOURS_S:
            self._read_s = time.monotonic()
            with contextlib.suppress(BeffroiError):
                self._hours = PublicHours.load(self._paths.hours, load_public_keys(self._paths.sheet_trust))
        return self._hours.legal_tz(authority, term_days)


class Holding:
    """The recorder's holds, for the supervisor: the `Freezer` and its requests."""

    def __init__(
        self,
        paths: RecorderPaths,
        *,
        catalogue: Catalogue,
        journal: Callable[[], Journal],
        clock: Clock,
        watch: ClockWatch,
    ) -> None:
        self._clock = clock
        self._catalogue = catalogue
        self._leases = LeaseChecker(paths.gate_trust, clock)
        legal_tz = LegalTimes(paths).zone
        self.freezer = Freezer(
            paths.root, catalogue=catalogue, journal=journal, clock=clock, watch=watch, legal_tz=legal_tz
        )

    def methods(self) -> dict[str, Method]:
        """By name, for `beffroi.capture.methods`."""
        return {
            "hold": self._hold,
            "holds": self._holds,
            "hold_pieces": self._pieces,
            "hold_seal": self._seal,
            "hold_read": self._read,
            "hold_end": self._end,
        }

    def _hold(self, params: dict[str, Any]) -> Any:
        """Place or lengthen a hold: ``case``, ``camera``, ``from_us``, ``to_us``, ``until_us``, ``beyond_us``, and a
        lease of act extract whose footage has these minutes."""
        camera, case = _camera_and_case(params)
        from_us, to_us = whole(params, "from_us"), whole(params, "to_us")
        if to_us <= from_us:
            raise bad("to_us")
        lease = self._leases.check(
            params.get("lease"), camera=camera, acts=_HOLDING_ACTS, footage=WallRange(from_us, to_us)
        )
        hold = self.freezer.place(
            Hold(
                case=case,
                authority=lease.authority,
                camera=CameraId(camera),
                from_us=from_us,
                to_us=to_us,
                until_us=whole(params, "until_us"),
                beyond_us=whole(params, "beyond_us"),
                asked_us=self._clock.wall_us(),
                requested_by=lease.person,
                ledger_index=lease.ledger_index,
            )
        )
        return self._told(hold)

    def _holds(self, _: dict[str, Any]) -> Any:
        """Every hold, without its minutes: those need a lease."""
        book = self.freezer.store.book()
        return {
            "holds": [self._told(hold) for hold in book.holds],
            "damaged": [problem.hold for problem in book.problems],
            "problems": [problem.text.as_dict() for problem in book.problems],
        }

    def _told(self, hold: Hold) -> dict[str, Any]:
        counts = Counter(state.value for state, *_ in self.freezer.pieces(hold))
        told: dict[str, Any] = {"hold": hold.id, "case": hold.case, "authority": hold.authority, "camera": hold.camera}
        told |= {"until_us": hold.until_us, "beyond_us": hold.beyond_us, "ending": hold.ending}
        return {**told, "requested_by": hold.requested_by, "counts": counts}

    def _pieces(self, params: dict[str, Any]) -> Any:
        """The files of a hold, 64 at a time by key id, each with what a keyring needs to seal or open its key."""
        hold, lease = self._of(params, (*_FOOTAGE_ACTS, Keeping.HOLD))
        after, shown = str(params.get("after", "")), lease.act is not Keeping.HOLD
        pieces = (_described(found, lease.footage, shown=shown) for found in self.freezer.pieces(hold))
        found = sorted(
            (item for item in pieces if item is not None and item["kid"] > after), key=lambda item: str(item["kid"])
        )
        return {"pieces": found[:_PAGE], "more": len(found) > _PAGE}

    def _seal(self, params: dict[str, Any]) -> Any:
        """Keep a content key sealed to the case; on the answer the file's minutes are held."""
        hold, _ = self._of(params, _HOLDING_ACTS)
        try:
            sealed = unb64(params.get("sealed_key"))
        except ValueError as error:
            raise bad("sealed_key") from error
        beyond_us, kid = whole(params, "beyond_us"), params.get("kid")
        if len(sealed) != SEALED_KEY_BYTES or not isinstance(kid, str) or beyond_us > hold.beyond_us:
            raise bad("sealed_key, kid, beyond_us")
        self.freezer.seal(hold.id, kid, beyond_us, sealed)
        return {"held": True}

    def _read(self, params: dict[str, Any]) -> bytes:
        """Stored bytes (ciphertext) of one piece: its head, or fragments that the lease's footage overlaps."""
        hold, lease = self._of(params, _FOOTAGE_ACTS)
        offset, length, kid = whole(params, "offset"), whole(params, "length"), params.get("kid")
        if not 0 < length <= MAX_READ_BYTES or not isinstance(kid, str):
            raise bad("length, kid")
        with self.freezer.open(hold, kid) as piece:
            if offset + length > piece.head_length:
                gops = piece.gops_in(lease.footage)
                first = gops[0].offset if gops else 0
                last = gops[-1].offset + gops[-1].length if gops else 0
                if not (first <= offset and offset + length <= last):
                    raise LeaseRefusedError("outside its range")
            return piece.read(offset, length)

    def _end(self, params: dict[str, Any]) -> Any:
        """End a hold now: its pieces are destroyed, each with its proof. One whose file is torn, also: by its
        ``case``, its ``camera`` and the lease's minutes, which its name is made of."""
        try:
            report = self.freezer.end(self._of(params, _HOLDING_ACTS)[0].id)
        except HoldDamagedError as error:
            told = self._named(params)
            if told.id != error.hold:
                raise
            report = self.freezer.end(told.id, told=told)
        return {"destroyed": report.destroyed}

    def _named(self, params: dict[str, Any]) -> Hold:
        """The hold that a request and its lease speak of, whatever is on the disk."""
        (camera, case), now_us = _camera_and_case(params), self._clock.wall_us()
        lease = self._leases.check(params.get("lease"), camera=camera, acts=_HOLDING_ACTS)
        return Hold(
            case=case,
            authority=lease.authority,
            camera=lease.camera,
            from_us=lease.from_us,
            to_us=lease.to_us,
            until_us=now_us,
            beyond_us=0,
            asked_us=now_us,
            requested_by=lease.person,
            ledger_index=lease.ledger_index,
        )

    def _of(self, params: dict[str, Any], acts: tuple[Act | Keeping, ...]) -> tuple[Hold, Lease]:
        """The hold that is named, and the lease, when it is for its camera, its authority and some of its minutes."""
        name = params.get("hold")
        hold = self.freezer.store.get(name) if isinstance(name, str) else None
        if hold is None:
            raise NoHoldError
        lease = self._leases.check(params.get("lease"), camera=hold.camera, acts=acts, authority=hold.authority)
        if not lease.footage.overlaps(hold.range):
            raise LeaseRefusedError("outside its range")
        return hold, lease


def _camera_and_case(params: dict[str, Any]) -> tuple[str, str]:
    camera, case = params.get("camera"), params.get("case")
    if not isinstance(camera, str) or not isinstance(case, str):
        raise bad("camera, case")
    return camera, case


def _described(
    found: tuple[PieceState, str, ChunkRow | None, FrozenPiece | None], footage: WallRange, *, shown: bool
) -> dict[str, Any] | None:
    """One file of a hold, no more of it than the lease's footage; None when that has nothing of it. Unless ``shown``,
    without its index: sizes of pictures tell how much moves in them."""
    state, kid, row, piece = found
    if piece is not None:
        gops = piece.gops_in(footage)
        if not gops:
            return None
        return {
            **_chunk(piece.header),
            "state": state.value,
            "from_us": gops[0].wall_us,
            "to_us": gops[-1].end_us,
            "term_end_us": piece.facts.term_end_us,
            "beyond_us": piece.beyond_us,
            "held_key": b64(piece.sealed_key),
            **(_index(piece, gops) if shown else {}),
        }
    if row is None:
        return {"state": state.value, "kid": kid}  # a torn copy of a file that is gone: its minutes are not known
    if not row.range.overlaps(footage):
        return None
    span = {"from_us": max(row.range.from_us, footage.from_us), "to_us": min(row.range.to_us, footage.to_us)}
    return {"state": state.value, "kid": kid, "stream": row.stream, **span}


def _index(piece: FrozenPiece, gops: list[GopEntry]) -> dict[str, Any]:
    """These fragments of a piece, and what proves them."""
    first, facts = piece.gops.index(gops[0]), piece.facts
    chosen = slice(first, first + len(gops))
    return {
        "head_length": piece.head_length,
        "init_length": piece.init_length,
        "root": facts.root.hex(),
        "leaves": facts.leaves,
        "head_path": [step.hex() for step in facts.head_path],
        "leaf_numbers": list(facts.leaf_numbers[chosen]),
        "paths": [[step.hex() for step in path] for path in facts.paths[chosen]],
        "entries": b"".join(entry.pack() for entry in piece.entries[chosen]).hex(),
        "gops": [{**asdict(gop), "sha256": gop.sha256.hex()} for gop in gops],
    }


def _chunk(header: ChunkHeader) -> dict[str, Any]:
    names = ("camera", "stream", "run", "authority", "term_days", "hour", "wall_start_us", "start_90k", "codec_string")
    return {name: getattr(header, name) for name in names} | {
        "kid": header.kid.hex(),
        "sealed_key": b64(header.sealed_key),
    }
