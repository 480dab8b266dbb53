"""Keeps one ring: destroys its hour keys at their term, and writes each proof before going on."""

import json
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from beffroi.base.files import fsync_dir, fsync_fd
from beffroi.domain.clock import Clock
from beffroi.vault.casekey import CaseKeyDestroyed, CaseKeys
from beffroi.vault.clocksettle import Settlement, take
from beffroi.vault.clockstamp import StampFile
from beffroi.vault.clockwatch import ClockWatch
from beffroi.vault.hourdeath import HourReport, destroy_due_cases, destroy_due_hours
from beffroi.vault.keyring import HourKeyring, KeyDestroyed
from beffroi.vault.keyslots import KeyState
from beffroi.vault.signed import canonical

PERIOD_S: Final = 30.0
KeyProof = KeyDestroyed | CaseKeyDestroyed
"""Proof of a destroyed key: of an hour, or of a case."""

_log = structlog.get_logger(__name__)


class RingKeeper:
    """One per ring and process. In the ring's folder, ``destroyed.jsonl`` holds one JSON line per destroyed key, for
    the commune itself, and ``clock.json`` what is known of time, so that a start with a wrong clock is noticed.

    ``sink`` is told each proof before its line is written, for instance to enter it in the register. A crash in between
    is made good at the next start, from the tombstones: the sink hears of each key at least once. ``boot`` names this
    boot (default: the kernel's name for it); ``settlers`` are the keys whose word on the clock is taken
    (`beffroi.vault.clocksettle`).
    """

    def __init__(
        self,
        keyring: HourKeyring,
        directory: Path,
        clock: Clock,
        *,
        sink: Callable[[KeyProof], object] | None = None,
        boot: str | None = None,
        settlers: Sequence[Ed25519PublicKey] = (),
    ) -> None:
        self._keyring = keyring
        self._cases = CaseKeys(keyring)
        self._sink = sink or (lambda proof: _log.info("key destroyed", outcome=proof.outcome, **proof.as_fields()))
        self._complete = False
        self._proofs = directory / "destroyed.jsonl"
        self._clock = clock
        self._directory = directory
        self._settlers = settlers
        self.watch = ClockWatch(clock, stamp=StampFile(directory / "clock.json"), boot=boot)

    @property
    def keyring(self) -> HourKeyring:
        """The ring that is kept."""
        return self._keyring

    def run(self, stop: threading.Event, *, period_s: float = PERIOD_S) -> None:
        """Pass every ``period_s`` until told to stop.

        Raises:
            FsyncFailedError, HourDamagedError: they end the process; the next start goes on.
        """
        while not stop.is_set():
            self.once()
            stop.wait(period_s)

    def settle(self, by: tuple[str, str]) -> None:
        """Two persons who hold the passphrase say that this machine's clock is right now."""
        self._note_settled(Settlement("", self._clock.wall_us(), by))
        self.watch.settle()

    def once(self) -> HourReport:
        """One pass. What the sink raises ends it: the proofs not told are told again at the next."""
        if not self._complete:
            self._tell(self._unproved())
            self._complete = True
        self._complete = False
        take(self._directory, self._settlers, self.watch, self._clock, enter=self._note_settled)
        now_us = self._clock.wall_us()
        report = destroy_due_hours(self._keyring, self.watch, now_us=now_us)
        held = destroy_due_cases(self._cases, self.watch, now_us=now_us)
        report.cases, report.paused = held.cases, report.paused + held.paused
        self._tell([*report.proofs, *report.cases])
        self._complete = True
        if report.paused:
            _log.error("clock in doubt: destruction of hour keys is paused", hours=report.paused)
        self.watch.note()
        return report

    def _note_settled(self, said: Settlement) -> None:
        _log.warning("clock settled", by=said.by, wall_us=said.wall_us)

    def _unproved(self) -> list[KeyProof]:
        known = _proved(self._proofs)
        hours: list[KeyProof] = [
            self._keyring.destroy(term_days, hour, before_term=True)
            for term_days in self._keyring.terms()
            for hour in self._keyring.destroyed_hours(term_days)
            if (term_days, hour) not in known
        ]
        ended = (slot for slot in self._cases.cases() if slot.state is KeyState.DESTROYED)
        return hours + [self._cases.destroy(slot.case, slot.destroyed_us) for slot in ended if slot.case not in known]

    def _tell(self, proofs: Sequence[KeyProof]) -> None:
        for proof in proofs:
            self._sink(proof)
        if proofs:
            self._write(proofs)

    def _write(self, proofs: Sequence[KeyProof]) -> None:
        is_new = not self._proofs.exists()
        fd = os.open(self._proofs, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            # A line torn by a crash is closed off first: it is not JSON, and its key gets a whole line again.
            raw = memoryview(
                b"\n" * _is_torn(self._proofs) + b"".join(canonical(proof.as_fields()) + b"\n" for proof in proofs)
            )
            while raw:
                raw = raw[os.write(fd, raw) :]
            fsync_fd(fd, self._proofs)
        finally:
            os.close(fd)
        if is_new:
            fsync_dir(self._proofs.parent)


def _proved(path: Path) -> set[tuple[int, int] | str]:
    found: set[tuple[int, int] | str] = set()
    for line in path.read_bytes().splitlines() if path.exists() else []:
        try:
            fields = json.loads(line)
            found.add(str(fields["case"]) if "case" in fields else (int(fields["term_days"]), int(fields["hour"])))
        except (ValueError, TypeError, KeyError):
            continue
    return found


def _is_torn(path: Path) -> bool:
    raw = path.read_bytes()[-1:] if path.exists() else b""
    return raw not in (b"", b"\n")
