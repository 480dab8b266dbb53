"""Which cases are in somebody's list when there are more than it holds."""

from pathlib import Path

from tests.support.desktown import desk_town

from beffroi.domain.clock import ManualClock
from beffroi.domain.ids import PersonId
from beffroi.evidence.deskrules import CaseKind
from beffroi.evidence.deskstore import DeskStore

ME, OTHER = PersonId("pmX"), PersonId("pmY")


def test_an_open_case_is_listed_however_many_newer_ones_are_closed(tmp_path: Path) -> None:
    with desk_town(tmp_path / "data") as place:
        clock = ManualClock()
        store = DeskStore(place.town.centre.engine, clock)
        oldest = store.open(CaseKind.REQUISITION, ME).row.id
        closed = []
        for _ in range(501):
            clock.advance(60)
            closed.append(store.open(CaseKind.REQUISITION, ME).row.id)
            store.close(closed[-1], "nothing")
        clock.advance(60)
        newest = store.open(CaseKind.REQUISITION, ME).row.id
        clock.advance(60)
        store.open(CaseKind.REQUISITION, OTHER)
        told = [one.row.id for one in store.listed(ME)]
        assert told == [newest, oldest, *closed[::-1][:498]]
