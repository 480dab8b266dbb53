"""`beffroi profile list|show`, as a person reads it."""

import json
import time
from typing import Any

import pytest
from typer.testing import CliRunner

from beffroi.cli import profile as command
from beffroi.domain.errors import BadInputError, NotFoundError
from beffroi.law.engine import LawEngine
from beffroi.profiles.catalogue import PROFILES, world_names

RUNNER = CliRunner()


def run(*arguments: str) -> str:
    result = RUNNER.invoke(command.app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def as_data(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json"))


def test_list_names_all_and_both_states_of_the_dual_ones() -> None:
    text = run("list")
    assert all(name in text for name in PROFILES)
    assert text.count("--regularised") == 3
    assert [row["name"] for row in as_data("list")] == list(PROFILES)


@pytest.mark.parametrize("name", world_names())
def test_show_answers_within_five_seconds(name: str, engine: LawEngine) -> None:
    del engine  # loaded once: the first decision of a process parses the rules
    started = time.process_time()
    french = run("show", name)
    seconds = time.process_time() - started
    assert seconds <= 5  # of this process: what else the machine does is not the page's
    for heading in ("Qui peut voir quoi", "Ce qui est refusé, et pourquoi"):
        assert heading in french
    assert ("Le chemin de l'un à l'autre" in french) is ("--" in name)
    assert max(map(len, french.splitlines())) <= 118


@pytest.mark.parametrize("name", ["oise", "ingedep"])
def test_show_in_english(name: str) -> None:
    english = run("show", name, "--english")
    for heading in ("Who may see what", "What is refused, and why"):
        assert heading in english
    assert ("The way from one to the other" in english) is (name == "oise")
    assert not {"caméras", "Qui", "personnes"} & set(english.split())
    assert max(map(len, english.splitlines())) <= 118


def test_the_default_of_a_dual_profile_is_as_described() -> None:
    assert as_data("show", "oise") == as_data("show", "oise--as-described")
    assert as_data("show", "oise", "--regularised")["variant"] == "regularised"


def test_show_says_another_instant() -> None:
    """The night takeover of a day-time CSU: open at night, refused by day."""

    def cell(at: str) -> str:
        rows = as_data("show", "val-d-oise", "--regularised", "--at", at)["table"]
        row = next(one for one in rows if one["person"] == "operator")
        return str(row["cameras"]["montreval-rue"]["live"])

    assert cell("2026-03-02T23:00:00+01:00") == "allow"
    assert cell("2026-03-02T14:00:00+01:00") == "deny"


def test_the_page_as_data_holds_refusals_with_their_cure_and_the_way() -> None:
    page = as_data("show", "seine-et-yvelines")
    refusal = next(one for one in page["refusals"] if one["person"] == "operator")
    assert refusal["cure"]["issuer"]["fr"]
    assert page["missing"]
    assert [one["step"] for one in page["way"]][:2] == [None, "statutes"]
    assert all(paper["issuer"] for one in page["way"] for paper in one["documents"])
    assert page["cameras"] == 1600


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "oise", "--as-described", "--regularised"),
        ("show", "moselle", "--regularised"),
        ("show", "oise--as-described", "--regularised"),
        ("show", "oise", "--at", "hier"),
        ("show", "oise", "--at", "2026-03-02T10:00:00"),
    ],
)
def test_what_cannot_be_asked_is_said_in_a_sentence(arguments: tuple[str, ...]) -> None:
    with pytest.raises(BadInputError) as caught:
        run(*arguments)
    assert caught.value.text.fr.endswith(".")


@pytest.mark.parametrize("name", ["paris", "", "oise--", "oise--other", "moselle--regularised"])
def test_an_unknown_profile_names_those_that_exist(name: str) -> None:
    with pytest.raises(NotFoundError, match="oise--regularised"):
        run("show", name)
