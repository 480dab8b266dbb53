"""A recording sheet says what the papers say, ends with them, and stops when they stop."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from tests.support import worlds

from beffroi.domain.acts import Origin, Purpose
from beffroi.domain.clock import to_wall_us
from beffroi.domain.documents import JsonValue
from beffroi.domain.facts import Facts
from beffroi.domain.ids import AuthorityId, CameraId, DocumentId
from beffroi.registry.sheets import Drawn, HourKeys, draw, to_revoke
from beffroi.registry.streams import CameraStreams
from beffroi.vault.sheet import RecordingSheet, SheetSigner, SheetStream, WhenFull, open_sheet

CX = CameraId("cx")
STREAMS = {
    camera.id: CameraStreams(camera.id, (SheetStream("main", "rtsp://192.0.2.1/a", "h265"),), "sealed")
    for camera in worlds.cameras()
}
MONTH_US = 31 * 86_400 * 1_000_000
NOW_US = to_wall_us(worlds.NOW)


def drawn(facts: Facts, serials: dict[CameraId, int] | None = None) -> Drawn:
    return draw(facts, STREAMS, worlds.NOW, serials or {})


def sheet_of(facts: Facts, camera: CameraId = CX) -> RecordingSheet | None:
    return next((sheet for sheet in drawn(facts).sheets if sheet.camera == camera), None)


def test_a_sheet_says_what_the_order_says() -> None:
    sheet = sheet_of(worlds.world())
    assert sheet is not None
    assert (sheet.authority, sheet.commune, sheet.order) == ("maire/X", "X", "prefect_order/X")
    assert (sheet.term_days, sheet.legal_tz, sheet.credentials) == (30, "Europe/Paris", "sealed")
    assert sheet.purposes == (Purpose.F1, Purpose.F3, Purpose.F4, Purpose.F5, Purpose.F8)
    assert (sheet.valid_from_us, sheet.valid_until_us) == (NOW_US, NOW_US + MONTH_US)
    key = Ed25519PrivateKey.generate()
    assert open_sheet(SheetSigner(key).sign(sheet), [key.public_key()]) == sheet


def test_every_camera_with_its_papers_has_one_and_each_authority_its_hours() -> None:
    made = drawn(worlds.world())
    assert [sheet.camera for sheet in made.sheets] == ["cd", "cx", "cy", "cz"]
    assert made.hours == tuple(HourKeys(AuthorityId(f"maire/{one}"), 30) for one in "XYZ")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda facts: facts.without_document(DocumentId("prefect_order/X")),
        lambda facts: facts.without_document(DocumentId("cnil_commitment/X")),
        lambda facts: worlds.suspended(facts, "prefect_order/X"),
        lambda facts: worlds.proposed(facts, "prefect_order/X"),
        lambda facts: worlds.ended(facts, "prefect_order/X", date(2026, 3, 1)),
        lambda facts: worlds.ended(facts, "cnil_commitment/X", date(2026, 3, 1)),
        lambda facts: replace(
            facts, cameras={**facts.cameras, CX: replace(facts.cameras[CX], placement_confirmed_by=None)}
        ),
        lambda facts: _with(facts, event_ended_on="2026-03-01"),
        lambda facts: _with(facts, type="event"),  # four months from 2024 are long over
        lambda facts: replace(
            facts, cameras={**facts.cameras, CX: replace(facts.cameras[CX], origin=Origin.COMMON_PARTS)}
        ),
        lambda facts: _with_days(facts, 0),
        lambda facts: _with_days(facts, 32),
        lambda facts: _with_days(facts, "30"),
        lambda facts: _with_days(facts, True),
    ],
)
def test_without_a_paper_there_is_no_sheet_and_the_one_held_is_revoked(spoil: Callable[[Facts], Facts]) -> None:
    made = drawn(spoil(worlds.world()))
    assert CX not in {sheet.camera for sheet in made.sheets}
    assert "cy" in {sheet.camera for sheet in made.sheets}
    assert to_revoke(made, {CX: 7, CameraId("cy"): 3}) == {CX: 7}


def _with_days(facts: Facts, days: JsonValue) -> Facts:
    return _with(facts, retention_days=days)


def _with(facts: Facts, **fields: JsonValue) -> Facts:
    order = facts.versions(DocumentId("prefect_order/X"))[-1]
    return facts.with_documents(replace(order, fields={**order.fields, **fields}))


def test_a_sheet_keeps_the_minimum_delay_of_the_order_and_ends_with_its_event() -> None:
    sheet = sheet_of(_with(worlds.world(), minimum_days=7, event_ended_on="2026-03-02T11:00:00+01:00"))
    assert sheet is not None
    assert (sheet.min_days, sheet.term_days) == (7, 30)
    older = sheet_of(_with(worlds.world(), minimum_days=30))
    assert older is not None, "an order entered before the rule goes on being recorded"
    assert (older.min_days, older.term_days) == (27, 30), "the month wins over the minimum"
    assert sheet.valid_until_us == NOW_US + 3_600 * 1_000_000


@pytest.mark.parametrize(
    ("said", "least", "when_full"),
    [
        (None, 0, WhenFull.STOP_LOWEST),
        ("stop_lowest", 0, WhenFull.STOP_LOWEST),
        ("destroy_oldest", 0, WhenFull.DESTROY_OLDEST),
        ("destroy_oldest", 7, WhenFull.STOP_LOWEST),  # as an order entered earlier might: nothing goes early
        ("anything", 0, WhenFull.STOP_LOWEST),
        (["destroy_oldest"], 0, WhenFull.STOP_LOWEST),
    ],
)
def test_a_sheet_says_what_gives_way_when_the_disk_is_full(said: JsonValue, least: int, when_full: WhenFull) -> None:
    sheet = sheet_of(_with(worlds.world(), when_full=said, minimum_days=least))
    assert sheet is not None
    assert sheet.when_full is when_full


def test_a_sheet_bears_the_priority_and_the_rates_of_its_camera() -> None:
    streams = CameraStreams(CX, (SheetStream("main", "rtsp://192.0.2.1/a", kbit_s=4000),), priority=7)
    sheet = draw(worlds.world(), {CX: streams}, worlds.NOW, {}).sheets[0]
    assert (sheet.priority, sheet.streams[0].kbit_s) == (7, 4000)


@given(st.integers(1, 40 * 86_400))
def test_a_sheet_never_outlives_its_order(seconds: int) -> None:
    facts = worlds.world()
    order = facts.versions(DocumentId("prefect_order/X"))[-1]
    end = worlds.NOW + timedelta(seconds=seconds, microseconds=1)
    sheet = sheet_of(facts.with_documents(replace(order, valid_until=end)))
    assert sheet is not None
    assert sheet.valid_until_us == min(NOW_US + MONTH_US, to_wall_us(end))


def test_an_order_of_another_commune_gives_nothing() -> None:
    facts = worlds.world().without_document(DocumentId("prefect_order/X"))
    order = facts.versions(DocumentId("prefect_order/Y"))[-1]
    wide = replace(order, scope=replace(order.scope, cameras=order.scope.cameras | {CX}))
    assert sheet_of(facts.with_documents(wide)) is None


def test_of_two_orders_the_longer_term_counts() -> None:
    facts = worlds.world()
    order = facts.versions(DocumentId("prefect_order/X"))[-1]
    short = replace(order, id=DocumentId("prefect_order/X-15"), fields={**order.fields, "retention_days": 15})
    sheet = sheet_of(facts.with_documents(short))
    assert sheet is not None
    assert sheet.order == "prefect_order/X"


def test_serials_grow_even_when_the_clock_went_back() -> None:
    later = NOW_US + 10**12
    sheets = drawn(worlds.world(), {CX: later}).sheets
    assert next(sheet.serial for sheet in sheets if sheet.camera == CX) == later + 1


def test_a_camera_without_streams_has_no_sheet() -> None:
    made = draw(worlds.world(), {CX: STREAMS[CX]}, worlds.NOW, {})
    assert [sheet.camera for sheet in made.sheets] == [CX]


def test_a_missing_mask_stops_live_views_and_never_the_recording() -> None:
    unmasked = worlds.world().without_document(DocumentId("mask/cx"))
    assert sheet_of(unmasked) is not None
