"""Whether a disk can hold what the orders ask for: rate × term over all cameras against the room there is.

Reckoned before a camera is armed, and each minute after. A camera once armed is never disarmed by this reckoning; what
happens when the disk is full all the same is `beffroi.capture.diskpolicy`.
"""

import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Self

from beffroi.domain.ids import CameraId, StreamName
from beffroi.domain.text import Text
from beffroi.vault.sheet import RecordingSheet

ASSUMED_KBIT_S: Final[dict[StreamName, int]] = {"main": 4000, "sub": 500}
"""Rates reckoned with while a stream's is neither declared nor measured."""

_MIB: Final = 1 << 20
_DAY_BYTES_OF_KBIT_S: Final = 86_400 * 125
"""Bytes a day at one kbit/s."""


@dataclass(frozen=True, slots=True)
class Disk:
    """Room on a disk, in bytes. ``size`` is what this account may use in all (blocks kept for root are not)."""

    size: int
    free: int

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The disk that a folder is on. May hang on a hung disk: call from a thread.

        Raises:
            OSError: the disk does not answer.
        """
        found = os.statvfs(folder)
        used = (found.f_blocks - found.f_bfree) * found.f_frsize
        free = found.f_bavail * found.f_frsize
        return cls(used + free, free)

    @property
    def used_percent(self) -> float:
        """How full it is."""
        return 100 * (1 - self.free / self.size) if self.size else 100.0

    @property
    def reserve(self) -> int:
        """Kept free for what must always be written: catalogue, journal, the footers of open files. One hundredth of
        the disk, 64 MiB to 1 GiB (an eighth of a very small one)."""
        return min(max(self.size // 100, 64 * _MIB), 1024 * _MIB, self.size // 8)

    def line(self, kbit_s: float) -> int:
        """Free bytes under which cameras begin to give way: the reserve, and an hour of recording (a twentieth of the
        disk at most), so that what ends at the next hour may come in time."""
        hour = int(kbit_s * 125 * 3600)
        return self.reserve + max(self.reserve // 2, min(hour, self.size // 20))


class RateSource(StrEnum):
    """Where a rate comes from."""

    DECLARED = "declared"
    MEASURED = "measured"
    ASSUMED = "assumed"


class Fit(StrEnum):
    """Whether the disk holds a camera's footage."""

    WHOLE = "whole"
    """For its whole term."""
    PARTLY = "partly"
    """For its minimum, not for its whole term."""
    REFUSED = "refused"
    """Not even for its minimum: it is not armed."""


@dataclass(frozen=True, slots=True)
class Need:
    """What one camera asks of the disk. ``armed``: it is being recorded already."""

    camera: CameraId
    priority: int
    term_days: int
    min_days: int
    kbit_s: float
    source: RateSource
    armed: bool

    @property
    def most(self) -> int:
        """Bytes for its whole term."""
        return math.ceil(self.kbit_s * _DAY_BYTES_OF_KBIT_S) * self.term_days

    @property
    def least(self) -> int:
        """Bytes for its minimum; none where the order sets none: such a camera is never refused."""
        return math.ceil(self.kbit_s * _DAY_BYTES_OF_KBIT_S) * min(self.min_days, self.term_days)


def need_of(sheet: RecordingSheet, measured: Mapping[StreamName, float], *, armed: bool) -> Need:
    """A sheet's need. A rate counts as declared, or as measured where that is more or nothing is declared; else it is
    assumed (`ASSUMED_KBIT_S`). ``measured``: kbit/s by stream."""
    total, sources = 0.0, set()
    for stream in sheet.streams:
        seen = measured.get(stream.name, 0.0)
        if seen > stream.kbit_s:
            total, source = total + seen, RateSource.MEASURED
        elif stream.kbit_s:
            total, source = total + stream.kbit_s, RateSource.DECLARED
        else:
            total, source = total + ASSUMED_KBIT_S[stream.name], RateSource.ASSUMED
        sources.add(source)
    least_sure = next(one for one in (RateSource.ASSUMED, RateSource.MEASURED, RateSource.DECLARED) if one in sources)
    return Need(sheet.camera, sheet.priority, sheet.term_days, sheet.min_days, total, least_sure, armed)


@dataclass(frozen=True)
class Capacity:
    """What the reckoning found, in bytes. ``holds_days``: how long the disk holds all cameras together; infinite when
    nothing is recorded."""

    room: int
    most: int
    least: int
    holds_days: float
    fits: Mapping[CameraId, Fit]
    needs: Mapping[CameraId, Need]

    @property
    def short(self) -> bool:
        """Whether some camera will not keep its whole term."""
        return any(fit is not Fit.WHOLE for fit in self.fits.values())

    @property
    def refused(self) -> frozenset[CameraId]:
        """Cameras that are not to be armed."""
        return frozenset(camera for camera, fit in self.fits.items() if fit is Fit.REFUSED)


def weigh(needs: Iterable[Need], room: int) -> Capacity:
    """Weigh all cameras against ``room`` bytes.

    The higher priority is served first. A new camera whose order sets a minimum is refused when the minima of what is
    armed, what was accepted before it, and its own exceed the room; it is accepted partly when whole terms do.
    """
    several = sorted(needs, key=lambda need: (-need.priority, need.camera))
    least = sum(need.least for need in several if need.armed)
    accepted: set[CameraId] = set()
    for need in several:
        if need.armed:
            accepted.add(need.camera)
        elif not need.least or least + need.least <= room:
            accepted.add(need.camera)
            least += need.least
    most, fits = 0, {}
    for need in several:
        if need.camera not in accepted:
            fits[need.camera] = Fit.REFUSED
            continue
        most += need.most
        fits[need.camera] = Fit.WHOLE if most <= room else Fit.PARTLY
    a_day = sum(math.ceil(need.kbit_s * _DAY_BYTES_OF_KBIT_S) for need in several if need.camera in accepted)
    holds_days = room / a_day if a_day else math.inf
    return Capacity(room, most, least, holds_days, fits, {need.camera: need for need in several})


def sentence(found: Capacity) -> Text:
    """What the reckoning says, in words, with what to do."""
    whole, partly = _names(found, Fit.WHOLE), _names(found, Fit.PARTLY)
    room, most, missing = size_words(found.room), size_words(found.most), size_words(max(0, found.most - found.room))
    if not found.short:
        fr = f"Le disque tient la durée de conservation de toutes les caméras : {most[0]} sur {room[0]}."
        en = f"The disk holds the whole term of all cameras: {most[1]} of {room[1]}."
        return Text(fr=fr, en=en)
    fr = f"Le disque offre {room[0]} ; les durées de conservation en demandent {most[0]} (il manque {missing[0]})."
    en = f"The disk offers {room[1]}; the whole terms ask for {most[1]} ({missing[1]} are missing)."
    if partly:
        lasts = _lasts(found.holds_days)
        fr += f" Il tient environ {lasts[0]} de toutes les caméras."
        en += f" It holds about {lasts[1]} of all cameras."
        fr += f" Tiennent leur durée entière : {whole} ; pas les autres." if whole else " Aucune ne tient la sienne."
        en += f" Keep their whole term: {whole}; not the others." if whole else " None keeps its whole term."
    for camera in sorted(found.refused):
        one = refusal(found, camera)
        fr, en = f"{fr} {one.fr}", f"{en} {one.en}"
    advice_fr = " Agrandissez le disque, ou baissez les débits ou les durées (« beffroi camera share », l'arrêté)."
    advice_en = " Enlarge the disk, or lower rates or terms (`beffroi camera share`, the order)."
    return Text(fr=fr + advice_fr, en=en + advice_en)


def refusal(found: Capacity, camera: CameraId) -> Text:
    """Why a camera is not armed."""
    need = found.needs[camera]
    days = min(need.min_days, need.term_days)
    guessed = need.source is RateSource.ASSUMED
    left, asked = size_words(max(0, found.room - found.least)), size_words(need.least)
    source_fr = {RateSource.DECLARED: "déclaré", RateSource.MEASURED: "mesuré", RateSource.ASSUMED: "supposé"}
    fr = f"La caméra {camera} n'est pas enregistrée : {days} j à {need.kbit_s:.0f} kbit/s (débit "
    fr += f"{source_fr[need.source]}) demandent {asked[0]}, il en reste {left[0]}."
    en = f"Camera {camera} is not recorded: {days} d at {need.kbit_s:.0f} kbit/s ({need.source.value} rate) ask for "
    en += f"{asked[1]}, {left[1]} are left."
    if guessed:
        fr += " Déclarez son vrai débit (« beffroi camera share »)."
        en += " Declare its true rate (`beffroi camera share`)."
    return Text(fr=fr, en=en)


def _names(found: Capacity, fit: Fit) -> str:
    names = [camera for camera, one in found.fits.items() if one is fit]
    return ", ".join(names[:8]) + (f" (+ {len(names) - 8})" if len(names) > 8 else "")


def _lasts(days: float) -> tuple[str, str]:
    """So many days, or hours, or minutes, in French and in English."""
    if days >= 2:
        return f"{days:.1f} jours".replace(".", ","), f"{days:.1f} days"
    if days * 24 >= 2:
        return f"{days * 24:.0f} heures", f"{days * 24:.0f} hours"
    return f"{days * 1440:.0f} min", f"{days * 1440:.0f} min"


def size_words(size: int) -> tuple[str, str]:
    """In French and in English, decimal units as disks are sold."""
    for power, fr, en in ((12, "To", "TB"), (9, "Go", "GB"), (6, "Mo", "MB")):
        if size >= 10**power or power == 6:
            number = f"{size / 10**power:.1f}" if power > 6 else f"{size / 10**power:.0f}"
            return f"{number.replace('.', ',')} {fr}", f"{number} {en}"
    raise AssertionError  # the loop always returns
