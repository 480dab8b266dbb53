"""The sheets a recorder holds, and which of them let it record now."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from beffroi.base.files import write_durable
from beffroi.domain.clock import Clock
from beffroi.domain.errors import BeffroiError
from beffroi.domain.ids import CameraId
from beffroi.domain.text import Text
from beffroi.vault.sheet import RecordingSheet, Revocation, open_revocation, open_sheet
from beffroi.vault.signed import GROUP_READS, PaperRefusedError, read_paper

TRUST_MAX_S: Final = 24 * 3600.0
"""With a clock in doubt, the last sheet is followed for at most this long."""


@dataclass(frozen=True, slots=True)
class ActiveSheet:
    """A sheet to record on. ``on_trust``: the clock is in doubt, so its dates could not be checked: shout. ``paper``:
    the signed bytes that were read, whatever lies in the folder by now."""

    sheet: RecordingSheet
    on_trust: bool
    paper: bytes


@dataclass(frozen=True, slots=True)
class EndedSheet:
    """A camera that must not be recorded, and why, in a sentence."""

    camera: CameraId
    serial: int
    cause: str
    text: Text


@dataclass
class SheetBook:
    """What the folder says at one instant. ``problems``: files refused, each with its sentence."""

    active: dict[CameraId, ActiveSheet] = field(default_factory=dict)
    ended: list[EndedSheet] = field(default_factory=list)
    problems: list[BeffroiError] = field(default_factory=list)


class SheetStore:
    """The folder of signed sheets (``<camera>.json``) and revocations (``<camera>.revoked``)."""

    def __init__(self, directory: Path, trusted: Sequence[Ed25519PublicKey]) -> None:
        self._directory = directory
        self._trusted = tuple(trusted)

    def load(self, now_us: int, *, clock_doubtful: bool = False, doubt_s: float = 0.0) -> SheetBook:
        """Read and verify everything, and say what may be recorded at ``now_us``.

        Args:
            now_us: wall time, microseconds.
            clock_doubtful: the wall clock is not to be believed: each camera's last sheet holds, on trust.
            doubt_s: how long that has lasted (`DoubtBudget`); beyond `TRUST_MAX_S` nothing is recorded on trust.
        """
        book = SheetBook()
        newest: dict[CameraId, tuple[RecordingSheet, bytes]] = {}
        for path in sorted(self._directory.glob("*.json")):
            if path.name.startswith("."):
                continue
            try:
                paper = read_paper(path)
                sheet = open_sheet(paper, self._trusted, name=path.name)
            except BeffroiError as error:
                book.problems.append(error)
                continue
            held = newest.get(sheet.camera)
            if held is None or sheet.serial > held[0].serial:
                newest[sheet.camera] = sheet, paper
        revoked = self._revocations(book)
        for camera, (sheet, paper) in newest.items():
            ended = _why_ended(sheet, revoked.get(camera), now_us, clock_doubtful=clock_doubtful, doubt_s=doubt_s)
            if ended:
                book.ended.append(ended)
            else:
                book.active[camera] = ActiveSheet(sheet, on_trust=clock_doubtful, paper=paper)
        return book

    def install(self, raw: bytes) -> RecordingSheet:
        """Verify a sheet and keep it; the file is named after the camera it names.

        Raises:
            PaperRefusedError: not valid, revoked, or not newer than the one held.
        """
        sheet = open_sheet(raw, self._trusted)
        path = self._directory / f"{sheet.camera}.json"
        notice = self._revocations(SheetBook()).get(sheet.camera)
        held = self._held_serial(path)
        if (held is not None and sheet.serial <= held) or (notice and sheet.serial <= notice.up_to_serial):
            raise PaperRefusedError(
                path.name,
                "une fiche plus récente ou une révocation est déjà là",
                "a newer sheet or a revocation is here",
            )
        self._directory.mkdir(parents=True, exist_ok=True)
        write_durable(path, raw, mode=GROUP_READS)
        return sheet

    def install_revocation(self, raw: bytes) -> Revocation:
        """Verify a revocation and keep it, never replacing one that reaches further.

        Raises:
            PaperRefusedError: not valid.
        """
        notice = open_revocation(raw, self._trusted)
        held = self._revocations(SheetBook()).get(notice.camera)
        if held is None or notice.up_to_serial > held.up_to_serial:
            self._directory.mkdir(parents=True, exist_ok=True)
            write_durable(self._directory / f"{notice.camera}.revoked", raw, mode=GROUP_READS)
        return notice

    def _held_serial(self, path: Path) -> int | None:
        try:
            return open_sheet(read_paper(path), self._trusted).serial
        except BeffroiError:
            return None

    def _revocations(self, book: SheetBook) -> dict[CameraId, Revocation]:
        found: dict[CameraId, Revocation] = {}
        for path in sorted(self._directory.glob("*.revoked")):
            try:
                notice = open_revocation(read_paper(path), self._trusted, name=path.name)
            except BeffroiError as error:
                book.problems.append(error)
                continue
            held = found.get(notice.camera)
            if held is None or notice.up_to_serial > held.up_to_serial:
                found[notice.camera] = notice
        return found


def _why_ended(
    sheet: RecordingSheet, notice: Revocation | None, now_us: int, *, clock_doubtful: bool, doubt_s: float
) -> EndedSheet | None:
    if notice and sheet.serial <= notice.up_to_serial:
        fr, en, cause = "a été révoquée par le centre", "was revoked by the centre", "revoked"
    elif clock_doubtful:
        if doubt_s < TRUST_MAX_S:
            return None
        fr, en = (
            "ne peut plus être suivie : horloge douteuse depuis 24 h",
            "cannot be followed: clock in doubt for 24 h",
        )
        cause = "clock_doubt"
    elif sheet.valid_at(now_us):
        return None
    elif now_us < sheet.valid_from_us:
        fr, en, cause = "n'est pas encore valable", "is not valid yet", "not_yet"
    else:
        fr, en, cause = "est arrivée à son terme sans être renouvelée", "has ended and was not renewed", "expired"
    return EndedSheet(
        sheet.camera,
        sheet.serial,
        cause,
        Text(
            fr=f"La fiche d'enregistrement de {sheet.camera} {fr} : rien n'est enregistré. Envoyez une nouvelle fiche.",
            en=f"The recording sheet of {sheet.camera} {en}: nothing is recorded. Send a new sheet.",
        ),
    )


class DoubtBudget:
    """Seconds already recorded on trust, kept on disk: restarting again and again does not renew the 24 hours."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._last_s = clock.monotonic_s()
        self._spent_s = self._read()
        self._written_s = self._spent_s

    def spend(self, *, doubtful: bool) -> float:
        """Count the time since the last call when the clock is in doubt; give back the whole budget when it is not.

        Returns the seconds spent, to hand to `SheetStore.load`. Written at each minute spent.
        """
        now_s = self._clock.monotonic_s()
        self._spent_s = self._spent_s + (now_s - self._last_s) if doubtful else 0.0
        self._last_s = now_s
        if abs(self._spent_s - self._written_s) >= 60 or (not doubtful and self._written_s):
            write_durable(self._path, json.dumps({"spent_s": self._spent_s}).encode())
            self._written_s = self._spent_s
        return self._spent_s

    def _read(self) -> float:
        try:
            spent = json.loads(self._path.read_bytes())["spent_s"]
        except FileNotFoundError:
            return 0.0
        except (OSError, ValueError, TypeError, KeyError):
            return TRUST_MAX_S
        return float(spent) if isinstance(spent, int | float) and spent >= 0 else TRUST_MAX_S
