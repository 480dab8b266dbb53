"""What the build must be for the centre's security policy, and what the console keeps in step with."""

import json
import re
from pathlib import Path

import yaml

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


def test_papers_follow_the_pack() -> None:
    kept = json.loads((CONSOLE / "src/lib/papers.json").read_text())
    pack = yaml.safe_load((ROOT / "src/beffroi/law/packs/fr/documents.yaml").read_text())
    for kind, paper in pack.items():
        assert kept[kind]["scope"] == paper["scope"], kind
        assert kept[kind]["fields"] == paper["fields"], kind
        assert kept[kind]["needsEnd"] == bool(paper.get("needs_end") or paper.get("max_years")), kind
    assert set(kept) == set(pack)
