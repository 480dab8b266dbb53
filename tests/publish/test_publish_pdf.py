"""The PDF of an audit: one page of verdict, tagged, French, numbered, the same bytes each time."""

import io
from typing import Any

import pypdf
import pytest
from tests.publish import commune

from beffroi.publish.audit_pdf import pdf_of
from beffroi.publish.audit_sheet import sheet_of


@pytest.fixture(scope="module")
def sheet() -> dict[str, Any]:
    return sheet_of(commune.whole(), "fr")


@pytest.fixture(scope="module")
def pages(sheet: dict[str, Any]) -> list[str]:
    reader = pypdf.PdfReader(io.BytesIO(pdf_of(sheet)))
    return [" ".join(page.extract_text().split()) for page in reader.pages]


def test_the_verdict_is_one_page_with_the_twelve_faults(sheet: dict[str, Any], pages: list[str]) -> None:
    first = pages[0].replace(" ", "")
    for finding in sheet["findings"]:
        words = finding["headline"].rstrip(".").replace(" ", "").replace("\u00a0", "")
        assert words in first.replace("\u00a0", ""), finding["headline"]
    assert "Ce qui serait refusé aujourd" in pages[1]
    assert "Ce qui serait refusé aujourd" not in pages[0]


def test_many_long_faults_still_leave_one_page(sheet: dict[str, Any]) -> None:
    long = {**sheet["findings"][0], "headline": "Une anomalie dont la phrase ne finit pas. " * 12}
    many = {**sheet, "findings": [{**long, "number": number} for number in range(1, 41)]}
    reader = pypdf.PdfReader(io.BytesIO(pdf_of(many)))
    second = " ".join(reader.pages[1].extract_text().split())
    assert "Ce qui serait refusé aujourd" in second
    assert "anomalies moins graves" in " ".join(reader.pages[0].extract_text().split())


def test_each_page_is_numbered_and_says_the_rules_and_that_it_is_no_advice(
    sheet: dict[str, Any], pages: list[str]
) -> None:
    for number, page in enumerate(pages, 1):
        assert f"page {number} / {len(pages)}" in page
        assert sheet["rule_set_hash"][:16] in page
        assert "ce n'est pas un conseil juridique" in page


def test_each_fault_has_its_letter(sheet: dict[str, Any], pages: list[str]) -> None:
    assert [one["number"] for one in sheet["letters"]] == [one["number"] for one in sheet["findings"]]
    for letter in sheet["letters"]:
        assert any(page.startswith(f"Lettre {letter['number']} ") for page in pages)


def test_it_is_tagged_in_french_with_its_fonts_inside(sheet: dict[str, Any]) -> None:
    reader = pypdf.PdfReader(io.BytesIO(pdf_of(sheet)))
    root: Any = reader.trailer["/Root"]
    assert bool(root["/MarkInfo"]["/Marked"])
    assert str(root["/Lang"]).startswith("fr")
    assert "/StructTreeRoot" in root
    assert reader.metadata is not None
    assert "Val-Perché" in str(reader.metadata.title)
    for page in reader.pages:
        resources: Any = page["/Resources"]
        for font in resources["/Font"].values():
            below = font.get_object()["/DescendantFonts"][0].get_object()
            assert any(key.startswith("/FontFile") for key in below["/FontDescriptor"].get_object())


def test_the_same_facts_give_the_same_bytes(sheet: dict[str, Any]) -> None:
    assert pdf_of(sheet) == pdf_of(sheet)


@pytest.mark.parametrize("name", ['#import "x"', "*gras* _it_ `code` $x$", "<script>", "\\u{1f600}", "é" * 1500])
def test_what_a_commune_writes_is_never_read_as_markup(sheet: dict[str, Any], name: str) -> None:
    told = {**sheet, "findings": [{**sheet["findings"][0], "headline": name}]}
    reader = pypdf.PdfReader(io.BytesIO(pdf_of(told)))
    assert name[:8].replace(" ", "") in reader.pages[0].extract_text().replace(" ", "")


def test_a_clean_commune_has_a_report_too() -> None:
    clean = sheet_of(commune.audited(*commune.with_faults()), "fr")
    reader = pypdf.PdfReader(io.BytesIO(pdf_of(clean)))
    assert "Tout est en ordre" in reader.pages[0].extract_text().replace("\n", " ")
