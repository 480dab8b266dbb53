"""What the build must be for the centre's security policy."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONSOLE = ROOT / "console"


def test_nothing_inline_in_the_page(built: Path) -> None:
    page = (built / "index.html").read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert "<style" not in page
    assert not re.search(r"\sstyle=", page)
    assert not re.search(r"\son\w+=", page)


def test_the_build_calls_nobody(built: Path) -> None:
    for file in built.rglob("*"):
        if file.suffix not in {".js", ".css", ".html"}:
            continue
        hosts = set(re.findall(r"https?://([\w.-]+)", file.read_text()))
        # Namespace names and the error pages that Svelte prints; nothing is fetched from them.
        assert hosts <= {"www.w3.org", "svelte.dev"}, file.name


def test_the_lock_names_no_registry() -> None:
    lock = json.loads((CONSOLE / "package-lock.json").read_text())
    assert all("resolved" not in package for package in lock["packages"].values())
    assert "://" not in (CONSOLE / "package-lock.json").read_text()
