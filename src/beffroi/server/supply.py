"""What the centre hands to a recorder, ahead of time: signed sheets and public hour keys; and what it takes back: keys
past their term are destroyed, each with its proof in the register.

The recorder records on for as long as its papers last when all this is silent. What goes wrong here is told to
administrators (`notices`), not only to a log.
"""

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from beffroi.backup.reconcile import settle
from beffroi.base.files import FsyncFailedError
from beffroi.domain.clock import Clock, now
from beffroi.domain.errors import BadInputError, BeffroiError
from beffroi.domain.ids import AuthorityId, CameraId
from beffroi.domain.text import Text
from beffroi.gate.restored import RestoredMark
from beffroi.ledger.entry import Entry, EntryKind
from beffroi.ledger.ledger import Ledger
from beffroi.registry.sheets import HourKeys, draw, to_revoke
from beffroi.registry.store import Registry
from beffroi.registry.streams import all_streams
from beffroi.server.notices import Notice, Notices
from beffroi.vault.keyring import HourKeyring
from beffroi.vault.keyring_remote import RemoteKeyring
from beffroi.vault.publichours import PublicHours, open_bundle
from beffroi.vault.ringkeeper import KeyProof, RingKeeper
from beffroi.vault.sealing import hour_of
from beffroi.vault.sheet import SHEET_LIFE_US, RecordingSheet, SheetSigner
from beffroi.vault.sheetstore import SheetStore

_log = structlog.get_logger(__name__)

AHEAD_HOURS: Final = 40 * 24
"""Hour keys are made forty days ahead: longer than any sheet, so that a sheet never outlives its keys."""

LOW_HOURS: Final = 35 * 24
ALARM_HOURS: Final = 10 * 24
"""Fewer hours than this ahead and administrators are told."""

RENEW_US: Final = 24 * 3_600 * 1_000_000
"""A sheet is renewed daily."""

CHECK_S: Final = 30.0
_FAILURES: Final = (BeffroiError, OSError, ValueError, SQLAlchemyError)


class Supply:
    """One thread: draws, signs, destroys. Every step is repeated until it holds; a failure is told and retried.

    Args:
        centre: the centre's folder.
        recorder: the recorder's folder.
        registry, engine, ledger: the centre's.
        rings: local keyrings. Keys die at their term also in a locked ring; only making new ones needs it open.
        open_: whether they were opened with their passphrase.
        remotes: keyrings in a commune's own process.
        sheet_key: signs sheets and bundles of public keys.
        clock: dates all of it.
    """

    def __init__(
        self,
        *,
        centre: Path,
        recorder: Path,
        registry: Registry,
        engine: Engine,
        ledger: Ledger,
        rings: list[HourKeyring],
        open_: bool,
        remotes: Mapping[AuthorityId, RemoteKeyring],
        sheet_key: Ed25519PrivateKey,
        clock: Clock,
    ) -> None:
        self._registry = registry
        self._engine = engine
        self._ledger = ledger
        settlers = [sheet_key.public_key()]
        self.keepers = {
            ring.authority: RingKeeper(ring, ring.directory, clock, sink=self._enter, settlers=settlers)
            for ring in rings
        }
        self._open = open_
        self._remotes = dict(remotes)
        self._restored = RestoredMark(centre)
        self._sheet_key = sheet_key
        self._signer = SheetSigner(sheet_key)
        self._clock = clock
        trusted = [sheet_key.public_key()]
        self._sheet_folder = recorder / "sheets"
        self._sheets = SheetStore(self._sheet_folder, trusted)
        self._hours = PublicHours.load(recorder / "hours", trusted)
        self.told = Notices()
        if rings and not open_:
            self.told.locked()
        self._round = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="supply", daemon=True)

    def start(self) -> None:
        """Supply once, then keep at it. A first round that fails is told: people still watch and are refused well."""
        self._try()
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

    def notices(self) -> list[Notice]:
        """What administrators should know, worst first."""
        return self.told.listed()

    def once(self) -> None:
        """One round.

        Raises:
            BeffroiError, OSError, ValueError, SQLAlchemyError: the step failed; those before it hold.
        """
        with self._round:
            try:
                shut = settle(self._restored, self._ledger)
            finally:
                self._destroy_due()  # whatever a restoration waits for: a term is a maximum
            self._registry.settle()
            at = now(self._clock)
            held = self._held()
            serials = {camera: sheet.serial for camera, sheet in held.items()}
            drawn = draw(self._registry.facts(), all_streams(self._engine), at, serials)
            for need in drawn.hours:
                self._supply_hours(need, restored=shut)
            self.told.keep_authorities({need.authority for need in drawn.hours} | set(self.keepers))
            told = self._told_cameras() if shut else frozenset()
            for sheet in drawn.sheets:
                if sheet.camera not in told and _differs(held.get(sheet.camera), sheet):
                    self._sheets.install(self._signer.sign(sheet))
                    _log.info("sheet issued", camera=sheet.camera, serial=sheet.serial)
            for camera, serial in to_revoke(drawn, serials).items() if not shut else ():
                raw = self._signer.revoke(
                    camera, up_to_serial=serial, issued_us=self._clock.wall_us(), reason="no document in force"
                )
                self._sheets.install_revocation(raw)
                _log.info("sheet revoked", camera=camera, serial=serial)

    def _held(self) -> dict[CameraId, RecordingSheet]:
        book = self._sheets.load(self._clock.wall_us())
        for problem in book.problems:
            _log.error("sheet refused", problem=problem.text.en)
        self.told.sheets(book.problems)
        return {camera: active.sheet for camera, active in book.active.items()}

    def _told_cameras(self) -> frozenset[str]:
        """Cameras of which the recorder holds a paper. A restored registry is older than these papers: until persons
        have reconciled it, it neither renews nor revokes them, and a revocation is not undone."""
        papers = (path for path in self._sheet_folder.iterdir()) if self._sheet_folder.is_dir() else ()
        return frozenset(path.stem for path in papers if path.suffix in {".json", ".revoked"})

    def _supply_hours(self, need: HourKeys, *, restored: bool = False) -> None:
        """Hour keys of one authority; its trouble is its own: the others are supplied."""
        why: Text | None = None
        try:
            self._make_hours(need, restored=restored)
        except FsyncFailedError:
            raise
        except BeffroiError as error:
            _log.warning("no new hour keys", authority=need.authority, reason=error.text.en)
            why = error.text
        last = self._hours.last_hour(need.authority, need.term_days)
        left = -1 if last is None else last - hour_of(self._clock.wall_us())
        self.told.hours(need.authority, left_hours=left, alarm_hours=ALARM_HOURS, locked=not self._open, why=why)

    def _make_hours(self, need: HourKeys, *, restored: bool) -> None:
        hour = hour_of(self._clock.wall_us())
        last = self._hours.last_hour(need.authority, need.term_days)
        remote, keeper = self._remotes.get(need.authority), self.keepers.get(need.authority)
        orphaned = restored and keeper is not None and self._orphaned(need, keeper.keyring, hour)
        if last is not None and last >= hour + LOW_HOURS and not orphaned:
            return
        now_us = self._clock.wall_us()
        if remote is not None:
            bundle = remote.public_bundle(need.term_days, hour - 1, AHEAD_HOURS, self._sheet_key, now_us=now_us)
            if open_bundle(bundle, [self._sheet_key.public_key()]).authority != need.authority:
                raise BadInputError(
                    Text(
                        fr=f"Le trousseau joint pour {need.authority} est celui d'une autre autorité : corrigez "
                        "--remote-keyring.",
                        en=f"The keyring reached for {need.authority} is another authority's: correct "
                        "--remote-keyring.",
                    )
                )
        elif keeper is not None:
            if not self._open:
                return
            keeper.keyring.prepare(need.term_days, hour - 1, AHEAD_HOURS)
            bundle = keeper.keyring.public_bundle(need.term_days, hour - 1, AHEAD_HOURS, self._sheet_key)
        else:
            raise BadInputError(
                Text(
                    fr=f"Aucun trousseau pour {need.authority} : faites-le créer (« beffroi keyring create »).",
                    en=f"There is no keyring for {need.authority}: have one created (`beffroi keyring create`).",
                )
            )
        self._hours.install(bundle, now_us=now_us, anew=orphaned)
        _log.info("hour keys prepared", authority=need.authority, term_days=need.term_days, hours=AHEAD_HOURS)

    def _orphaned(self, need: HourKeys, ring: HourKeyring, hour: int) -> bool:
        """Whether the recorder holds public halves, from this hour on, whose private halves a restored ring has lost:
        what it would seal to them could never be opened."""
        held = set(ring.held_hours(need.term_days))
        return self._open and any(
            bundle.public(one) is not None and one not in held
            for bundle in self._hours.bundles()
            if (bundle.authority, bundle.term_days) == (need.authority, need.term_days)
            for one in range(hour, bundle.last_hour + 1)
        )

    def _destroy_due(self) -> None:
        for authority, keeper in self.keepers.items():
            try:
                report = keeper.once()
            except FsyncFailedError:
                raise
            except BeffroiError as error:
                _log.exception("a keyring could not destroy what is due", authority=authority)
                self.told.destruction(authority, error.text)
            else:
                self.told.destruction(authority, None, paused=report.paused)

    def _enter(self, proof: KeyProof) -> None:
        """The proof of a destroyed key, in the register: at least once."""
        self._ledger.append(
            Entry(
                EntryKind.DESTRUCTION,
                authority=proof.authority,
                outcome=proof.outcome,
                detail=proof.as_fields(),
            )
        )

    def _try(self) -> None:
        try:
            self.once()
        except FsyncFailedError:
            _log.critical("the disk did not confirm a write: the centre stops", exc_info=True)
            os._exit(70)  # from a thread, raising would leave the centre running on a disk that lies
        except _FAILURES as error:
            _log.exception("supply failed; it is tried again")
            self.told.supply(error)
        else:
            self.told.supply(None)

    def _run(self) -> None:
        while not self._stopping:
            self._wake.wait(CHECK_S)
            self._wake.clear()
            if not self._stopping:
                self._try()


def _differs(held: RecordingSheet | None, drawn: RecordingSheet) -> bool:
    """Whether a new sheet says something new, or the one held is a day old."""
    if held is None or drawn.issued_us - held.issued_us >= RENEW_US:
        return True
    same = ("authority", "commune", "term_days", "min_days", "streams", "order", "purposes", "legal_tz", "origin")
    shares = ("priority", "when_full")
    if any(getattr(held, name) != getattr(drawn, name) for name in (*same, *shares)):
        return True
    if held.credentials != drawn.credentials:
        return True
    # The end moves with the issue (31 days) until a paper's own end comes first.
    papers_end_us = drawn.valid_until_us if drawn.valid_until_us < drawn.issued_us + SHEET_LIFE_US else None
    longest_us = held.issued_us + SHEET_LIFE_US
    expected_us = longest_us if papers_end_us is None else min(longest_us, papers_end_us)
    return held.valid_until_us != expected_us
