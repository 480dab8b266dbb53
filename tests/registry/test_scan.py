"""Dates read on the text of a PDF: a help for the eye, harmless when the file is not what it says."""

import subprocess
import sys
import zlib
from datetime import date
from pathlib import Path

import pytest
import typst
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import worlds
from tests.support.town import paper_of

from beffroi.registry import scan
from beffroi.registry.attachments import Attachments
from beffroi.registry.scan import ScanDates, dates_in, read_scan
from beffroi.registry.two_persons import far_dates

ORDER = paper_of(worlds.world(), "prefect_order/X")


@pytest.mark.parametrize(
    ("text", "signed"),
    [
        ("Fait à Bourg-Neuf, le 12 mars 2026", date(2026, 3, 12)),
        ("Fait\nà Bourg-Neuf,\nle 1er août 2026", date(2026, 8, 1)),
        ("FAIT À BOURG-NEUF, LE 1 ER FÉVRIER 2026", date(2026, 2, 1)),
        ("Signé le 05/12/2025", date(2025, 12, 5)),
        ("Arrêté préfectoral n° 2026-042 du 3 février 2026 portant autorisation", date(2026, 2, 3)),
        ("Vu l'arrêté n° 1 du 3 février 2020 ; Fait à X, le 4 mars 2026", date(2026, 3, 4)),
        ("Fait à X, le 4 mars 2026. Fait à Y, le 5 mars 2026", None),
        ("Vu l'arrêté du 1er mars 2020, vu l'arrêté du 2 mars 2021", None),
        ("Fait à X, le 31 février 2026", None),
        ("le 12 mars 2026", None),
        ("", None),
    ],
)
def test_the_date_of_signature_is_where_french_acts_say_it(text: str, signed: date | None) -> None:
    assert dates_in(text).signed_on == signed


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("L'autorisation est délivrée jusqu’au 11 mars 2031 inclus.", date(2031, 3, 11)),
        ("Elle expire le 31/12/2030.", date(2030, 12, 31)),
        ("pour une durée de cinq ans", None),
    ],
)
def test_the_end_is_read_where_it_is_said(text: str, until: date | None) -> None:
    assert dates_in(text).until == until


def act(tmp_path: Path, words: str) -> bytes:
    """A PDF as an office writes it."""
    source = tmp_path / "act.typ"
    source.write_text(words, encoding="utf-8")
    made = typst.compile(source)
    assert isinstance(made, bytes)
    return made


def test_a_slip_of_a_year_is_seen_on_the_file(tmp_path: Path) -> None:
    pdf = act(tmp_path, "= Arrêté\nFait à Bourg-Neuf, le 20 décembre 2022\n\nValable jusqu'au 31 décembre 2027.")
    found = read_scan(pdf)
    assert found == ScanDates(date(2022, 12, 20), date(2027, 12, 31))
    assert far_dates(ORDER, found) == ["scan_date"]
    assert far_dates(ORDER, ScanDates()) == []


def test_a_file_that_is_kept_is_read(tmp_path: Path) -> None:
    stored = Attachments(tmp_path / "kept").put(act(tmp_path, "Fait à Bourg-Neuf, le 20 décembre 2022"))
    assert stored.read == ScanDates(date(2022, 12, 20), None)


def bomb() -> bytes:
    """A page whose content unpacks to far more than a page."""
    packed = zlib.compress(zlib.compress(bytes(120_000_000), 1), 9)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/Contents 4 0 R/MediaBox[0 0 9 9]>>",
        b"<</Length %d/Filter[/FlateDecode/FlateDecode]>>stream\n%s\nendstream" % (len(packed), packed),
    ]
    body = b"%PDF-1.7\n" + b"".join(b"%d 0 obj\n%s\nendobj\n" % (n, one) for n, one in enumerate(objects, 1))
    return body + b"trailer<</Root 1 0 R/Size 5>>\n%%EOF"


@pytest.mark.parametrize("data", [b"", b"%PDF-", b"%PDF-1.7\ngarbage\n%%EOF", b"\x89PNG", b"%PDF-1.7" + bytes(100_000)])
def test_a_file_that_cannot_be_read_shows_nothing(data: bytes) -> None:
    assert read_scan(data) == ScanDates()


def test_a_file_that_unpacks_without_end_is_given_up() -> None:
    """By the reader's own bounds on memory and processor, whatever else the machine does."""
    reader = [sys.executable, "-P", "-m", "beffroi.registry.scan_reader"]
    assert subprocess.run(reader, input=bomb(), capture_output=True, timeout=200, check=False).returncode != 0


def test_a_reader_that_does_not_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "_TIMEOUT_S", 0.001)
    assert read_scan(act(tmp_path, "Fait à Bourg-Neuf, le 20 décembre 2022")) == ScanDates()


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=200))
def test_no_text_makes_it_fail(text: str) -> None:
    assert isinstance(dates_in(text), ScanDates)
