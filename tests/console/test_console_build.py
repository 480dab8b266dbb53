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
        if file.suffix not in {".js", ".mjs", ".css", ".html"}:
            continue
        hosts = set(re.findall(r"https?://([\w.-]+)", file.read_text()))
        # Namespace names and the error pages that Svelte and MapLibre print; nothing is fetched from them: the map's
        # own test sees every request of the page.
        library = {"github.com", "maplibre.org", "maplibre.invalid", "wiki.openstreetmap.org"}
        allowed = {"www.w3.org", "svelte.dev"} | (library if file.name.startswith("maplibre-gl-") else set())
        assert hosts <= allowed, file.name


def test_the_map_is_a_chunk_of_its_own(built: Path) -> None:
    page = (built / "index.html").read_text()
    (library,) = built.glob("assets/maplibre-gl-*.js")
    assert "maplibre" not in page, "it is asked for when a map is shown"
    assert library.stat().st_size > sum(one.stat().st_size for one in built.glob("assets/index-*.js"))


def test_the_lock_names_no_registry() -> None:
    lock = json.loads((CONSOLE / "package-lock.json").read_text())
    assert all("resolved" not in package for package in lock["packages"].values())
    assert "://" not in (CONSOLE / "package-lock.json").read_text()
