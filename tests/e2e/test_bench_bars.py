"""What the benches promise is held by them: past a bar they say which, in both languages, and exit with 1."""

import json
import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from beffroi.cli import bench, main
from beffroi.cli.benchbars import CATALOGUE, DENSITY, LEDGER, MISSING, Bar, BarPastError, Past, hold, record_bars
from beffroi.ledger.bench import measure_large

BARS = (MISSING, *DENSITY, *CATALOGUE, *LEDGER)


def beffroi(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The command, and its exit code."""
    monkeypatch.setattr(sys, "argv", ["beffroi", *arguments])
    with pytest.raises(SystemExit) as ended:
        main.main()
    return int(ended.value.code or 0)


def test_the_bars_are_those_promised() -> None:
    assert {bar.key: (bar.bound, bar.at_least) for bar in BARS} == {
        "frames_missing": (0, False),
        "cpu_ratio": (0.7, False),
        "pss_ratio": (0.35, False),
        "day_view_p99_ms": (50, False),
        "insert_times_nominal": (10, True),
        "delete_times_nominal": (10, True),
        "prove, ms, p99": (50, False),
        "proofs that do not hold": (0, False),
        "a day, s": (10, False),
        "a day, entries": (1, True),
        "a day, findings": (0, False),
    }


@pytest.mark.parametrize("bar", BARS, ids=[bar.key for bar in BARS])
def test_a_figure_at_its_bar_is_kept_and_one_past_it_is_told(bar: Bar) -> None:
    hold("bench", {bar.key: bar.bound}, [bar])
    for value in (math.nextafter(bar.bound, -math.inf if bar.at_least else math.inf), math.nan):
        with pytest.raises(BarPastError) as error:
            hold("a title", {bar.key: value}, [bar])
        told = error.value.text
        for text, what in ((told.fr, bar.what.fr), (told.en, bar.what.en)):
            assert "a title" in text
            assert what in text
            assert f"{bar.bound:g}" in text
    with pytest.raises(KeyError):
        hold("bench", {}, [bar])


def test_all_that_is_past_is_named_at_once() -> None:
    figures = {bar.key: bar.bound + (-1 if bar.at_least else 1) for bar in BARS}
    with pytest.raises(BarPastError) as error:
        hold("bench", figures, BARS)
    assert [one.bar for one in error.value.past] == list(BARS)
    assert all(bar.what.fr in error.value.text.fr and bar.what.en in error.value.text.en for bar in BARS)


@pytest.mark.parametrize(
    ("figures", "bars"),
    [
        ({"kind": "main", "streams": 64, "ffmpeg": {}}, (MISSING, *DENSITY)),
        ({"kind": "main", "streams": 128, "ffmpeg": {}}, (MISSING, *DENSITY)),
        ({"kind": "main", "streams": 63, "ffmpeg": {}}, (MISSING,)),
        ({"kind": "main", "streams": 64}, (MISSING,)),
        ({"kind": "sub", "streams": 150, "ffmpeg": {}}, (MISSING,)),
        ({"runs": []}, (MISSING,)),
    ],
)
def test_the_ratios_are_held_where_they_are_promised(figures: dict[str, Any], bars: tuple[Bar, ...]) -> None:
    assert record_bars(figures) == bars


def test_a_large_register_gives_each_figure_that_has_a_bar(tmp_path: Path) -> None:
    """The timed ones are for `make bench`; proofs that hold and a clean day are for every run."""
    figures = measure_large(tmp_path, 2000, proofs=20)
    assert {bar.key for bar in LEDGER} <= figures.keys()
    hold("ledger", figures, [bar for bar in LEDGER if not bar.key.endswith((", s", "p99"))])


def test_a_bench_past_its_bar_prints_its_figures_says_so_and_exits_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The real bench, small, with a bar that nothing keeps."""
    view = CATALOGUE[0]
    monkeypatch.setattr(bench, "CATALOGUE", (replace(view, bound=0),))
    small = ("--rows", "2000", "--seconds", "0.2", "--json", "--data", str(tmp_path))
    code = beffroi(monkeypatch, "bench", "catalogue", *small)
    out, err = capsys.readouterr()
    assert code == 1
    assert json.loads(out)["rows"] == 2000
    assert view.what.fr in err
    assert view.what.en in err
    assert not list(tmp_path.iterdir()), "what was measured is removed"


def test_all_measures_what_is_promised_and_tells_at_the_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Minutes long, hence each bench is only asked here: what for, and that one past its bar ends neither the others
    nor with 0."""
    asked: list[tuple[str, dict[str, Any]]] = []

    def instead(name: str) -> None:
        def one(*_: object, **what: object) -> None:
            asked.append((name, what))
            if name in {"catalogue", "record"} and what.get("kind") != "sub":
                raise BarPastError([Past(f"{name} {what.get('streams', '')}", MISSING, 3)])

        monkeypatch.setattr(bench, name, one)

    for name in ("law", "gate", "fragment", "catalogue", "ledger", "record"):
        instead(name)
    assert beffroi(monkeypatch, "bench", "all") == 1
    records = [what for name, what in asked if name == "record"]
    assert [(what["streams"], what["kind"], what["rounds"], what["peer"]) for what in records] == [
        (64, "main", 2, True),
        (150, "sub", 1, False),
        (60, "main", 1, False),
    ]
    others = {name: what for name, what in asked if name != "record"}
    assert others.keys() == {"law", "gate", "fragment", "catalogue", "ledger"}
    assert others["catalogue"]["rows"] == 1_000_000
    assert others["ledger"]["entries"] == 1_000_000
    told = capsys.readouterr().err
    assert told.count("record 64") == told.count("record 60") == told.count("catalogue") == 2
