"""The requisition desk on running programs: a real recorder, simulated cameras, the register, the gate."""

import io
import json
import sys
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av
import pytest
from tests.capture.conftest import loop_digests, missing_pictures, picture_digest
from tests.support.ports import wait_for

from beffroi.base.secrets import read_signing_key
from beffroi.cli.demo import free_port
from beffroi.cli.house import House
from beffroi.cli.promises.client import Person
from beffroi.evidence.seal import KEY_NAME
from beffroi.evidence.verify import Trust, verify_package
from beffroi.ledger.note import Verifier, parse_verifier

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

CAMERAS = ("bn-place-du-marche", "sa-place-de-la-mairie", "vr-quai-nord")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Eight cameras in three communes."""
    built = House(tmp_path_factory.mktemp("desk") / "house", free_port(), free_port(), free_port(), cameras=8)
    built.build()
    try:
        built.start()
        yield built
    finally:
        built.stop()


def case_of(who: Person, case: str) -> dict[str, Any]:
    return dict(who.get(f"/api/desk/cases/{case}").body)


def posted(who: Person, path: str, body: dict[str, Any], status: int = 200) -> dict[str, Any]:
    answer = who.post(path, body)
    assert answer.status == status, answer.body
    return dict(answer.body)


def requisition(house: House, camera: str, begin: datetime, end: datetime) -> str:
    """A D15 of the flagrance, entered by the room, confirmed by the mayor."""
    today = datetime.now(UTC).date()
    fields = {"opj": "OPJ", "service": "gendarmerie", "frame": "flagrance", "article": "CPP 60-1"}
    body = {
        "kind": "requisition",
        "name": "99001-desk",
        "number": "PV 2026/17",
        "signed_on": today.isoformat(),
        "signatory": "OPJ",
        "valid_from": today.isoformat(),
        "cameras": [camera],
        "fields": {**fields, "from": begin.isoformat(), "to": end.isoformat()},
    }
    found = posted(house.login("supervisor"), "/api/documents", body, 201)
    name = str(found.get("id", "requisition/99001-desk"))
    posted(house.login("mayor"), f"/api/documents/{name}/confirm", {})
    return name


def test_three_communes_held_then_one_delivered_bit_for_bit(house: House, tmp_path: Path) -> None:
    who = house.login("operator")
    time.sleep(14)  # pictures come at their own pace
    end = datetime.now(UTC)
    house.children.stop("recorder")  # a file is closed when its recorder stops, or within ten minutes
    house.start_recorder()
    begin, end = end - timedelta(seconds=9), end - timedelta(seconds=2)

    began_s = time.monotonic()
    case = str(posted(who, "/api/desk/cases", {}, 201)["id"])
    found = [one["id"] for one in posted_list(who, f"/api/desk/cases/{case}/search", {"text": "place"})]
    assert CAMERAS[0] in found
    cameras = [{"camera": one, "from": begin.isoformat(), "to": end.isoformat()} for one in CAMERAS]
    call = {"caller": "OPJ", "service": "gendarmerie", "callback": "01", "verified": True, "frame": "flagrance"}
    told = posted(who, f"/api/desk/cases/{case}/hold", {**call, "cameras": cameras})
    wait_for(lambda: all(one["complete"] for one in case_of(who, case)["holds"]), timeout_s=60, what="the holds")
    took_s = time.monotonic() - began_s
    assert len({one["commune"] for one in told["holds"]}) == 3
    assert took_s <= 60
    sys.stderr.write(f"\nthree communes held {took_s:.1f} s after the call was taken (bar: 60 s)\n")

    name = requisition(house, CAMERAS[0], begin, end)
    posted(who, f"/api/desk/cases/{case}/requisition", {"document": name})
    listed = who.get(f"/api/desk/cases/{case}/seconds").body
    (second,) = [one["person"] for one in listed if one["label"]["fr"] == house.account("police").label.fr]
    prepared = posted(who, f"/api/desk/cases/{case}/packages", {"second": second}, 201)
    package = prepared["packages"][0]
    assert [one["camera"] for one in package["asked"]] == [CAMERAS[0]], "what the requisition names, no more"
    step = f"/api/desk/cases/{case}/packages/{package['id']}"
    posted(house.login("police"), f"{step}/agree", {})
    reason = next(one["id"] for one in who.get("/api/reasons").body if one["purpose"] == "F5")
    time.sleep(3)  # the recorder's journal is taken into the register every two seconds
    posted(who, f"{step}/build", {"reason": reason})
    answer = who.call("GET", f"{step}/remise.zip")
    path = tmp_path / "remise.zip"
    path.write_bytes(answer.raw)

    key = Verifier(KEY_NAME, read_signing_key(house.data / "centre" / "secrets" / "evidence.key").public_key())
    with zipfile.ZipFile(path) as archive:
        lines = archive.read("verify/keys.txt").decode().split()
        (media,) = [one for one in archive.namelist() if one.startswith("media/")]
        clear = archive.read(media)
    report = verify_package(path, Trust(key, parse_verifier(lines[0])))
    assert report.verdict.value == "valid", [one.text.en for one in report.findings]

    shown = next(
        one for one in json.loads((house.data / "cameras.json").read_text())["cameras"] if one["name"] == CAMERAS[0]
    )
    with av.open(io.BytesIO(clear), "r") as container:
        got = [picture_digest("h264", bytes(item)) for item in container.demux(video=0) if item.size]
    assert len(got) >= 25 * 6
    assert missing_pictures(got, loop_digests(Path(shown["main"]))) == 0

    receipt = {"signed_on": datetime.now(UTC).date().isoformat(), "signed_by": "OPJ", "reference": "R-1"}
    done = posted(who, f"{step}/receipt", receipt)
    assert done["packages"][0]["received_us"]


def posted_list(who: Person, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    answer = who.post(path, body)
    assert answer.status == 200, answer.body
    return list(answer.body)
