"""Views as the register tells them: an opening or a refusal, then the cut and the end with what really left."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from beffroi.domain.acts import Act, Verdict
from beffroi.domain.text import Text
from beffroi.ledger.entry import EntryKind, Record

VIEW_KINDS: Final = frozenset({EntryKind.VIEW_OPENED, EntryKind.VIEW_REFUSED, EntryKind.VIEW_CUT, EntryKind.VIEW_ENDED})
ACTS: Final[Mapping[Act, Text]] = {
    Act.LIVE: Text(fr="Direct", en="Live"),
    Act.REPLAY: Text(fr="Relecture", en="Replay"),
    Act.EXTRACT: Text(fr="Extraction", en="Extract"),
    Act.RELAY: Text(fr="Renvoi", en="Relay"),
    Act.PTZ: Text(fr="Pilotage", en="PTZ"),
}
_TO_CONFIRM: Final = Text(fr="à confirmer avec la préfecture", en="to be confirmed with the préfecture")
_CUT: Final = Text(fr="coupée : droit retiré", en="cut: right withdrawn")
_ENDED: Final = Text(fr="terminée", en="ended")
_OPEN: Final = Text(fr="pas de fin inscrite", en="no end entered")


@dataclass(slots=True)
class View:
    """One view: the entry that opened or refused it, and those that followed."""

    first: Record
    later: list[Record] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        """Whether it was refused: then nothing was shown."""
        return self.first.kind is EntryKind.VIEW_REFUSED

    @property
    def records(self) -> list[Record]:
        """Every entry of the view."""
        return [self.first, *self.later]

    @property
    def end(self) -> Record | None:
        """The entry of its end."""
        return next((one for one in self.later if one.kind is EntryKind.VIEW_ENDED), None)

    @property
    def state(self) -> Text:
        """How it ended."""
        if any(one.kind is EntryKind.VIEW_CUT for one in self.later):
            return _CUT
        return _OPEN if self.end is None else _ENDED

    @property
    def articles(self) -> tuple[str, ...]:
        """The articles of the decision."""
        return self.first.decision.articles if self.first.decision else ()

    @property
    def unsettled(self) -> bool:
        """Whether the law is silent: the préfecture was to be asked."""
        return self.first.decision is not None and self.first.decision.verdict is Verdict.UNSETTLED

    @property
    def why_refused(self) -> Text:
        """The articles, and whether the préfecture was to be asked."""
        named = ", ".join(self.articles)
        if not self.unsettled:
            return Text(fr=named, en=named)
        return Text(fr=f"{named} ({_TO_CONFIRM.fr})", en=f"{named} ({_TO_CONFIRM.en})")


def views_of(records: Iterable[Record]) -> list[View]:
    """The views whose first entry is among these, oldest first. An entry that follows no opening seen here is left out:
    its opening is in an earlier period, and its row there."""
    by_opening: dict[int, View] = {}
    later: list[Record] = []
    for record in records:
        if record.kind in {EntryKind.VIEW_OPENED, EntryKind.VIEW_REFUSED}:
            by_opening[record.index] = View(record)
        elif record.opened is not None:
            later.append(record)
    for record in later:
        view = by_opening.get(record.opened if record.opened is not None else -1)
        if view is not None:
            view.later.append(record)
    return sorted(by_opening.values(), key=lambda one: (one.first.happened_us, one.first.index))
