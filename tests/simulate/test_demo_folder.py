"""The demonstration's folder is made anew at each start, but never under one that is under way."""

import subprocess
import sys
from pathlib import Path

from tests.support.ports import free_port

from beffroi.capture.folderlock import lock_folder
from beffroi.capture.paths import RecorderPaths
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
