"""A date typed a year or more away from the scan's, or two communes bound: two persons confirm."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine
from tests.support import worlds
from tests.support.town import AGENT, DPO, MAYOR_X, MAYOR_Y, MAYOR_Z, Book, manual_clock, paper_of, reopened

from beffroi.domain.documents import Document, DocumentKind, DocumentStatus
from beffroi.domain.errors import BadInputError
from beffroi.domain.ids import DocumentId, PersonId
from beffroi.registry.attachments import StoredFile
from beffroi.registry.changes import ChangeKind, entry_of
from beffroi.registry.entitlement import NotEntitledToFactError
from beffroi.registry.papers_check import IncompletePaperError, validator
from beffroi.registry.scan import ScanDates
from beffroi.registry.store import Registry
from beffroi.registry.two_persons import far_dates, why_two

ORDER = DocumentId("prefect_order/X")
CLERK = PersonId("dgsX")
Opened = tuple[Registry, Book]


@pytest.fixture
def opened(town: Engine) -> Opened:
    return reopened(town, manual_clock())


def scanned(registry: Registry, **fields: str) -> Document:
    order = paper_of(registry.facts(), ORDER)
    return replace(order, fields={**order.fields, **fields})


def designate_clerk(registry: Registry) -> None:
    made = replace(
        worlds.designation(CLERK, "X"),
        fields={"authority": "maire/X", "confirm": True, "training_on": "2023-10-01"},
    )
    registry.propose(made, by=AGENT)
    registry.confirm(made.id, by=MAYOR_X)


def test_the_first_confirmation_is_written_down_and_opens_nothing(opened: Opened) -> None:
    registry, book = opened
    registry.propose(scanned(registry, scan_date="2022-12-20"), by=AGENT)
    change = registry.confirm(ORDER, by=MAYOR_X)
    assert (change.kind, change.actor, change.version) == (ChangeKind.FIRST_CONFIRMED, MAYOR_X, 2)
    assert book.changes[-1].kind is ChangeKind.FIRST_CONFIRMED
    assert paper_of(registry.facts(), ORDER).status is DocumentStatus.PROPOSED
    assert registry.facts().in_charge(ORDER, worlds.NOW) == registry.facts().versions(ORDER)[0]
    first = registry.first_confirmations()[ORDER]
    assert (first.by, first.version) == (MAYOR_X, 2)
    second = registry.confirm(ORDER, by=DPO)
    assert second.kind is ChangeKind.CONFIRMED
    assert paper_of(registry.facts(), ORDER).status is DocumentStatus.CONFIRMED
    assert paper_of(registry.facts(), ORDER).confirmed_by == DPO
    assert registry.first_confirmations() == {}


def test_the_second_person_is_another_of_the_commune_or_the_dpo(opened: Opened) -> None:
    registry, _ = opened
    designate_clerk(registry)
    registry.propose(scanned(registry, scan_until="2026-12-31"), by=AGENT)
    with pytest.raises(NotEntitledToFactError):
        registry.confirm(ORDER, by=DPO)  # the first word is the commune's
    registry.confirm(ORDER, by=MAYOR_X)
    for nobody in (MAYOR_X, MAYOR_Y, AGENT, PersonId("inspector")):
        with pytest.raises(NotEntitledToFactError):
            registry.confirm(ORDER, by=nobody)
    assert paper_of(registry.facts(), ORDER).status is DocumentStatus.PROPOSED
    registry.confirm(ORDER, by=CLERK)
    assert paper_of(registry.facts(), ORDER).status is DocumentStatus.CONFIRMED


def test_a_dpo_who_entered_it_is_no_second_person(opened: Opened) -> None:
    registry, _ = opened
    registry.propose(scanned(registry, scan_date="2020-12-20"), by=DPO)
    registry.confirm(ORDER, by=MAYOR_X)
    with pytest.raises(NotEntitledToFactError):
        registry.confirm(ORDER, by=DPO)


def test_a_first_confirmation_survives_a_restart_and_not_a_new_version(opened: Opened, town: Engine) -> None:
    registry, _ = opened
    registry.propose(scanned(registry, scan_date="2022-12-20"), by=AGENT)
    registry.confirm(ORDER, by=MAYOR_X)
    again = Registry(town, manual_clock(), register=Book(10_000))
    assert again.first_confirmations()[ORDER].by == MAYOR_X
    again.propose(scanned(again, scan_date="2022-12-19"), by=AGENT)
    assert again.first_confirmations() == {}
    assert again.confirm(ORDER, by=MAYOR_X).kind is ChangeKind.FIRST_CONFIRMED  # nothing of the former is left
    assert paper_of(again.facts(), ORDER).status is DocumentStatus.PROPOSED


def test_both_words_are_in_the_register_before_they_open(opened: Opened) -> None:
    registry, book = opened
    registry.propose(scanned(registry, scan_date="2022-12-20"), by=AGENT)
    book.broken = RuntimeError("disk")
    with pytest.raises(RuntimeError):
        registry.confirm(ORDER, by=MAYOR_X)
    book.broken = None
    with pytest.raises(BadInputError, match="not in the register yet"):
        registry.confirm(ORDER, by=DPO)
    assert registry.settle() == 1
    assert registry.confirm(ORDER, by=DPO).kind is ChangeKind.CONFIRMED


def test_one_person_is_enough_where_the_dates_are_near(opened: Opened) -> None:
    registry, _ = opened
    registry.propose(scanned(registry, scan_date="2023-12-21", scan_until="2027-12-31"), by=AGENT)
    assert registry.confirm(ORDER, by=MAYOR_X).kind is ChangeKind.CONFIRMED


ORDER_OF_X = paper_of(worlds.world(), ORDER)


@pytest.mark.parametrize(
    ("fields", "far"),
    [
        ({"scan_date": "2022-12-21"}, []),  # 364 days
        ({"scan_date": "2022-12-20"}, ["scan_date"]),  # 365 days
        ({"scan_date": "2024-12-18"}, []),
        ({"scan_date": "2024-12-19"}, ["scan_date"]),
        ({"scan_from": "2023-01-01"}, ["scan_from"]),
        ({"scan_until": "2026-12-31", "scan_date": "2023-12-20"}, ["scan_until"]),
        ({"scan_until": "2028-12-30"}, ["scan_until"]),
        ({"scan_date": "illisible"}, ["scan_date"]),
        ({}, []),
    ],
)
def test_a_year_is_365_days(fields: dict[str, str], far: list[str]) -> None:
    document = replace(ORDER_OF_X, fields={**ORDER_OF_X.fields, **fields})
    assert far_dates(document) == far
    assert (why_two(document, worlds.world()) is not None) == bool(far)


def test_an_end_left_out_is_far_from_any_end() -> None:
    endless = replace(ORDER_OF_X, valid_until=None, fields={"scan_until": "2027-12-31"})
    assert far_dates(endless) == ["scan_until"]
    at_an_instant = replace(endless, valid_until=datetime(2027, 12, 31, 9, tzinfo=UTC))
    assert far_dates(at_an_instant) == []


@given(signed=st.dates(date(2000, 1, 1), date(2099, 1, 1)), shift=st.integers(-1000, 1000))
def test_near_and_far_are_the_same_both_ways(signed: date, shift: int) -> None:
    other = date.fromordinal(signed.toordinal() + shift)
    document = replace(ORDER_OF_X, signed_on=signed, fields={"scan_date": other.isoformat()})
    mirror = replace(ORDER_OF_X, signed_on=other, fields={"scan_date": signed.isoformat()})
    assert bool(far_dates(document)) == bool(far_dates(mirror)) == (abs(shift) >= 365)


def pooling(title: str = "L512-3", **more: Any) -> Document:
    made = worlds.paper(DocumentKind.POLICE_POOLING, "X-Y", bodies=("X", "Y"), fields={"title": title})
    return replace(made, **more)


def test_an_agreement_on_police_is_confirmed_by_each_of_its_two_communes(opened: Opened) -> None:
    registry, _ = opened
    designate_clerk(registry)
    registry.propose(pooling(), by=AGENT)
    with pytest.raises(NotEntitledToFactError):
        registry.confirm(pooling().id, by=MAYOR_Z)
    assert registry.confirm(pooling().id, by=MAYOR_X).kind is ChangeKind.FIRST_CONFIRMED
    for nobody in (DPO, MAYOR_X, CLERK, MAYOR_Z):  # the clerk is of X too
        with pytest.raises(NotEntitledToFactError):
            registry.confirm(pooling().id, by=nobody)
    assert registry.confirm(pooling().id, by=MAYOR_Y).kind is ChangeKind.CONFIRMED


def test_three_communes_are_entered_two_by_two(opened: Opened) -> None:
    registry, _ = opened
    three = worlds.paper(DocumentKind.POLICE_POOLING, "all", bodies=("X", "Y", "Z"), fields={"title": "L512-1"})
    with pytest.raises(Exception, match="enter it once for each"):
        registry.propose(three, by=AGENT)


@pytest.fixture
def strict(town: Engine) -> Callable[[], Registry]:
    return lambda: Registry(town, manual_clock(), register=Book(10_000), validate=validator())


def test_csi_l512_1_is_refused_beside_the_police_of_the_epci(opened: Opened, strict: Callable[[], Registry]) -> None:
    registry, _ = opened
    of_the_epci = worlds.paper(DocumentKind.POLICE_POOLING, "E-X", bodies=("E", "X"), fields={"title": "L512-2"})
    registry.propose(of_the_epci, by=AGENT)
    registry.confirm(of_the_epci.id, by=MAYOR_X)
    with pytest.raises(IncompletePaperError, match="do not combine"):
        strict().propose(pooling("L512-1"), by=AGENT)
    strict().propose(pooling("L512-3"), by=AGENT)


def test_csi_l132_14_communes_lend_one_another_no_operators(strict: Callable[[], Registry]) -> None:
    agreement = paper_of(worlds.world(), "agreement/E-X")
    between = replace(
        agreement,
        id=DocumentId("agreement/X-Y"),
        scope=replace(agreement.scope, bodies=frozenset({worlds.X, worlds.Y})),
    )
    with pytest.raises(IncompletePaperError, match=r"L\.132-14"):
        strict().propose(between, by=AGENT)


def test_what_a_kind_asks_for_today_is_asked_for_at_the_confirmation(
    opened: Opened, strict: Callable[[], Registry]
) -> None:
    registry, _ = opened
    order = paper_of(registry.facts(), ORDER)
    old = replace(order, fields={name: value for name, value in order.fields.items() if name != "published_on"})
    registry.propose(old, by=AGENT)  # entered before anybody asked
    assert strict().facts().versions(ORDER)[-1].version == 2
    with pytest.raises(IncompletePaperError, match="published_on"):
        strict().confirm(ORDER, by=MAYOR_X)


def test_a_date_read_by_the_machine_counts_whatever_the_person_read(opened: Opened) -> None:
    registry, _ = opened
    registry.propose(scanned(registry, scan_date="2023-12-20"), by=AGENT)
    annex = StoredFile("b" * 64, "application/pdf", 9, ScanDates(date(2001, 1, 1), None))
    for file in (StoredFile("a" * 64, "application/pdf", 9, ScanDates(date(2022, 12, 20), None)), annex):
        registry.attach(ORDER, file, name="arrêté.pdf", by=AGENT)
    assert registry.scans()[ORDER, 2] == ScanDates(date(2022, 12, 20), None)
    assert registry.attachments(ORDER)[0].file.read.signed_on == date(2022, 12, 20)
    assert registry.confirm(ORDER, by=MAYOR_X).kind is ChangeKind.FIRST_CONFIRMED
    assert registry.confirm(ORDER, by=DPO).kind is ChangeKind.CONFIRMED


def test_an_annex_of_another_year_asks_for_nobody(opened: Opened) -> None:
    registry, _ = opened
    registry.propose(scanned(registry), by=AGENT)
    scan = StoredFile("a" * 64, "application/pdf", 9, ScanDates(date(2023, 12, 20), date(2027, 12, 31)))
    annex = StoredFile("b" * 64, "application/pdf", 9, ScanDates(date(2001, 1, 1), date(2002, 1, 1)))
    for file in (scan, annex):
        registry.attach(ORDER, file, name="x.pdf", by=AGENT)
    assert registry.confirm(ORDER, by=MAYOR_X).kind is ChangeKind.CONFIRMED


def test_the_register_entry_of_a_first_confirmation_names_nobody(opened: Opened) -> None:
    registry, book = opened
    registry.propose(scanned(registry, scan_date="2022-12-20"), by=AGENT)
    registry.confirm(ORDER, by=MAYOR_X)
    entry = entry_of(book.changes[-1])
    assert entry.outcome == "document_first_confirmed"
    assert entry.detail == {"revision": book.changes[-1].revision, "subject": ORDER, "version": 2, "commune": "X"}
