"""A filmed person's request: what may be asked, until when it is answered, on which grounds it is refused. Pure.

Source: CSI R.253-6 II to V; GDPR 12.3 and LIL 105 to 108; docs/design/subject.md gives our reading.
"""

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from beffroi.domain.clock import to_wall_us
from beffroi.domain.documents import LEGAL_TIME_ZONE
from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text

DAY_US: Final = 86_400_000_000
BEFORE_TERM_US: Final = 3 * DAY_US
"""The answer comes so long before the images die: there must be time left to show or mask them."""

SOON_US: Final = 3 * DAY_US
"""From then on a deadline is an alarm."""

COPY_US: Final = 30 * DAY_US
"""How long a derived copy that nobody fetched is kept, from its making."""

HANDED_US: Final = 6 * DAY_US
"""The derived copy is destroyed so long after its hand-over: a day before its seven are over."""

LAPSE_US: Final = 92 * DAY_US
"""How long a request that nobody answered is kept after the last of its deadline, its entry and its decision: three
months. With the month of the deadline these are the two months after which silence is a refusal, and the two in which a
court may be asked; after that what the person wrote serves nobody."""

LAPSED: Final = "lapsed"
"""Why such a request was closed."""


class Wish(StrEnum):
    """What the person asks for."""

    VIEWING = "viewing"
    COPY = "copy"
    OBJECTION = "objection"
    RECTIFICATION = "rectification"
    ERASURE = "erasure"

    @property
    def of_images(self) -> bool:
        """Whether images have to be found and kept to answer."""
        return self in {Wish.VIEWING, Wish.COPY}


class Channel(StrEnum):
    """How the request came; all are equal in rights and deadlines."""

    WEB = "web"
    PAPER = "paper"
    PHONE = "phone"
    DESK = "desk"


class Identity(StrEnum):
    """How identity was checked. Of what was shown nothing is kept."""

    CARD_SEEN = "card_seen"
    VIDEO_CALL = "video_call"
    MANDATE_SEEN = "mandate_seen"
    KNOWN_SERVICE = "known_service"


class Outcome(StrEnum):
    """What the controller decides."""

    VIEWING = "viewing"
    COPY = "copy"
    REFUSED = "refused"
    NO_IMAGE = "no_image"
    ROUTED = "routed"


class Ground(StrEnum):
    """The closed list of R.253-6 IV; the values are those of the document's field."""

    STATE_SECURITY = "state_security"
    DEFENCE = "defence"
    PUBLIC_SECURITY = "public_security"
    COURT = "court"
    THIRD_PARTIES = "third_parties"


class Missing(StrEnum):
    """Why there is nothing to show: no refusal of a right."""

    DESTROYED = "destroyed"
    NO_CAMERA = "no_camera"
    NOT_FOUND = "not_found"
    IDENTITY = "identity"


class DueWhy(StrEnum):
    """What fixes the deadline."""

    MONTH = "month"
    TERM = "term"


@dataclass(frozen=True, slots=True)
class Due:
    """Until when the answer is due: wall time in microseconds."""

    at_us: int
    why: DueWhy

    def late(self, now_us: int) -> bool:
        """Whether it has passed."""
        return now_us >= self.at_us

    def soon(self, now_us: int) -> bool:
        """Whether it passes within three days."""
        return now_us >= self.at_us - SOON_US


def due(received_on: date, terms_us: Iterable[int] = (), zone: str = LEGAL_TIME_ZONE) -> Due:
    """The deadline of a request: one month date to date after it was received, at the end of that day; or three days
    before the first image concerned dies, when that comes first.

    Args:
        received_on: the legal day on which the controller received it.
        terms_us: when the images concerned die; none when they are not known yet.
        zone: the legal time zone.
    """
    year, month = (received_on.year + 1, 1) if received_on.month == 12 else (received_on.year, received_on.month + 1)
    last = date(year, month, min(received_on.day, calendar.monthrange(year, month)[1]))
    end = datetime.combine(last + timedelta(days=1), datetime.min.time(), ZoneInfo(zone))
    by_month = Due(to_wall_us(end), DueWhy.MONTH)
    by_term = [Due(one - BEFORE_TERM_US, DueWhy.TERM) for one in terms_us]
    return min([by_month, *by_term], key=lambda one: one.at_us)


def lapses_us(received_on: date, entered_us: int, decided_us: int | None) -> int:
    """When a request that nobody answered ends, in microseconds. Counted from the month's deadline: that images die
    before it takes nothing from the person's remedies; and never from before the centre knew, or decided."""
    return max(due(received_on).at_us, entered_us, decided_us or 0) + LAPSE_US


@dataclass(frozen=True, slots=True)
class Decision:
    """What the controller decides. ``ground`` of a refusal, ``missing`` where there is no image, ``reason`` in the
    controller's own words; ``nobody_else``: the controller states that no third party can be recognised."""

    outcome: Outcome
    ground: Ground | None = None
    missing: Missing | None = None
    reason: str = ""
    nobody_else: bool = False


def check_decision(wish: Wish, decision: Decision, *, cameras: int, identified: bool) -> None:
    """Whether this answers that.

    Raises:
        BadInputError: an outcome for another wish, a refusal without ground or reason, access for somebody whose
            identity nobody checked, a viewing of pictures on which others can be recognised.
    """
    wrong = _of_wish(wish, decision) or (
        _of_access(decision, cameras, identified=identified) if wish.of_images else None
    )
    if wrong is not None:
        raise BadInputError(wrong)


def _of_wish(wish: Wish, decision: Decision) -> Text | None:
    if wish.of_images:
        if decision.outcome is Outcome.ROUTED:
            return Text(
                fr="Cette demande porte sur des images : accordez le visionnage ou la copie, refusez, ou dites "
                "pourquoi il n'y a pas d'image.",
                en="This request is about images: grant viewing or a copy, refuse, or say why there is no image.",
            )
        return None
    if decision.outcome is not Outcome.ROUTED:
        return Text(
            fr="Cette demande ne porte pas sur l'accès aux images : la réponse type suffit (opposition exclue par "
            "l'article R.253-6, V ; autres droits : motif et voies de recours).",
            en="This request is not about access to images: the standard answer is enough (objection is excluded by "
            "R.253-6 V; other rights: reason and remedies).",
        )
    return None


def _of_access(decision: Decision, cameras: int, *, identified: bool) -> Text | None:
    outcome = decision.outcome
    if outcome is Outcome.REFUSED and (decision.ground is None or not decision.reason.strip()):
        return Text(
            fr="Un refus cite un des cinq motifs de l'article R.253-6, IV, et l'explique par écrit.",
            en="A refusal cites one of the five grounds of R.253-6 IV, and explains it in writing.",
        )
    if outcome is Outcome.NO_IMAGE and decision.missing is None:
        return Text(
            fr="Dites pourquoi il n'y a pas d'image à montrer : choisissez dans la liste.",
            en="Say why there is no image to show: choose from the list.",
        )
    if outcome in {Outcome.VIEWING, Outcome.COPY}:
        if not identified:
            return Text(
                fr="L'identité de la personne n'est pas vérifiée : notez d'abord comment et quand elle l'a été.",
                en="The person's identity is not checked: first write down how and when it was.",
            )
        if cameras == 0:
            return Text(
                fr="Aucune caméra n'est retenue : enregistrez d'abord caméras et minutes.",
                en="No camera is chosen: register cameras and minutes first.",
            )
    if outcome is Outcome.VIEWING and not decision.nobody_else:
        return Text(
            fr="D'autres personnes peuvent être reconnues sur ces images : accordez plutôt la copie, tiers masqués ; "
            "elle peut aussi être regardée au guichet.",
            en="Other people may be recognised on these pictures: grant a copy with third parties masked instead; it "
            "may be watched at the desk too.",
        )
    return None


class Regime(StrEnum):
    """Which part of data-protection law the answer cites, by the purposes of the cameras."""

    GDPR = "II"
    LIL3 = "III"
    LIL4 = "IV"


def regime_of(titles: Sequence[str]) -> Regime:
    """The regime of an answer, from the titles of the purposes concerned (``II``, ``III``, ``III-default``, ``IV``):
    the most restricted one rules; what is unknown counts as police-justice, as the system's main purposes do."""
    found = {one.partition("-")[0] for one in titles}
    if "IV" in found:
        return Regime.LIL4
    return Regime.GDPR if found == {"II"} else Regime.LIL3
