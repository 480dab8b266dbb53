"""The registers of a commune: nothing of another's, no small number, not by a difference; rows have their source."""

import csv
import io
import json
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.registerdays import MINUTE_US, START_US, TODAY, A, B, facts, life, numbered, record, trace

from beffroi.domain.acts import Act, Verdict
from beffroi.domain.errors import BadInputError
from beffroi.domain.ids import AuthorityId, BodyId
from beffroi.domain.ranges import WallRange
from beffroi.ledger.entry import EntryKind, Record, Sent
from beffroi.publish.registers.draw import Place, draw
from beffroi.publish.registers.out import csv_of, json_of, sheet_of
from beffroi.publish.registers.pdf import pdf_of
from beffroi.publish.registers.period import Period, legal_day
from beffroi.publish.registers.privacy import Secret, agent_number, counts, secret_of
from beffroi.publish.registers.table import Register, numbers, reference

AUTUMN = Period(date(2026, 9, 1), date(2026, 11, 22))
OCTOBER = Period.month("2026-10")


def between(ends: list[int]) -> Period:
    first, last = (legal_day(START_US + one * 86_400_000_000) for one in sorted(ends))
    return Period(first, last)


periods = st.lists(st.integers(0, 80), min_size=2, max_size=2).map(between)


def drawn(
    register: Register, records: list[Record], period: Period, commune: BodyId = A, *, whole: bool = False
) -> str:
    """All that a reader gets of a register: rows, spreadsheet, paper."""
    table = draw(register, Place.of(facts(), commune), period, records, TODAY, whole=whole)
    paper = sheet_of(table, "fr", drawn_on="2026-11-22", head=None)
    return json.dumps([json_of(table), csv_of(table).decode(), paper], ensure_ascii=False)


@settings(max_examples=120, deadline=None)
@given(own=life(A), theirs=life(B), others_=life(B), period=periods, register=st.sampled_from(list(Register)))
def test_nothing_that_happens_in_another_commune_changes_a_register(
    own: list[list[Record]], theirs: list[list[Record]], others_: list[list[Record]], period: Period, register: Register
) -> None:
    assert drawn(register, numbered(own + theirs), period) == drawn(register, numbered(own + others_), period)


@settings(max_examples=120, deadline=None)
@given(own=life(A, 40), period=periods, register=st.sampled_from(list(Register)), data=st.data())
def test_a_few_procedures_more_or_less_change_nothing_that_a_commune_reads(
    own: list[list[Record]], period: Period, register: Register, data: st.DataObject
) -> None:
    """Whatever the period, whatever the register: at most four acts of a procedure in a month leave no trace, neither
    as a number nor as the difference of two."""
    plain = [act for act in own if secret_of(act[0]) is None]
    procedures = [act for act in own if secret_of(act[0]) is not None]
    few = data.draw(st.lists(st.sampled_from(procedures), max_size=4, unique_by=id)) if procedures else []
    assert drawn(register, numbered(plain + few), period) == drawn(register, numbered(plain), period)


@settings(max_examples=60, deadline=None)
@given(own=life(A), register=st.sampled_from(list(Register)))
def test_every_row_names_entries_that_are_there(own: list[list[Record]], register: Register) -> None:
    records = numbered(own)
    references = {reference(one) for one in records}
    table = draw(register, Place.of(facts(), A), AUTUMN, records, TODAY, whole=True)
    for row in table.rows:
        assert row.source.numbers
        assert set(row.source.references) <= references
        assert max(row.source.numbers) < len(records)
        assert len(row.cells) == len(table.columns)
    span = AUTUMN.span
    opened = [
        one for one in records if one.kind is EntryKind.VIEW_OPENED and span.from_us <= one.happened_us < span.to_us
    ]
    if register is Register.ACCESSES:  # nothing is told twice, nothing is left out
        told = [row.source.numbers[0] for row in table.rows]
        assert told == [one.index for one in opened if one.act is not Act.EXTRACT]


def held(count: int, day: int, month: int = 10) -> list[list[Record]]:
    minute = (date(2026, month, day) - date(2026, 9, 1)).days * 1440
    return [[record(EntryKind.HOLD, "mairie", minute + n, detail={"case": f"c{day}-{n}"})] for n in range(count)]


@pytest.mark.parametrize(("count", "told"), [(0, "< 5"), (1, "< 5"), (4, "< 5"), (5, "5"), (12, "12")])
def test_under_five_is_under_five_nought_included(count: int, told: str) -> None:
    found = counts(numbered(held(count, 3)), OCTOBER, TODAY, whole=False)
    assert {one.secret: one.shown for one in found}[Secret.HOLD] == told
    assert len(found) == len(Secret)
    exact = counts(numbered(held(count, 3)), OCTOBER, TODAY, whole=True)
    assert {one.secret: one.shown for one in exact}[Secret.HOLD] == str(count)


def test_only_whole_months_that_are_over_are_counted() -> None:
    records = numbered(held(9, 3) + held(9, 3, 11))
    assert counts(records, Period(date(2026, 10, 2), date(2026, 10, 31)), TODAY, whole=False) == []
    found = counts(records, Period(date(2026, 9, 1), date(2026, 11, 30)), TODAY, whole=False)
    assert {one.month.name for one in found} == {"2026-09", "2026-10"}
    found = counts(records, Period.month("2026-11"), date(2026, 12, 1), whole=False)
    assert {one.month.name for one in found} == {"2026-11"}


def test_a_procedure_in_several_steps_counts_once() -> None:
    steps = [[record(EntryKind.HOLD, "mairie", 50_000 + n, detail={"case": "same"})] for n in range(9)]
    found = counts(numbered(steps), OCTOBER, TODAY, whole=True)
    assert {one.secret: one.shown for one in found}[Secret.HOLD] == "1"


def test_an_agent_s_number_is_one_month_s_and_one_commune_s() -> None:
    actor = "0123456789abcdef" * 2
    september, october = (record(EntryKind.VIEW_OPENED, "mairie", n * 1440, actor=actor) for n in (3, 40))
    assert agent_number(october, A) == agent_number(record(EntryKind.VIEW_OPENED, "halle", 41 * 1440, actor=actor), A)
    assert agent_number(october, A) != agent_number(october, B)
    assert agent_number(october, A) != agent_number(september, A)
    assert actor[:6] not in agent_number(october, A)
    assert agent_number(record(EntryKind.VIEW_OPENED, "mairie", 1), A) == ""


def test_a_destruction_says_whether_it_came_in_time() -> None:
    def gone(camera: str, term_end_us: int) -> list[Record]:
        detail = {"from_us": START_US, "to_us": START_US, "term_end_us": term_end_us, "cause": "term"}
        return [record(EntryKind.DESTRUCTION, camera, 0, detail=detail)]

    def key(commune: BodyId) -> list[Record]:
        authority = AuthorityId(f"maire/{commune}")
        return [record(EntryKind.DESTRUCTION, None, 1, authority=authority, outcome="hour_key_destroyed")]

    acts = [gone("mairie", START_US), gone("halle", START_US - 2 * 3_600_000_000), key(A), key(B)]
    table = draw(Register.DESTRUCTIONS, Place.of(facts(), A), AUTUMN, numbered(acts), TODAY, whole=True)
    assert [json_of(table)["rows"][n]["cells"][-1] for n in range(3)] == [
        {"fr": "non", "en": "no"},
        {"fr": "oui", "en": "yes"},
        "",
    ]
    assert len(table.rows) == 3  # the key of the other commune's hours is not this one's


def test_the_former_register_reconciles_recordings_destruction_and_what_was_handed_over() -> None:
    day = 45 * 1440
    begins = [day + n * 10 for n in range(3)]
    files = [{"from_us": START_US + one * MINUTE_US, "to_us": START_US + (one + 10) * MINUTE_US} for one in begins]
    acts = [
        [record(EntryKind.RECORDER, "mairie", one + 10, outcome="chunk_closed", detail=span)]
        for one, span in zip(begins, files, strict=True)
    ]
    acts += [[record(EntryKind.DESTRUCTION, "mairie", day + 30 * 1440, detail={**files[0], "cause": "term"})]]
    taken = record(
        EntryKind.VIEW_OPENED, "mairie", day + 60, actor="e" * 32, act=Act.EXTRACT,
        decision=trace(Verdict.ALLOW, ("requisition/7",)), footage=span_of(files[0]),
    )  # fmt: skip
    acts += [[taken, record(EntryKind.VIEW_ENDED, "mairie", day + 61, act=Act.EXTRACT, sent=Sent(1, 1, None))]]
    records = numbered(acts)
    whole = draw(Register.FORMER, Place.of(facts(), A), OCTOBER, records, TODAY, whole=True)
    (row,) = whole.rows
    assert json_of(whole)["rows"][0]["cells"][2] == "3"
    assert "1/3" in str(row.cells[4])
    assert row.cells[5] == "3"  # the number of the extract's entry
    assert json_of(whole)["rows"][0]["source"] == "0–3, 5"
    commune = draw(Register.FORMER, Place.of(facts(), A), OCTOBER, records, TODAY, whole=False)
    assert "décomptes" in str(commune.rows[0].cells[5])
    assert json_of(commune)["rows"][0]["first"] is None


def span_of(fields: dict[str, int]) -> WallRange:
    return WallRange(fields["from_us"], fields["to_us"])


def test_a_cell_never_becomes_a_formula() -> None:
    hostile = numbered([[record(EntryKind.VIEW_OPENED, "mairie", 10, act=Act.LIVE, actor="a" * 32)]])
    place = Place.of(facts(), A)
    odd = Place(place.id, place.name, {"mairie": type(place.cameras["mairie"])(
        place.cameras["mairie"].id, '=HYPERLINK("x")', A, place.cameras["mairie"].origin, "s")})  # fmt: skip
    table = draw(Register.ACCESSES, odd, AUTUMN, hostile, TODAY, whole=True)
    rows = list(csv.reader(io.StringIO(csv_of(table).decode("utf-8-sig")), delimiter=";"))
    assert all(not cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    assert rows[1][4] == '\'=HYPERLINK("x")'


def test_it_prints_hostile_names_included() -> None:
    acts = numbered([*held(6, 3), [record(EntryKind.VIEW_OPENED, "mairie", 60_000, act=Act.LIVE, actor="a" * 32)]])
    place = Place.of(facts(), A)
    odd = Place(place.id, '#image("/etc/passwd") $x$ *gras* <a>', place.cameras)
    for register in Register:
        table = draw(register, odd, AUTUMN, acts, TODAY, whole=False)
        made = pdf_of("register", sheet_of(table, "fr", drawn_on="2026-11-22", head=None))
        assert made.startswith(b"%PDF")
        assert made == pdf_of("register", sheet_of(table, "fr", drawn_on="2026-11-22", head=None))


@pytest.mark.parametrize("name", ["2026-13", "2026-1", "hier", "", "2026-10-01", "1999-12", "9999-99"])
def test_a_month_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(BadInputError):
        Period.month(name)


def test_periods_are_whole_legal_days_across_the_change_of_hour() -> None:
    assert OCTOBER.span.duration_s == 31 * 86_400 + 3_600  # October has the hour that comes twice
    assert Period.month("2026-03").span.duration_s == 31 * 86_400 - 3_600
    assert Period.month("2026-12").name == "2026-12"
    with pytest.raises(BadInputError):
        Period(date(2026, 2, 1), date(2026, 1, 1))
    assert numbers([1, 2, 3, 7, 9, 10]) == "1–3, 7, 9–10"
