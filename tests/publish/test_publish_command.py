"""`beffroi law audit` on the example, as a commune types it."""

import json
from pathlib import Path

import pytest
from tests.publish.commune import EXAMPLE
from typer.testing import CliRunner

from beffroi.cli.law import app
from beffroi.domain.errors import BadInputError

FILES = [str(EXAMPLE / "cameras.csv"), str(EXAMPLE / "papers.yaml")]


def test_it_prints_the_verdict_and_leaves_with_three() -> None:
    done = CliRunner().invoke(app, ["audit", *FILES, "--at", "2026-03-02"])
    assert done.exit_code == 3
    assert "12 anomalies" in done.output.split("\f")[0]
    assert "Liste de contrôle" in done.output.split("\f")[1]


def test_it_writes_pdf_and_letters(tmp_path: Path) -> None:
    pdf, letters = tmp_path / "rapport" / "audit.pdf", tmp_path / "lettres"
    done = CliRunner().invoke(
        app, ["audit", *FILES, "--at", "2026-03-02", "--pdf", str(pdf), "--letters", str(letters), "--json"]
    )
    sheet = json.loads(done.output)
    assert pdf.read_bytes().startswith(b"%PDF-")
    assert len(list(letters.iterdir())) == len(sheet["findings"]) == 12
    first = (letters / "01-recorder-setting.txt").read_text(encoding="utf-8")
    assert "Objet : " in first
    assert "CV-07" in first


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([*FILES, "--at", "hier"], "n'est pas un jour"),
        ([FILES[0], "nulle-part.yaml"], "nulle-part.yaml"),
        ([*FILES, "--at", "2026-03-02", "--pdf", "/proc/audit.pdf"], "choisissez un autre endroit"),
    ],
)
def test_what_cannot_be_done_is_said(arguments: list[str], said: str) -> None:
    done = CliRunner().invoke(app, ["audit", *arguments])
    assert isinstance(done.exception, BadInputError)
    assert said in done.exception.text.fr
