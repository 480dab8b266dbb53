"""Drawing a commune's registers from the log, for whoever may read them. Every reading is an entry first."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from beffroi.domain.clock import now
from beffroi.domain.errors import BadInputError, RefusedError
from beffroi.domain.facts import Facts
from beffroi.domain.ids import BodyId, PersonId
from beffroi.domain.ranges import WallRange
from beffroi.domain.text import Text
from beffroi.law.visible import register_scope
from beffroi.ledger.choosing import Choice
from beffroi.ledger.entry import Entry, EntryKind, Record
from beffroi.publish.registers.draw import KINDS, Place, draw
from beffroi.publish.registers.period import ZONE, Period
from beffroi.publish.registers.table import Register, Row, Table
from beffroi.server.access import VIEWS
from beffroi.server.centre import Centre
from beffroi.server.missionscope import Reach, reach_of
from beffroi.server.sight import unknown

MOST: Final = 50_000
"""Entries behind one register (one camera of it, for recordings): a longer period is refused, never cut short."""

LONGEST: Final = timedelta(days=31)
"""Of the registers of recordings and destructions: an entry a file, three hundred a day and camera."""

_AFTER: Final = {Register.FORMER: timedelta(days=33)}
"""How long after a period its rows still change: a view ends within a shift, a recording dies within its term."""

_TOO_MUCH: Final = Text(
    fr="Cette période compte trop d'inscriptions pour un seul registre : demandez-la mois par mois, ou semaine par "
    "semaine.",
    en="This period has too many entries for one register: ask for it month by month, or week by week.",
)
_TOO_LONG: Final = Text(
    fr="Ce registre compte une inscription par fichier : demandez 31 jours au plus.",
    en="This register has an entry a file: ask for 31 days at most.",
)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: everything, or some communes without the detail of procedures; what bounds an inspection."""

    person: PersonId
    whole: bool
    communes: frozenset[BodyId]
    reach: Reach = Reach()  # noqa: RUF009  frozen: nobody changes it


def reader_of(centre: Centre, facts: Facts, person: PersonId) -> Reader:
    """What the law lets this person read.

    Raises:
        RefusedError: the register of no camera.
    """
    at = now(centre.clock)
    scope, reach = register_scope(centre.law, facts, person, at), reach_of(facts, person, at)
    if not scope.whole and not scope.communes:
        raise RefusedError(VIEWS.text)
    return Reader(person, scope.whole, reach.communes(facts, scope.communes), reach)


def table_of(centre: Centre, reader: Reader, register: Register, commune: BodyId, period: Period) -> Table:
    """One register, entered as read before it is drawn. Blocking: up to half a minute for a month of recordings.

    Raises:
        NotFoundError: not a commune whose register this reader may have.
        OutsideMissionError: an inspection whose letter is not about this commune or these days.
        BadInputError: the period is too long.
    """
    facts = centre.registry.facts()
    if reader.reach.letters:
        reader.reach.check_commune(facts, commune, period.span)
    if commune not in reader.communes:
        raise unknown(commune)
    of_files = register in {Register.DESTRUCTIONS, Register.FORMER}
    if of_files and period.last - period.first >= LONGEST:
        raise BadInputError(_TOO_LONG)
    detail = {"register": register.value, "commune": commune, "from": period.first.isoformat()}
    centre.ledger.append(
        Entry(EntryKind.REGISTER_READ, actor=reader.person, detail={**detail, "to": period.last.isoformat()})
    )
    place = _within(Place.of(facts, commune), reader.reach)
    if of_files:
        drawn = _by_camera(centre, register, place, period, reader)
    else:
        found = entries(centre, register, place, period, reader.reach)
        drawn = draw(register, place, period, found, today_of(centre), whole=reader.whole)
    return replace(drawn, bound=reader.reach.note)


def _within(place: Place, reach: Reach) -> Place:
    return replace(place, cameras={name: one for name, one in place.cameras.items() if reach.camera(one)})


def today_of(centre: Centre) -> date:
    """The legal day."""
    return now(centre.clock).astimezone(ZONE).date()


def entries(centre: Centre, register: Register, place: Place, period: Period, reach: Reach) -> list[Record]:
    """The entries that a register of a place is drawn from, but those that the reader's letters are not about.

    Raises:
        BadInputError: more than one answer may hold.
    """
    facts = centre.registry.facts()
    after = _AFTER.get(register, timedelta(days=1))
    span = WallRange(period.span.from_us, period.span.to_us + round(after.total_seconds() * 1e6))
    choice = Choice(span, KINDS[register], frozenset(place.cameras), place.authorities, MOST + 1)
    found = centre.ledger.chosen(choice, lambda one: reach.record(facts, one))
    if len(found) > MOST:
        raise BadInputError(_TOO_MUCH)
    return found


def _by_camera(centre: Centre, register: Register, place: Place, period: Period, reader: Reader) -> Table:
    """One camera after the other, so that a month of forty cameras never lies in memory at once."""
    whole, today, reach = reader.whole, today_of(centre), reader.reach
    nowhere = replace(place, cameras={})
    rows: list[Row] = []
    drawn = draw(register, nowhere, period, entries(centre, register, nowhere, period, reach), today, whole=whole)
    keys = drawn.rows
    for name, camera in sorted(place.cameras.items(), key=lambda one: one[1].name):
        alone = replace(place, cameras={name: camera})
        found = [one for one in entries(centre, register, alone, period, reach) if one.camera is not None]
        rows += draw(register, alone, period, found, today, whole=whole).rows
    views = entries(centre, Register.EXTRACTS, place, period, reach)
    counted = draw(Register.EXTRACTS, place, period, views, today, whole=whole).counts
    return replace(drawn, rows=(*rows, *keys), counts=counted if register is Register.FORMER else ())
