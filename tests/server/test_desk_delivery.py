"""From the call to the receipt, with real chunks, a real register, a real gate: nothing leaves but what was asked."""

import asyncio
import io
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import av
import pytest
from tests.support import worlds
from tests.support.clips import clip
from tests.support.desktown import AGENT, BEGIN_US, CLERK, DAY_S, DeskTown, desk_town, span
from tests.support.ports import wait_for

from beffroi.domain.clock import instant
from beffroi.domain.documents import DocumentKind, JsonValue
from beffroi.domain.ids import AuthorityId, DocumentId, PersonId
from beffroi.evidence.deskrules import DAY_US
from beffroi.evidence.deskstore import DeskStore
from beffroi.evidence.key import vkey
from beffroi.evidence.seal import KEY_NAME
from beffroi.evidence.verify import Trust, verify_package
from beffroi.ledger.entry import EntryKind
from beffroi.ledger.note import Verifier
from beffroi.server.deskbuild import package_path
from beffroi.server.deskdelivery import Deliveries
from beffroi.server.deskround import DeskRound
from beffroi.vault.casekey import CaseKeys
from beffroi.vault.keyslots import KeyState

SECOND = "pmX"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[DeskTown]:
    with desk_town(tmp_path / "data") as one:
        yield one


def requisition(place: DeskTown, name: str, camera: str, from_s: float, to_s: float) -> str:
    """A D15 in force: entered by the centre, confirmed by the commune."""
    ends = {key: instant(BEGIN_US + round(at * 1e6)).isoformat() for key, at in (("from", from_s), ("to", to_s))}
    fields: dict[str, JsonValue] = {
        "opj": "OPJ",
        "service": "gendarmerie",
        "frame": "flagrance",
        "article": "60-1",
        **ends,
    }
    paper = worlds.paper(DocumentKind.REQUISITION, name, cameras=(camera,), fields=fields)
    place.town.centre.registry.propose(paper, by=CLERK)
    place.town.centre.registry.confirm_all([paper.id], by=PersonId("mayorX"))
    return str(paper.id)


def journal_in_register(place: DeskTown) -> None:
    """The recorder's acts are taken into the register every two seconds."""
    ledger = place.town.centre.ledger

    def done() -> bool:
        newest = place.journal.read_after(0, 10_000)[-1].seq
        return any((ledger.last_seq(name) or 0) >= newest for name in ("recorder", "recorder-1", "main"))

    wait_for(done, timeout_s=60, what="the journal in the register")


def round_of(place: DeskTown) -> DeskRound:
    deliveries: Deliveries = place.town.app.state.deliveries
    return DeskRound(place.town.centre, deliveries)


def reason(place: DeskTown) -> str:
    reasons = place.town.person(AGENT).get("/api/reasons").body
    return str(next(one["id"] for one in reasons if one["purpose"] == "F5"))


def ask(
    place: DeskTown, case: str, step: str, body: Mapping[str, object], who: str = AGENT
) -> tuple[int, dict[str, Any]]:
    answer = place.town.person(who).post(f"/api/desk/cases/{case}/{step}", dict(body))
    return answer.status, answer.body


def packets(data: bytes) -> list[tuple[bytes, int, bool]]:
    with av.open(io.BytesIO(data), "r") as container:
        return [(bytes(item), item.pts or 0, item.is_keyframe) for item in container.demux(video=0) if item.size]


def delivered(place: DeskTown, tmp_path: Path) -> tuple[str, str, Path]:
    """A whole delivery of ten seconds of cx; its case, its name, the zip as it was fetched."""
    case = place.open_case()
    assert place.hold(case, {"cx": (0, 9.9)}).body["holds"][0]["complete"]
    status, body = ask(place, case, "packages", {"second": SECOND})
    assert status == 403, "without a requisition nothing is even prepared"
    status, body = ask(place, case, "requisition", {"document": requisition(place, "one", "cx", 0, 60)})
    assert status == 200, body
    status, body = ask(place, case, "packages", {"second": SECOND})
    assert status == 201, body
    name = str(body["packages"][0]["id"])
    step = f"packages/{name}"
    status, body = ask(place, case, f"{step}/build", {"reason": reason(place)})
    assert status == 403, "prepared, and waits for the second person"
    assert ask(place, case, f"{step}/agree", {})[0] == 403, "one's own agreement is none"
    assert ask(place, case, f"{step}/agree", {}, "mayorX")[0] == 404, "somebody who was not asked"
    assert ask(place, case, f"{step}/agree", {}, SECOND)[0] == 200
    journal_in_register(place)
    status, body = ask(place, case, f"{step}/build", {"reason": reason(place)})
    assert status == 200, body
    answer = place.town.person(AGENT).call("GET", f"/api/desk/cases/{case}/{step}/remise.zip")
    assert answer.status == 200
    path = tmp_path / "remise.zip"
    path.write_bytes(answer.raw)
    return case, name, path


def test_from_the_call_to_the_last_copy(place: DeskTown, tmp_path: Path) -> None:
    frames = place.record("cx", clip(count=250, b_frames=2))
    case, name, path = delivered(place, tmp_path)
    centre = place.town.centre

    report = verify_package(path, Trust(Verifier(KEY_NAME, centre.evidence_key.public_key()), centre.ledger.verifier))
    assert report.verdict.value == "valid", [one.text.en for one in report.findings]
    command = [sys.executable, "-c", "from beffroi.cli.main import main; main()", "evidence", "verify", str(path)]
    command += ["--key", vkey(centre.evidence_key), "--register", centre.ledger.verifier.encode()]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr

    with zipfile.ZipFile(path) as archive:
        assert {"LISEZMOI.txt", "bordereau.pdf", "manifest.json"} <= set(archive.namelist())
        (media,) = [one for one in archive.namelist() if one.startswith("media/")]
        got = packets(archive.read(media))
    expected = [(f.data, f.pts_90k - frames[0].pts_90k, f.key) for f in frames]
    assert got == expected[: len(got)]
    assert len(got) >= 240

    part = place.town.person(AGENT).call(
        "GET", f"/api/desk/cases/{case}/packages/{name}/remise.zip", headers={"Range": "bytes=10-19"}
    )
    assert (part.status, part.raw) == (206, path.read_bytes()[10:20])
    wait_for(
        lambda: (
            place.town.person(AGENT).get(f"/api/desk/cases/{case}").body["packages"][0]["fetched_bytes"]
            == path.stat().st_size + 10
        ),
        what="every byte counted",
    )
    stranger = place.town.person("mayorX").call("GET", f"/api/desk/cases/{case}/packages/{name}/remise.zip")
    assert stranger.status == 404

    receipt = {"signed_on": "2026-03-02", "signed_by": "OPJ de permanence", "reference": "R-17"}
    assert ask(place, case, f"packages/{name}/receipt", receipt)[0] == 200
    copy = package_path(centre, name)
    assert copy.exists()
    place.days_pass(5 * DAY_S)
    run_round(place)
    assert copy.exists(), "it has days yet"
    place.days_pass(1.1 * DAY_S)
    run_round(place)
    assert not copy.exists()
    assert place.pieces() == []
    assert CaseKeys(centre.supply.keepers[AuthorityId("maire/X")].keyring).slot(case).state is KeyState.DESTROYED
    told = store_of(place).case(case)
    assert (told.row.closed_why, told.row.caller) == ("received", "")
    received, destroyed = told.packages[0].received_us, told.packages[0].destroyed_us
    assert received is not None and destroyed is not None and destroyed - received <= 7 * DAY_US  # noqa: PT018  one figure
    outcomes = [centre.ledger.record(n).outcome for n in range(centre.ledger.size)]
    wanted = "opened called held paper_attached renewed prepared agreed built fetched received package_destroyed"
    for outcome in (*wanted.split(), "case_key_destroyed", "closed"):
        assert outcome in outcomes, outcome
    extracts = [centre.ledger.record(n) for n in range(centre.ledger.size)]
    assert sum(one.kind is EntryKind.VIEW_OPENED and one.detail.get("package") == name for one in extracts) == 1


def store_of(place: DeskTown) -> DeskStore:
    deliveries: Deliveries = place.town.app.state.deliveries
    return deliveries.desk.store


def run_round(place: DeskTown) -> None:
    asyncio.run(round_of(place).once())


def test_past_its_term_for_the_written_requisition_only(place: DeskTown) -> None:
    """Three days past the images' term: nothing opens them, then the requisition comes and they leave."""
    place.record("cx", clip(count=100))
    case = place.open_case()
    assert place.hold(case, {"cx": (0, 3)}).body["holds"][0]["complete"]
    journal_in_register(place)
    place.days_pass(33 * DAY_S)
    assert not list((place.root / "streams" / "cx" / "main").glob("*.mp4")), "the rolling store is empty"
    assert ask(place, case, "packages", {"second": SECOND})[0] == 403
    body = {"camera": "cx", **span(0, 3), "reason": reason(place), "second": SECOND}
    assert place.town.person(AGENT).post("/api/extracts", body).status == 403
    ask(place, case, "requisition", {"document": requisition(place, "late", "cx", 0, 60)})
    status, told = ask(place, case, "packages", {"second": SECOND})
    assert status == 201, told
    name = str(told["packages"][0]["id"])
    assert ask(place, case, f"packages/{name}/agree", {}, SECOND)[0] == 200
    status, told = ask(place, case, f"packages/{name}/build", {"reason": reason(place)})
    assert status == 200, told
    centre = place.town.centre
    report = verify_package(
        package_path(centre, name),
        Trust(Verifier(KEY_NAME, centre.evidence_key.public_key()), centre.ledger.verifier),
    )
    assert report.verdict.value == "valid", [one.text.en for one in report.findings]


def test_nothing_outside_and_a_complement_widens_in_one_step(place: DeskTown) -> None:
    place.record("cx", clip(count=250))
    case = place.open_case()
    place.hold(case, {"cx": (0, 9)})
    ask(place, case, "requisition", {"document": requisition(place, "narrow", "cx", 2, 4)})
    for ends in ((1.9, 3), (3, 4.1), (5, 6), (0, 9)):
        status, body = ask(place, case, "packages", {"second": SECOND, "cameras": [{"camera": "cx", **span(*ends)}]})
        assert status == 403, ends
        assert set(body["error"]["text"]) == {"fr", "en"}
    status, body = ask(place, case, "packages", {"second": SECOND})
    assert status == 201
    asked = body["packages"][0]["asked"]
    within = {"from_us": BEGIN_US + 2_000_000, "to_us": BEGIN_US + 4_000_000}
    assert asked == [{"camera": "cx", "name": "Place du Marché", **within}]
    ask(place, case, "requisition", {"document": requisition(place, "complement", "cx", 4, 8)})
    inside = {"second": SECOND, "cameras": [{"camera": "cx", **span(5, 6)}]}
    assert ask(place, case, "packages", inside)[0] == 201
    place.town.centre.registry.suspend(DocumentId("requisition/complement"), by=PersonId("mayorX"), reason="essai")
    assert ask(place, case, "packages", inside)[0] == 403, "withdrawn: narrow again at once"
    package = store_of(place).case(case).packages[-1].id
    assert ask(place, case, f"packages/{package}/agree", {}, SECOND)[0] == 200
    assert ask(place, case, f"packages/{package}/build", {"reason": reason(place)})[0] == 403, "also what was prepared"
    assert not package_path(place.town.centre, package).exists()


def test_a_safeguard_dies_with_its_images(place: DeskTown) -> None:
    place.record("cx", clip(count=100))
    case = place.open_case(kind="safeguard")
    done = place.hold(case, {"cx": (0, 3)}, frame="none", caller="", service="", callback="", verified=False)
    assert (done.status, done.body["holds"][0]["beyond_us"]) == (200, 0), done.body
    place.days_pass(31 * DAY_S)
    assert place.pieces() == []
    place.days_pass(3 * DAY_S)
    run_round(place)
    assert store_of(place).case(case).row.closed_why == "ended"
