"""Who saw camera X on day D, and why: views open that day, and later ones that showed images of that day."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from beffroi.domain.clock import instant
from beffroi.domain.ids import BodyId
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.publish.registers.privacy import agent_number, secret_of
from beffroi.publish.registers.views import ACTS, View


class Shown(StrEnum):
    """Why a view answers the question."""

    THAT_DAY = "that_day"
    LATER = "later"
    REFUSED = "refused"

    @property
    def text(self) -> Text:
        """In words."""
        return _WORDS[self]


_WORDS: Final = {
    Shown.THAT_DAY: Text(fr="Ce jour-là", en="That day"),
    Shown.LATER: Text(fr="Plus tard, des images de ce jour", en="Later, images of that day"),
    Shown.REFUSED: Text(fr="Refusé", en="Refused"),
}
LONGEST_VIEW_US: Final = 24 * 3_600_000_000
"""A session lasts a shift at most: no view goes on longer."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One view as an answer."""

    view: View
    shown: Shown


def sightings(views: Iterable[View], day: WallRange) -> list[Sighting]:
    """The views that answer for a day, oldest first. Of a replay of another day's images made that day: both its hour
    and its footage are told."""
    found = []
    for view in views:
        begins, footage = view.first.happened_us, view.first.footage
        open_that_day = begins < day.to_us and (begins >= day.from_us or _until_us(view) > day.from_us)
        images = footage is not None and footage.overlaps(day)
        if not open_that_day and not images:
            continue
        shown = Shown.REFUSED if view.refused else Shown.THAT_DAY if open_that_day else Shown.LATER
        found.append(Sighting(view, shown))
    return found


def _until_us(view: View) -> int:
    """When it was over: of a view without an end, as late as can be."""
    if view.refused:
        return view.first.happened_us
    return max((one.happened_us for one in view.later), default=view.first.happened_us + LONGEST_VIEW_US)


def json_of(one: Sighting, commune: BodyId, *, reason: Text | None) -> dict[str, Any]:
    """A sighting for the console, with the numbers of its entries."""
    first, end = one.view.first, one.view.end
    sent = end.sent if end else None
    secret = secret_of(first)
    act = ACTS.get(first.act) if first.act else None
    return {
        "shown": one.shown.value,
        "shown_text": one.shown.text.as_dict(),
        "at": _iso(first.happened_us),
        "until": None if end is None else _iso(end.happened_us),
        "agent": agent_number(first, commune),
        "act": None if act is None else act.as_dict(),
        "purpose": None if first.purpose is None else first.purpose.value,
        "reason": None if reason is None else reason.as_dict(),
        "procedure": None if secret is None else secret.text.as_dict(),
        "authority": first.authority,
        "articles": list(one.view.articles),
        "documents": list(first.decision.documents) if first.decision else [],
        "state": one.view.why_refused.as_dict() if one.view.refused else one.view.state.as_dict(),
        "asked": _range(first.footage),
        "sent": _range(sent.footage) if sent else None,
        "frames": sent.frames if sent else None,
        "entries": [{"index": record.index, "kind": record.kind.value} for record in one.view.records],
    }


def _range(span: WallRange | None) -> dict[str, str] | None:
    return None if span is None or span.duration_s <= 0 else {"from": _iso(span.from_us), "to": _iso(span.to_us)}


def _iso(wall_us: int) -> str:
    return instant(wall_us).isoformat(timespec="milliseconds").replace("+00:00", "Z")
