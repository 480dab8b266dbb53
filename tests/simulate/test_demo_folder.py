"""The demonstration's folder is made anew at each start, but never under one that is under way."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.commands import run
from tests.support.ports import free_port

from beffroi.capture.folderlock import lock_folder
from beffroi.capture.paths import RecorderPaths
from beffroi.cli.house import ACCOUNTS_FILE
from beffroi.cli.ingeagglo import DemoAccount
from beffroi.server.centre import DEMO_MARK


def test_a_second_demonstration_in_the_same_folder_is_refused_and_touches_nothing(tmp_path: Path) -> None:
    data = tmp_path / "demo-data"
    paths = RecorderPaths(data)
    paths.prepare()
    (data / DEMO_MARK).touch()
    fd = lock_folder(paths.lock)
    before = sorted(data.rglob("*"))
    words = ["demo", "--data", str(data), "--port", str(free_port())]
    code = "from beffroi.cli.main import main; main()"
    ran = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=False)
    assert ran.returncode == 1, ran.stderr
    assert "Une démonstration est en cours dans « demo-data »" in ran.stderr
    assert "--data" in ran.stderr
    assert fd >= 0
    assert sorted(data.rglob("*")) == before


@pytest.mark.parametrize("before", [True, False])
def test_the_folder_of_a_code_may_be_said_before_or_after(tmp_path: Path, before: bool) -> None:
    data, name = tmp_path / "ailleurs", ["--data", str(tmp_path / "ailleurs")]
    words = ["demo", *name, "code", "police"] if before else ["demo", "code", *name, "police"]
    missing = run(*words)
    assert missing.code == 1, missing.output
    assert "ailleurs" in missing.output.replace("\n", "")
    data.mkdir()
    label = {"fr": "Police", "en": "Police"}
    fields = {field.name: "JBSWY3DPEHPK3PXP" * 2 for field in dataclasses.fields(DemoAccount)} | {
        "key": "police",
        "label": label,
    }
    (data / ACCOUNTS_FILE).write_text(json.dumps([fields]))
    told = run(*words)
    assert (told.code, len(told.output.strip())) == (0, 6), told.output
