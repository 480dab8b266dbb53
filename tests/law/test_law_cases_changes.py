"""What each change does to a world, and what a name of a document leads to."""

from datetime import date, datetime
from typing import Any

import pytest

from beffroi.domain.documents import Document, DocumentKind, DocumentStatus
from beffroi.domain.facts import Facts
from beffroi.domain.ids import BodyId, CameraId, DocumentId, PersonId
from beffroi.law.cases.added import added
from beffroi.law.cases.change import changed
from beffroi.law.cases.filled import Subject
from beffroi.law.cases.malformed import WrongError
from beffroi.law.cases.model import Change
from beffroi.law.cases.names import resolve, same_kind
from beffroi.law.documents import validate
from beffroi.law.worlds.catalog import world

AT = datetime.fromisoformat("2026-03-02T10:00:00+01:00")
FACTS = world("pooled-epci").facts
SUBJECT = Subject(PersonId("agentE"), CameraId("cX"))


def after(change: dict[str, Any], facts: Facts = FACTS) -> Facts:
    return changed(facts, Change.model_validate(change), AT, SUBJECT)


def one(facts: Facts, name: str) -> Document:
    return facts.versions(DocumentId(name))[0]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("agreement/E-X", ["agreement/E-X"]),
        ("agreement/X-E", ["agreement/E-X"]),
        ("agreement/e-x", ["agreement/E-X"]),
        ("agreement/E", ["agreement/E-X", "agreement/E-Y"]),
        ("D3/E-X", ["agreement/E-X"]),
        ("designation/agentE", ["designation/agentE-X", "designation/agentE-Y"]),
        ("designation/pmX", ["designation/pmX-X"]),
        ("commune_consent/X", ["deliberation/X-accord"]),
        ("commune_consent/E-X", ["deliberation/X-accord"]),
        ("deliberation/X", ["deliberation/X-accord"]),
        ("order/X", ["prefect_order/X"]),
        ("prefect_order/cD", ["prefect_order/X"]),
        ("election/X", ["election/mayorX"]),
        ("requisition/cX", ["requisition/cX"]),
        ("impact_assessment/sX", ["impact_assessment/X"]),
    ],
)
def test_a_document_has_several_names(name: str, found: list[str]) -> None:
    assert list(resolve(FACTS, name)) == found


@pytest.mark.parametrize("name", ["agreement/E-Z", "agreement/", "members_consent/E", "position/row-19", "mask/cQ"])
def test_a_name_that_leads_nowhere_is_refused(name: str) -> None:
    with pytest.raises(WrongError):
        resolve(FACTS, name)


def test_other_names_of_kinds() -> None:
    assert same_kind("commune_consent", "deliberation")
    assert same_kind("position", "prefecture_position")
    assert same_kind("D22", "position")
    assert same_kind("camera_placement", "camera_placement")
    assert not same_kind("commune_consent", "members_consent")
    assert not same_kind("camera_placement", "mask")
    assert not same_kind("agreement", "role_act")


def test_remove_takes_every_document_named() -> None:
    left = {document.id for document in after({"remove": "designation/agentE"}).documents}
    assert {document.id for document in FACTS.documents} - left == {"designation/agentE-X", "designation/agentE-Y"}


def test_end_is_the_last_valid_day_in_legal_time() -> None:
    made = one(after({"end": "agreement/E-X", "on": "2026-03-01"}), "agreement/E-X")
    assert made.holds(datetime.fromisoformat("2026-03-01T23:59:59+01:00"))
    assert not made.holds(datetime.fromisoformat("2026-03-02T00:00:00+01:00"))


def test_suspend_takes_effect_at_its_instant() -> None:
    made = one(after({"suspend": "agreement/E-X", "at": AT.isoformat()}), "agreement/E-X")
    assert made.status is DocumentStatus.SUSPENDED
    assert not made.holds(AT)
    assert made.holds(datetime.fromisoformat("2026-03-02T09:59:59+01:00"))
    assert not one(after({"suspend": "agreement/E-X"}), "agreement/E-X").holds(made.begins)
    by_day = one(after({"suspend": "agreement/E-X", "at": date(2026, 3, 1)}), "agreement/E-X")
    assert by_day.status_at == datetime.fromisoformat("2026-03-01T00:00:00+01:00")


def test_set_alters_a_field_an_attribute_or_the_scope() -> None:
    assert one(after({"set": "prefect_order/X.purposes", "to": ["F1"]}), "prefect_order/X").fields["purposes"] == ["F1"]
    assert "posts" not in one(after({"set": "prefect_order/X.posts", "to": None}), "prefect_order/X").fields
    made = one(after({"set": "prefect_order/X.event_ended_on", "to": date(2026, 3, 1)}), "prefect_order/X")
    assert made.fields["event_ended_on"] == "2026-03-01"
    assert one(after({"set": "mask/cX.valid_from", "to": "2026-03-03"}), "mask/cX").valid_from == date(2026, 3, 3)
    assert one(after({"set": "mask/cX.valid_until", "to": None}), "mask/cX").valid_until is None
    made = one(after({"set": "prefect_order/X.scope.cameras", "to": ["cD"]}), "prefect_order/X")
    assert made.scope.cameras == {"cD"}
    assert made.scope.bodies == {"X"}
    made = one(after({"set": "accreditation/agentE.departements", "to": [99, 95]}), "accreditation/agentE")
    assert made.fields["departements"] == ["99", "95"]
    proposed = one(after({"set": "mask/cX.status", "to": "proposed"}), "mask/cX")
    assert proposed.confirmed_by is None


def test_set_alters_every_document_or_a_fact() -> None:
    everything = after({"set": "*.valid_from", "to": "2012-05-01"})
    assert {document.valid_from for document in everything.documents} == {date(2012, 5, 1)}
    assert after({"set": "camera/cX.origin", "to": "d"}).cameras[CameraId("cX")].origin.value == "d"
    assert after({"set": "camera/cX.controller", "to": "E"}).cameras[CameraId("cX")].responsible == "E"
    assert after({"set": "person/electedX.status", "to": "mayor"}).persons[PersonId("electedX")].status == "mayor"
    assert after({"set": "body/E.members", "to": ["Y"]}).bodies[BodyId("E")].members == {"Y"}
    assert FACTS.cameras[CameraId("cX")].origin.value == "v", "the world itself never changes"


PARTIES: dict[DocumentKind, list[str]] = {
    DocumentKind.AGREEMENT: ["S", "X"],
    DocumentKind.ROLE_ACT: ["S", "X"],
    DocumentKind.POLICE_POOLING: ["X", "Y"],
    DocumentKind.SERVICE_CONTRACT: ["company", "X"],
    DocumentKind.STATUTES: ["S"],
}
"""Bodies of the kinds that bind those whom a case does not ask about."""


@pytest.mark.parametrize("kind", DocumentKind)
@pytest.mark.parametrize("at", ["2026-03-02T10:00:00+01:00", "2022-06-01T10:00:00+02:00", "2029-01-02T10:00:00+01:00"])
def test_a_document_of_which_only_the_kind_is_said_is_valid_on_that_day(kind: DocumentKind, at: str) -> None:
    facts, instant = world("smf").facts, datetime.fromisoformat(at)
    said: dict[str, Any] = {"kind": kind.value}
    if kind is DocumentKind.PREFECTURE_POSITION:
        said["point"] = "19"
    if kind in PARTIES:
        said["bodies"] = PARTIES[kind]
    made = added(facts, said, instant, Subject(PersonId("agentS"), CameraId("cX")))
    assert made.holds(instant)
    assert made.id not in {document.id for document in facts.documents}
    assert validate(made) == []


def test_added_documents_say_what_is_said_and_fill_the_rest() -> None:
    position = added(FACTS, {"kind": "position", "point": "19", "name": "P"}, AT, SUBJECT)
    assert (position.id, position.fields["point"]) == ("prefecture_position/P", "row-19")
    assert position.scope.bodies == {"X"}
    consent = added(FACTS, {"kind": "commune_consent", "body": "Y"}, AT)
    assert (consent.fields["object"], consent.fields["pooling_body"]) == ("commune_consent", "E")
    assert consent.scope.bodies == {"Y"}
    named = added(FACTS, {"id": "agreement/E-Z"}, AT)
    assert named.scope.bodies == {"E", "Z"}
    mask = added(FACTS, {"kind": "mask", "camera": "cY"}, AT)
    assert mask.scope.cameras == {"cY"}
    event = added(FACTS, {"kind": "D2", "type": "event", "bodies": ["Z"]}, AT)
    assert event.scope.cameras == {"cZ"}
    assert event.begins > datetime.fromisoformat("2026-02-01T00:00:00+01:00")
    agreed = added(FACTS, {"kind": "accreditation", "persons": "agentS"}, AT)
    assert (agreed.fields["employer"], agreed.fields["departements"]) == ("S", ["99"])
    proposed = added(FACTS, {"kind": "mask", "status": "proposed", "valid_until": None}, AT, SUBJECT)
    assert not proposed.holds(AT)
    assert proposed.valid_until is None
