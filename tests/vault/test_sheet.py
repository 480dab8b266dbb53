"""Recording sheets: signed, dated, revocable; everything else is refused by a sentence."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.keys import pem
from tests.support.sheets import DAY_US, good_sheet

from beffroi.domain.clock import ManualClock
from beffroi.domain.errors import BadInputError
from beffroi.domain.ids import CameraId
from beffroi.vault.sheet import SheetSigner, SheetStream, WhenFull, open_revocation, open_sheet
from beffroi.vault.sheetstore import TRUST_MAX_S, DoubtBudget, SheetStore
from beffroi.vault.signed import MAX_PAPER_BYTES, PaperRefusedError, canonical, load_public_keys, sign_paper

KEY = Ed25519PrivateKey.generate()
SIGNER = SheetSigner(KEY)
TRUSTED = (KEY.public_key(),)
NOW = ManualClock().wall_us()
CAM = CameraId("cam-1")


@pytest.fixture
def store(tmp_path: Path) -> SheetStore:
    return SheetStore(tmp_path, TRUSTED)


def test_round_trip() -> None:
    sheet = good_sheet(NOW)
    assert open_sheet(SIGNER.sign(sheet), TRUSTED) == sheet


def test_a_sheet_of_an_older_centre_is_read_with_defaults_and_an_older_recorder_reads_a_usual_one() -> None:
    usual = good_sheet(NOW)
    assert "when_full" not in usual.body()
    assert "kbit_s" not in usual.body()["streams"][0]
    assert open_sheet(SIGNER.sign(usual), TRUSTED).when_full is WhenFull.STOP_LOWEST
    streams = tuple(replace(stream, kbit_s=4000) for stream in usual.streams)
    said = replace(usual, when_full=WhenFull.DESTROY_OLDEST, streams=streams)
    assert open_sheet(SIGNER.sign(said), TRUSTED) == said
    with pytest.raises(PaperRefusedError):
        SIGNER.sign(replace(said, min_days=1))


def test_a_key_and_its_successor_both_count(tmp_path: Path) -> None:
    other = Ed25519PrivateKey.generate()
    (tmp_path / "sheet.pub").write_bytes(pem(other.public_key()) + pem(KEY.public_key()))
    assert open_sheet(SIGNER.sign(good_sheet(NOW)), load_public_keys(tmp_path / "sheet.pub"))
    for content in (b"", b"-----BEGIN PUBLIC KEY-----\nxx\n-----END PUBLIC KEY-----"):
        (tmp_path / "bad.pub").write_bytes(content)
        with pytest.raises(BadInputError):
            load_public_keys(tmp_path / "bad.pub")


def _change(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda body: body.update(fields)


def _drop(body: dict[str, Any]) -> None:
    del body["order"]


def _stream(**fields: Any) -> Callable[[dict[str, Any]], None]:
    return lambda body: body["streams"][0].update(fields)


HOSTILE = [
    (_change(camera="../../etc/passwd"), "camera id"),
    (_change(camera="cam/1"), "camera id"),
    (_change(camera="cam-1\n"), "camera"),
    (_change(camera=7), "camera"),
    (_change(term_days=0), "term"),
    (_change(term_days=32), "term"),
    (_change(term_days=True), "term"),
    (_change(term_days="30"), "term"),
    (_change(term_days=10, min_days=11), "minimum"),
    (_change(term_days=10, min_days=10), "an hour at least"),
    (_change(term_days=31, min_days=28), "an hour at least"),
    (_change(min_days=-1), "min_days"),
    (_change(valid_until_us=NOW - 60_000_000 + 31 * DAY_US + 1), "31 days"),
    (_change(valid_until_us=NOW - 120_000_000), "31 days"),
    (_change(valid_from_us=NOW + 40 * DAY_US), "ends before"),
    (_change(extra=1), "unknown"),
    (_drop, "missing"),
    (_change(order=""), "order"),
    (_change(purposes=[]), "purpose"),
    (_change(purposes=["F1", "F1"]), "purpose"),
    (_change(purposes=["F99"]), "F99"),
    (_change(purposes=[["F1"]]), "malformed"),
    (_change(origin="zz"), "zz"),
    (_change(streams=[]), "stream"),
    (_change(streams="main"), "streams"),
    (_stream(name="sound"), "streams"),
    (_stream(name="sub"), "twice"),
    (_stream(url="rtsp://user:pass@host/x"), "password"),
    (_stream(url="file:///etc/passwd"), "rtsp"),
    (_stream(codec_hint="mjpeg"), "streams"),
    (_change(legal_tz="Mars/Olympus"), "time zone"),
    (_change(legal_tz="../../../etc/hostname"), "time zone"),
    (_change(serial=1.5), "serial"),
    (_change(serial=1 << 60), "serial"),
    (_change(authority="x" * 5000), "authority"),
    (_change(when_full="burn"), "burn"),
    (_change(when_full=None), "when_full"),
    (_change(when_full="destroy_oldest", min_days=1), "minimum"),
    (_stream(kbit_s=-1), "kbit_s"),
    (_stream(kbit_s="4000"), "kbit_s"),
    (_stream(fps=25), "streams"),
]


@pytest.mark.parametrize(("alter", "word"), HOSTILE)
def test_a_signed_but_senseless_sheet_is_refused_with_its_reason(
    alter: Callable[[dict[str, Any]], None], word: str
) -> None:
    body = json.loads(canonical(good_sheet(NOW).body()))
    alter(body)
    with pytest.raises(PaperRefusedError) as caught:
        open_sheet(sign_paper("recording-sheet/1", body, KEY), TRUSTED, name="cam-1.json")
    assert word in caught.value.text.en


def test_the_centre_does_not_sign_what_a_recorder_would_refuse() -> None:
    with pytest.raises(PaperRefusedError):
        SIGNER.sign(good_sheet(NOW, term_days=32))
    with pytest.raises(PaperRefusedError):
        SIGNER.sign(good_sheet(NOW, streams=(SheetStream("main", "http://host/"),)))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 200_000,
        b'{"body":{},"key":"","kind":"recording-sheet/1","signature":""}',
        b" " + SIGNER.sign(good_sheet(NOW)),
        SIGNER.sign(good_sheet(NOW)) + b"\n",
        SIGNER.sign(good_sheet(NOW)).replace(b'"serial":1', b'"serial":2'),
        SIGNER.sign(good_sheet(NOW)).replace(b'"serial":1', b'"serial":1,"serial":1'),
        SheetSigner(Ed25519PrivateKey.generate()).sign(good_sheet(NOW)),
        SIGNER.revoke(CAM, up_to_serial=1, issued_us=NOW, reason="fin"),
        b"x" * (MAX_PAPER_BYTES + 1),
    ],
)
def test_forged_or_non_canonical_papers_are_refused(raw: bytes) -> None:
    with pytest.raises(PaperRefusedError):
        open_sheet(raw, TRUSTED)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_single_byte_of_a_sheet_can_change(data: st.DataObject) -> None:
    raw = bytearray(SIGNER.sign(good_sheet(NOW)))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(PaperRefusedError):
        open_sheet(bytes(raw), TRUSTED)
    with pytest.raises(PaperRefusedError):
        open_sheet(bytes(raw[:place]), TRUSTED)


def test_newest_serial_wins_and_bad_files_do_not_stop_good_ones(store: SheetStore, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(SIGNER.sign(good_sheet(NOW, serial=5)))
    (tmp_path / "b.json").write_bytes(SIGNER.sign(good_sheet(NOW, serial=4)))
    (tmp_path / "c.json").write_bytes(b"{")
    (tmp_path / "d.json").mkdir()
    book = store.load(NOW)
    assert book.active[CAM].sheet.serial == 5
    assert not book.active[CAM].on_trust
    assert len(book.problems) == 2
    assert "c.json" in book.problems[0].text.fr


def test_install_refuses_to_go_back(store: SheetStore, tmp_path: Path) -> None:
    store.install(SIGNER.sign(good_sheet(NOW, serial=5)))
    with pytest.raises(PaperRefusedError):
        store.install(SIGNER.sign(good_sheet(NOW, serial=5)))
    store.install_revocation(SIGNER.revoke(CAM, up_to_serial=8, issued_us=NOW, reason="arrêté abrogé"))
    store.install_revocation(SIGNER.revoke(CAM, up_to_serial=6, issued_us=NOW, reason="ancienne"))
    with pytest.raises(PaperRefusedError):
        store.install(SIGNER.sign(good_sheet(NOW, serial=8)))
    assert store.load(NOW).ended[0].cause == "revoked"
    store.install(SIGNER.sign(good_sheet(NOW, serial=9)))
    assert store.load(NOW).active[CAM].sheet.serial == 9


def test_a_sheet_cannot_pass_for_a_revocation(tmp_path: Path) -> None:
    with pytest.raises(PaperRefusedError):
        open_revocation(SIGNER.sign(good_sheet(NOW)), TRUSTED)
    for body in ({}, {"camera": "cam-1", "up_to_serial": -1, "issued_us": 0, "reason": ""}):
        with pytest.raises(PaperRefusedError):
            open_revocation(sign_paper("sheet-revocation/1", body, KEY), TRUSTED)


def test_an_unsigned_revocation_stops_nothing(store: SheetStore, tmp_path: Path) -> None:
    store.install(SIGNER.sign(good_sheet(NOW)))
    (tmp_path / "cam-1.revoked").write_bytes(
        SheetSigner(Ed25519PrivateKey.generate()).revoke(CAM, up_to_serial=9, issued_us=NOW, reason="faux")
    )
    book = store.load(NOW)
    assert CAM in book.active
    assert len(book.problems) == 1


def test_a_sheet_starts_and_stops_by_itself(store: SheetStore) -> None:
    sheet = store.install(SIGNER.sign(good_sheet(NOW)))
    assert store.load(sheet.valid_from_us - 1).ended[0].cause == "not_yet"
    assert CAM in store.load(sheet.valid_until_us - 1).active
    ended = store.load(sheet.valid_until_us).ended[0]
    assert ended.cause == "expired"
    assert "nouvelle fiche" in ended.text.fr


def test_clock_in_doubt_the_last_sheet_holds_24_hours_and_says_so(store: SheetStore) -> None:
    store.install(SIGNER.sign(good_sheet(NOW)))
    for wall_us in (0, NOW + 400 * DAY_US):
        book = store.load(wall_us, clock_doubtful=True, doubt_s=TRUST_MAX_S - 1)
        assert book.active[CAM].on_trust
        late = store.load(wall_us, clock_doubtful=True, doubt_s=TRUST_MAX_S)
        assert not late.active
        assert late.ended[0].cause == "clock_doubt"


def test_a_revoked_sheet_is_not_followed_even_on_trust(store: SheetStore) -> None:
    store.install(SIGNER.sign(good_sheet(NOW)))
    store.install_revocation(SIGNER.revoke(CAM, up_to_serial=1, issued_us=NOW, reason="fin"))
    assert not store.load(0, clock_doubtful=True, doubt_s=0).active


def test_restarting_does_not_renew_the_24_hours(tmp_path: Path) -> None:
    clock = ManualClock()
    for _ in range(3):
        budget = DoubtBudget(tmp_path / ".doubt", clock)
        budget.spend(doubtful=True)
        clock.advance(9 * 3600)
        spent = budget.spend(doubtful=True)
    assert spent >= TRUST_MAX_S
    assert DoubtBudget(tmp_path / ".doubt", clock).spend(doubtful=False) == 0
    assert DoubtBudget(tmp_path / ".doubt", clock).spend(doubtful=True) == 0
    (tmp_path / ".doubt").write_bytes(b"garbage")
    assert DoubtBudget(tmp_path / ".doubt", clock).spend(doubtful=True) >= TRUST_MAX_S
