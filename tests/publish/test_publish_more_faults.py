"""Faults beyond the twelve, each planted in a small commune in order, each found alone."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from tests.publish import commune
from tests.publish.commune import Papers, Rows, paper

from beffroi.law.audit.model import Gravity
from beffroi.publish.audit_words import headline

Plant = Callable[[Rows, Papers], None]


def _cell(column: str, value: str, camera: str = "CV-01") -> Plant:
    def plant(rows: Rows, _papers: Papers) -> None:
        next(row for row in rows if row["Identifiant"] == camera)[column] = value

    return plant


def _field(name: str, field: str, value: Any) -> Plant:
    def plant(_rows: Rows, papers: Papers) -> None:
        paper(papers, name)["fields"][field] = value

    return plant


def _column(name: str, **columns: Any) -> Plant:
    def plant(_rows: Rows, papers: Papers) -> None:
        document = paper(papers, name)
        document |= columns

    return plant


def _unplaced(rows: Rows, _papers: Papers) -> None:
    rows[0] |= {"Adresse": "", "Latitude": "", "Longitude": ""}


def _high_risk(_rows: Rows, papers: Papers) -> None:
    paper(papers, "impact_assessment/equipements")["fields"]["residual_risk"] = "high"


def _filed(_rows: Rows, papers: Papers) -> None:
    fields = dict.fromkeys(("site_plan", "detail_plan", "conformity", "cnil_commitment", "impact_assessment"), "joint")
    fields |= {"case": "public_way", "filed_on": "2025-09-01"}
    application = copy.deepcopy(paper(papers, "notice/equipements"))
    application |= {"id": "application/2025", "number": "2025-D1", "signed_on": "2025-09-01", "fields": fields}
    application["valid_from"] = "2025-09-01"
    papers["documents"].append(application)


def _forgotten(_rows: Rows, papers: Papers) -> None:
    papers["persons"] = [one for one in papers["persons"] if one["id"] != "pm-3"]
    papers["documents"] = [one for one in papers["documents"] if one["id"] != "police_accreditation/pm-3"]


def _no_members(_rows: Rows, papers: Papers) -> None:
    papers["bodies"][1]["members"] = []
    papers["persons"] = [one for one in papers["persons"] if one["id"] != "operateur-2"]
    papers["documents"] = [one for one in papers["documents"] if "operateur-2" not in one["id"]]


def _attested_too_slow(rows: Rows, papers: Papers) -> None:
    rows[0]["Images par seconde"] = ""
    paper(papers, "conformity/commune")["fields"]["fps"] = "5"


def _traffic(rows: Rows, papers: Papers) -> None:
    rows[0] |= {"Finalités": "F3", "Résolution": "320x240", "Images par seconde": "1"}
    paper(papers, ORDER)["fields"]["purposes"].append("F3")
    paper(papers, "notice/centre-ville")["fields"]["purposes"].append("F3")


def _by_day(_rows: Rows, papers: Papers) -> None:
    paper(papers, "coordination/commune")["fields"] |= {"hours": "07:00-22:00", "night_clause": "false"}


STATE = "state_agreement/agglomeration"
EQUIPMENT = "impact_assessment/equipements"
ASVP = "accreditation/asvp-1"
ORDER = "prefect_order/centre-ville"
FAULTS: list[tuple[str, str, Gravity, Plant]] = [
    ("rate-too-low", "(4)", Gravity.WRONG, _cell("Images par seconde", "4")),
    ("rate-too-low", "(5)", Gravity.WRONG, _attested_too_slow),
    ("purpose-not-authorised", "F11", Gravity.WRONG, _cell("Finalités", "F5, F11")),
    ("sound-recorded", "son capté", Gravity.WRONG, _cell("Son", "oui")),
    ("kept-too-long", "16 jours, pour 15", Gravity.OFFENCE, _cell("Conservation (jours)", "16")),
    ("term-over-a-month", "45 jours", Gravity.OFFENCE, _field(ORDER, "retention_days", "45")),
    ("access-camera-placement", "CV-01", Gravity.CLOSED, _unplaced),
    ("access-impact-assessment", "risque résiduel élevé", Gravity.CLOSED, _high_risk),
    ("access-prefect-order", "finalités", Gravity.CLOSED, _field(ORDER, "purposes", [])),
    ("access-designation", "Gardien-brigadier", Gravity.CLOSED, _field("designation/pm-2", "authority", "maire/99032")),
    ("access-delegation", "Adjointe", Gravity.CLOSED, _field("delegation/adjointe", "function", "other")),
    ("access-statutes", "", Gravity.CLOSED, _field("statutes/agglomeration", "members", ["99032"])),
    ("incomplete-state-agreement", "base légale", Gravity.WRONG, _field(STATE, "feed_legal_basis", "")),
    ("incomplete-prefect-order", "publication", Gravity.WRONG, _field(ORDER, "published_on", "")),
    ("to-complete-designation", "formation", Gravity.LATE, _field("designation/asvp-1", "training_on", "")),
    ("stale-notice", "15 jours", Gravity.WRONG, _field("notice/centre-ville", "retention", "Conservées 30 jours.")),
    ("inquiry-over-five-years", "plus de 5 ans", Gravity.LATE, _field(ASVP, "inquiry_on", "2021-02-28")),
    ("review-overdue", "réexaminée le 01/02/2026", Gravity.LATE, _field(EQUIPMENT, "review_on", "2026-02-01")),
    ("renewal-late", "moins de 4 mois", Gravity.LATE, _column(ORDER, valid_until="2026-06-30")),
    ("unknown-person", "pm-3", Gravity.WRONG, _forgotten),
    ("no-link", "Opérateur 1", Gravity.WRONG, _no_members),
    ("silent-refusal", "rejetée", Gravity.WRONG, _filed),
]  # fmt: skip


@pytest.mark.parametrize(("code", "told", "gravity", "plant"), FAULTS, ids=[one[0] for one in FAULTS])
def test_it_is_found_alone(code: str, told: str, gravity: Gravity, plant: Plant) -> None:
    rows, papers = commune.small()
    plant(rows, papers)
    report = commune.audited(rows, papers)
    assert commune.codes(report) == [code]
    (finding,) = report.findings
    assert told in headline(report, finding, "fr")
    assert finding.gravity is gravity


NO_FAULT: list[tuple[str, Plant]] = [
    ("a camera that only regulates traffic follows no norm of pictures", _traffic),
    ("a wide view needs 352×288 only", _cell("Résolution", "352x288")),
    ("six images a second are enough in wide view", _cell("Images par seconde", "6")),
    ("what the list does not say is not held against it", _cell("Résolution", "")),
    ("a shorter store than the order's is a choice", _cell("Conservation (jours)", "7")),
    ("an order that excludes replay is a choice", _field(ORDER, "acts", ["live"])),
    ("an order for the night is no refusal by day", _field(ORDER, "hours", "21:00-05:00")),
    ("declared workstations are a choice", _field(ORDER, "posts", ["poste-1"])),
    ("an accreditation in two départements", _field(ASVP, "departements", ["98", "99"])),
    ("an inquiry of five years to the day", _field(ASVP, "inquiry_on", "2021-03-02")),
    ("a review due today", _field(EQUIPMENT, "review_on", "2026-03-02")),
    ("an order that ends in five months", _column(ORDER, valid_until="2026-08-02")),
    ("police by day without a night clause", _by_day),
]  # fmt: skip


@pytest.mark.parametrize("plant", [one[1] for one in NO_FAULT], ids=[one[0] for one in NO_FAULT])
def test_it_is_no_fault(plant: Plant) -> None:
    rows, papers = commune.small()
    plant(rows, papers)
    assert [one.text.fr for one in commune.audited(rows, papers).findings] == []


def test_two_faults_of_one_kind_for_two_persons_are_two() -> None:
    rows, papers = commune.small()
    for name in ("operateur-1", "operateur-2"):
        paper(papers, f"accreditation/{name}")["fields"]["departements"] = ["98"]
    report = commune.audited(rows, papers)
    assert commune.codes(report) == ["access-accreditation", "access-accreditation"]
    assert {one.persons for one in report.findings} == {("operateur-1",), ("operateur-2",)}


def test_masks_that_end_together_are_one_fault() -> None:
    rows, papers = commune.small()
    for one in papers["documents"]:
        if one["id"].startswith("mask/"):
            one["valid_until"] = "2026-02-28"
    report = commune.audited(rows, papers)
    assert commune.codes(report) == ["access-mask"]
    assert len(report.findings[0].cameras) == 3


def _small_with(*lines: dict[str, str]) -> tuple[Rows, Papers]:
    rows, papers = commune.small()
    papers["bodies"].append({"id": "bailleur", "kind": "company", "name": "Bailleur"})
    blank = dict.fromkeys(rows[0], "")
    rows += [{**blank, "Commune (INSEE)": "99031", "Adresse": "Rue Basse", **line} for line in lines]
    return rows, papers


def test_a_hall_without_its_agreement_is_told_and_its_missing_alert_is_not() -> None:
    rows, papers = _small_with(
        {"Identifiant": "H1", "Origine": "parties communes", "Système": "Équipements", "Responsable": "Bailleur"}
    )
    report = commune.audited(rows, papers)
    assert {one.kind for one in report.findings} == {"common_parts_agreement", "mask"}
    assert "H1" not in report.open_cameras


def test_the_conformity_of_a_shop_camera_is_told_once() -> None:
    rows, papers = _small_with({"Identifiant": "M1", "Origine": "commerce", "Système": "Équipements"})
    report = commune.audited(rows, papers)
    told = [one for one in report.findings if one.kind == "conformity"]
    assert [one.cameras for one in told] == [("m1",)]


def test_a_departement_agent_of_a_college_is_asked_about_its_cameras() -> None:
    rows, papers = _small_with({"Identifiant": "N1", "Origine": "non public", "Responsable": "Département"})
    papers["persons"].append({"id": "college", "status": "agent du département", "employer": "99"})
    report = commune.audited(rows, papers)
    row = next(row for row in report.access if row.status == "departement_agent" and row.act == "live")
    assert row.refused == 1
    assert {"impact_assessment", "designation"} <= {one.kind for one in report.findings if "n1" in one.cameras}
