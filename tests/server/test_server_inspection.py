"""Inspector mode: what is shown, what is packed and proves itself, what nobody may do to an inspection."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from tests.support.centre import CLERK, Town, running
from tests.support.registeracts import view
from typer.testing import CliRunner

from beffroi.cli.ledger import app as ledger_app
from beffroi.domain.documents import Document, DocumentKind, Scope
from beffroi.domain.ids import DocumentId, PersonId
from beffroi.ledger.entry import EntryKind
from beffroi.server.inspection import hours

SPAN = "from=2026-03-01&to=2026-03-03"
PACK = f"/api/inspection/pack.zip?commune=X&{SPAN}"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with running(tmp_path_factory.mktemp("inspection") / "data") as one:
        view(one, "cx", "plain")
        view(one, "cx", "onsite", documents=("requisition/1",))
        yield one


@pytest.fixture(scope="module")
def mission(town: Town) -> str:
    """A letter in force, confirmed as an inspectorate's is: under no mayor's veto."""
    letter = Document(
        DocumentId("mission_letter/essai"),
        DocumentKind.MISSION_LETTER,
        number="M-7",
        signed_on=date(2026, 2, 20),
        signatory="présidente de la commission départementale",
        valid_from=date(2026, 3, 1),
        valid_until=date(2026, 3, 31),
        scope=Scope(persons=frozenset({PersonId("inspector")})),
        fields={"reference": "CDV-2026-7", "images": False},
    )
    town.centre.registry.propose(letter, by=CLERK)
    town.centre.registry.confirm(letter.id, by=PersonId("dpo"))
    return str(letter.id)


def test_before_any_letter_there_is_no_pack_and_the_sentence_says_what_to_do(town: Town) -> None:
    inspector = town.person("inspector")
    assert inspector.get("/api/inspection").body["missions"] == []
    refused = inspector.get(PACK)
    assert refused.status == 403
    assert "lettre de mission" in refused.body["error"]["text"]["fr"]


def test_the_letter_and_the_hours_are_shown_and_the_hours_close_nothing(town: Town, mission: str) -> None:
    inspector = town.person("inspector")
    found = inspector.get("/api/inspection").body
    assert [(one["document"], one["reference"], one["images"]) for one in found["missions"]] == [
        (mission, "CDV-2026-7", False)
    ]
    assert found["hours"] == {"from": 6, "to": 21, "within": True}
    town.clock.advance(12 * 3600)  # ten in the evening
    try:
        night = inspector.get("/api/inspection")
        assert night.status == 200
        assert night.body["hours"]["within"] is False
        assert inspector.get("/api/register?day=2026-03-02").status == 200
    finally:
        town.clock.advance(-12 * 3600)


@pytest.mark.parametrize(("hour", "within"), [(4, False), (5, True), (19, True), (20, False)])
def test_hours_are_legal_time(hour: int, within: bool) -> None:
    assert hours(datetime(2026, 3, 2, hour, 30, tzinfo=UTC))["within"] is within  # one hour later in France


def test_settings_tell_versions_and_keys_and_no_secret(town: Town) -> None:
    before = town.centre.ledger.size
    found = town.person("inspector").get("/api/inspection/configuration")
    assert found.body["register"]["key"] == town.centre.ledger.verifier.encode()
    said = found.raw.decode()
    for name in ("register.key", "gate.key", "factors.key"):
        secret = (town.centre.data / "centre" / "secrets" / name).read_bytes()
        assert secret.strip().decode("latin1") not in said
    assert "rtsp://" not in said
    kinds = [town.centre.ledger.record(index).kind for index in range(before, town.centre.ledger.size)]
    assert EntryKind.REGISTER_READ in kinds


def test_the_pack_holds_registers_documents_settings_and_proofs_that_hold(
    town: Town, mission: str, tmp_path: Path
) -> None:
    answer = town.person("inspector").get(PACK)
    assert answer.status == 200, answer.body
    with zipfile.ZipFile(io.BytesIO(answer.raw)) as archive:
        names = archive.namelist()
        manifest = json.loads(archive.read("manifeste.json"))
        files = {name: archive.read(name) for name in names}
    assert set(manifest) == set(names) - {"manifeste.json"}
    assert all(hashlib.sha256(files[name]).hexdigest() == said for name, said in manifest.items())
    for register in ("accesses", "refusals", "extracts", "destructions", "former"):
        assert {f"registres/{register}.{form}" for form in ("csv", "json", "pdf")} <= set(names)
    rows = json.loads(files["registres/accesses.json"])["rows"]
    assert len(rows) == 2  # the viewing on requisition is there: an inspection reads the detail
    key = town.centre.ledger.verifier.encode()
    for row in rows:
        proof = tmp_path / "preuve.json"
        proof.write_bytes(files[f"preuves/{row['first']}.json"])
        assert CliRunner().invoke(ledger_app, ["check", str(proof), "--key", key]).exit_code == 0
    assert any(one["id"] == mission for one in json.loads(files["documents.json"]))
    (tmp_path / "tete.txt").write_bytes(files["tete.txt"])
    run = ["verify", str(town.centre.ledger.directory), "--key", key, "--checkpoint", str(tmp_path / "tete.txt")]
    assert CliRunner().invoke(ledger_app, run).exit_code == 0
    entries = map(town.centre.ledger.record, reversed(range(town.centre.ledger.size)))
    record = next(one for one in entries if one.kind is EntryKind.REPORT_MADE)
    assert record.outcome == "inspection"
    assert record.detail["sha256"] == hashlib.sha256(answer.raw).hexdigest()
    assert record.detail["mission"] == mission


def test_images_stay_shut_when_the_letter_is_not_about_images(town: Town, mission: str) -> None:
    inspector = town.person("inspector")
    told = inspector.post("/api/why", {"camera": "cx", "act": "live"}).body
    assert "mission" in json.dumps(told, ensure_ascii=False)
    inspector.duty()
    with inspector.socket() as socket:
        assert inspector.open_view(socket.connection_id, "cx").status == 403


def test_an_inspection_s_account_is_not_locked_while_it_runs(town: Town, mission: str) -> None:
    account = town.accounts["inspector"]
    before = town.centre.ledger.size
    refused = town.person("adminE").post(f"/api/accounts/{account}/lock", {})
    assert refused.status == 403
    assert "L.254-1" in refused.body["error"]["text"]["fr"]
    kinds = {town.centre.ledger.record(index).kind for index in range(before, town.centre.ledger.size)}
    assert kinds <= {EntryKind.LOGIN, EntryKind.VIEW_ENDED}, "the administrator's login; a view of before that ends"
    assert town.person("inspector").get("/api/me").status == 200
    town.centre.registry.suspend(DocumentId(mission), by=PersonId("dpo"), reason="essai")
    assert town.person("adminE").post(f"/api/accounts/{account}/lock", {}).status == 403  # nor by this way round
    town.clock.advance(40 * 86_400)
    try:
        assert town.person("adminE").post(f"/api/accounts/{account}/lock", {}).status == 200
    finally:
        town.clock.advance(-40 * 86_400)


@pytest.mark.parametrize("person", ["mayorX", "dpo", "adminE", "agentE"])
def test_it_is_the_inspectors_own(town: Town, person: str) -> None:
    for path in ("/api/inspection", "/api/inspection/configuration", PACK):
        assert town.person(person).get(path).status == 403
