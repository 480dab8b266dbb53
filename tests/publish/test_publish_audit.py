"""A made-up commune of 40 cameras with twelve planted faults: all twelve found, nothing else, in one page."""

import pytest
from tests.publish import commune
from tests.publish.commune import PLANTED, Planted

from beffroi.domain.acts import Act
from beffroi.law.audit.model import Gravity, PaperState
from beffroi.publish.audit_screen import PAGE_LINES, WIDTH, first_page, screen_of
from beffroi.publish.audit_sheet import sheet_of
from beffroi.publish.audit_words import headline


def test_the_commune_has_forty_cameras_and_twelve_faults() -> None:
    rows, _ = commune.example()
    assert len(rows) == 40
    assert len(PLANTED) == 12


def test_all_twelve_are_found_and_nothing_else() -> None:
    report = commune.whole()
    assert commune.codes(report) == commune.expected(PLANTED)
    for fault in PLANTED:
        told = [headline(report, one, "fr") for one in report.findings if one.code == fault.code]
        assert any(fault.told in one for one in told), (fault.told, told)


def test_they_come_in_order_of_gravity_each_with_article_and_cure() -> None:
    report = commune.whole()
    gravities = [list(Gravity).index(one.gravity) for one in report.findings]
    assert gravities == sorted(gravities)
    assert report.findings[0].gravity is Gravity.OFFENCE
    assert all(one.article and one.kind for one in report.findings)


def test_the_first_page_of_the_screen_is_one_page_and_names_all_twelve() -> None:
    sheet = sheet_of(commune.whole(), "fr")
    lines = first_page(sheet)
    assert len(lines) <= PAGE_LINES
    assert max(map(len, lines)) <= WIDTH
    text = "\n".join(lines)
    for number in range(1, 13):
        assert f"{number:>2}. [" in text
    assert "conseil juridique" in text.replace("\n", " ")
    assert screen_of(sheet).split("\f")[0].strip() == text.strip()


def test_a_clean_commune_yields_no_finding() -> None:
    report = commune.audited(*commune.with_faults())
    assert [one.text.fr for one in report.findings] == []
    assert len(report.open_cameras) == 40
    assert {row.state for row in report.checklist} <= {PaperState.PRESENT, PaperState.NOT_NEEDED}
    assert sum(row.refused for row in report.access) == 0


@pytest.mark.parametrize("fault", PLANTED, ids=lambda one: f"{one.code}: {one.told}")
def test_each_fault_alone_is_found_alone(fault: Planted) -> None:
    report = commune.audited(*commune.with_faults(fault))
    assert commune.codes(report) == [fault.code]
    assert fault.told in headline(report, report.findings[0], "fr")


def test_an_expired_order_groups_its_cameras_and_says_which_acts() -> None:
    report = commune.whole()
    expired = next(one for one in report.findings if "a pris fin" in one.text.fr)
    assert len(expired.cameras) == 8
    assert Act.LIVE in expired.acts
    assert Act.REPLAY in expired.acts
    assert expired.gravity is Gravity.CLOSED


def test_the_table_of_refusals_points_to_the_findings() -> None:
    report = commune.whole()
    mayor = next(row for row in report.access if row.status == "mayor" and row.act is Act.LIVE)
    assert mayor.refused > 0
    told = {report.findings[number - 1].code for number in mayor.findings}
    assert {"access-prefect-order", "access-mask"} <= told


def test_the_checklist_has_each_of_the_23_papers_once() -> None:
    report = commune.whole()
    assert [row.code for row in report.checklist] == [f"D{number}" for number in range(1, 24)]
    states = {row.code: row.state for row in report.checklist}
    assert states["D2"] is PaperState.EXPIRED
    assert states["D10"] is PaperState.INCOMPLETE
    assert states["D17"] is PaperState.NOT_NEEDED
    assert states["D4"] is PaperState.PRESENT


@pytest.mark.parametrize(
    ("last_day", "step"),
    [("2027-02-28", "12 mois"), ("2026-09-02", "6 mois"), ("2026-03-31", "30 jours"), ("2026-03-03", "1 jour")],
)
def test_what_ends_is_told_with_its_step_and_what_to_do(last_day: str, step: str) -> None:
    rows, papers = commune.small()
    commune.paper(papers, "agreement/agglomeration")["valid_until"] = last_day
    told = [one for one in sheet_of(commune.audited(rows, papers), "fr")["deadlines"] if one["on"] == last_day]
    assert [one["stage_label"] for one in told] == [step]
    assert told[0]["task"]


def test_the_inquiry_of_an_accreditation_is_told_six_months_before() -> None:
    rows, papers = commune.small()
    commune.paper(papers, "accreditation/asvp-1")["fields"]["inquiry_on"] = "2021-06-01"
    report = commune.audited(rows, papers)
    assert report.findings == ()
    told = [one for one in sheet_of(report, "fr")["deadlines"] if one["reason"] == "inquiry"]
    assert [one["on"] for one in told] == ["2026-06-01"]


def test_without_any_paper_the_audit_still_answers() -> None:
    rows, _ = commune.example()
    report = commune.audited(rows, {"documents": []})
    assert not report.open_cameras
    assert "access-prefect-order" in commune.codes(report)
    assert len(first_page(sheet_of(report, "fr"))) <= PAGE_LINES


def test_the_report_is_written_in_english_too() -> None:
    sheet = sheet_of(commune.whole(), "en")
    assert "12 faults." in sheet["verdict"]
    assert "caméra" not in "\n".join(line for one in sheet["findings"] for line in (one["headline"], one["cure"]))
