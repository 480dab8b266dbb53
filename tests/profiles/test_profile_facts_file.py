"""`beffroi profile facts` writes what `beffroi law ask` reads back to the letter."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from beffroi.cli import law as law_command
from beffroi.cli import profile as command
from beffroi.domain.acts import Act
from beffroi.law.facts_dump import dump_facts
from beffroi.law.facts_file import load_facts
from beffroi.profiles.catalogue import build, world_names


@pytest.mark.parametrize("name", world_names())
def test_written_and_read_back_to_the_letter(name: str, tmp_path: Path) -> None:
    facts, path = build(name).facts, tmp_path / "facts.yaml"
    path.write_text(dump_facts(facts), encoding="utf-8")
    again = load_facts(path)
    assert again.digest() == facts.digest()
    assert list(again.cameras) == list(facts.cameras)
    assert again.persons == facts.persons


def test_the_file_answers_law_ask(tmp_path: Path) -> None:
    path = tmp_path / "oise.yaml"
    runner = CliRunner()
    written = runner.invoke(command.app, ["facts", "oise", "--regularised", "-o", str(path)])
    assert written.exit_code == 0, written.output
    question = ["--camera", "rochemont-rue", "--purpose", "F5", "--at", "2026-03-02T22:30:00+01:00", "--act", Act.LIVE]
    opened = runner.invoke(law_command.app, ["ask", str(path), "--person", "operator", *question])
    refused = runner.invoke(law_command.app, ["ask", str(path), "--person", "president", *question])
    assert (opened.exit_code, refused.exit_code) == (0, law_command.REFUSED), opened.output + refused.output
