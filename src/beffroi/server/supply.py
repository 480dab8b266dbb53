"""What the centre hands to a recorder, ahead of time: signed sheets and public hour keys; and what it takes back: keys
past their term are destroyed, the recorder's journal goes into the register, once.

The recorder records on for as long as its papers last when all this is silent.
"""

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from beffroi.domain.clock import Clock, now
from beffroi.domain.errors import BeffroiError
from beffroi.domain.ids import AuthorityId, CameraId
from beffroi.ledger.entry import Entry, EntryKind
from beffroi.ledger.ledger import Ledger
from beffroi.registry.sheets import HourKeys, draw, to_revoke
from beffroi.registry.store import Registry
from beffroi.registry.streams import all_streams
from beffroi.vault.keyring import HourKeyring
from beffroi.vault.publichours import PublicHours
from beffroi.vault.sealing import hour_of
from beffroi.vault.sheet import SHEET_LIFE_US, RecordingSheet, SheetSigner
from beffroi.vault.sheetstore import SheetStore

_log = structlog.get_logger(__name__)

AHEAD_HOURS: Final = 40 * 24
"""Hour keys are made forty days ahead: longer than any sheet, so that a sheet never outlives its keys."""

LOW_HOURS: Final = 35 * 24
RENEW_US: Final = 24 * 3_600 * 1_000_000
"""A sheet is renewed daily."""

CHECK_S: Final = 30.0


class Supply:
    """One thread: draws, signs, destroys. Every step is repeated until it holds; a failure is logged and retried."""

    def __init__(
        self,
        *,
        recorder: Path,
        registry: Registry,
        engine: Engine,
        ledger: Ledger,
        rings: Iterable[HourKeyring],
        sheet_key: Ed25519PrivateKey,
        clock: Clock,
    ) -> None:
        self._registry = registry
        self._engine = engine
        self._ledger = ledger
        self._rings: dict[AuthorityId, HourKeyring] = {ring.authority: ring for ring in rings}
        self._sheet_key = sheet_key
        self._signer = SheetSigner(sheet_key)
        self._clock = clock
        trusted = [sheet_key.public_key()]
        self._sheets = SheetStore(recorder / "sheets", trusted)
        self._hours = PublicHours.load(recorder / "hours", trusted)
        self._revision = -1
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="supply", daemon=True)

    def start(self) -> None:
        """Supply once, then keep at it."""
        self.once()
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def poke(self) -> None:
        """Facts changed: look now."""
        self._wake.set()

    def once(self) -> None:
        """One round."""
        self._registry.settle()
        at = now(self._clock)
        facts = self._registry.facts()
        held = self._held()
        drawn = draw(facts, all_streams(self._engine), at, {camera: sheet.serial for camera, sheet in held.items()})
        for need in drawn.hours:
            self._make_hours(need)
        for sheet in drawn.sheets:
            if _differs(held.get(sheet.camera), sheet):
                self._sheets.install(self._signer.sign(sheet))
                _log.info("sheet issued", camera=sheet.camera, serial=sheet.serial)
        serials = {camera: sheet.serial for camera, sheet in held.items()}
        for camera, serial in to_revoke(drawn, serials).items():
            raw = self._signer.revoke(
                camera, up_to_serial=serial, issued_us=self._clock.wall_us(), reason="no document in force"
            )
            self._sheets.install_revocation(raw)
            _log.info("sheet revoked", camera=camera, serial=serial)
        self._destroy_due()

    def _held(self) -> dict[CameraId, RecordingSheet]:
        book = self._sheets.load(self._clock.wall_us())
        for problem in book.problems:
            _log.error("sheet refused", problem=problem.text.en)
        return {camera: active.sheet for camera, active in book.active.items()}

    def _make_hours(self, need: HourKeys) -> None:
        hour = hour_of(self._clock.wall_us())
        last = self._hours.last_hour(need.authority, need.term_days)
        if last is not None and last >= hour + LOW_HOURS:
            return
        ring = self._rings.get(need.authority)
        if ring is None:
            _log.error("no keyring: this authority's cameras cannot be recorded", authority=need.authority)
            return
        ring.prepare(need.term_days, hour - 1, AHEAD_HOURS)
        bundle = ring.public_bundle(need.term_days, hour - 1, AHEAD_HOURS, self._sheet_key)
        self._hours.install(bundle, now_us=self._clock.wall_us())
        _log.info("hour keys prepared", authority=need.authority, term_days=need.term_days, hours=AHEAD_HOURS)

    def _destroy_due(self) -> None:
        for ring in self._rings.values():
            for term_days, hour in ring.due_hours(self._clock.wall_us()):
                proof = ring.destroy(term_days, hour)
                self._ledger.append(
                    Entry(
                        EntryKind.DESTRUCTION,
                        authority=ring.authority,
                        outcome="hour_key_destroyed",
                        detail=proof.as_fields(),
                    )
                )

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait(CHECK_S)
            self._wake.clear()
            if self._stopping:
                return
            try:
                self.once()
            except (BeffroiError, OSError, ValueError, SQLAlchemyError):
                _log.exception("supply failed; it is tried again")


def _differs(held: RecordingSheet | None, drawn: RecordingSheet) -> bool:
    """Whether a new sheet says something new, or the one held is a day old."""
    if held is None or drawn.issued_us - held.issued_us >= RENEW_US:
        return True
    same = ("authority", "commune", "term_days", "min_days", "streams", "order", "purposes", "legal_tz", "origin")
    if any(getattr(held, name) != getattr(drawn, name) for name in same):
        return True
    if held.credentials != drawn.credentials:
        return True
    # The end moves with the issue (31 days) until a paper's own end comes first.
    papers_end_us = drawn.valid_until_us if drawn.valid_until_us < drawn.issued_us + SHEET_LIFE_US else None
    longest_us = held.issued_us + SHEET_LIFE_US
    expected_us = longest_us if papers_end_us is None else min(longest_us, papers_end_us)
    return held.valid_until_us != expected_us
