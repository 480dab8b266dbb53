"""Whether the recorder and the register still vouch for one another, looked at from the newest of both."""

from pathlib import Path
from typing import Final

from beffroi.base.clock import SystemClock
from beffroi.capture.paths import RecorderPaths
from beffroi.cli.doctor.findings import Code, Finding, bad, ok, warn
from beffroi.server.intake import RECORDER
from beffroi.vault.crosscheck import cross
from beffroi.vault.journalfile import JournalFile
from beffroi.vault.registerkept import HeadRefusedError, trusted

STALE_US: Final = 2 * 86_400_000_000


def register_and_journal(data: Path) -> list[Finding]:
    """Disagreements of the newest acts and checkpoints; `ledger cross` looks at all of them."""
    paths = RecorderPaths(data)
    if not paths.journal.exists() or not (data / "centre" / "ledger" / "checkpoint").exists():
        return []
    try:
        verifier = trusted(paths.register_trust)
    except HeadRefusedError as error:
        return [warn(Code.CROSS, error.text.fr, error.text.en)]
    report = cross(data / "centre" / "ledger", verifier, paths.journal, recorder=RECORDER, glance=True)
    if report.findings:
        return [bad(Code.CROSS, one.text.fr, one.text.en, one.where) for one in report.findings]
    return [_stale(paths.journal) or ok(Code.CROSS, "Journal et registre s'accordent.", "Journal and register agree.")]


def _stale(path: Path) -> Finding | None:
    """A centre that takes acts in and hands no checkpoint back hides something, or is of an earlier version."""
    with JournalFile(path) as journal:
        newest = journal.newest_heads(1)
        last_seq, last_us = (newest[0].seq, newest[0].wall_us) if newest else (0, 0)
        first_us = last_us or journal.first_us()
        if journal.acked <= last_seq or not first_us or SystemClock().wall_us() - first_us < STALE_US:
            return None
    return warn(
        Code.CROSS,
        "Depuis plus de deux jours le centre reprend les actes de l'enregistreur sans lui remettre de point de "
        "contrôle : lisez le journal du centre.",
        "For more than two days the centre has taken in the recorder's acts and handed it no checkpoint: read the "
        "centre's log.",
    )
