"""`beffroi law matrix`: what a supervisor reads in a terminal."""

import json
from pathlib import Path

import pytest
from tests.support import worlds
from typer.testing import CliRunner

from beffroi.cli.law import app
from beffroi.domain.errors import BadInputError
from beffroi.law.facts_dump import dump_facts

EVENING = "2026-03-02T18:30:00+01:00"


@pytest.fixture(scope="module")
def facts_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("facts") / "facts.yaml"
    path.write_text(dump_facts(worlds.ended(worlds.world(), "agreement/E-Y", worlds.NOW.date())), encoding="utf-8")
    return path


def said(facts: Path, *options: str) -> str:
    result = CliRunner().invoke(app, ["matrix", str(facts), "--at", EVENING, *options])
    if result.exception is not None:
        raise result.exception
    return result.output


def test_the_night_is_told_by_commune(facts_file: Path) -> None:
    text = said(facts_file, "--persons", "agentE,pmX", "--why")
    assert "02/03/2026 18:30 → 03/03/2026 08:00" in text
    assert "Bourg-Neuf (X)" in text
    assert "agentE (agentE): direct ● ouvert · relecture ● ouvert" in text
    assert "direct ● ouvert, 03/03/2026 00:00 ○ refusé" in text
    assert "convention" in text
    assert "Le Plessis (Z)\n" in text
    assert "agentE" not in text.split("Le Plessis (Z)")[1]


def test_what_if_tells_who_loses_and_when(facts_file: Path) -> None:
    text = said(facts_file, "--what-if", "end agreement/E-X 2026-03-04", "--acts", "live")
    assert text == "05/03/2026 00:00  Bourg-Neuf · agentE · direct : −2\n"
    assert said(facts_file, "--what-if", "accredit agentE 75", "--english") == "Nothing changes.\n"


@pytest.mark.parametrize(
    "change",
    [
        "end agreement/E-X 2026-03-01",
        "suspend prefect_order/X",
        "withdraw prefect_order/X 2026-03-02T20:00:00+01:00",
        "set prefect_order/X.acts [live]",
        "set prefect_order/X.purposes null",
    ],
)
def test_changes_that_take_something(facts_file: Path, change: str) -> None:
    gaps = json.loads(said(facts_file, "--what-if", change, "--json"))
    assert gaps
    assert all(one["lost"] and not one["gained"] for one in gaps)


def test_a_designation_gives(facts_file: Path) -> None:
    change = ["--what-if", "withdraw designation/agentE-X", "--what-if", "designate agentE X replay"]
    gaps = json.loads(said(facts_file, *change, "--persons", "agentE", "--json"))
    assert {one["act"] for one in gaps} == {"ptz"}


def test_cells_for_a_machine(facts_file: Path) -> None:
    made = json.loads(said(facts_file, "--persons", "agentE", "--communes", "X", "--acts", "live", "--json"))
    (cell,) = made["cells"]
    assert [(one["state"], one["open"], one["of"]) for one in cell["standings"]] == [("open", 2, 2)]
    assert made["to"] == "2026-03-03T07:00:00+00:00"


@pytest.mark.parametrize(
    "options",
    [
        ["--what-if", "do something"],
        ["--what-if", ""],
        ["--what-if", "end agreement/E-X"],
        ["--what-if", "end agreement/E-X yesterday"],
        ["--what-if", "end agreement/none 2026-03-01"],
        ["--what-if", "suspend agreement/E-X 2026-03-01T10:00:00"],
        ["--what-if", "set prefect_order/X.hour 07:00-22:00"],
        ["--what-if", "set prefect_order/X"],
        ["--what-if", "designate agentE X look"],
        ["--acts", "look"],
        ["--until", "2026-03-01T10:00:00+01:00"],
        ["--until", "tomorrow"],
        ["--data", "/nowhere"],
    ],
)
def test_what_is_not_understood_is_said(facts_file: Path, options: list[str]) -> None:
    with pytest.raises(BadInputError) as refused:
        said(facts_file, *options)
    assert refused.value.text.fr
