"""What the centre hands to a recorder and takes back: each step proved, each failure told to administrators."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.support import worlds
from tests.support.centre import PASSPHRASE, cameras_of, settle
from tests.support.keys import CHEAP, KeyWorld

from beffroi.base.files import FsyncFailedError
from beffroi.cli.init import prepare_folder
from beffroi.domain.clock import ManualClock, to_wall_us
from beffroi.domain.ids import AuthorityId
from beffroi.gate.restored import MARK_FILE, MarkUnreadableError
from beffroi.ledger.entry import EntryKind
from beffroi.registry.streams import CameraStreams, set_streams
from beffroi.server import supply as supply_module
from beffroi.server.centre import Centre, open_centre
from beffroi.server.keyrings import keyrings
from beffroi.server.notices import Level
from beffroi.vault.keyring import HourKeyring
from beffroi.vault.keyring_remote import ChunkClaim, KeyringServer, KeyringUnreachableError
from beffroi.vault.publichours import PublicHours
from beffroi.vault.release import LocalKeyrings, NoKeyringError
from beffroi.vault.ringkeeper import KeyProof
from beffroi.vault.sealing import chunk_info, hour_of, seal_content_key
from beffroi.vault.sheet import SheetStream

MAYOR_X, MAYOR_Y = AuthorityId("maire/X"), AuthorityId("maire/Y")
DAY_S = 86_400


@dataclass
class Desk:
    """A prepared folder, opened as often as asked."""

    data: Path
    clock: ManualClock = field(default_factory=lambda: ManualClock(wall=to_wall_us(worlds.NOW)))
    open_now: list[Centre] = field(default_factory=list)

    def centre(self, passphrase: str | None = PASSPHRASE, **options: Path) -> Centre:
        for one in self.open_now:
            one.ledger.close()
            one.engine.dispose()
        remote = {AuthorityId(name.replace("_", "/")): path for name, path in options.items()}
        centre = open_centre(
            self.data,
            passphrase=passphrase,
            address="http://127.0.0.1:1",
            origins=[],
            https=False,
            clock=self.clock,
            remote_keyrings=remote,
        )
        self.open_now = [centre]
        return centre

    @property
    def hours(self) -> PublicHours:
        keys = [self.open_now[0].supply._sheet_key.public_key()]
        return PublicHours.load(self.data / "recorder" / "hours", keys)

    def ring(self, authority: str) -> Path:
        return self.data / "centre" / "keyrings" / authority.replace("/", "-").lower()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(supply_module, "AHEAD_HOURS", 12 * 24)  # fewer keys, the same ways
    monkeypatch.setattr(supply_module, "LOW_HOURS", 11 * 24)
    desk = Desk(tmp_path / "data")
    prepare_folder(
        desk.data, host="127.0.0.1", authorities=[MAYOR_X, MAYOR_Y], passphrase=PASSPHRASE, cheap_keyrings=True
    )
    centre = desk.centre()
    settle(centre.registry, None)
    streams = (SheetStream("main", "rtsp://camera.example/1", "h264"),)
    set_streams(centre.engine, [CameraStreams(camera.id, streams) for camera in cameras_of(None)])
    yield desk
    for one in desk.open_now:
        one.ledger.close()
        one.engine.dispose()


def codes(centre: Centre) -> dict[str, Level]:
    return {notice.code: notice.level for notice in centre.notices()}


def destroyed(centre: Centre) -> list[tuple[str, int]]:
    records = [centre.ledger.record(index) for index in range(centre.ledger.size)]
    return [
        (str(record.authority), int(record.detail["hour"]))
        for record in records
        if record.kind is EntryKind.DESTRUCTION and record.outcome == "hour_key_destroyed"
    ]


def test_sheets_and_hours_are_supplied_and_one_authority_s_trouble_is_its_own(desk: Desk) -> None:
    centre = desk.open_now[0]
    centre.supply.once()
    now_hour = hour_of(desk.clock.wall_us())
    assert desk.hours.public_for(MAYOR_X, 30, now_hour + 100)
    assert desk.hours.public_for(MAYOR_Y, 30, now_hour + 100)
    sheets = {path.stem for path in (desk.data / "recorder" / "sheets").glob("*.json")}
    assert {"cx", "cy"} <= sheets
    told = [notice for notice in centre.notices() if notice.code == "hours-none"]
    assert [("maire/Z" in notice.text.fr, "keyring create" in notice.text.en) for notice in told] == [(True, True)]
    assert set(codes(centre)) == {"hours-none"}


def test_a_locked_keyring_is_told_and_so_is_the_day_it_runs_out(desk: Desk) -> None:
    desk.open_now[0].supply.once()
    centre = desk.centre(passphrase=None)
    centre.supply.once()
    assert codes(centre) == {"keyring-locked": Level.LESS, "hours-none": Level.LOST}
    desk.clock.advance(5 * DAY_S)
    centre.supply.once()
    low = {notice.text.en for notice in centre.notices() if notice.code == "hours-low"}
    assert len(low) == 2
    assert all("in 6 days" in text and "passphrase" in text for text in low)
    desk.clock.advance(8 * DAY_S)
    centre.supply.once()
    assert len([notice for notice in centre.notices() if notice.code == "hours-none"]) == 3


def test_keys_die_at_their_term_also_in_a_locked_keyring(desk: Desk) -> None:
    desk.open_now[0].supply.once()
    first = hour_of(desk.clock.wall_us()) - 1
    centre = desk.centre(passphrase=None)
    desk.clock.advance(32 * DAY_S)
    centre.supply.once()
    gone = destroyed(centre)
    assert (str(MAYOR_X), first) in gone
    assert (str(MAYOR_Y), first) in gone
    assert len(gone) == len(set(gone))
    assert (desk.ring(MAYOR_X) / "destroyed.jsonl").read_text().count("\n") == len(gone) // 2
    assert any(centre.ledger.record(index).detail.get("read_back") for index in range(centre.ledger.size))


def test_keys_die_at_their_term_also_behind_a_mark_of_restoration_that_cannot_be_read(desk: Desk) -> None:
    centre = desk.centre()
    centre.supply.once()
    (desk.data / "centre" / MARK_FILE).write_bytes(b"{")
    desk.clock.advance(35 * DAY_S)
    with pytest.raises(MarkUnreadableError):
        centre.supply.once()
    assert {authority for authority, _ in destroyed(centre)} == {MAYOR_X, MAYOR_Y}


def test_a_proof_that_the_register_did_not_take_is_told_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    centre = desk.open_now[0]
    centre.supply.once()
    desk.clock.advance(32 * DAY_S)
    enter: Callable[[KeyProof], None] = centre.supply._enter
    calls = 0

    def failing(proof: KeyProof) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:
            raise OSError("the register is away")
        enter(proof)

    for keeper in centre.supply.keepers.values():
        monkeypatch.setattr(keeper, "_sink", failing)
    with pytest.raises(OSError, match="away"):
        centre.supply.once()
    centre.supply.once()
    proved = set(destroyed(centre))
    for authority in (MAYOR_X, MAYOR_Y):
        ring = HourKeyring.open(desk.ring(authority), None, clock=desk.clock)
        assert {(str(authority), hour) for hour in ring.destroyed_hours(30)} <= proved


def test_a_clock_in_doubt_pauses_destruction_and_says_so(desk: Desk) -> None:
    centre = desk.open_now[0]
    centre.supply.once()
    desk.clock.wall += 40 * DAY_S * 1_000_000  # the wall alone: a step
    centre.supply.once()
    assert destroyed(centre) == []
    assert codes(centre)["clock-doubt"] is Level.SOON


def test_a_failure_is_told_and_forgotten_once_mended(desk: Desk) -> None:
    centre = desk.open_now[0]
    sheets = desk.data / "recorder" / "sheets"
    shutil.rmtree(sheets)
    sheets.write_text("in the way")
    centre.supply.start()
    try:
        assert codes(centre)["supply-failed"] is Level.SOON
        sheets.unlink()
        centre.supply._try()
        assert "supply-failed" not in codes(centre)
        assert (sheets / "cx.json").exists()
    finally:
        centre.supply.stop()


def test_the_commune_s_own_process_gives_keys_under_a_lease(desk: Desk, tmp_path: Path) -> None:
    """Public halves, then content keys; a key sealed before the keyring went home still opens here."""
    socket = tmp_path / "ring.sock"
    centre = desk.open_now[0]
    centre.supply.once()
    before = sealed(desk, MAYOR_X, 1)
    shutil.rmtree(desk.data / "recorder" / "hours")
    home = HourKeyring.create(tmp_path / "ring", MAYOR_X, PASSPHRASE, clock=desk.clock, cost=CHEAP)
    watched = LocalKeyrings([home], centre.gate_key.public_key())
    server = KeyringServer(socket, watched, desk.clock, ring=home)
    thread = server.start()
    try:
        centre = desk.centre(maire_X=socket)
        centre.supply.once()
        after = sealed(desk, MAYOR_X, 2)
        assert released(desk, centre, after) == bytes([2]) * 16
        assert released(desk, centre, before) == bytes([1]) * 16
        local = sealed(desk, MAYOR_Y, 3)
        assert released(desk, centre, local) == bytes([3]) * 16
        with pytest.raises(NoKeyringError):
            keyrings({}, {}, centre.gate_key.public_key()).release(after, "", now_us=desk.clock.wall_us())
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        socket.unlink()
    with pytest.raises(KeyringUnreachableError):
        released(desk, centre, after)
    assert released(desk, centre, before) == bytes([1]) * 16


def sealed(desk: Desk, authority: AuthorityId, value: int) -> ChunkClaim:
    hour = hour_of(desk.clock.wall_us())
    header = ChunkClaim(
        camera="cx",
        stream="main",
        run="run",
        authority=str(authority),
        term_days=30,
        hour=hour,
        kid=bytes([value]) * 16,
        sealed_key=b"",
        wall_start_us=desk.clock.wall_us(),
    )
    public = desk.hours.public_for(authority, 30, hour)
    key = seal_content_key(public, bytes([value]) * 16, info=chunk_info(header))
    return ChunkClaim(**{name: getattr(header, name) for name in header.__slots__} | {"sealed_key": key})


def released(desk: Desk, centre: Centre, header: ChunkClaim) -> bytes:
    world = KeyWorld(
        clock=desk.clock,
        data=desk.data,
        authority=AuthorityId(header.authority),
        term_days=30,
        ring=HourKeyring.open(desk.ring(MAYOR_Y), None, clock=desk.clock),
        sheet_key=centre.gate_key,
        gate_key=centre.gate_key,
        hours=desk.hours,
    )
    at = header.wall_start_us
    lease = world.lease("cx", from_us=at, to_us=at + 60_000_000)
    return centre.releaser.release(header, lease, now_us=desk.clock.wall_us())


def test_a_keyring_of_another_authority_behind_the_socket_is_told(desk: Desk, tmp_path: Path) -> None:
    socket = tmp_path / "ring.sock"
    other = HourKeyring.create(tmp_path / "ring", AuthorityId("maire/else"), PASSPHRASE, clock=desk.clock, cost=CHEAP)
    releaser = LocalKeyrings([other], desk.open_now[0].gate_key.public_key())
    server = KeyringServer(socket, releaser, desk.clock, ring=other)
    thread = server.start()
    try:
        centre = desk.centre(maire_X=socket)
        centre.supply.once()
        told = [notice.text.en for notice in centre.notices() if "maire/X" in notice.text.en]
        assert len(told) == 1
        assert "--remote-keyring" in told[0]
        assert not [bundle for bundle in desk.hours.bundles() if bundle.authority != MAYOR_Y]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_disk_that_does_not_confirm_ends_the_centre(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[int] = []

    def lying(*_: object) -> None:
        raise FsyncFailedError(Path("sheet"))

    monkeypatch.setattr("os._exit", ended.append)
    monkeypatch.setattr(desk.open_now[0].supply, "_held", lying)
    desk.open_now[0].supply._try()
    assert ended == [70]
