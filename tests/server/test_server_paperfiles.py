"""Documents at the door: by form, from a file, with their scans, in versions, confirmed by two, announced before they
end."""

import hashlib
import http.client
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from tests.support.centre import Town, running

from beffroi.cli.promises.client import Answer, Person
from beffroi.domain.clock import now
from beffroi.domain.documents import DocumentKind
from beffroi.server import herald as herald_module
from beffroi.server.guard import MAX_BODY_BYTES

PDF = b"%PDF-1.4\n% un arrete\n" + bytes(2_000)
FILES = "/api/documents/agreement/E-X/files"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    # Its round is held still: a test that moves the clock looks by itself.
    with patch.object(herald_module, "LOOK_S", 3_600.0), running(tmp_path_factory.mktemp("papers") / "data") as one:
        yield one


@pytest.fixture
def supervisor(town: Town) -> Person:
    return town.person("supervisorE")


def send(person: Person, path: str, data: bytes) -> Answer:
    """A file as the body itself."""
    connection = http.client.HTTPConnection("127.0.0.1", person.port, timeout=60)
    headers = {"Origin": person.origin, "X-Beffroi": "1", "Cookie": person.cookie_header()}
    try:
        connection.request("POST", path, data, headers)
        response = connection.getresponse()
        raw = response.read()
        return Answer(response.status, json.loads(raw), raw, dict(response.headers.items()))
    finally:
        connection.close()


def mask(name: str, **more: Any) -> dict[str, Any]:
    return {
        "kind": "mask",
        "name": name,
        "number": "M-1",
        "signed_on": "2026-01-02",
        "signatory": "installateur",
        "valid_from": "2026-01-02",
        "cameras": ["cx"],
        "fields": {"author": "technician", "reference_picture": "sha256:1"},
        **more,
    }


def test_the_form_of_each_kind_comes_from_the_pack(supervisor: Person) -> None:
    kinds = {one["kind"]: one for one in supervisor.get("/api/documents/kinds").body}
    assert set(kinds) == {kind.value for kind in DocumentKind}
    order = kinds["prefect_order"]
    assert (order["code"], order["needs_end"], order["scope"]) == ("D2", True, ["bodies", "cameras"])
    days = next(one for one in order["fields"] if one["name"] == "retention_days")
    assert (days["type"], days["need"]) == ("days", "mandatory")
    for kind in kinds.values():
        for text in (kind["label"], kind["issuer"], kind["blocks"], kind["renewal"]):
            assert text["fr"]
            assert text["en"]


def test_a_form_names_nothing_of_another_commune(supervisor: Person) -> None:
    names = supervisor.get("/api/documents/names").body
    assert {one["id"] for one in names["cameras"]} == {"cx", "cy", "cd"}
    assert "pmZ" not in {one["id"] for one in names["persons"]}
    assert "Z" not in {one["id"] for one in names["bodies"]}


def test_versions_tell_what_changed(town: Town, supervisor: Person) -> None:
    made = supervisor.post("/api/documents", mask("X-vieux")).body
    town.person("mayorX").post(f"/api/documents/{made['id']}/confirm")
    again = mask("X-vieux", number="M-2", fields={"author": "technician", "reference_picture": "sha256:2"})
    assert supervisor.post("/api/documents", again).body["version"] == 2
    file = supervisor.get(f"/api/documents/{made['id']}").body
    newest, first = file["versions"]
    assert (newest["version"], newest["status"], first["status"]) == (2, "proposed", "confirmed")
    assert first["changed"] == []
    assert {(one["name"], one["before"], one["after"]) for one in newest["changed"]} == {
        ("number", "M-1", "M-2"),
        ("reference_picture", "sha256:1", "sha256:2"),
    }
    assert [one["what"]["fr"] for one in file["history"]] == ["Pièce saisie", "Pièce confirmée", "Pièce saisie"]
    assert file["type"]["blocks"]["fr"]


def test_a_file_is_attached_and_handed_back_to_the_letter(supervisor: Person) -> None:
    answer = send(supervisor, f"{FILES}?name=convention%20sign%C3%A9e.pdf", PDF)
    assert answer.status == 201, answer.body
    digest = hashlib.sha256(PDF).hexdigest()
    assert (answer.body["sha256"], answer.body["media_type"]) == (digest, "application/pdf")
    listed = supervisor.get("/api/documents/agreement/E-X").body["files"]
    assert [one["sha256"] for one in listed] == [digest]
    back = supervisor.get(f"{FILES}/{digest}")
    assert back.raw == PDF
    assert back.headers["content-disposition"].startswith("attachment; filename*=UTF-8''convention%20sign")
    assert back.headers["x-content-type-options"] == "nosniff"
    assert supervisor.get("/api/documents/agreement/E-Y/files/" + digest).status == 404


@pytest.mark.parametrize("data", [b"", b"<svg onload=alert(1)>", b"%PD", b"MZ" + bytes(100)])
def test_what_is_no_document_is_not_attached(supervisor: Person, data: bytes) -> None:
    assert send(supervisor, f"{FILES}?name=x.pdf", data).status == 422


def test_only_a_file_may_be_large(supervisor: Person) -> None:
    large = PDF + bytes(MAX_BODY_BYTES)
    assert send(supervisor, f"{FILES}?name=gros.pdf", large).status == 201
    assert send(supervisor, "/api/documents", large).status == 413


def test_an_import_is_told_line_by_line_and_enters_whole_or_not_at_all(town: Town, supervisor: Person) -> None:
    header = "id;number;signed_on;signatory;valid_from;cameras;fields.author;fields.reference_picture"
    good = "mask/X-{0};M-{0};2026-01-02;installateur;2026-01-02;cx;technician;sha256:{0}"
    bad = "mask/X-bad;M-9;2026-01-02;installateur;2026-01-02;cz;technician;sha256:9"  # another commune's camera
    path = "/api/documents/import?name=pieces.csv"
    before = len(supervisor.get("/api/documents").body)
    mixed = "\n".join([header, good.format(1), bad]).encode()
    for check in ("true", "false"):
        report = send(supervisor, f"{path}&check={check}", mixed).body
        assert not report["done"]
        assert [one["line"] for one in report["lines"]] == [3]
        assert "cz" in report["lines"][0]["problems"][0]["fr"]
    assert len(supervisor.get("/api/documents").body) == before
    whole = "\n".join([header, good.format(1), good.format(2)]).encode("cp1252")
    assert send(supervisor, path, whole).body["entered"] == ["mask/X-1", "mask/X-2"]  # a check alone enters nothing
    assert len(supervisor.get("/api/documents").body) == before
    assert send(supervisor, f"{path}&check=false", whole).body["done"]
    assert len(supervisor.get("/api/documents").body) == before + 2
    again = send(supervisor, f"{path}&check=false", whole).body
    assert (again["entered"], again["known"]) == ([], 2)


def test_an_imported_name_taken_elsewhere_is_never_met(supervisor: Person) -> None:
    header = "id;number;signed_on;signatory;valid_from;cameras;fields.author;fields.reference_picture"
    line = "mask/cz;M-1;2026-01-02;installateur;2026-01-02;cx;technician;sha256:1"
    report = send(supervisor, "/api/documents/import?name=p.csv", f"{header}\n{line}".encode()).body
    assert report["entered"] == ["mask/E-cz"]  # mask/cz is Z's


def test_a_date_a_year_off_the_scan_needs_two_persons(town: Town, supervisor: Person) -> None:
    fields = {"author": "technician", "reference_picture": "sha256:3", "scan_date": "2025-01-02"}
    made = supervisor.post("/api/documents", mask("X-loin", fields=fields)).body["id"]

    def row(person: str) -> dict[str, Any]:
        body: dict[str, Any] = town.person(person).get(f"/api/documents/{made}").body
        return body

    assert row("mayorX")["two_persons"]["first_done"] is False
    assert town.person("mayorX").post(f"/api/documents/{made}/confirm").status == 200
    after = row("mayorX")
    assert (after["status"], after["two_persons"]["first_done"], after["may"]["confirm"]) == ("proposed", True, False)
    assert town.person("mayorX").post(f"/api/documents/{made}/confirm").status == 403
    assert row("dpo")["may"]["confirm"] is True
    assert town.person("dpo").post(f"/api/documents/{made}/confirm").status == 200
    assert row("mayorX")["status"] == "confirmed"


def test_what_ends_is_told_once_a_day_to_the_mayor_and_the_supervisor(town: Town, supervisor: Person) -> None:
    today = now(town.clock).date()
    last = today + timedelta(days=40)
    made = supervisor.post("/api/documents", mask("X-court", valid_until=last.isoformat())).body["id"]
    town.person("mayorX").post(f"/api/documents/{made}/confirm")

    def told(person: str) -> list[int]:
        return [one["days"] for one in town.person(person).get("/api/announcements").body if one["document"] == made]

    herald = town.centre.herald
    assert herald.look() == 0  # this day was told at the start
    assert told("mayorX") == []
    town.clock.advance(11 * 86_400)
    assert herald.look() > 0
    assert herald.look() == 0
    assert told("mayorX") == told("supervisorE") == [29]
    assert told("mayorY") == []
    assert [one["days"] for one in supervisor.get(f"/api/documents/{made}").body["deadlines"]] == [29]
    body = {"document": made, "reason": "end"}
    assert town.person("mayorX").post("/api/announcements/read", body).status == 200
    assert told("mayorX") == []
    assert told("supervisorE") == [29]  # each reads their own
    town.clock.advance(23 * 86_400)
    assert herald.look() > 0
    assert told("mayorX") == [6]  # the next stage is told again


def test_a_person_is_entered_with_the_code_of_their_body(town: Town, supervisor: Person) -> None:
    body = {"id": "renfort", "function": "Opérateur de renfort", "status": "epci_agent", "employer": "E"}
    made = supervisor.post("/api/persons", body)
    assert made.status == 201, made.body
    assert made.body["id"] == "e-renfort"
    listed = {one["id"]: one for one in supervisor.get("/api/persons").body["persons"]}
    assert listed["e-renfort"]["papers"] == []
    agent = listed["agentE"]
    accreditation = next(one for one in agent["papers"] if one["kind"] == "accreditation")
    assert accreditation["in_force"]
    assert accreditation["scope"] == ["99"]
    file = supervisor.get("/api/persons/agentE").body
    assert file["history"][accreditation["id"]][0]["what"]["fr"] == "Pièce confirmée"
    assert supervisor.get("/api/persons/pmZ").status == 404


def test_the_file_of_a_camera_tells_its_order_and_mask(town: Town) -> None:
    rows = {one["id"]: one for one in town.person("mayorX").get("/api/cameras/file").body}
    assert set(rows) == {"cx", "cd"}
    assert rows["cx"]["order"]["id"] == "prefect_order/X"
    assert rows["cx"]["mask"]["in_force"]
    file = town.person("mayorX").get("/api/cameras/cx/file").body
    assert {"D2", "D23"} <= {one["code"] for one in file["papers"]}
    assert file["masks"]
