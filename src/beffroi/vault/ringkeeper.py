"""Keeps one ring: destroys its hour keys at their term, and writes each proof before going on."""

import os
import threading
from pathlib import Path
from typing import Final

import structlog

from beffroi.base.files import fsync_dir, fsync_fd
from beffroi.domain.clock import Clock
from beffroi.vault.destruction import HourReport, destroy_due_hours
from beffroi.vault.keyring import HourKeyring, KeyDestroyed
from beffroi.vault.signed import canonical
from beffroi.vault.term import ClockWatch

PERIOD_S: Final = 30.0
_log = structlog.get_logger(__name__)


class RingKeeper:
    """One per ring and process. ``proofs`` is a file of one JSON line per destroyed key, for the commune itself."""

    def __init__(self, keyring: HourKeyring, proofs: Path, clock: Clock) -> None:
        self._keyring = keyring
        self._proofs = proofs
        self._clock = clock
        self._watch = ClockWatch(clock)

    def run(self, stop: threading.Event, *, period_s: float = PERIOD_S) -> None:
        """Pass every ``period_s`` until told to stop.

        Raises:
            FsyncFailedError, HourDamagedError: they end the process; the next start goes on.
        """
        while not stop.is_set():
            self.once()
            stop.wait(period_s)

    def once(self) -> HourReport:
        """One pass."""
        report = destroy_due_hours(self._keyring, self._watch, now_us=self._clock.wall_us())
        if report.proofs:
            self._write(report.proofs)
        for proof in report.proofs:
            _log.info("hour key destroyed", **proof.as_fields())
        if report.paused:
            _log.error("clock in doubt: destruction of hour keys is paused", hours=report.paused)
        return report

    def _write(self, proofs: list[KeyDestroyed]) -> None:
        is_new = not self._proofs.exists()
        fd = os.open(self._proofs, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            raw = memoryview(b"".join(canonical(proof.as_fields()) + b"\n" for proof in proofs))
            while raw:
                raw = raw[os.write(fd, raw) :]
            fsync_fd(fd, self._proofs)
        finally:
            os.close(fd)
        if is_new:
            fsync_dir(self._proofs.parent)
