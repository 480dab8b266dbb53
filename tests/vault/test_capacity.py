"""Before a camera is armed: what the orders ask for against the room there is."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.sheets import good_sheet

from beffroi.domain.clock import ManualClock
from beffroi.domain.ids import CameraId
from beffroi.vault.capacity import ASSUMED_KBIT_S, Disk, Fit, Need, RateSource, need_of, refusal, sentence, weigh
from beffroi.vault.sheet import SheetStream

GB = 10**9
NOW = ManualClock().wall_us()


def need(name: str, *, kbit_s: float = 4000, armed: bool = False, priority: int = 100, min_days: int = 0) -> Need:
    return Need(CameraId(name), priority, 30, min_days, kbit_s, RateSource.DECLARED, armed)


def test_a_rate_is_declared_or_measured_or_assumed_and_the_more_of_the_first_two() -> None:
    streams = (SheetStream("main", "rtsp://h/1", kbit_s=4000), SheetStream("sub", "rtsp://h/2"))
    sheet = good_sheet(NOW, streams=streams)
    assert need_of(sheet, {}, armed=False).kbit_s == 4000 + ASSUMED_KBIT_S["sub"]
    assert need_of(sheet, {}, armed=False).source is RateSource.ASSUMED
    seen = need_of(sheet, {"main": 3000.0, "sub": 400.0}, armed=False)
    assert (seen.kbit_s, seen.source) == (4400, RateSource.MEASURED)
    more = need_of(sheet, {"main": 6000.0, "sub": 400.0}, armed=False)
    assert more.kbit_s == 6400
    said = replace(sheet, streams=(streams[0],))
    assert need_of(said, {}, armed=False).source is RateSource.DECLARED


def test_a_camera_asks_for_its_rate_times_its_term() -> None:
    one = need("a", kbit_s=4000, min_days=7)
    assert one.most == 4000 * 125 * 86_400 * 30
    assert one.least == 4000 * 125 * 86_400 * 7
    assert need("a", kbit_s=4000).least == 0


def test_what_does_not_fit_its_minimum_is_refused_with_figures_and_what_fits() -> None:
    found = weigh([need("a", min_days=7, armed=True), need("b", min_days=7)], 500 * GB)
    assert found.fits == {CameraId("a"): Fit.PARTLY, CameraId("b"): Fit.REFUSED}
    assert found.refused == {CameraId("b")}
    told = refusal(found, CameraId("b"))
    assert "7 j à 4000 kbit/s (débit déclaré) demandent 302,4 Go, il en reste 197,6 Go" in told.fr
    assert "302.4 GB" in told.en
    assert "camera share" in sentence(found).fr


def test_what_fits_its_minimum_and_not_its_term_is_warned_by_priority() -> None:
    found = weigh([need("a"), need("b", priority=200), need("c")], 2000 * GB)
    assert found.fits == {CameraId("b"): Fit.WHOLE, CameraId("a"): Fit.PARTLY, CameraId("c"): Fit.PARTLY}
    assert not found.refused
    assert found.short
    told = sentence(found)
    assert "15,4 jours" in told.fr
    assert "Tiennent leur durée entière : b" in told.fr


def test_a_guessed_rate_that_refuses_says_how_to_correct_it() -> None:
    guess = replace(need("a", min_days=30), source=RateSource.ASSUMED)
    found = weigh([guess], GB)
    assert found.refused == {CameraId("a")}
    assert "Déclarez son vrai débit" in refusal(found, CameraId("a")).fr
    assert not weigh([replace(guess, min_days=0)], 0).refused


def test_when_all_fits_it_says_so() -> None:
    found = weigh([need("a")], 5000 * GB)
    assert not found.short
    assert "1,3 To sur 5,0 To" in sentence(found).fr
    assert weigh([], 0).holds_days == float("inf")


NEEDS = st.lists(
    st.builds(
        Need,
        camera=st.integers(0, 10**6).map(lambda number: CameraId(f"cam-{number}")),
        priority=st.integers(1, 5),
        term_days=st.integers(1, 31),
        min_days=st.integers(0, 31),
        kbit_s=st.floats(1, 50_000),
        source=st.sampled_from(list(RateSource)),
        armed=st.booleans(),
    ),
    max_size=30,
    unique_by=lambda one: one.camera,
)


@given(NEEDS, st.integers(0, 200_000 * GB))
def test_laws_of_the_reckoning(needs: list[Need], room: int) -> None:
    found = weigh(needs, room)
    assert set(found.fits) == {one.camera for one in needs}
    armed = {one.camera for one in needs if one.armed}
    assert not found.refused & armed, "an armed camera is never taken off"
    kept = [one for one in needs if one.camera not in found.refused]
    assert all(one.min_days for one in needs if one.camera in found.refused), "without a minimum nobody is refused"
    if any(not one.armed and one.least for one in kept):
        assert sum(one.least for one in kept) <= room, "what is accepted has its minimum"
    whole = [one for one in needs if found.fits[one.camera] is Fit.WHOLE]
    assert sum(one.most for one in whole) <= room
    assert not weigh(needs, 10**30).short, "an endless disk holds all"
    assert sentence(found).fr
    assert sentence(found).en


@given(NEEDS, st.integers(0, 200_000 * GB))
def test_of_two_alike_the_higher_priority_is_never_refused_for_the_lower(needs: list[Need], room: int) -> None:
    found = weigh(needs, room)
    new = [one for one in needs if not one.armed]
    for high in new:
        for low in new:
            if high.priority > low.priority and high.least <= low.least and high.camera in found.refused:
                assert low.camera in found.refused


@pytest.mark.parametrize("size", [1, 10**6, 64 << 20, 10**9, 10**12, 10**14])
def test_the_reserve_and_the_line_are_within_the_disk(size: int) -> None:
    disk = Disk(size, size)
    assert 0 <= disk.reserve <= disk.line(0) <= disk.line(10**9) <= size * 0.26 + 1
    assert disk.reserve <= 1 << 30


def test_a_disk_is_read(tmp_path: Path) -> None:
    disk = Disk.read(tmp_path)
    assert 0 <= disk.free <= disk.size
    assert 0 <= disk.used_percent <= 100


@pytest.mark.parametrize(
    ("room", "words"),
    [(1000 * GB, "23,1 jours"), (30 * GB, "17 heures"), (GB, "33 min"), (0, "0 min")],
)
def test_how_long_a_disk_lasts_is_said_in_a_unit_that_means_something(room: int, words: str) -> None:
    told = sentence(weigh([need("a")], room))
    assert f"Il tient environ {words} de toutes les caméras. Aucune ne tient la sienne." in told.fr
    assert "None keeps its whole term." in told.en
