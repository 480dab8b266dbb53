"""What ends when: stages by the calendar, each told once to those concerned, caught up after a stop."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine
from tests.support import worlds
from tests.support.papermaking import complete
from tests.support.town import AGENT, DPO, MAYOR_X, MAYOR_Y, paper_of, reopened

from beffroi.base.db import session_scope
from beffroi.domain.clock import ManualClock, to_wall_us
from beffroi.domain.documents import Document, DocumentKind, DocumentStatus
from beffroi.domain.errors import NotFoundError
from beffroi.domain.facts import Facts
from beffroi.domain.ids import BodyId, DocumentId, PersonId
from beffroi.identity.tables import AccountRow
from beffroi.registry import announcer
from beffroi.registry.announcer import Announcer
from beffroi.registry.changes import ChangeKind, entry_of
from beffroi.registry.deadlines import Deadline, Reason, Stage, deadlines, months_before, stage_day, stage_on
from beffroi.registry.store import Registry

PARIS = ZoneInfo("Europe/Paris")
ORDER = DocumentId("prefect_order/X")
SUPERVISOR = AGENT


def at(text: str) -> datetime:
    """An instant of legal time."""
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


def alone(kind: DocumentKind, fields: Mapping[str, Any] | None = None, **more: Any) -> Facts:
    """A world with one document in force."""
    made = complete(kind, status=DocumentStatus.CONFIRMED, confirmed_by=worlds.CONFIRMER, **more)
    made = replace(made, fields={**made.fields, **(fields or {})})
    world = worlds.world()
    return replace(world, documents=(made,))


def of(facts: Facts, when: datetime) -> list[tuple[Reason, Stage, int]]:
    return [(one.reason, one.stage, one.days_left) for one in deadlines(facts, when)]


@pytest.mark.parametrize(
    ("today", "stage"),
    [
        ("2026-12-30", None),
        ("2026-12-31", Stage.MONTHS_12),
        ("2027-06-29", Stage.MONTHS_12),
        ("2027-06-30", Stage.MONTHS_6),  # 31 June does not exist
        ("2027-08-31", Stage.MONTHS_4),
        ("2027-12-01", Stage.DAYS_30),
        ("2027-12-23", Stage.DAYS_30),
        ("2027-12-24", Stage.DAYS_7),
        ("2027-12-30", Stage.DAY_1),
        ("2027-12-31", Stage.DAY_1),
        ("2028-01-01", Stage.OVER),
    ],
)
def test_stages_go_by_the_calendar(today: str, stage: Stage | None) -> None:
    assert stage_on(date(2027, 12, 31), date.fromisoformat(today)) is stage


@given(
    last=st.dates(date(2000, 1, 1), date(2090, 12, 31)),
    before=st.integers(0, 500),
)
def test_stages_only_come_nearer(last: date, before: int) -> None:
    order = [None, *Stage]
    today = last - timedelta(days=before)
    here, next_day = stage_on(last, today), stage_on(last, today + timedelta(days=1))
    assert order.index(here) <= order.index(next_day)
    if here is not None:
        assert stage_day(last, here) <= today


@given(day=st.dates(date(1990, 1, 1), date(2099, 12, 31)), months=st.integers(-60, 60))
def test_months_keep_the_day_or_take_the_last(day: date, months: int) -> None:
    moved = months_before(day, months)
    assert (day.year * 12 + day.month) - (moved.year * 12 + moved.month) == months
    assert moved.day == day.day or (moved.day < day.day and (moved + timedelta(days=1)).day == 1)


def test_an_end_is_a_day_of_legal_time() -> None:
    facts = alone(DocumentKind.AGREEMENT, valid_until=date(2026, 3, 31))
    (one,) = deadlines(facts, at("2026-03-30T23:59:59"))
    assert (one.last_day, one.days_left, one.ends) == (date(2026, 3, 31), 1, datetime(2026, 3, 31, 22, tzinfo=UTC))
    assert of(facts, at("2026-03-31T23:59:59")) == [(Reason.END, Stage.DAY_1, 0)]
    assert of(facts, at("2026-04-01T00:00:00")) == []
    instant = alone(DocumentKind.AGREEMENT, valid_until=datetime(2026, 3, 31, 8, tzinfo=UTC))
    assert deadlines(instant, at("2026-03-30T12:00:00"))[0].last_day == date(2026, 3, 31)
    assert of(instant, at("2026-03-31T10:00:00")) == []


def test_each_deadline_says_what_closes_and_what_to_do() -> None:
    facts = alone(DocumentKind.PREFECT_ORDER, {"type": "normal"}, valid_until=date(2028, 12, 31))
    (order,) = deadlines(facts, at("2028-09-01T10:00:00"))
    assert order.stage is Stage.MONTHS_4
    assert "4 mois avant" in order.task.fr
    assert "enregistrement" in order.blocks.fr
    assert order.communes == {worlds.X}
    event = alone(DocumentKind.PREFECT_ORDER, {"type": "event"}, valid_until=date(2024, 3, 1))
    assert "ne se renouvelle pas" in deadlines(event, at("2024-02-20T10:00:00"))[0].task.fr


def test_csi_l252_4_an_old_order_without_its_limit_ends_after_five_years() -> None:
    facts = alone(DocumentKind.PREFECT_ORDER, {"type": "arrêté"}, valid_until=date(2040, 1, 1))
    (one,) = deadlines(facts, at("2028-12-01T10:00:00"))
    assert one.last_day == date(2028, 12, 31)


def test_circ_2024_04_16_an_accreditation_without_end_has_a_new_inquiry() -> None:
    facts = alone(DocumentKind.ACCREDITATION, {"inquiry_on": "2023-09-01"}, valid_until=None)
    assert of(facts, at("2028-02-29T10:00:00")) == []
    assert of(facts, at("2028-03-01T10:00:00")) == [(Reason.INQUIRY, Stage.MONTHS_6, 184)]
    (one,) = deadlines(facts, at("2028-03-01T10:00:00"))
    assert "enquête" in one.task.fr
    assert "Rien n'est fermé" in one.blocks.fr
    assert of(facts, at("2029-01-01T10:00:00"))[0][:2] == (Reason.INQUIRY, Stage.OVER)  # still to be done
    undated = alone(DocumentKind.ACCREDITATION, valid_until=None, signed_on=date(2023, 9, 15))
    assert deadlines(undated, at("2028-04-01T10:00:00"))[0].last_day == date(2028, 9, 15)


def test_csi_r252_15_silence_for_four_months_is_a_rejection() -> None:
    facts = alone(DocumentKind.APPLICATION, {"filed_on": "2026-01-01"}, valid_until=None)
    (one,) = deadlines(facts, at("2026-04-20T10:00:00"))
    assert (one.reason, one.last_day, one.stage) == (Reason.ANSWER, date(2026, 5, 1), Stage.DAYS_30)
    answered = {"filed_on": "2026-01-01", "answered_on": "2026-03-01"}
    assert deadlines(alone(DocumentKind.APPLICATION, answered, valid_until=None), at("2026-04-20T10:00:00")) == []


def test_an_impact_assessment_is_reviewed() -> None:
    facts = alone(DocumentKind.IMPACT_ASSESSMENT, {"review_on": "2027-01-01"}, valid_until=None)
    assert of(facts, at("2026-07-01T10:00:00")) == [(Reason.REVIEW, Stage.MONTHS_6, 184)]


def test_what_is_not_in_force_or_serves_once_has_no_deadline() -> None:
    when = at("2024-03-20T10:00:00")
    assert len(deadlines(alone(DocumentKind.AGREEMENT), when)) == 1
    (held,) = alone(DocumentKind.AGREEMENT).documents
    for other in (
        replace(held, status=DocumentStatus.SUSPENDED),
        replace(held, status=DocumentStatus.WITHDRAWN),
        replace(held, status=DocumentStatus.PROPOSED, confirmed_by=None),
        replace(held, valid_from=date(2024, 3, 21)),
    ):
        assert deadlines(replace(worlds.world(), documents=(other,)), when) == []
    for kind in (DocumentKind.REQUISITION, DocumentKind.ALERT_RECORD, DocumentKind.MISSION_LETTER):
        assert deadlines(alone(kind), when) == []


def test_a_version_that_takes_over_in_time_ends_the_worry() -> None:
    (held,) = alone(DocumentKind.AGREEMENT, valid_until=date(2026, 3, 31)).documents
    when = at("2026-03-20T10:00:00")

    def beside(**more: Any) -> list[Deadline]:
        later = replace(held, version=2, valid_until=date(2030, 1, 1), **more)
        return deadlines(replace(worlds.world(), documents=(held, later)), when)

    assert beside(valid_from=date(2026, 4, 1)) == []
    assert len(beside(valid_from=date(2026, 4, 2))) == 1  # a day between: it closes
    assert len(beside(valid_from=date(2026, 4, 1), status=DocumentStatus.PROPOSED, confirmed_by=None)) == 1


def test_only_the_communes_asked_for() -> None:
    when = at("2027-06-01T10:00:00")
    everything = deadlines(worlds.world(), when)
    of_y = deadlines(worlds.world(), when, [worlds.Y])
    assert {one.document.id for one in of_y} == {one.document.id for one in everything if worlds.Y in one.communes}
    assert ORDER not in {one.document.id for one in of_y}
    assert "state_agreement/E" in {one.document.id for one in of_y}  # a member is concerned
    assert deadlines(worlds.world(), when, [BodyId("nowhere")]) == []


# The announcer.


def account(engine: Engine, person: PersonId = SUPERVISOR, *, state: str = "active") -> None:
    """The account of a room supervisor."""
    with session_scope(engine) as session:
        session.merge(
            AccountRow(
                id="a1",
                name="chef",
                person=person,
                label_fr="Chef de salle",
                label_en="Room supervisor",
                role="room_supervisor",
                language="fr",
                state=state,
                totp_last_step=0,
                created_at=worlds.NOW,
            )
        )


class Room:
    """A registry, its register, its announcer and its clock."""

    def __init__(self, engine: Engine) -> None:
        self.clock = ManualClock(wall=to_wall_us(worlds.NOW))
        self.registry, self.book = reopened(engine, self.clock)
        self.announcer = Announcer(self.registry, self.clock)
        self.engine = engine

    def on(self, text: str) -> int:
        """The announcements of a day."""
        self.clock.wall = to_wall_us(at(f"{text}T04:00:00"))
        return self.announcer.run()

    def stages(self, person: PersonId, document: DocumentId = ORDER) -> list[Stage]:
        """What a person was told of a document, oldest first."""
        told = self.announcer.announcements_for(person)
        return [one.stage for one in reversed(told) if one.document == document]


@pytest.fixture
def room(town: Engine) -> Room:
    account(town)
    return Room(town)


def test_each_stage_is_told_once_to_the_mayor_and_the_supervisor(room: Room) -> None:
    room.on("2026-12-30")  # an impact assessment is to be reviewed on 1 January
    assert room.stages(MAYOR_X) == []
    assert room.on("2026-12-31") > 0
    assert room.on("2026-12-31") == 0
    assert room.on("2027-01-01") == 0
    for day in ("2027-06-30", "2027-08-31", "2027-12-01", "2027-12-24", "2027-12-30", "2027-12-31"):
        room.on(day)
    stages = [stage for stage in Stage if stage is not Stage.OVER]
    assert room.stages(MAYOR_X) == room.stages(SUPERVISOR) == stages
    assert room.stages(MAYOR_Y) == []
    assert room.stages(MAYOR_Y, DocumentId("state_agreement/E")) == stages


def test_after_a_stop_only_the_nearest_stage_is_told(room: Room) -> None:
    room.on("2026-12-31")
    room.on("2027-12-26")
    assert room.stages(MAYOR_X) == [Stage.MONTHS_12, Stage.DAYS_7]
    assert room.on("2028-01-05") == 0


def test_a_restart_forgets_nothing(room: Room, town: Engine) -> None:
    room.on("2026-12-31")
    again = Room(town)
    assert again.on("2026-12-31") == 0
    assert again.stages(MAYOR_X) == [Stage.MONTHS_12]


def test_each_announcement_is_an_entry_that_names_nobody_in_its_leaf(room: Room) -> None:
    count = room.on("2026-12-31")
    changes = room.book.changes[-count:]
    assert {change.kind for change in changes} == {ChangeKind.ANNOUNCED}
    mine = next(change for change in changes if change.subject == ORDER and change.about == MAYOR_X)
    entry = entry_of(mine)
    assert entry.outcome == "deadline_announced"
    assert entry.detail["stage"] == "12m"
    assert entry.detail["last_day"] == "2027-12-31"
    assert entry.payload == {"person": MAYOR_X}
    assert MAYOR_X not in str(entry.detail)


def test_a_change_made_beside_the_centre_keeps_its_detail(room: Room, town: Engine) -> None:
    beside = Announcer(Registry(town, room.clock, register=None), room.clock)
    room.clock.wall = to_wall_us(at("2026-12-31T04:00:00"))
    count = beside.run()
    assert room.registry.settle() == count
    told = {(change.subject, change.detail["stage"]) for change in room.book.changes[-count:]}
    assert (ORDER, "12m") in told
    assert MAYOR_X in {change.about for change in room.book.changes[-count:]}


def test_announcing_changes_nothing_of_what_counts(room: Room) -> None:
    before = room.registry.facts().digest()
    assert room.on("2026-12-31") > 0
    assert room.registry.facts().digest() == before


def test_a_new_mayor_and_a_new_supervisor_are_told_what_stands(room: Room, town: Engine) -> None:
    room.on("2026-12-31")
    account(town, DPO)
    room.on("2027-01-02")
    assert room.stages(DPO) == [Stage.MONTHS_12]


def test_a_locked_account_and_a_mayor_without_mandate_are_not_told(room: Room, town: Engine) -> None:
    account(town, state="locked")
    room.registry.withdraw(DocumentId("election/mayorX"), by=DPO, reason="fin du mandat")
    room.on("2026-12-31")
    assert room.stages(SUPERVISOR) == []
    assert room.stages(MAYOR_X) == []
    assert room.stages(MAYOR_Y, DocumentId("prefect_order/Y")) == [Stage.MONTHS_12]


def test_a_new_version_is_told_again(room: Room) -> None:
    room.on("2026-12-31")
    order = paper_of(room.registry.facts(), ORDER)
    room.registry.propose(replace(order, valid_until=date(2027, 12, 20)), by=AGENT)
    room.registry.confirm(ORDER, by=MAYOR_X)
    room.on("2027-01-02")
    told = [one for one in room.announcer.announcements_for(MAYOR_X) if one.document == ORDER]
    assert [(one.version, one.stage) for one in told] == [(2, Stage.MONTHS_12), (1, Stage.MONTHS_12)]


def short(order: Document, first: date, last: date) -> Document:
    return replace(order, valid_from=first, valid_until=last, fields={**order.fields, "type": "event"})


def test_who_signs_for_a_week_is_not_told_that_it_ends_in_a_week(room: Room) -> None:
    order = short(paper_of(room.registry.facts(), ORDER), date(2026, 3, 2), date(2026, 3, 8))
    room.registry.propose(order, by=AGENT)
    room.registry.confirm(ORDER, by=MAYOR_X)
    room.on("2026-03-02")
    assert room.stages(MAYOR_X) == []
    room.on("2026-03-07")
    assert room.stages(MAYOR_X) == [Stage.DAY_1]


def test_announcements_of_other_communes_take_no_place_among_those_asked_for(room: Room) -> None:
    room.on("2026-12-31")
    told = room.announcer.announcements_for(SUPERVISOR)
    oldest = told[-1].document
    assert len({one.document for one in told}) > 1, "a supervisor is told of every commune's"
    with patch.object(announcer, "MOST", 1):
        assert [one.document for one in room.announcer.announcements_for(SUPERVISOR, of={oldest})] == [oldest]
        assert room.announcer.announcements_for(SUPERVISOR, of=set()) == []


def test_an_announcement_is_read_once_and_by_whom_it_is_for(room: Room) -> None:
    room.on("2026-12-31")
    mine = next(one for one in room.announcer.announcements_for(MAYOR_X) if one.document == ORDER)
    assert mine.text.fr == "Arrêté préfectoral d'autorisation n° 2024-X : finit le 31 décembre 2027."
    assert mine.text.en == "Prefect's order no. 2024-X: ends on 31 December 2027."
    with pytest.raises(NotFoundError):
        room.announcer.acknowledge(mine.number, by=MAYOR_Y)
    with pytest.raises(NotFoundError):
        room.announcer.acknowledge(1, by=MAYOR_X)
    room.announcer.acknowledge(mine.number, by=MAYOR_X)
    size = len(room.book.changes)
    assert room.book.changes[-1].kind is ChangeKind.ACKNOWLEDGED
    room.announcer.acknowledge(mine.number, by=MAYOR_X)
    assert len(room.book.changes) == size
    pending = room.announcer.announcements_for(MAYOR_X, pending=True)
    assert mine.number not in {one.number for one in pending}
    assert len(pending) == len(room.announcer.announcements_for(MAYOR_X)) - 1
