"""The desk's rules: who may hold, how long, and what a requisition lets leave. Pure: no clock, no disk, no image.

Source: CSI R.253-4 (a hold copies, never lengthens), CPP 60-1, 77-1-1, 99-3; docs/design/evidence.md gives our reading.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from beffroi.domain.clock import to_wall_us
from beffroi.domain.documents import DocumentKind
from beffroi.domain.errors import BadInputError, RefusedError
from beffroi.domain.facts import Facts
from beffroi.domain.ids import CameraId, DocumentId
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text

DAY_US: Final = 86_400_000_000
LONGEST_TERM_US: Final = 32 * DAY_US
"""No image lives longer by itself: a month date to date, and the hour that it shares its key with."""

GRACE_US: Final = 7 * DAY_US
"""How long past its own term an image waits for the written requisition, and the centre's copy after the receipt."""

PAPER_US: Final = 60 * DAY_US
"""How long a hold lasts once the requisition is there: for the extract and its hand-over. Then it ends by itself."""

LONGEST_US: Final = 12 * 3_600_000_000
_NO_NAMES: Final[Mapping[CameraId, str]] = MappingProxyType({})
MOST: Final = 200
"""Minutes of one camera at once, and lines of one demand."""


class CaseKind(StrEnum):
    """Why images are kept: an investigator's call, what an operator saw (constat), or a filmed person's request, whose
    hold is placed with the request and never by the desk's own routes."""

    REQUISITION = "requisition"
    SAFEGUARD = "safeguard"
    SUBJECT = "subject"


class Frame(StrEnum):
    """The legal frame that the caller gives; the values are those of a requisition's field."""

    NONE = "none"
    FLAGRANCE = "flagrance"
    PRELIMINARY = "preliminary"
    INFORMATION = "information"


@dataclass(frozen=True, slots=True)
class Call:
    """Who phoned, for which service, at what number they were called back (and whether that number was verified to be
    the service's), in which frame, with what report number (empty: to come)."""

    caller: str = ""
    service: str = ""
    callback: str = ""
    verified: bool = False
    frame: Frame = Frame.NONE
    number: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Minutes:
    """Minutes of one camera."""

    camera: CameraId
    range: WallRange


@dataclass(frozen=True, slots=True)
class Title:
    """What one requisition in force lets leave: its cameras, its minutes."""

    document: DocumentId
    cameras: frozenset[CameraId]
    range: WallRange

    def covers(self, asked: Minutes) -> bool:
        """Whether all of these minutes are within it."""
        return asked.camera in self.cameras and self.range.contains(asked.range)


class NoTitleError(RefusedError):
    """No requisition of the case is in force."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                fr="Aucune réquisition en vigueur dans ce dossier : joignez-la et faites-la confirmer par la commune ; "
                "les images restent sous gel en attendant.",
                en="No requisition is in force in this case: attach it and have the commune confirm it; meanwhile the "
                "images stay held.",
            )
        )


class OutsideScopeError(RefusedError):
    """Something outside of the requisition's cameras and minutes was asked."""

    def __init__(self, asked: Minutes, name: str | None = None) -> None:
        camera = name or asked.camera
        super().__init__(
            Text(
                fr=f"Aucune réquisition en vigueur de ce dossier ne couvre toutes les minutes demandées de la caméra "
                f"« {camera} » : réduisez la demande, ou joignez le complément écrit de l'enquêteur.",
                en=f"No requisition in force of this case covers all the minutes asked of camera “{camera}”: ask "
                "for less, or attach the investigator's written complement.",
            )
        )


def check_call(kind: CaseKind, call: Call) -> None:
    """Whether what is known of the call is enough to hold.

    Raises:
        BadInputError: a call without its caller or service; a frame whose call-back number nobody verified.
    """
    if kind is not CaseKind.REQUISITION:
        if call.frame is not Frame.NONE:
            raise BadInputError(
                Text(
                    fr="Un constat de l'opérateur n'a pas de cadre d'enquête : ouvrez un dossier de réquisition.",
                    en="An operator's safeguard has no frame of investigation: open a requisition case.",
                )
            )
        return
    if not call.caller.strip() or not call.service.strip():
        raise BadInputError(
            Text(
                fr="Notez qui appelle et pour quel service, puis posez le gel.",
                en="Write down who calls and for which service, then place the hold.",
            )
        )
    if call.frame is not Frame.NONE and not (call.verified and call.callback.strip()):
        raise BadInputError(
            Text(
                fr="Rappelez le service à son numéro connu et notez-le : sans rappel vérifié, posez le gel sans cadre, "
                "il s'éteindra avec les images.",
                en="Call the service back at its known number and write it down: without a verified call-back place "
                "the hold without a frame; it dies with the images.",
            )
        )


def beyond_us(kind: CaseKind, call: Call, *, paper: bool) -> int:
    """How long past its own term an image of the case may live: nothing without a frame, seven days for the written
    requisition alone, the hand-over's time once that is there."""
    if paper:
        return PAPER_US
    return 0 if kind is not CaseKind.REQUISITION or call.frame is Frame.NONE else GRACE_US


def until_us(asked: WallRange, beyond: int, now_us: int, *, paper: bool) -> int:
    """When a hold on these minutes is over, whatever its images' terms; each image dies at its own term plus
    ``beyond`` at the latest, which recorder and keyring both enforce."""
    return now_us + PAPER_US if paper else asked.to_us + LONGEST_TERM_US + beyond


def checked_minutes(
    wanted: Iterable[Minutes], now_us: int, *, held: Iterable[Minutes] = (), names: Mapping[CameraId, str] = _NO_NAMES
) -> list[Minutes]:
    """The minutes, in order, when they can be held; those that are held already are left out. ``names``: how cameras
    are called before the person who asks; one that is not there is called as it was typed.

    Raises:
        BadInputError: none, too many, too long, to come by more than an hour, past any term, or across minutes that
            the case holds otherwise.
    """
    asked, known = sorted(set(wanted)), list(held)
    for one in asked:
        span, camera = one.range, names.get(one.camera, one.camera)
        if not 0 < span.to_us - span.from_us <= LONGEST_US:
            raise BadInputError(
                Text(
                    fr="Donnez pour chaque caméra un début et une fin, douze heures au plus.",
                    en="Give each camera a beginning and an end, twelve hours at most.",
                )
            )
        if span.to_us <= now_us - LONGEST_TERM_US or span.from_us > now_us + LONGEST_US:
            raise BadInputError(
                Text(
                    fr=f"Les minutes demandées de « {camera} » sont détruites depuis longtemps ou pas encore "
                    "filmées : vérifiez la date et l'heure.",
                    en=f"The minutes asked of “{camera}” were destroyed long ago or are not recorded yet: check "
                    "date and time.",
                )
            )
    fresh = [one for one in asked if one not in known]
    lines = [*known, *fresh]
    crossing = any(a.camera == b.camera and a.range.overlaps(b.range) for a in fresh for b in lines if a is not b)
    if not asked or len(lines) > MOST or crossing:
        raise BadInputError(
            Text(
                fr=f"Donnez de une à {MOST} lignes, et pour une caméra des minutes qui ne se recouvrent pas.",
                en=f"Give one to {MOST} lines, and for one camera minutes that do not overlap.",
            )
        )
    return fresh


def refusal_to_hold(camera: CameraId, known: Mapping[CameraId, bool], *, strong: bool) -> Text | None:
    """Why this person may not hold this camera; None when they may.

    Args:
        camera: to be held.
        known: the cameras that the person's service is tied to, with whether they may watch them live now.
        strong: the session was opened with two factors.
    """
    if not strong:
        return Text(
            fr="Un gel demande une session ouverte avec le second facteur : reconnectez-vous.",
            en="A hold needs a session opened with the second factor: log in again.",
        )
    if camera not in known:
        return Text(fr=f"« {camera} » n'est pas enregistrée.", en=f"“{camera}” is not recorded.")
    if not any(known.values()):
        return Text(
            fr="Poser un gel revient à qui surveille une caméra de ce centre aujourd'hui : demandez à l'opérateur de "
            "service.",
            en="Placing a hold is for who may watch a camera of this centre today: ask the operator on duty.",
        )
    return None


def check_scope(
    asked: Sequence[Minutes], titles: Sequence[Title], *, names: Mapping[CameraId, str] = _NO_NAMES
) -> None:
    """Whether each line is within one requisition in force; ``names`` as in `checked_minutes`.

    Raises:
        OutsideScopeError: one is not.
    """
    for one in asked:
        if not any(title.covers(one) for title in titles):
            raise OutsideScopeError(one, names.get(one.camera))


def within(held: Iterable[Minutes], titles: Sequence[Title]) -> list[Minutes]:
    """All that is held and that a requisition lets leave."""
    found: list[Minutes] = []
    for one in held:
        for title in titles:
            start, end = max(one.range.from_us, title.range.from_us), min(one.range.to_us, title.range.to_us)
            part = Minutes(one.camera, WallRange(start, end)) if start < end else None
            if part is not None and title.covers(part) and part not in found:
                found.append(part)
    return [one for one in sorted(found) if not any(_inside(one, other) for other in found)]


def titles_of(facts: Facts, documents: Iterable[str], at: datetime) -> list[Title]:
    """What the requisitions of a case let leave at this instant: those in force, by the version in charge. One whose
    minutes cannot be read lets nothing leave."""
    found = []
    for name in documents:
        paper = facts.in_charge(DocumentId(name), at)
        if paper is None or paper.kind is not DocumentKind.REQUISITION or not paper.holds(at):
            continue
        try:
            ends = [to_wall_us(datetime.fromisoformat(str(paper.fields[key]))) for key in ("from", "to")]
        except (KeyError, ValueError):
            continue
        if ends[0] < ends[1]:
            found.append(Title(paper.id, paper.scope.cameras, WallRange(ends[0], ends[1])))
    return found


def _inside(one: Minutes, other: Minutes) -> bool:
    return one != other and one.camera == other.camera and other.range.contains(one.range)
