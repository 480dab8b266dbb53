"""The roster: refused days ahead, replaced by one person at once, written in the register."""

from datetime import UTC, date, datetime, timedelta

import pytest
from tests.room.conftest import Room
from tests.support.worlds import NOW, X, Y, Z

from beffroi.domain.documents import Document
from beffroi.domain.errors import BadInputError, BrokenError, NotFoundError
from beffroi.domain.ids import BodyId, DocumentId, PersonId
from beffroi.domain.text import Text
from beffroi.law.tonight.moments import Span
from beffroi.registry.changes import ChangeKind
from beffroi.room.shift import Shift, ShiftRefusedError

AGENT, POLICE, AGREED, CHIEF = PersonId("agentE"), PersonId("pmX"), PersonId("asvpX"), PersonId("dgsX")
TEN_DAYS = datetime(2026, 3, 12, 19, 0, tzinfo=UTC)
NEXT_MORNING = datetime(2026, 3, 13, 5, 0, tzinfo=UTC)


def entered(room: Room, person: PersonId = AGENT, communes: tuple[BodyId, ...] = (X,)) -> Shift:
    shift, warnings = room.roster.enter(person, communes, TEN_DAYS, NEXT_MORNING, by=CHIEF)
    assert warnings == []
    return shift


def test_a_shift_is_entered_and_in_the_register_without_a_name(room: Room) -> None:
    shift = entered(room, communes=(Y, X))
    assert room.roster.one(shift.id) == shift
    assert shift.communes == (X, Y)
    assert room.roster.within(Span(TEN_DAYS, TEN_DAYS + timedelta(hours=1))) == [shift]
    change = room.book.changes[-1]
    assert (change.kind, change.subject, change.actor, change.about) == (
        ChangeKind.SHIFT_ENTERED,
        shift.id,
        CHIEF,
        AGENT,
    )
    assert AGENT not in str(change.detail)
    assert change.detail["communes"] == "X Y"


def test_on_duty_is_the_hours_of_the_shift(room: Room) -> None:
    shift = entered(room)
    tick = timedelta(microseconds=1)
    assert room.roster.on_duty(TEN_DAYS - tick) == []
    assert room.roster.on_duty(TEN_DAYS) == room.roster.on_duty(NEXT_MORNING - tick) == [shift]
    assert room.roster.on_duty(NEXT_MORNING) == []


def test_a_night_of_the_police_without_the_clause_is_refused_days_ahead(room: Room) -> None:
    room.amend("coordination/X", fields={"night_clause": False})
    with pytest.raises(ShiftRefusedError) as refused:
        room.roster.enter(POLICE, [X], TEN_DAYS, NEXT_MORNING, by=CHIEF)
    (obstacle,) = refused.value.obstacles
    assert obstacle.at == datetime(2026, 3, 12, 22, 0, tzinfo=UTC)
    assert obstacle.decision.cure is not None
    assert obstacle.decision.cure.kind == "coordination"
    assert "le 12/03 à 23 h 00" in refused.value.text.fr
    assert "L. 512" in refused.value.text.fr.replace("L.512", "L. 512")
    assert room.roster.within(Span(TEN_DAYS, NEXT_MORNING)) == []
    evening = datetime(2026, 3, 12, 22, 0, tzinfo=UTC)
    room.roster.enter(POLICE, [X], TEN_DAYS, evening, by=CHIEF)


def test_an_accreditation_that_ends_in_between_is_told(room: Room) -> None:
    room.amend("accreditation/agentE", valid_until=date(2026, 3, 12))
    with pytest.raises(ShiftRefusedError) as refused:
        room.roster.enter(AGENT, [X, Y], TEN_DAYS, NEXT_MORNING, by=CHIEF)
    assert {one.commune for one in refused.value.obstacles} == {X, Y}
    assert {one.at for one in refused.value.obstacles} == {datetime(2026, 3, 12, 23, 0, tzinfo=UTC)}
    assert all(one.decision.cure and one.decision.cure.kind == "accreditation" for one in refused.value.obstacles)
    assert "1 autre(s) commune(s)" in refused.value.text.fr


def test_an_agent_who_is_not_accredited_is_refused(room: Room) -> None:
    room.registry.suspend(DocumentId("accreditation/agentE"), by=PersonId("dpo"), reason="essai")
    with pytest.raises(ShiftRefusedError):
        room.roster.enter(AGENT, [X], TEN_DAYS, NEXT_MORNING, by=CHIEF)


def test_a_commune_without_any_link_is_refused_with_its_name(room: Room) -> None:
    with pytest.raises(ShiftRefusedError) as refused:
        room.roster.enter(AGENT, [Z], TEN_DAYS, NEXT_MORNING, by=CHIEF)
    assert "Le Plessis" in refused.value.text.fr


def test_some_cameras_closed_is_a_warning(room: Room) -> None:
    room.registry.withdraw(DocumentId("mask/cd"), by=PersonId("mayorX"), reason="essai")
    shift, (warning,) = room.roster.enter(AGENT, [X], TEN_DAYS, NEXT_MORNING, by=CHIEF)
    assert (warning.opened, warning.total, warning.blocks) == (1, 2, False)
    assert "1 caméra(s) sur 2" in warning.sentence(room.registry.facts(), AGENT).fr
    assert room.roster.one(shift.id) == shift


@pytest.mark.parametrize(
    ("starts", "ends"),
    [
        (NEXT_MORNING, TEN_DAYS),
        (TEN_DAYS, TEN_DAYS),
        (NOW - timedelta(hours=3), NOW),
        (TEN_DAYS, TEN_DAYS + timedelta(hours=24, seconds=1)),
        (TEN_DAYS.replace(tzinfo=None), NEXT_MORNING),
    ],
)
def test_times_that_cannot_be(room: Room, starts: datetime, ends: datetime) -> None:
    with pytest.raises(BadInputError):
        room.roster.enter(AGENT, [X], starts, ends, by=CHIEF)


def test_who_and_where_must_make_sense(room: Room) -> None:
    for person, communes in ((PersonId("mayorX"), [X]), (PersonId("nobody"), [X]), (AGENT, []), (AGENT, [BodyId("N")])):
        with pytest.raises(BadInputError):
            room.roster.enter(person, communes, TEN_DAYS, NEXT_MORNING, by=CHIEF)
    assert not [one for one in room.book.changes if one.kind is ChangeKind.SHIFT_ENTERED]


def test_nobody_is_on_two_shifts_at_once(room: Room) -> None:
    entered(room)
    with pytest.raises(BadInputError):
        room.roster.enter(AGENT, [Y], NEXT_MORNING - timedelta(seconds=1), NEXT_MORNING, by=CHIEF)
    room.roster.enter(AGENT, [Y], NEXT_MORNING, NEXT_MORNING + timedelta(hours=8), by=CHIEF)


def test_one_already_entitled_takes_over_at_once(room: Room) -> None:
    shift = entered(room)
    documents: tuple[Document, ...] = room.registry.facts().documents
    new, warnings = room.roster.replace(shift.id, POLICE, by=CHIEF)
    assert [(one.opened, one.total) for one in warnings] == [(1, 2)]  # municipal police has no title on cd
    assert (new.person, new.starts, new.ends) == (POLICE, TEN_DAYS, NEXT_MORNING)
    assert room.roster.on_duty(TEN_DAYS) == [new]
    assert room.roster.one(shift.id).replaced_by == new.id
    assert room.roster.within(Span(NOW, NEXT_MORNING)) == [new]
    change = room.book.changes[-1]
    assert (change.kind, change.about, change.detail["instead_of"]) == (ChangeKind.SHIFT_REPLACED, POLICE, shift.id)
    assert not change.widens
    assert room.registry.facts().documents == documents


def test_a_shift_under_way_is_handed_over_where_it_stands(room: Room) -> None:
    shift = entered(room)
    room.clock.advance((TEN_DAYS - NOW).total_seconds() + 3600)
    new, _ = room.roster.replace(shift.id, POLICE, by=CHIEF)
    assert new.starts == TEN_DAYS + timedelta(hours=1)
    before, after = new.starts - timedelta(seconds=1), new.starts
    assert [one.person for one in room.roster.on_duty(before)] == [AGENT]
    assert [one.person for one in room.roster.on_duty(after)] == [POLICE]


@pytest.mark.parametrize("person", [AGREED, PersonId("pmY")])
def test_one_who_is_not_entitled_does_not_take_over(room: Room, person: PersonId) -> None:
    shift = entered(room)
    with pytest.raises(ShiftRefusedError) as refused:
        room.roster.replace(shift.id, person, by=CHIEF)
    assert refused.value.obstacles[0].decision.sentence.fr
    assert room.roster.on_duty(TEN_DAYS) == [shift]


def test_a_shift_is_replaced_once_and_not_when_over(room: Room) -> None:
    shift = entered(room)
    room.roster.replace(shift.id, POLICE, by=CHIEF)
    for act in (lambda: room.roster.replace(shift.id, AGENT, by=CHIEF), lambda: room.roster.cancel(shift.id, by=CHIEF)):
        with pytest.raises(BadInputError):
            act()
    with pytest.raises(NotFoundError):
        room.roster.replace("none", POLICE, by=CHIEF)


def test_who_could_take_over(room: Room) -> None:
    shift = entered(room)
    everybody = sorted(room.registry.facts().persons)
    assert room.roster.candidates(shift, everybody) == {POLICE: False}  # the street, not the departmental road
    room.registry.withdraw(DocumentId("mask/cx"), by=PersonId("mayorX"), reason="essai")
    assert room.roster.candidates(shift, everybody) == {}
    room.amend("mask/cx")
    room.roster.enter(POLICE, [X], TEN_DAYS, NEXT_MORNING, by=CHIEF)
    assert room.roster.candidates(shift, everybody) == {}


def test_a_cancelled_shift_is_no_more(room: Room) -> None:
    shift = entered(room)
    room.roster.cancel(shift.id, by=CHIEF)
    assert room.roster.on_duty(TEN_DAYS) == []
    assert room.roster.within(Span(NOW, NEXT_MORNING)) == []
    assert room.book.changes[-1].kind is ChangeKind.SHIFT_CANCELLED
    entered(room)


def test_what_the_register_could_not_take_is_entered_later(room: Room) -> None:
    room.book.broken = BrokenError(Text(fr="panne", en="broken"))
    with pytest.raises(BrokenError):
        entered(room)
    room.book.broken = None
    assert room.registry.settle() == 1
    assert room.book.changes[-1].kind is ChangeKind.SHIFT_ENTERED
