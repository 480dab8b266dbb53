"""`beffroi law cases` and `beffroi law worlds`: what a jurist reads in a terminal, and the exit codes."""

import json
from pathlib import Path
from xml.etree import ElementTree as Tree

import pytest
from typer.testing import CliRunner, Result

from beffroi.cli.law import app
from beffroi.law.worlds.catalog import WORLDS

TEXT = """world: pooled-epci
cases:
  - {id: right, who: agentE, act: live, camera: cX, purpose: F5, expect: allow, authority: maire/X}
  - {id: mistaken, note: night, who: agentE, act: live, camera: cX, purpose: F5, expect: refuse, cure: agreement}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "f.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return path


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_a_case_that_differs_is_told_and_the_command_leaves_with_1(file: Path) -> None:
    result = run("cases", str(file))
    assert result.exit_code == 1
    assert result.output.startswith(".✗\n")
    assert f"{file}:4  mistaken  (pooled-epci)" in result.output
    assert "le verdict attendu : refuse ; rendu : allow" in result.output
    assert "sous l'autorité du maire de Bourg-Neuf" in result.output
    assert "1 cas conforme(s), 1 différent(s)" in result.output
    assert "the verdict expected: refuse; got: allow" in run("cases", str(file), "--english").output


def test_all_as_expected_leaves_with_0(file: Path) -> None:
    result = run("cases", str(file.parent), "-k", "right", "-v")
    assert result.exit_code == 0
    assert f"ok  {file}  right" in result.output
    assert "mistaken" not in result.output


def test_a_word_is_looked_for_in_notes_too(file: Path) -> None:
    assert run("cases", str(file), "-k", "night").exit_code == 1


def test_a_malformed_file_leaves_with_2_and_runs_nothing(file: Path) -> None:
    (file.parent / "g.yaml").write_text(TEXT.replace("agentE", "agentQ"), encoding="utf-8")
    result = run("cases", str(file.parent))
    assert result.exit_code == 2
    assert "ce monde n'a pas de personne « agentQ »" in result.output
    assert "différent" not in result.output


def test_a_folder_without_cases_leaves_with_2(tmp_path: Path) -> None:
    result = run("cases", str(tmp_path))
    assert result.exit_code == 2
    assert "aucun fichier de cas" in result.output


def test_machines_read_json_and_junit(file: Path, tmp_path: Path) -> None:
    result = run("cases", str(file), "--json", "--junit", str(tmp_path / "report.xml"))
    right, mistaken = json.loads(result.output)
    assert right["holds"]
    assert (mistaken["id"], mistaken["line"], mistaken["holds"]) == ("mistaken", 4, False)
    assert mistaken["decision"]["verdict"] == "allow"
    suite = Tree.fromstring((tmp_path / "report.xml").read_text(encoding="utf-8"))  # noqa: S314  written just above
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert [case.get("name") for case in suite if case.find("failure") is not None] == ["mistaken"]


def test_worlds_are_listed_and_shown() -> None:
    listed = run("worlds").output
    assert all(name in listed for name in WORLDS)
    shown = run("worlds", "smf").output
    assert "agentS" in shown
    assert "deliberation/S-membres" in shown
    assert "cW" in shown
    whole = json.loads(run("worlds", "pooled-epci", "--json").output)
    assert {"id", "status", "employer"} <= set(whole["persons"][0])


def test_the_deployments_are_worlds_too(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_text(TEXT.replace("pooled-epci", "profile/atlantis"), encoding="utf-8")
    result = run("cases", str(path))
    assert result.exit_code == 2
    assert "ingeagglo" in result.output
