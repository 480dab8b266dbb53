"""The commands on a house that lies still: account with its exit codes, rebuild."""

import json
from pathlib import Path

import pytest
from tests.support.accounts import DAY, SmallHouse
from typer.testing import CliRunner

from beffroi.cli.vault import app
from beffroi.domain.clock import ManualClock
from beffroi.domain.errors import BadInputError


@pytest.fixture
def still(tmp_path: Path) -> Path:
    """A stopped recorder's folder, of some days ago."""
    house = SmallHouse(tmp_path, ManualClock())
    house.order()
    house.record(1500)
    house.stop()
    house.clock.advance(5 * DAY / 1e6)
    house.destroy()
    house.record(700)
    house.miss(100)
    house.record(60)
    house.stop()
    house.close()
    return tmp_path


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, list(arguments), catch_exceptions=True)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.output


def test_it_adds_up_then_a_row_is_taken_then_the_catalogue_is_made_again(still: Path) -> None:
    import sqlite3
    from contextlib import closing

    asked = ("account", "--data", str(still), "--from", "2026-03-02", "--to", "2026-03-08")
    code, text = run(*asked)
    assert (code, "Le compte est bon." in text) == (0, True), text
    code, text = run(*asked, "--json")
    days = json.loads(text)["days"]
    assert {line["day"] for line in days} == {f"2026-03-0{day}" for day in range(2, 9)}
    with closing(sqlite3.connect(still / "recorder" / "catalogue.sqlite")) as db:
        for table in ("destroyed", "gap", "chunk"):
            db.execute(f"DELETE FROM {table}")  # noqa: S608  names of ours
        db.commit()
    code, text = run(*asked)
    assert code == 1
    assert "Le compte n'est pas bon" in text
    assert run("rebuild", "--data", str(still))[0] == 0
    code, text = run(*asked)
    assert code == 0, text
    assert (still / "recorder" / "catalogue.before").is_file()


@pytest.mark.parametrize("name", ["journal.sqlite", "mandates.sqlite", "catalogue.sqlite"])
def test_a_source_that_is_gone_is_named_and_not_made_anew(still: Path, name: str) -> None:
    (still / "recorder" / name).unlink()
    code, text = run("account", "--data", str(still))
    assert (code, name in text) == (1, True), text
    assert not (still / "recorder" / name).exists()


@pytest.mark.parametrize("arguments", [("--from", "hier"), ("--data", "/nowhere")])
def test_what_cannot_be_asked_is_refused_with_a_sentence(still: Path, arguments: tuple[str, ...]) -> None:
    with pytest.raises(BadInputError):
        run("account", "--data", str(still), *arguments)


def test_no_rebuild_without_a_journal(still: Path) -> None:
    (still / "recorder" / "journal.sqlite").unlink()
    with pytest.raises(BadInputError):
        run("rebuild", "--data", str(still))
    assert (still / "recorder" / "catalogue.sqlite").is_file()


def test_a_rebuild_of_a_wrong_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadInputError) as refused:
        run("rebuild", "--data", str(tmp_path))
    assert "--data" in refused.value.text.fr
    assert list(tmp_path.iterdir()) == []
