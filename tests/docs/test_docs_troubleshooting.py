"""Every finding of the doctor, every alarm and every cause of a gap has its line in the guide, and no line is dead."""

import ast
import re
from pathlib import Path

import pytest

import beffroi
from beffroi.capture.alarms import Alarm
from beffroi.cli.doctor.findings import Code
from beffroi.domain.gaps import GapCause

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "troubleshooting.md"
SOURCE = Path(beffroi.__file__).parent


def entries(title: str) -> set[str]:
    section = GUIDE.read_text(encoding="utf-8").split(f"\n## {title}\n")[1].split("\n## ")[0]
    first = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name for cell in first for name in re.findall(r"`([^`]+)`", cell)}


@pytest.mark.parametrize(
    ("title", "known"),
    [
        ("What the doctor finds", {one.value for one in Code}),
        ("Alarms", {one.value for one in Alarm}),
        ("Gaps", {one.value for one in GapCause}),
    ],
)
def test_the_guide_has_each_and_no_other(title: str, known: set[str]) -> None:
    assert entries(title) == known


def test_every_alarm_that_is_raised_is_of_the_list() -> None:
    raised: set[str] = set()
    for path in [*(SOURCE / "capture").rglob("*.py"), *(SOURCE / "vault").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and any(_is_alarm(argument) for argument in node.args):
                words = [word.value for word in node.keywords if word.arg == "what"]
                raised |= {one.value for one in words if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    assert raised <= {one.value for one in Alarm}, "add it to capture/alarms.py, with its sentence"


def test_every_alarm_and_cause_has_its_two_sentences() -> None:
    for one in [*Alarm, *GapCause]:
        assert one.text.fr.endswith(".")
        assert one.text.en.endswith(".")
        assert one.text.fr != one.text.en


def _is_alarm(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "ALARM"
