"""An operator preserves what they saw (constat): one call, seen by nobody; over with its images, unless a requisition
arrives, of which alone an extract comes."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdf
import pytest
from tests.server.test_desk_delivery import SECOND, ask, journal_in_register, reason, requisition, run_round, store_of
from tests.support import worlds
from tests.support.clips import clip
from tests.support.desktown import AGENT, BEGIN_US, DAY_S, DeskTown, desk_town, span

from beffroi.cli.promises.client import Answer
from beffroi.domain.clock import instant
from beffroi.domain.ids import AuthorityId
from beffroi.evidence.papers import files
from beffroi.evidence.seal import KEY_NAME
from beffroi.evidence.verify import Trust, verify_package
from beffroi.ledger.entry import EntryKind
from beffroi.ledger.note import Verifier
from beffroi.server.deskbuild import package_path
from beffroi.vault.casekey import CaseKeys
from beffroi.vault.keyslots import KeyState
from beffroi.vault.sealing import hour_of
from beffroi.vault.term import hour_term_end_us

MIN_US = 60_000_000
TERM_US = hour_term_end_us(hour_of(BEGIN_US), 30, "Europe/Paris")
PLACED = {"cx": (48.0, 2.0), "cd": (48.0005, 2.0), "cy": (48.001, 2.0), "cz": (48.0002, 2.0)}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DeskTown]:
    """The town, its cameras within 120 m of one another (that of Z, no member, too)."""
    known = [replace(one, latitude_deg=PLACED[one.id][0], longitude_deg=PLACED[one.id][1]) for one in worlds.cameras()]
    monkeypatch.setattr(worlds, "cameras", lambda: known)
    with desk_town(tmp_path / "data") as one:
        yield one


def preserve(place: DeskTown, who: str = AGENT, camera: str = "cx", **more: Any) -> Answer:
    return place.town.person(who).post("/api/desk/safeguards", {"camera": camera, "reason": "watch", **more})


def marks(from_s: float, to_s: float) -> dict[str, str]:
    return span(from_s, to_s)


def entries(place: DeskTown) -> list[Any]:
    ledger = place.town.centre.ledger
    return [ledger.record(number) for number in range(ledger.size)]


def test_one_call_holds_what_was_seen_and_what_is_still_to_come(place: DeskTown) -> None:
    """Five minutes before, five after, by the centre's clock: the second half is held as it is recorded."""
    place.record("cx", clip(count=100), at_s=17 * 60)
    asked_us = place.town.clock.wall_us()
    done = preserve(place)
    answered_us = place.town.clock.wall_us()
    assert done.status == 201, done.body
    case = done.body["case"]
    (hold,) = case["holds"]
    assert asked_us <= hold["from_us"] + 5 * MIN_US <= answered_us
    assert hold["to_us"] - hold["from_us"] == 10 * MIN_US
    assert (case["kind"], hold["beyond_us"], hold["complete"]) == ("safeguard", 0, False)
    assert hold["files"]["held"] == 1, "what is there is held at once"
    assert hold["dies_us"] == hour_term_end_us(hour_of(hold["from_us"]), 30, "Europe/Paris")
    assert case["reason"]["fr"].startswith("Surveillance")

    place.town.clock.advance(360)
    place.record("cx", clip(count=100), at_s=22 * 60, run="b2" * 16)
    run_round(place)
    (hold,) = place.town.person(AGENT).get(f"/api/desk/cases/{case['id']}").body["holds"]
    assert (hold["complete"], hold["files"]["held"]) == (True, 2)
    views = {EntryKind.VIEW_OPENED, EntryKind.VIEW_ENDED}
    assert not [one for one in entries(place) if one.kind in views], "nobody saw anything"
    (held,) = [one for one in entries(place) if one.kind is EntryKind.HOLD]
    assert (held.outcome, held.camera, held.authority) == ("held", "cx", "maire/X")
    (opened,) = [one for one in entries(place) if one.detail.get("kind") == "safeguard"]
    assert opened.detail["purpose"] == "F5"


def test_marks_of_a_replay_and_the_neighbours_in_one_more_step(place: DeskTown) -> None:
    for camera in ("cx", "cd", "cy"):
        place.record(camera, clip(count=250))
    done = preserve(place, **marks(1, 4))
    near = done.body["neighbours"]
    assert [one["id"] for one in near] == ["cd", "cy"], "nearest first; that of Z is not there for E"
    assert [one["distance_m"] for one in near] == [56, 111]
    case = done.body["case"]["id"]
    lines = [{"camera": one["id"], **marks(1, 4)} for one in near]
    status, told = ask(place, case, "hold", {"cameras": lines})
    assert (status, [one["camera"] for one in told["holds"]]) == (200, ["cd", "cx", "cy"]), told
    assert all(one["complete"] and one["files"]["held"] == 1 for one in told["holds"]), told["holds"]
    assert {one["beyond_us"] for one in told["holds"]} == {0}


def test_what_is_preserved_and_not_transmitted_dies_on_each_image_s_own_day(place: DeskTown) -> None:
    """Reported or not: the proofs are in the register, the case closes by itself."""
    place.record("cx", clip(count=100))
    case = preserve(place, **marks(0, 3)).body["case"]["id"]
    status, told = ask(place, case, "reported", {"service": " gendarmerie ", "person": "OPJ", "number": "PV 12"})
    assert (status, told["call"]["service"], told["holds"][0]["beyond_us"]) == (200, "gendarmerie", 0), told
    assert told["holds"][0]["dies_us"] == TERM_US, "a report lengthens nothing"
    assert ask(place, case, "packages", {"second": SECOND})[0] == 403, "nor does it let anything leave"
    place.days_pass((TERM_US - place.town.clock.wall_us()) / 1e6 - 60)
    assert len(place.pieces()) == 1, "there until its own day"
    place.days_pass(120)
    assert place.pieces() == []
    journal_in_register(place)
    proofs = [
        one for one in entries(place) if one.kind is EntryKind.DESTRUCTION and one.detail.get("store") == "frozen"
    ]
    assert [one.camera for one in proofs] == ["cx"], "its proof is in the register"
    place.days_pass(3 * DAY_S)
    run_round(place)
    closed = store_of(place).case(case).row
    assert (closed.closed_why, closed.caller) == ("ended", "")
    ring = place.town.centre.supply.keepers[AuthorityId("maire/X")].keyring
    assert CaseKeys(ring).slot(case).state is KeyState.DESTROYED
    outcomes = [one.outcome for one in entries(place)]
    assert {"reported", "case_key_destroyed", "closed"} <= set(outcomes)
    assert "OPJ" not in str([one.detail for one in entries(place)]), "names are beside the leaf"


def test_a_requisition_within_the_term_lets_it_leave(place: DeskTown) -> None:
    """Ten days later the requisition comes: the hand-over's time, then an extract that proves itself."""
    place.record("cx", clip(count=100))
    case = preserve(place, **marks(0, 3)).body["case"]["id"]
    journal_in_register(place)
    place.days_pass(10 * DAY_S)
    status, told = ask(place, case, "requisition", {"document": requisition(place, "constat", "cx", 0, 60)})
    assert status == 200, told
    (hold,) = told["holds"]
    assert (hold["complete"], hold["beyond_us"] > 0, hold["dies_us"] > TERM_US) == (True, True, True), hold
    place.days_pass(25 * DAY_S)
    assert len(place.pieces()) == 1, "it waits for its hand-over, past its own day"
    status, told = ask(place, case, "packages", {"second": SECOND})
    assert status == 201, told
    name = str(told["packages"][0]["id"])
    assert ask(place, case, f"packages/{name}/agree", {}, SECOND)[0] == 200
    status, told = ask(place, case, f"packages/{name}/build", {"reason": reason(place)})
    assert status == 200, told
    centre = place.town.centre
    trust = Trust(Verifier(KEY_NAME, centre.evidence_key.public_key()), centre.ledger.verifier)
    report = verify_package(package_path(centre, name), trust)
    assert report.verdict.value == "valid", [one.text.en for one in report.findings]
    the_papers(place, case, name)


def the_papers(place: DeskTown, case: str, name: str) -> None:
    """The read-me and the viewer are the package's own; the centre's slip bears what a file inside cannot."""
    with zipfile.ZipFile(package_path(place.town.centre, name)) as archive:
        assert {one: archive.read(one) for one in files()} == dict(files())
        digest = hashlib.sha256(archive.read("manifest.json")).hexdigest()
        inside = words(archive.read("bordereau.pdf"))
        entry = json.loads(archive.read("manifest.json"))["decision"]["entry"]
    path = f"/api/desk/cases/{case}/packages/{name}/bordereau.pdf"
    slip = place.town.person(AGENT).get(path)
    assert (slip.status, slip.raw[:5]) == (200, b"%PDF-")
    told = words(slip.raw)
    whole = hashlib.sha256(package_path(place.town.centre, name).read_bytes()).hexdigest()
    assert (digest in told, whole in told, f"n° {entry}" in told) == (True, True, True)
    assert (digest in inside, "Constat de l'opérateur" in inside) == (False, True)
    assert place.town.person("mayorX").get(path).status == 404, "of those who handle the case alone"
    assert place.town.person("dpo").get(path).status == 403
    package_path(place.town.centre, name).write_bytes(b"torn")
    assert place.town.person(AGENT).get(path).status == 503


def words(pdf: bytes) -> str:
    """What a PDF says."""
    text = " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages)
    return " ".join(text.replace("\u00a0", " ").replace("’", "'").split())


def test_a_requisition_after_the_term_finds_nothing(place: DeskTown) -> None:
    place.record("cx", clip(count=100))
    case = preserve(place, **marks(0, 3)).body["case"]["id"]
    place.days_pass((TERM_US - place.town.clock.wall_us()) / 1e6 + 60)
    ask(place, case, "requisition", {"document": requisition(place, "late", "cx", 0, 60)})
    name = ask(place, case, "packages", {"second": SECOND})[1]["packages"][0]["id"]
    assert ask(place, case, f"packages/{name}/agree", {}, SECOND)[0] == 200
    status, told = ask(place, case, f"packages/{name}/build", {"reason": reason(place)})
    assert status == 404, told
    assert not package_path(place.town.centre, name).exists()
    assert place.pieces() == []


def test_hostile_and_mistaken_asks_hold_nothing(place: DeskTown) -> None:
    place.record("cx", clip(count=100))
    at = {"from": instant(BEGIN_US).isoformat(), "to": instant(BEGIN_US + 3_000_000).isoformat()}
    wrong: list[dict[str, Any]] = [
        {"reason": "none"}, {"reason": ""}, {"before_min": 0, "after_min": 0}, {"before_min": 61}, {"after_min": -1},
        {"before_min": "5 min"}, {"from": at["from"]}, {"to": at["to"]}, {"from": at["to"], "to": at["from"]},
        {"from": at["from"], "to": at["from"]}, {**at, "from": "2026-03-02T08:40:00"}, {**at, "from": "hier"},
        {**at, "to": "2026-03-03T08:40:00Z"}, {"from": "2025-03-02T08:40:00Z", "to": "2025-03-02T08:41:00Z"},
        {"camera": "x" * 64}, {"camera": 7}, {"more": 1}, {"second": SECOND},
    ]  # fmt: skip
    for one in wrong:
        answer = preserve(place, **one)
        assert answer.status == 422, one
        assert set(answer.body["error"]["text"]) == {"fr", "en"}
    assert preserve(place, "technician").status == 403
    assert preserve(place, "dpo").status == 403
    assert place.town.person(AGENT).get("/api/desk/cases").body == [], "no case is left of what was malformed"
    assert place.pieces() == []


def test_another_commune_s_camera_and_none_at_all_answer_alike(place: DeskTown) -> None:
    """Refused, entered as refused, closed at once; nothing tells whether the camera exists."""
    told = []
    for camera in ("cz", "zz"):
        answer = preserve(place, camera=camera)
        assert answer.status == 403
        told.append(str(answer.body).replace(camera, "…"))
    assert told[0] == told[1]
    cases = place.town.person(AGENT).get("/api/desk/cases").body
    assert {(one["closed_why"], len(one["holds"])) for one in cases} == {("refused", 0)}
    refused = [one for one in entries(place) if one.kind is EntryKind.HOLD]
    assert [one.outcome for one in refused] == ["refused", "refused"]
    stranger = place.town.person("pmX")
    case = preserve(place, **marks(0, 3)).body["case"]["id"]
    assert stranger.post(f"/api/desk/cases/{case}/reported", {"service": "x"}).status == 404


def test_only_a_safeguard_is_reported(place: DeskTown) -> None:
    case = place.open_case()
    assert ask(place, case, "reported", {"service": "gendarmerie"})[0] == 422
    own = preserve(place, **marks(0, 3)).body["case"]["id"]
    for body in (
        {},
        {"service": ""},
        {"service": "  "},
        {"service": "x" * 201},
        {"service": "x", "frame": "flagrance"},
    ):
        assert ask(place, own, "reported", body)[0] == 422, body


def test_a_case_that_never_held_anything_closes_by_itself(place: DeskTown) -> None:
    case = place.open_case()
    place.town.clock.advance(6.9 * DAY_S)
    run_round(place)
    assert store_of(place).case(case).row.closed_us is None
    place.town.clock.advance(0.2 * DAY_S)
    run_round(place)
    assert store_of(place).case(case).row.closed_why == "empty"


def test_a_case_closes_with_its_last_hold_not_its_first(place: DeskTown) -> None:
    place.record("cx", clip(count=100))
    case = preserve(place, **marks(0, 3)).body["case"]["id"]
    place.days_pass(5 * DAY_S)
    later = marks(5 * DAY_S, 5 * DAY_S + 60)
    assert ask(place, case, "hold", {"cameras": [{"camera": "cd", **later}]})[0] == 200
    place.days_pass(28 * DAY_S)
    run_round(place)
    assert store_of(place).case(case).row.closed_us is None, "its second hold has days yet"
    place.days_pass(5 * DAY_S)
    run_round(place)
    assert store_of(place).case(case).row.closed_why == "ended"
