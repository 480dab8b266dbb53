"""The viewer as a double click opens it (`file://`, no network, Chromium): exact to the picture, saves, turns red, and
green by the centre's keys only."""

import base64
import io
import itertools
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
from axe_playwright_python.sync_playwright import Axe
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image
from playwright.sync_api import Browser, Download, Page, expect
from tests.evidence.test_package import zipped
from tests.evidence.test_witnessed import NAMES, WITNESSES, line, note_of, put
from tests.support.chunks import START_US
from tests.support.evidence import EVIDENCE, PLACE, REGISTER, SECOND_US, STATION, Made, forge, make_package
from tests.support.ports import wait_for
from tests.support.tsa import Authority

from beffroi.domain.errors import BrokenError
from beffroi.evidence.papers import BUILT, files
from beffroi.ledger.note import Verifier
from beffroi.media.codec import CodecConfig
from beffroi.media.frame import Frame
from beffroi.media.parse import sample_bytes
from beffroi.media.repair import iterate

Picture = npt.NDArray[np.uint8]
FRAME_US = 40_000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    assert BUILT.exists(), "build it first: make install"
    root = tmp_path_factory.mktemp("evidence")
    (root / "streams").mkdir()
    return make_package(root, extra=dict(files()))


@pytest.fixture(scope="module")
def pictures(made: Made) -> list[Picture]:
    """What the first camera recorded, decoded by another decoder: 6 seconds, 25 a second."""
    both = [(chunk.config, chunk.frames) for chunk in made.chunks[:2]]
    return [picture for config, frames in both for picture in decoded(config, frames)]


def decoded(config: CodecConfig, frames: tuple[Frame, ...]) -> Iterator[Picture]:
    decoder = av.CodecContext.create(config.codec, "r")
    assert isinstance(decoder, av.VideoCodecContext)
    decoder.extradata = b"".join(b"\0\0\0\1" + one for one in config.parameter_sets)
    packets = [av.Packet(_annexb(frame.data)) for frame in frames]
    for found in itertools.chain(*(decoder.decode(packet) for packet in packets), decoder.decode(None)):
        yield np.asarray(found.to_ndarray(format="rgb24"), np.uint8)


def _annexb(data: bytes) -> bytes:
    out, at = b"", 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        out += b"\0\0\0\1" + data[at + 4 : at + 4 + size]
        at += 4 + size
    return out


@dataclass(frozen=True)
class Viewer:
    """The page, and what it asked of the outside."""

    page: Page
    asked: list[str]

    def open(self, folder: Path) -> None:
        self.page.goto((folder / "index.html").as_uri())
        expect(self.page.locator("#verdict")).to_contain_text("Pas encore vérifié")
        self.page.locator("#folder").set_input_files(folder)

    def colour(self, expected: str) -> None:
        expect(self.page.locator(f".banner.{expected} #verdict")).to_be_visible(timeout=30_000)
        expect(self.page.locator(".banner progress")).to_have_count(0, timeout=30_000)

    def coherent(self) -> None:
        """Nothing found, by the keys of the package itself: not green."""
        self.done("COHÉRENTE, CLÉS NON VÉRIFIÉES")
        self.colour("amber")

    def done(self, title: str) -> None:
        """Verified, with this title."""
        expect(self.page.locator("#verdict")).to_contain_text(title, timeout=30_000)
        expect(self.page.locator(".banner progress")).to_have_count(0, timeout=30_000)

    def wall(self, camera: str = PLACE) -> int:
        """When the picture on the screen was taken."""
        return int(self.page.locator(f"canvas[data-camera={camera}]").get_attribute("data-wall") or -1)

    def shows(self, wall_us: int, camera: str = PLACE) -> None:
        canvas = self.page.locator(f"canvas[data-camera={camera}]")
        expect(canvas).to_have_attribute("data-wall", str(wall_us), timeout=30_000)

    def stands_still(self) -> None:
        """Until the same picture is there at two looks: one that was being drawn may still come after a stop."""
        seen = [-1]

        def same() -> bool:
            self.page.wait_for_timeout(300)  # several pictures long, were it playing
            seen.append(self.wall())
            return seen[-1] == seen[-2]

        wait_for(same, what=lambda: f"the picture to stand still; seen {seen}")

    def go(self, typed: str) -> None:
        self.page.locator("#goto").fill(typed)
        self.page.locator("#goto").press("Enter")
        self.page.locator("#verdict").click()

    def save(self, button: str) -> Download:
        with self.page.expect_download() as waited:
            self.page.locator(button).click()
        return waited.value

    def picture(self, camera: str = PLACE) -> Picture:
        """The pixels on the screen."""
        script = "id => document.querySelector(`canvas[data-camera=${id}]`).toDataURL('image/png')"
        return png(base64.b64decode(self.page.evaluate(script, camera).partition(",")[2]))


WATCH = """() => {
    window.seen = [];
    const pane = document.querySelector('.pane');
    const note = () => window.seen.push([pane.querySelector('canvas').dataset.wall, pane.innerText]);
    new MutationObserver(note).observe(pane, { subtree: true, childList: true, characterData: true, attributes: true });
}"""
"""Every picture and every word of the first camera, from now on."""


def png(data: bytes) -> Picture:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def nearest(found: Picture, among: list[Picture]) -> tuple[int, float]:
    """Which of these it is, and how far it is from it on average (0 to 255)."""
    assert found.shape == among[0].shape
    distances = [float(np.abs(found.astype(int) - one.astype(int)).mean()) for one in among]
    best = int(np.argmin(distances))
    return best, distances[best]


@pytest.fixture
def viewer(browser: Browser) -> Iterator[Viewer]:
    context = browser.new_context(
        viewport={"width": 1400, "height": 1000}, locale="fr-FR", offline=True, accept_downloads=True
    )
    page = context.new_page()
    troubles: list[str] = []
    asked: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda line: troubles.append(line.text) if line.type in {"error", "warning"} else None)
    page.on("request", lambda request: asked.append(request.url))
    yield Viewer(page, asked)
    context.close()
    assert not troubles
    assert [url for url in asked if not url.startswith(("file:", "blob:"))] == []
    assert len([url for url in asked if url.startswith("file:")]) <= 3, asked


def test_it_verifies_at_once_and_is_not_green_by_the_keys_of_the_package(viewer: Viewer, made: Made) -> None:
    viewer.open(made.folder)
    viewer.coherent()
    expect(viewer.page.locator("#verdict")).not_to_contain_text("VALIDE")
    expect(viewer.page.locator(".banner")).to_contain_text("collez la clé du centre")
    expect(viewer.page.locator(".banner")).to_contain_text("images vérifiées")
    expect(viewer.page.locator(".banner")).to_contain_text("sont la parole du centre")
    expect(viewer.page.locator(".banner")).to_contain_text("Aucun tiers n'a horodaté")
    expect(viewer.page.locator(".banner")).to_contain_text("Aucun témoin extérieur n'a contresigné")
    expect(viewer.page.locator(".banner")).to_contain_text("lues dans la remise elle-même")
    viewer.page.get_by_role("button", name="English").click()
    expect(viewer.page.locator("#verdict")).to_contain_text("CONSISTENT, KEYS NOT VERIFIED")


def test_it_steps_to_the_exact_picture_both_ways(viewer: Viewer, made: Made, pictures: list[Picture]) -> None:
    viewer.open(made.folder)
    viewer.go("03:40:01.960")
    viewer.shows(START_US + 49 * FRAME_US)
    # over the edge of a group of pictures, then back over it
    for number in (50, 51, 52, 51, 50, 49, 48):
        viewer.page.keyboard.press("ArrowRight" if viewer.wall() < START_US + number * FRAME_US else "ArrowLeft")
        viewer.shows(START_US + number * FRAME_US)
        best, distance = nearest(viewer.picture(), pictures[:75])
        assert best == number
        assert distance < 9  # two decoders, two ways from YUV to RGB; a neighbour is at 9 or more
    # two cameras in step: the second one has pictures from 1.5 s to 2 s
    viewer.shows(START_US + 48 * FRAME_US, STATION)
    expect(viewer.page.locator("#legal")).to_have_text("2026-02-02 03:40:01.920")
    expect(viewer.page.locator("#utc")).to_have_text("02:40:01.920")


def test_it_plays_forward_and_backward_over_a_gap(viewer: Viewer, made: Made) -> None:
    viewer.open(made.folder)
    viewer.coherent()
    viewer.page.locator("#speed").select_option("4")
    viewer.page.evaluate(WATCH)
    viewer.page.locator("#forward").click()
    viewer.shows(START_US + 8 * SECOND_US + 49 * FRAME_US)  # plays on to the last picture
    seen = viewer.page.evaluate("() => window.seen")
    assert any("La caméra a fermé le flux" in text for _, text in seen)
    shown = [int(wall) for wall, _ in seen if int(wall) >= 0]
    assert shown == sorted(shown)
    viewer.page.locator("#speed").select_option("8")
    viewer.page.locator("#backward").click()
    viewer.shows(START_US)
    viewer.page.locator("#speed").select_option("1")  # the end of the film, where it stands still by itself, is far
    viewer.page.locator("#verdict").click()
    viewer.page.keyboard.press("l")
    expect(viewer.page.locator("canvas").first).to_have_attribute("data-wall", re.compile(r"^177000000[1-9]\d{6}$"))
    viewer.page.locator("#verdict").click()
    viewer.page.keyboard.press("k")
    viewer.stands_still()
    assert viewer.wall() < START_US + 8 * SECOND_US + 49 * FRAME_US, "stopped, not come to its end"


def test_it_saves_the_still_it_shows(viewer: Viewer, made: Made, pictures: list[Picture]) -> None:
    viewer.open(made.folder)
    viewer.go("03:40:01.200")
    viewer.shows(START_US + 30 * FRAME_US)
    saved = viewer.save("#still")
    assert saved.suggested_filename == "place-mairie_2026-02-02T02-40-01.200Z.png"
    found = png(saved.path().read_bytes())
    assert nearest(found, pictures[:75])[0] == 30


def test_it_saves_a_sequence_of_whole_groups(viewer: Viewer, made: Made, tmp_path: Path) -> None:
    viewer.open(made.folder)
    viewer.go("03:40:01.500")
    viewer.page.keyboard.press("d")
    viewer.go("03:40:03.500")
    viewer.page.keyboard.press("f")
    saved = viewer.save("#sequence")
    assert saved.suggested_filename == "place-mairie_2026-02-02T02-40-01.000Z_2026-02-02T02-40-04.000Z.mp4"
    path = tmp_path / "sequence.mp4"
    saved.save_as(path)
    recorded = [frame.data for chunk in made.chunks[:2] for frame in chunk.frames]
    assert samples(path.read_bytes()) == recorded[25:100]
    told = probe(path)
    assert int(told["streams"][0]["nb_read_packets"]) == 75
    assert abs(float(told["format"]["duration"]) - 3.0) < 0.05


def samples(raw: bytes) -> list[bytes]:
    return [
        sample_bytes(raw, fragment, sample, None)
        for fragment, _ in iterate(raw)
        if fragment is not None
        for sample in fragment.samples
    ]


def probe(path: Path) -> dict[str, Any]:
    arguments = ["ffprobe", "-v", "error", "-count_packets", "-show_streams", "-show_format", "-of", "json", str(path)]
    done = subprocess.run(arguments, capture_output=True, check=True, timeout=120)
    assert done.stderr == b""
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_it_turns_red_on_one_flipped_byte_and_names_the_file(viewer: Viewer, made: Made, tmp_path: Path) -> None:
    folder = forge(made, tmp_path / "forged")
    path = folder / "media" / "gare-1.mp4"
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(bytes(raw))
    viewer.open(folder)
    viewer.colour("red")
    expect(viewer.page.locator(".findings")).to_contain_text("Le fichier media/gare-1.mp4 a été modifié")
    expect(viewer.page.locator(".banner")).not_to_contain_text("images vérifiées")


@pytest.fixture(scope="module")
def vouched(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package whose register two witnesses of three countersigned, time-stamped by an authority."""
    root = tmp_path_factory.mktemp("vouched")
    folder = forge(made, root / "remise")
    keys = folder / "verify" / "keys.txt"
    keys.write_text(keys.read_text() + "".join(f"{one.encode()}\n" for one in WITNESSES))
    note = note_of(folder)
    put(folder, note + line(note, NAMES[0]) + line(note, NAMES[2]))
    stamped = Authority(root / "tsa").stamp((folder / "manifest.json").read_bytes())
    (folder / "manifest.tsr").write_bytes(stamped)
    return folder


def test_it_tells_the_time_stamp_and_the_witnesses_in_plain_words(viewer: Viewer, vouched: Path) -> None:
    viewer.open(vouched)
    viewer.coherent()
    banner = viewer.page.locator(".banner")
    expect(banner.locator(".proven")).to_have_text(
        re.compile(
            r"contresigné par des témoins extérieurs.:.2/3 \(mairie-a.example/temoin, prefecture.example/temoin\)"
        )
    )
    expect(banner).to_contain_text(
        re.compile(r"Un horodatage couvre cette remise et dit.: 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d")
    )
    expect(banner).to_contain_text(re.compile("Non vérifié ici.: de quelle autorité il vient"))
    viewer.page.get_by_role("button", name="English").click()
    expect(banner).to_contain_text("countersigned by outside witnesses: 2/3")
    expect(banner).to_contain_text("A time stamp covers this delivery and says: 20")
    expect(banner).to_contain_text("Not verified here: which authority it comes from.")


@pytest.mark.parametrize("part", ["signature", "time", "certificate", "cosignature"])
def test_it_turns_red_when_one_byte_of_either_differs(viewer: Viewer, vouched: Path, tmp_path: Path, part: str) -> None:
    folder = tmp_path / "forged"
    shutil.copytree(vouched, folder)
    path = folder / "manifest.tsr"
    raw = bytearray(path.read_bytes())
    if part == "cosignature":
        note = note_of(folder)
        lines = note.splitlines(keepends=True)
        # not the last letter, of which two bits alone count: another spelling is another finding
        lines[-1] = lines[-1][:-9] + (b"A" if lines[-1][-9:-8] != b"A" else b"B") + lines[-1][-8:]
        put(folder, b"".join(lines))
        path.unlink()
    else:
        places = {"signature": len(raw) - 9, "time": raw.index(b"\x18\x0f20") + 10}
        places["certificate"] = raw.index(b"Autorite") + 3
        raw[places[part]] ^= 1
        path.write_bytes(bytes(raw))
    viewer.open(folder)
    viewer.colour("red")
    said = "La contresignature du témoin" if part == "cosignature" else "L'horodatage"
    expect(viewer.page.locator(".findings")).to_contain_text(said)


def test_it_says_what_is_no_package(viewer: Viewer, made: Made, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "index.html").write_bytes((made.folder / "index.html").read_bytes())
    viewer.open(tmp_path / "other")
    expect(viewer.page.locator(".banner.amber")).to_contain_text("Les clés manquent")


def test_files_around_a_delivery_are_not_shown_as_verified(viewer: Viewer, made: Made, tmp_path: Path) -> None:
    shutil.copytree(made.folder, tmp_path / "given" / "original")
    viewer.open(tmp_path / "given" / "original")
    viewer.coherent()
    (tmp_path / "given" / "media").mkdir()
    (tmp_path / "given" / "media" / "forged.mp4").write_bytes(b"forged")
    viewer.page.locator("#folder").set_input_files(tmp_path / "given")
    expect(viewer.page.get_by_role("alert")).to_contain_text("des fichiers se trouvent autour de la remise")
    expect(viewer.page.locator("#verdict")).to_contain_text("Pas encore vérifié")
    expect(viewer.page.locator(".pane")).to_have_count(0)


def test_nothing_can_leave_the_page(viewer: Viewer, made: Made) -> None:
    page = viewer.page
    page.goto((made.folder / "index.html").as_uri())
    policy = page.locator("meta[http-equiv=Content-Security-Policy]").get_attribute("content") or ""
    assert "default-src 'none'" in policy
    assert "connect-src 'none'" in policy
    assert "unsafe" not in policy
    page_text = (made.folder / "index.html").read_text()
    assert "//# sourceMappingURL" not in page_text
    assert page.locator("script[src], link, img[src], iframe").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_accessible(viewer: Viewer, made: Made, theme: Any) -> None:
    viewer.page.emulate_media(color_scheme=theme)
    viewer.open(made.folder)
    viewer.coherent()
    viewer.shows(START_US)
    closed = viewer.page.locator("details:not([open]) > summary")
    while closed.count():
        closed.first.click()
    found = Axe().run(viewer.page)
    assert found.response["violations"] == [], [item["id"] for item in found.response["violations"]]


def test_ordinary_players_open_the_files(viewer: Viewer, made: Made) -> None:
    for file in made.manifest.files:
        told = probe(made.folder / file.path)
        assert int(told["streams"][0]["nb_read_packets"]) == file.frames
    page = viewer.page
    page.goto((made.folder / "media" / "place-mairie-1.mp4").as_uri())
    page.wait_for_function("document.querySelector('video').readyState >= 2")
    assert page.evaluate("document.querySelector('video').duration") == pytest.approx(6.0, abs=0.1)


def test_a_folder_or_a_zip_may_be_dropped(viewer: Viewer, made: Made, tmp_path: Path) -> None:
    whole = zipped(made.folder, tmp_path / "remise.zip")
    for given in (made.folder, whole):
        viewer.page.goto((made.folder / "index.html").as_uri())
        session = viewer.page.context.new_cdp_session(viewer.page)
        data = {"items": [], "files": [str(given)], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            session.send("Input.dispatchDragEvent", {"type": kind, "x": 300, "y": 300, "data": data})
        viewer.coherent()
    viewer.page.goto((made.folder / "index.html").as_uri())
    viewer.page.locator("#zip").set_input_files(whole)
    viewer.coherent()


def test_it_verifies_with_the_keys_that_were_pasted(viewer: Viewer, made: Made) -> None:
    viewer.open(made.folder)
    viewer.coherent()
    viewer.page.get_by_text("Clés et nouvelle vérification", exact=True).click()
    other = Verifier(EVIDENCE.name, Ed25519PrivateKey.generate().public_key())
    for key, colour, said in ((other, "amber", "CLÉ INCONNUE"), (EVIDENCE, "green", "VALIDE")):
        viewer.page.locator("#evidence").fill(key.encode())
        viewer.page.locator("#register").fill(REGISTER.encode())
        viewer.page.get_by_role("button", name="Vérifier avec ces clés").click()
        viewer.colour(colour)
        expect(viewer.page.locator("#verdict")).to_contain_text(said)
        if viewer.page.locator("#evidence").is_hidden():
            viewer.page.get_by_text("Clés et nouvelle vérification", exact=True).click()
    expect(viewer.page.locator(".banner")).not_to_contain_text("lues dans la remise elle-même")


def test_h265_that_the_browser_does_not_decode_says_what_to_do(viewer: Viewer, tmp_path: Path) -> None:
    (tmp_path / "streams").mkdir()
    made = make_package(tmp_path, extra=dict(files()), codec="h265")
    viewer.open(made.folder)
    viewer.coherent()
    expect(viewer.page.locator(".pane").first).to_contain_text("Ce navigateur ne décode pas H.265")
    expect(viewer.page.locator(".pane").first).to_contain_text("media/place-mairie-1.mp4")


def test_a_viewer_that_was_not_built_is_said(tmp_path: Path) -> None:
    with pytest.raises(BrokenError) as told:
        files(tmp_path / "index.html")
    assert "make install" in told.value.text.fr
