"""Where things lie under a recorder's data folder."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RecorderPaths:
    """DIR/recorder and DIR/run of one machine."""

    data: Path

    @property
    def root(self) -> Path:
        return self.data / "recorder"

    @property
    def run(self) -> Path:
        return self.data / "run"

    @property
    def control(self) -> Path:
        return self.run / "recorder.sock"

    def live(self, worker: int) -> Path:
        """The live socket of a worker."""
        return self.run / f"live-{worker}.sock"

    @property
    def sheets(self) -> Path:
        return self.root / "sheets"

    @property
    def hours(self) -> Path:
        return self.root / "hours"

    @property
    def sheet_trust(self) -> Path:
        return self.root / "trust" / "sheet.pub"

    @property
    def gate_trust(self) -> Path:
        return self.root / "trust" / "gate.pub"

    @property
    def register_trust(self) -> Path:
        """The key of the register that takes in the journal (a *vkey*)."""
        return self.root / "trust" / "register.vkey"

    @property
    def catalogue(self) -> Path:
        return self.root / "catalogue.sqlite"

    @property
    def journal(self) -> Path:
        return self.root / "journal.sqlite"

    @property
    def mandates(self) -> Path:
        """The signed sheets that were followed, with their instants: `beffroi.vault.mandates`."""
        return self.root / "mandates.sqlite"

    @property
    def lock(self) -> Path:
        return self.root / "recorder.lock"

    @property
    def stopped(self) -> Path:
        """Left by an orderly stop, removed at the next start: tells a stop from a crash."""
        return self.root / "stopped"

    @property
    def clock(self) -> Path:
        """What is known of time, across restarts (`beffroi.vault.clockstamp`)."""
        return self.root / "clock.json"

    @property
    def doubt(self) -> Path:
        return self.root / "clock-doubt.json"

    @property
    def armed(self) -> Path:
        """The cameras that were found to fit the disk, once: they are never taken off by a later reckoning."""
        return self.root / "armed.json"

    def prepare(self) -> None:
        """Make the folders, closed to other accounts."""
        for folder in (self.root, self.run, self.sheets, self.hours, self.root / "trust", self.root / "streams"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
