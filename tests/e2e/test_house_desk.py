"""The requisition desk on running programs: a real recorder, simulated cameras, the register, the gate."""

import io
import json
import subprocess
import sys
import time
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import av
import pytest
from playwright.sync_api import Browser, expect
from tests.capture.conftest import loop_digests, missing_pictures, picture_digest
from tests.support.houses import journal_taken_in
from tests.support.ports import wait_for

from beffroi.base.secrets import read_signing_key
from beffroi.cli.house import House
from beffroi.cli.promises.browser import desk, keep_shot
from beffroi.cli.promises.client import Person
from beffroi.cli.promises.recording import RecorderDoor
from beffroi.cli.promises.wall import PICTURE_BYTES
from beffroi.evidence.seal import KEY_NAME
from beffroi.evidence.verify import Trust, verify_package
from beffroi.ledger.note import Verifier, parse_verifier
from beffroi.profiles.ingeagglo_places import CENTRE_LATITUDE_DEG, CENTRE_LONGITUDE_DEG

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

PICTURE: Final = Path(__file__).parents[2] / "docs" / "img" / "requisition.png"
BETWEEN: Final = f"{CENTRE_LATITUDE_DEG + 0.009:.5f} {CENTRE_LONGITUDE_DEG:.5f}"
"""A kilometre north of the first commune: three communes of those that are filmed within five."""
LEGAL: Final = ZoneInfo("Europe/Paris")
RECORDED_S: Final = 12.0
CAMERAS = ("bn-place-du-marche", "sa-place-de-la-mairie", "vr-quai-nord")


def case_of(who: Person, case: str) -> dict[str, Any]:
    return dict(who.get(f"/api/desk/cases/{case}").body)


def posted(who: Person, path: str, body: dict[str, Any], status: int = 200) -> dict[str, Any]:
    answer = who.insist(path, body)
    assert answer.status == status, answer.body
    return dict(answer.body)


@pytest.fixture(scope="module")
def recorded(house: House) -> tuple[datetime, datetime]:
    """Seven whole seconds that every camera recorded, in files that are closed."""
    door = RecorderDoor(house.data)

    def long_enough() -> bool:
        mains = [item for (camera, stream), item in door.streams().items() if camera in CAMERAS and stream == "main"]
        now = datetime.now(LEGAL)
        if now.date() != (now - timedelta(seconds=RECORDED_S)).date():
            return False  # the form has one day
        since_us = time.time_ns() // 1000 - round(RECORDED_S * 1e6)
        return all(item["state"] == "recording" and 0 < item["since_us"] < since_us for item in mains)

    wait_for(long_enough, timeout_s=120, what="some seconds of every camera")
    end = datetime.now(UTC).replace(microsecond=0)
    house.children.stop("recorder")  # a file is closed when its recorder stops, or within ten minutes
    house.start_recorder()
    return end - timedelta(seconds=9), end - timedelta(seconds=2)


def requisition(house: House, camera: str, begin: datetime, end: datetime, *, number: int = 17) -> str:
    """A D15 of the flagrance, entered by the room, confirmed by the mayor."""
    today = datetime.now(UTC).date()
    fields = {"opj": "OPJ", "service": "gendarmerie", "frame": "flagrance", "article": "CPP 60-1"}
    body = {
        "kind": "requisition",
        "name": f"99001-desk-{number}",
        "number": f"PV 2026/{number}",
        "signed_on": today.isoformat(),
        "signatory": "OPJ",
        "valid_from": today.isoformat(),
        "cameras": [camera],
        "fields": {**fields, "from": begin.isoformat(), "to": end.isoformat()},
    }
    found = posted(house.login("supervisor"), "/api/documents", body, 201)
    name = str(found["id"])
    posted(house.login("mayor"), f"/api/documents/{name}/confirm", {})
    return name


def test_three_communes_held_then_one_delivered_bit_for_bit(
    house: House, recorded: tuple[datetime, datetime], tmp_path: Path
) -> None:
    who, (begin, end) = house.login("operator"), recorded
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
    journal_taken_in(house)
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

    today = datetime.now(ZoneInfo("Europe/Paris")).date().isoformat()
    receipt = {"signed_on": today, "signed_by": "OPJ", "reference": "R-1"}
    done = posted(who, f"{step}/receipt", receipt)
    assert done["packages"][0]["received_us"]


def posted_list(who: Person, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    answer = who.post(path, body)
    assert answer.status == 200, answer.body
    return list(answer.body)


def test_at_the_console_with_its_picture_and_the_file_that_the_browser_took_verifies(
    browser: Browser, house: House, recorded: tuple[datetime, datetime], tmp_path: Path
) -> None:
    begin, end = (one.astimezone(LEGAL) for one in recorded)
    paper = requisition(house, CAMERAS[0], *recorded, number=18)
    with desk(browser, house, "operator") as operator, desk(browser, house, "police") as police:
        page = operator.page
        for seat in (operator, police):
            seat.page.get_by_role("navigation").get_by_role("button", name="Réquisitions").click()
        page.keyboard.press("n")
        page.get_by_label("Lieu, commune ou caméra").fill(BETWEEN)
        page.get_by_label("Rayon").select_option("5000")
        named = page.get_by_role("region", name="Caméras trouvées").get_by_role("checkbox")
        expect(page.get_by_role("checkbox", name="Quai nord")).to_be_checked()
        assert page.get_by_role("region", name="Caméras trouvées").get_by_role("group").count() == 3
        page.get_by_label("Jour").fill(begin.date().isoformat())
        page.get_by_label("De", exact=True).fill(f"{begin:%H:%M:%S}")
        page.get_by_label("À (").fill(f"{end:%H:%M:%S}")
        page.get_by_label("Marge").select_option("0")
        page.get_by_label("Qui appelle").fill("Adjudant de permanence")
        page.get_by_label("Service", exact=True).fill("gendarmerie de Bourg-Neuf")
        page.get_by_label("Numéro de rappel").fill("01 00 00 00 17")
        page.get_by_label("Cadre").select_option("flagrance")
        page.get_by_label("J’ai rappelé le service").check()
        page.locator(".box[data-ready=true]").wait_for()
        began_s, wanted = time.monotonic(), named.count()
        keep_shot(page, PICTURE, most_bytes=PICTURE_BYTES)
        page.keyboard.press("Control+Enter")
        expect(page.get_by_role("row", name="sous gel")).to_have_count(wanted, timeout=60_000)
        took_s = time.monotonic() - began_s
        sys.stderr.write(f"\n{wanted} cameras of three communes held {took_s:.1f} s after the key (bar: 60 s)\n")

        page.get_by_role("button", name="Joindre PV 2026/18").click()
        page.get_by_label("Seconde personne").select_option(label=house.account("police").label.fr)
        page.get_by_role("button", name="Préparer la remise").click()
        awaiting = police.page.get_by_role("region", name="Attend votre accord")
        awaiting.get_by_role("button", name="Donner mon accord").click()
        police.page.get_by_role("dialog").get_by_role("button", name="Donner mon accord").click()
        journal_taken_in(house)
        page.get_by_role("button", name="Fabriquer la remise").click()
        with page.expect_download() as taken:
            page.get_by_role("link", name="Télécharger la remise").click(timeout=60_000)
        taken.value.save_as(tmp_path / "remise.zip")
    assert paper in [one for case in house.login("operator").get("/api/desk/cases").body for one in case["papers"]]

    keys = beffroi("evidence", "key", "--data", str(house.data)).stdout.split()
    evidence, register = (next(one for one in keys if f"beffroi/{what}" in one) for what in ("evidence", "register"))
    done = beffroi("evidence", "verify", str(tmp_path / "remise.zip"), "--key", evidence, "--register", register)
    assert done.returncode == 0, done.stdout + done.stderr


def beffroi(*words: str) -> subprocess.CompletedProcess[str]:
    """The command line, as whoever receives a delivery uses it."""
    command = [str(Path(sys.executable).with_name("beffroi")), *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
