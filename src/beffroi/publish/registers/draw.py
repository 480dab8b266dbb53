"""Drawing a register: from the entries about one commune's cameras to the rows that its reader may have."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from beffroi.domain.acts import Act
from beffroi.domain.facts import Camera, Facts
from beffroi.domain.ids import BodyId
from beffroi.domain.text import Text
from beffroi.ledger.entry import EntryKind, Record
from beffroi.publish.registers.period import Period, told, told_range
from beffroi.publish.registers.privacy import agent_number, counts, secret_of
from beffroi.publish.registers.recordings import COLUMNS as RECORDING_COLUMNS
from beffroi.publish.registers.recordings import DESTRUCTION_COLUMNS, destructions, former
from beffroi.publish.registers.table import Cell, Register, Row, Source, Table
from beffroi.publish.registers.views import ACTS, VIEW_KINDS, View, views_of

_RECORDINGS: Final = frozenset({EntryKind.RECORDER, EntryKind.DESTRUCTION})

KINDS: Final[Mapping[Register, frozenset[EntryKind]]] = {
    Register.ACCESSES: VIEW_KINDS | {EntryKind.HOLD},
    Register.REFUSALS: VIEW_KINDS,
    Register.EXTRACTS: VIEW_KINDS | {EntryKind.HOLD},
    Register.DESTRUCTIONS: frozenset({EntryKind.DESTRUCTION}),
    Register.FORMER: VIEW_KINDS | _RECORDINGS,
}
"""The kinds of entry that each register is drawn from."""

_AGENT: Final = Text(fr="Agent n°", en="Agent no.")
_CAMERA: Final = Text(fr="Caméra", en="Camera")
_WHEN: Final = Text(fr="Date et heure", en="Date and time")
_ACT: Final = Text(fr="Acte", en="Act")
_PURPOSE: Final = Text(fr="Finalité", en="Purpose")
_ASKED: Final = Text(fr="Images demandées", en="Images asked for")
_SENT: Final = Text(fr="Images réellement transmises", en="Images really sent")
_END: Final = Text(fr="Issue", en="Outcome")
_ACCESS_COLUMNS: Final = (_WHEN, _AGENT, _ACT, _CAMERA, _PURPOSE, _ASKED, _SENT, _END)
_REFUSAL_COLUMNS: Final = (_WHEN, _AGENT, _ACT, _CAMERA, _PURPOSE, Text(fr="Article du refus", en="Article"))
_EXTRACT_COLUMNS: Final = (_WHEN, _AGENT, _CAMERA, Text(fr="Titre", en="Title"), _ASKED, _SENT, _END)


@dataclass(frozen=True, slots=True)
class Place:
    """One commune, and its cameras."""

    id: BodyId
    name: str
    cameras: Mapping[str, Camera]

    @classmethod
    def of(cls, facts: Facts, commune: BodyId) -> "Place":
        """A commune as the facts have it."""
        body = facts.bodies.get(commune)
        own = {str(one.id): one for one in facts.cameras.values() if one.commune == commune}
        return cls(commune, body.name if body else str(commune), own)

    @property
    def authorities(self) -> frozenset[str]:
        """The authorities whose entries about no camera are this commune's."""
        return frozenset({f"maire/{self.id}"})

    def has(self, record: Record) -> bool:
        """Whether an entry is this commune's."""
        if record.camera is not None:
            return record.camera in self.cameras
        return record.authority in self.authorities

    def camera(self, record: Record) -> str:
        """The name of an entry's camera."""
        found = self.cameras.get(record.camera or "")
        return found.name if found else str(record.camera or "")


def draw(
    register: Register, place: Place, period: Period, records: Iterable[Record], today: date, *, whole: bool
) -> Table:
    """One register of one commune.

    Args:
        register: which.
        place: the commune and its cameras; entries about others are passed over.
        period: acts that happened in it; a view belongs to the day of its opening.
        records: entries of the kinds of `KINDS`; those that follow a view may lie after the period.
        today: the legal day: only months that are over are counted.
        whole: the reader may have everything (DPO, inspector), not a commune.
    """
    own = [one for one in records if place.has(one)]
    within = [one for one in own if period.span.from_us <= one.happened_us < period.span.to_us]
    columns, rows = _DRAWN[register](place, period, own, whole)
    counted = counts(within, period, today, whole=whole) if register in _COUNTED else []
    return Table(register, place.id, place.name, period, columns, tuple(rows), tuple(counted), whole)


_COUNTED: Final = frozenset({Register.ACCESSES, Register.EXTRACTS, Register.FORMER})
Drawn = tuple[tuple[Text, ...], Sequence[Row]]


def open_to(record: Record, *, whole: bool) -> bool:
    """Whether a reader may have the detail of an act."""
    return whole or secret_of(record) is None


def _views(period: Period, own: Iterable[Record], *, whole: bool) -> list[View]:
    found = (one for one in views_of(own) if open_to(one.first, whole=whole))
    return [one for one in found if period.span.from_us <= one.first.happened_us < period.span.to_us]


def _accesses(place: Place, period: Period, own: list[Record], whole: bool) -> Drawn:
    rows = [
        Row(Source.of(one.records), (*_who(place, one), told_range(one.first.footage), sent_of(one), one.state))
        for one in _views(period, own, whole=whole)
        if not one.refused and one.first.act is not Act.EXTRACT
    ]
    return _ACCESS_COLUMNS, rows


def _refusals(place: Place, period: Period, own: list[Record], whole: bool) -> Drawn:
    rows = [
        Row(Source.of(one.records), (*_who(place, one), one.why_refused))
        for one in _views(period, own, whole=whole)
        if one.refused
    ]
    return _REFUSAL_COLUMNS, rows


def _extracts(place: Place, period: Period, own: list[Record], whole: bool) -> Drawn:
    rows = []
    for one in _views(period, own, whole=whole):
        if one.refused or one.first.act is not Act.EXTRACT:
            continue
        when, agent, _, camera, _ = _who(place, one)
        cells = (when, agent, camera, _title(one), told_range(one.first.footage), sent_of(one), one.state)
        rows.append(Row(Source.of(one.records), cells))
    return _EXTRACT_COLUMNS, rows


def _destructions(place: Place, period: Period, own: list[Record], whole: bool) -> Drawn:
    shown = [one for one in own if open_to(one, whole=whole)]
    return DESTRUCTION_COLUMNS, destructions(place.cameras, shown, period)


def _former(place: Place, period: Period, own: list[Record], whole: bool) -> Drawn:
    shown = [one for one in own if open_to(one, whole=whole)]
    return RECORDING_COLUMNS, former(place.cameras, shown, period, whole=whole)


_DRAWN: Final[Mapping[Register, Callable[[Place, Period, list[Record], bool], Drawn]]] = {
    Register.ACCESSES: _accesses,
    Register.REFUSALS: _refusals,
    Register.EXTRACTS: _extracts,
    Register.DESTRUCTIONS: _destructions,
    Register.FORMER: _former,
}


def _who(place: Place, view: View) -> tuple[Cell, Cell, Cell, Cell, Cell]:
    first = view.first
    act = ACTS.get(first.act) if first.act else None
    purpose = first.purpose.value if first.purpose else ""
    return told(first.happened_us), agent_number(first, place.id), act or "", place.camera(first), purpose


def sent_of(view: View) -> Cell:
    """What really left: the range, and how many pictures."""
    end = view.end
    if end is None or end.sent is None:
        return ""
    if end.sent.frames == 0:
        return Text(fr="aucune", en="none")
    span = told_range(end.sent.footage)
    return Text(fr=f"{span} ({end.sent.frames} images)", en=f"{span} ({end.sent.frames} pictures)")


_TITLES: Final[Mapping[str, Text]] = {
    "requisition": Text(fr="réquisition", en="requisition"),
    "administrative_request": Text(fr="demande administrative", en="administrative request"),
    "subject_request": Text(fr="demande d'accès d'une personne", en="a person's request"),
    "mission_letter": Text(fr="lettre de mission", en="mission letter"),
}


def _title(view: View) -> Cell:
    named = view.first.decision.documents if view.first.decision else ()
    return next((_TITLES[kind] for one in named if (kind := one.partition("/")[0]) in _TITLES), "")
