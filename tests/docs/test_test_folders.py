"""Every folder of tests is named in the Makefile, once: a folder that nobody runs proves nothing."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_folder_of_tests_is_run() -> None:
    named = re.findall(
        r"tests/(\w+)", " ".join(re.findall(r"^(?:ROOMS|CENTRE|HOUSE) := .*$", (ROOT / "Makefile").read_text(), re.M))
    )
    there = {path.parent.name for path in (ROOT / "tests").glob("*/test_*.py")}
    assert sorted(named) == sorted(there)
