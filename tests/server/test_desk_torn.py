"""A file that is torn on the disk, or past its term, keeps nothing else back: the rest leaves, the hole is told."""

import io
import json
import os
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pypdf
import pytest
from tests.server.test_desk_delivery import SECOND, ask, journal_in_register, reason, requisition, run_round
from tests.server.test_subject import granted, prepared, step
from tests.support.clips import clip
from tests.support.desktown import AGENT, DAY_S, DeskTown, desk_town

from beffroi.evidence.seal import KEY_NAME
from beffroi.evidence.verify import Trust, verify_package
from beffroi.ledger.entry import EntryKind
from beffroi.ledger.note import Verifier
from beffroi.server.deskbuild import package_path
from beffroi.vault.frozen import FrozenPiece


@pytest.fixture
def place(tmp_path: Path) -> Iterator[DeskTown]:
    """Three files of four seconds, one after the other."""
    with desk_town(tmp_path / "data") as one:
        for number, run in enumerate(("a1", "b2", "c3")):
            one.record("cx", clip(count=100), at_s=4 * number, run=run * 16)
        yield one


def rolling(place: DeskTown) -> list[Path]:
    return sorted((place.root / "streams").glob("cx/*/**/*.mp4"))


def held(place: DeskTown, case: str) -> dict[str, Any]:
    (one,) = place.town.person(AGENT).get(f"/api/desk/cases/{case}").body["holds"]
    return dict(one)


def halved(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def deliver(place: DeskTown, case: str) -> dict[str, Any]:
    """Build a delivery of all that is held; its manifest. The package proves itself."""
    ask(place, case, "requisition", {"document": requisition(place, "torn", "cx", 0, 60)})
    status, told = ask(place, case, "packages", {"second": SECOND})
    assert status == 201, told
    name = str(told["packages"][0]["id"])
    assert ask(place, case, f"packages/{name}/agree", {}, SECOND)[0] == 200
    journal_in_register(place)
    status, told = ask(place, case, f"packages/{name}/build", {"reason": reason(place)})
    assert status == 200, told
    centre = place.town.centre
    path = package_path(centre, name)
    report = verify_package(path, Trust(Verifier(KEY_NAME, centre.evidence_key.public_key()), centre.ledger.verifier))
    assert report.verdict.value == "valid", [one.text.en for one in report.findings]
    with zipfile.ZipFile(path) as archive:
        manifest: dict[str, Any] = json.loads(archive.read("manifest.json"))
        slip = pypdf.PdfReader(io.BytesIO(archive.read("bordereau.pdf")))
    words = "".join("".join(page.extract_text().split()) for page in slip.pages)
    for cause, said in (("lost", "perduouabîmé"), ("past_term", "arrivéesàleurterme")):
        assert (said in words) == any(one["cause"] == cause for one in manifest["gaps"]), words
    return manifest


def never_held(place: DeskTown) -> list[dict[str, Any]]:
    ledger = place.town.centre.ledger
    found = [ledger.record(n) for n in range(ledger.size)]
    return [dict(one.detail) for one in found if one.kind is EntryKind.HOLD and one.outcome == "not_all_held"]


def holes(manifest: dict[str, Any], cause: str) -> float:
    return sum(int(one["to_us"]) - int(one["from_us"]) for one in manifest["gaps"] if one["cause"] == cause) / 1e6


def test_a_file_torn_before_it_is_held(place: DeskTown) -> None:
    halved(rolling(place)[1])
    case = place.open_case()
    place.hold(case, {"cx": (0, 11)})
    one = held(place, case)
    counts = {"held": 2, "growing": 0, "waiting": 0, "refused": 0, "damaged": 1, "past_term": 0}
    assert (one["files"], one["complete"]) == (counts, True)
    for _ in range(2):
        run_round(place)
    (entry,) = never_held(place)
    assert {name: entry[name] for name in ("case", "damaged", "past_term")} == {
        "case": case,
        "damaged": 1,
        "past_term": 0,
    }
    manifest = deliver(place, case)
    assert len(manifest["files"]) == 2
    assert 3.5 < holes(manifest, "lost") < 4.5, manifest["gaps"]


def test_a_file_that_is_put_back_is_held_after_all(place: DeskTown) -> None:
    path = rolling(place)[1]
    whole = path.read_bytes()
    halved(path)
    case = place.open_case()
    place.hold(case, {"cx": (0, 11)})
    path.write_bytes(whole)
    run_round(place)
    one = held(place, case)
    assert (one["files"]["held"], one["files"]["damaged"], one["complete"]) == (3, 0, True)
    assert [entry["damaged"] for entry in never_held(place)] == [1, 0]


def inside(path: Path) -> None:
    """One byte of the first picture group is another: the file still opens."""
    with FrozenPiece.open(path) as piece:
        at = piece.gops[0].offset + piece.gops[0].length - 5
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(("tear", "days"), [(halved, 0), (halved, 33), (inside, 33)])
def test_a_copy_torn_after_it_was_held(place: DeskTown, tear: Callable[[Path], None], days: int) -> None:
    """Also when the rolling store has nothing of it any more, so that nobody knows its minutes."""
    case = place.open_case()
    assert place.hold(case, {"cx": (0, 11)}).body["holds"][0]["complete"]
    ask(place, case, "requisition", {"document": requisition(place, "early", "cx", 0, 60)})
    tear(place.pieces()[1])
    journal_in_register(place)
    if days:
        place.days_pass(days * DAY_S)
        assert rolling(place) == []
    manifest = deliver(place, case)
    assert 0.3 < holes(manifest, "lost") < 4.5, manifest["gaps"]
    assert {one["cause"] for one in manifest["gaps"]} <= {"lost", "unknown"}


def test_a_file_past_its_term_keeps_nothing_else_back(place: DeskTown) -> None:
    """The disk refused the copy of one until its term was over."""
    path = rolling(place)[1]
    whole = path.read_bytes()
    path.unlink()
    path.mkdir()  # the disk refuses to read it, which is no damage
    case = place.open_case()
    place.hold(case, {"cx": (0, 11)})
    one = held(place, case)
    assert (one["files"]["waiting"], one["complete"]) == (1, False)
    ask(place, case, "requisition", {"document": requisition(place, "early", "cx", 0, 60)})
    path.rmdir()
    path.write_bytes(whole)
    journal_in_register(place)
    place.town.clock.advance(31 * DAY_S)
    run_round(place)
    one = held(place, case)
    assert (one["files"]["held"], one["files"]["past_term"], one["complete"]) == (2, 1, True), one
    manifest = deliver(place, case)
    assert 3.5 < holes(manifest, "past_term") < 4.5, manifest["gaps"]


def test_a_filmed_person_gets_the_copy_of_what_is_there(place: DeskTown) -> None:
    halved(rolling(place)[1])
    request = granted(place)
    (one,) = place.town.person(AGENT).get(f"/api/subject/requests/{request}").body["holds"]
    assert (one["complete"], one["lacking"]) == (True, 1)
    name = prepared(place, request, 1, 9)
    status, body = step(place, request, f"copies/{name}/open", {"reason": reason(place)})
    assert status == 200, body
    status, body = step(place, request, f"copies/{name}/build")
    assert status == 200, body
