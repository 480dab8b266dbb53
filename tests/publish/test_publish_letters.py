"""Letters: each kind of cure has one, in French, with nothing left to fill by the program."""

from dataclasses import replace
from string import Formatter
from typing import Any

import pytest
import yaml
from tests.publish import commune

from beffroi.domain.documents import DocumentKind
from beffroi.domain.ids import CameraId
from beffroi.law.audit.model import Finding, Gravity
from beffroi.law.engine import LawEngine
from beffroi.publish import letters as module
from beffroi.publish.letters import letters

GESTURES = {"camera_placement", "recorder_setting", "person_list"}
NOT_ASKED_FOR = {
    "requisition",
    "alert_record",
    "command_presence",
    "administrative_request",
    "mission_letter",
    "subject_request",
}
"""Papers that come to the commune by themselves: nobody writes for them."""


def _models() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(
        (commune.EXAMPLE.parents[1] / "src/beffroi/publish/letters.yaml").read_text()
    )
    return found


def test_each_cure_of_the_law_has_a_letter() -> None:
    cures = {one.cure.kind for one in LawEngine.load().pack.conditions.values() if one.cure is not None}
    cures -= NOT_ASKED_FOR
    models = set(_models())
    aliases = {"position": "prefecture_position", "commune_consent": "access-commune-consent"}
    assert {aliases.get(one, one) for one in cures} <= models


def test_each_kind_of_paper_has_a_letter() -> None:
    assert {one.value for one in DocumentKind} - NOT_ASKED_FOR <= set(_models())
    assert set(_models()) >= GESTURES


@pytest.mark.parametrize("name", sorted(_models()))
def test_a_letter_is_whole_and_fills_only_known_words(name: str) -> None:
    model = _models()[name]
    assert set(model) == {"to", "subject", "body", "joint"}
    known = {"commune", "departement", "pooling", "fault", "article", "cameras", "people", "papers", "piece", "issuer"}
    for text in (model["to"], model["subject"], *model["body"], *model["joint"]):
        assert {field for _, field, _, _ in Formatter().parse(text) if field is not None} <= known
    assert any("{fault}" in text for text in model["body"])


@pytest.mark.parametrize("kind", sorted({*(one.value for one in DocumentKind), *GESTURES, "position", "unheard_of"}))
def test_any_finding_has_a_letter_without_braces(kind: str) -> None:
    report = commune.whole()
    found = report.findings[0].text
    finding = Finding("any", Gravity.WRONG, found, "CSI L.252-1", kind, cameras=(CameraId("cv-01"),))
    (letter,) = letters(replace(report, findings=(finding,)))
    text = letter.as_text()
    assert "{" not in text
    assert "Val-Perché" in text
    assert "  " not in text.replace("\n  –", "")


def test_a_letter_to_the_prefet_names_the_cameras_and_the_departement() -> None:
    report = commune.whole()
    number = next(place for place, one in enumerate(report.findings) if "a pris fin" in one.text.fr)
    text = letters(report)[number].as_text()
    assert "préfet du département 99" in text
    assert "PA-08" in text
    assert "2 mars 2026" in text


def test_what_a_commune_writes_is_not_read_as_a_template() -> None:
    rows, papers = commune.with_faults(commune.PLANTED[0])
    rows[6]["Nom"] = "{commune.__class__} {0}"
    (letter,) = letters(commune.audited(rows, papers))
    assert "{commune.__class__} {0}" in letter.as_text()


def test_the_models_are_read_once() -> None:
    assert module._models() is module._models()
