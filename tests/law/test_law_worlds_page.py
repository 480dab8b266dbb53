"""docs/reference/worlds.md says what the worlds hold."""

import os
from pathlib import Path

from beffroi.law.worlds.page import page

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "worlds.md"


def test_the_page_of_worlds_is_that_of_the_worlds() -> None:
    written = page()
    if os.environ.get("BEFFROI_REGENERATE"):
        PAGE.write_text(written, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == written, (
        "docs/reference/worlds.md is stale: BEFFROI_REGENERATE=1 pytest tests/law/test_law_worlds_page.py"
    )
