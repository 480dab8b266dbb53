"""Who saw a camera on a day, and why: the question of a mayor who wants to see that nobody looked behind her back."""

import json
from pathlib import Path

import pytest
from tests.support.centre import Town
from tests.support.registeracts import since, view
from typer.testing import CliRunner

from beffroi.cli.ledger import app
from beffroi.domain.acts import Act
from beffroi.ledger.entry import EntryKind

DAY = "2026-03-02"


def test_views_of_the_day_and_later_ones_of_its_images_with_reason_ranges_and_entries(town: Town) -> None:
    that_day = view(town, "cy", "day", minutes_ago=60)
    before = view(town, "cy", "before", minutes_ago=60, days_ago=1)
    later = view(town, "cy", "later", minutes_ago=60, days_ago=-1, footage_days_ago=0)
    refused = view(town, "cy", "no", refused=True)
    found = town.person("dpo").get(f"/api/seen?camera=cy&day={DAY}").body["views"]
    told = {one["entries"][0]["index"]: one for one in found}
    assert before not in told
    assert (told[that_day]["shown"], told[later]["shown"], told[refused]["shown"]) == ("that_day", "later", "refused")
    one = told[that_day]
    assert one["reason"]["fr"].startswith("Surveillance des lieux")
    assert (one["frames"], one["purpose"]) == (1500, "F5")
    assert one["sent"]["to"] < one["asked"]["to"]  # what was really sent, not what was asked for
    assert [entry["kind"] for entry in one["entries"]] == ["view_opened", "view_ended"]
    assert told[refused]["sent"] is None
    assert told[refused]["state"]["fr"] == "CSI L.132-14"
    assert "agentE" not in json.dumps(found)
    assert one["agent"] == told[refused]["agent"]


def test_one_that_began_the_evening_before_and_one_of_held_images_months_later(town: Town) -> None:
    """Both showed something of that day: neither may be missing from the answer."""
    evening = view(town, "cy", "evening", minutes_ago=610, act=Act.LIVE, lasts_min=30)  # 23:50 to 0:20, legal time
    gone = view(town, "cy", "gone", minutes_ago=660, act=Act.LIVE, lasts_min=30)  # over before midnight
    held = view(town, "cy", "held", days_ago=-120, footage_days_ago=0, documents=("requisition/9",))
    found = town.person("dpo").get(f"/api/seen?camera=cy&day={DAY}").body["views"]
    told = {one["entries"][0]["index"]: one["shown"] for one in found}
    assert (told.get(evening), told.get(held), told.get(gone)) == ("that_day", "later", None)


def test_a_view_on_requisition_is_named_as_such_to_controllers(town: Town) -> None:
    index = view(town, "cy", "onsite", documents=("requisition/4",))
    found = town.person("inspector").get(f"/api/seen?camera=cy&day={DAY}").body["views"]
    one = next(one for one in found if one["entries"][0]["index"] == index)
    assert one["procedure"]["fr"] == "Visionnages sur place"


def test_asking_is_an_entry_before_it_is_an_answer(town: Town) -> None:
    dpo, before = town.person("dpo"), town.centre.ledger.size
    dpo.get(f"/api/seen?camera=cy&day={DAY}")
    (read,) = since(town, before, EntryKind.REGISTER_READ)
    record = town.centre.ledger.record(read)
    assert record.camera == "cy"
    assert record.detail == {"day": DAY, "question": "seen"}


def test_the_proof_of_an_entry_holds_away_from_the_register(town: Town, tmp_path: Path) -> None:
    index = view(town, "cy", "proven")
    answer = town.person("dpo").get(f"/api/register/{index}/proof")
    assert answer.status == 200, answer.body
    proof = tmp_path / "preuve.json"
    proof.write_bytes(answer.raw)
    run = CliRunner().invoke(app, ["check", str(proof), "--key", town.centre.ledger.verifier.encode()])
    assert run.exit_code == 0, run.output
    fields = json.loads(answer.raw)
    proof.write_text(json.dumps({**fields, "leaf": fields["leaf"].replace("cy", "cx")}))
    run = CliRunner().invoke(app, ["check", str(proof), "--key", town.centre.ledger.verifier.encode()])
    assert run.exit_code == 1


def test_lifting_a_number_is_an_entry_that_names_the_one_it_lifts(town: Town) -> None:
    index = view(town, "cy", "lifted")
    dpo, before = town.person("dpo"), town.centre.ledger.size
    assert dpo.get(f"/api/register/{index}/person").body["account"] == "compte.agente"
    ledger = town.centre.ledger
    (read,) = since(town, before, EntryKind.REGISTER_READ)
    assert ledger.record(read).detail == {"person_of": index}
    ledger._payloads.erase([ledger.record(index).commitment], 1)
    forgotten = dpo.get(f"/api/register/{index}/person")
    assert forgotten.status == 404
    assert "effacé" in forgotten.body["error"]["text"]["fr"]
    seen = dpo.get(f"/api/seen?camera=cy&day={DAY}").body["views"]
    one = next(one for one in seen if one["entries"][0]["index"] == index)
    assert (one["reason"], one["purpose"]) == (None, "F5")  # the reason went with it, the purpose stays


@pytest.mark.parametrize("path", ["/api/register/99999999/proof", "/api/register/99999999/person"])
def test_what_is_not_there_is_unknown(town: Town, path: str) -> None:
    assert town.person("dpo").get(path).status == 404


@pytest.mark.parametrize("person", ["mayorX", "agentE", "supervisorE", "adminE"])
def test_it_is_the_controllers_question(town: Town, person: str) -> None:
    assert town.person(person).get(f"/api/seen?camera=cx&day={DAY}").status == 403
    assert town.person(person).get("/api/register/0/proof").status == 403
    assert town.person(person).get("/api/register/0/person").status == 403
