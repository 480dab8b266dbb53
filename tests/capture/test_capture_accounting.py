"""The recorder's daily account: kept for those who ask, shouted once when it does not add up."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.support.accounts import CAMERA, SmallHouse
from tests.support.sheets import good_sheet

from beffroi.capture.accounting import Accounting
from beffroi.capture.paths import RecorderPaths
from beffroi.capture.sheets import SheetWatch
from beffroi.domain.errors import BadInputError
from beffroi.domain.ids import CameraId
from beffroi.vault.catalogueschema import connect
from beffroi.vault.journal import ActKind
from beffroi.vault.mandates import read_orders

DAY = "2026-03-02"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[SmallHouse]:
    made = SmallHouse(tmp_path)
    made.order()
    made.record(1500)
    yield made
    made.close()


def accounting(house: SmallHouse) -> Accounting:
    return Accounting(
        RecorderPaths(house.data),
        journal=lambda: house.journal,
        clock=house.clock,
        post=house.post,
        patience=lambda: None,
    )


def alarms(house: SmallHouse) -> list[dict[str, Any]]:
    return [entry.fields for entry in house.journal.read_after(0) if entry.kind is ActKind.ALARM]


def test_a_right_account_is_silent(house: SmallHouse) -> None:
    books = accounting(house)
    assert books.daily().adds_up
    assert alarms(house) == []
    answer = books.methods()["account"]({"from": DAY, "to": DAY})
    assert (answer["adds_up"], answer["whole"], answer["whole_us"]) == (True, [], house.clock.wall_us())


def test_a_wrong_one_is_an_alarm_with_its_first_sentence(house: SmallHouse) -> None:
    file = sorted((house.root / "streams").rglob("*.mp4"))[0]
    file.unlink()
    books = accounting(house)
    assert not books.daily().adds_up
    (alarm,) = alarms(house)
    assert alarm["what"] == "account"
    assert file.name in alarm["first"]["fr"]
    assert not books.methods()["account"]({"from": DAY, "to": DAY})["adds_up"]


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"from": DAY},
        {"from": "2026-03-03", "to": DAY},
        {"from": "2026-01-01", "to": DAY},
        {"from": 7, "to": DAY},
        {"from": DAY, "to": DAY, "cameras": "cam-1"},
        {"from": DAY, "to": DAY, "cameras": ["c"] * 5000},
    ],
)
def test_a_malformed_request_is_refused(house: SmallHouse, asked: dict[str, Any]) -> None:
    with pytest.raises(BadInputError):
        accounting(house).methods()["account"](asked)


def test_it_knows_every_camera_of_which_it_may_have_a_line(house: SmallHouse) -> None:
    """Ordered and never recorded, recorded and no longer ordered, and one of which a folder alone is left."""
    ordered = good_sheet(house.clock.wall_us(), camera=CameraId("cam-2"), serial=1)
    house.store().install(house.signer.sign(ordered))
    house.read_sheets()
    with closing(connect(house.root / "catalogue.sqlite", create=False)) as db:
        db.execute("INSERT INTO stream (camera, name) VALUES ('cam-3', 'main')")
        db.commit()
    (house.root / "streams" / "cam-4" / "main").mkdir(parents=True)
    books = accounting(house)
    found = books.methods()["account_known"]({})
    assert found == {
        "cameras": ["cam-1", "cam-2", "cam-3", "cam-4"], "now_us": house.clock.wall_us(), "whole": [], "whole_us": None
    }  # fmt: skip
    asked = {"from": DAY, "to": DAY}
    whole = books.methods()["account"](asked)
    parts = [books.methods()["account"]({**asked, "cameras": [one]}) for one in found["cameras"]]
    assert [line for part in parts for line in part["days"]] == whole["days"]
    assert {line["camera"] for line in whole["days"]} == set(found["cameras"])


def test_cameras_of_another_kind_are_not_known(house: SmallHouse) -> None:
    asked = {"from": DAY, "to": DAY, "cameras": [7, None, {"camera": "cam-1"}, "../cam-1"]}
    assert accounting(house).methods()["account"](asked)["days"] == []


def test_a_sheet_is_in_the_book_before_the_journal_tells_of_it(house: SmallHouse) -> None:
    trusted = (house.world.sheet_key.public_key(),)
    kept: dict[int, bool] = {}

    def post(kind: ActKind, fields: dict[str, Any]) -> None:
        house.post(kind, fields)
        if kind is ActKind.SHEET_APPLIED:
            kept[fields["serial"]] = (CAMERA, fields["serial"]) in read_orders(house.mandates.journal, trusted).serials

    watch = SheetWatch(RecorderPaths(house.data), house.clock, house.watch, post)
    for serial in (2, 3):
        sheet = good_sheet(house.clock.wall_us(), camera=CAMERA, serial=serial)
        house.store().install(house.signer.sign(sheet))
        watch.read()
    assert kept == {2: True, 3: True}
