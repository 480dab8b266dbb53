"""docs/reference/documents.md says what the pack says."""

import os
import re
from pathlib import Path

from beffroi.law.documents_page import page

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "documents.md"


def test_the_page_of_documents_is_that_of_the_pack() -> None:
    written = page()
    if os.environ.get("BEFFROI_REGENERATE"):
        PAGE.write_text(written, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == written, (
        "docs/reference/documents.md is stale: BEFFROI_REGENERATE=1 pytest tests/law/test_law_documents_page.py"
    )


def test_its_links_lead_to_its_sections() -> None:
    written = page()
    anchors = {
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in re.findall(r"^## (.+)$", written, re.M)
    }
    links = re.findall(r"\]\(#([^)]+)\)", written)
    assert len(links) == len(set(links)) >= 33
    assert set(links) <= anchors
