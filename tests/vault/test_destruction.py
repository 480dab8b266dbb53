"""At term everything dies, with a proof, whatever crashes in between; a doubtful clock destroys nothing at once."""

import multiprocessing
import os
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.support.chunks import CAMERA, feed, header_for
from tests.support.clips import clip, gops
from tests.support.keys import KeyWorld, key_world

from beffroi.base.files import fsync_dir, fsync_fd
from beffroi.domain.clock import ManualClock
from beffroi.domain.ids import StreamName
from beffroi.domain.ranges import WallRange
from beffroi.vault import destruction
from beffroi.vault.catalogue import Catalogue
from beffroi.vault.chunk import ChunkHeader, ChunkWriter, CloseReason
from beffroi.vault.clockwatch import PAUSE_MAX_S, ClockWatch
from beffroi.vault.destruction import Destroyer
from beffroi.vault.frozen import HEAD_BYTES
from beffroi.vault.hourdeath import destroy_due_hours
from beffroi.vault.journal import ActKind, Journal
from beffroi.vault.keyerrors import HourDestroyedError
from beffroi.vault.reader import ChunkReader
from beffroi.vault.sealing import HOUR_US, chunk_info, hour_of, seal_content_key
from beffroi.vault.term import hour_term_end_us

STEPS = ["mark garbage", "empty log", "overwrite head", "unlink", "fsync directory", "journal", "drop row"]
TERM = 15
DAY_US = 86_400_000_000


@dataclass
class House:
    world: KeyWorld
    clock: ManualClock
    root: Path
    catalogue: Catalogue
    journal: Journal
    watch: ClockWatch

    def write(self, start_us: int, stream: StreamName = "main") -> tuple[ChunkHeader, bytes]:
        """A real chunk, its key sealed to the real hour."""
        config, frames = clip(count=25)
        key = secrets.token_bytes(16)
        header = replace(header_for(config, wall_start_us=start_us, stream=stream), sealed_key=b"")
        public = self.world.hours.public_for(header.authority, TERM, header.hour)
        header = replace(header, sealed_key=seal_content_key(public, key, info=chunk_info(header)))
        writer = ChunkWriter.create(self.root, header, config, key, self.catalogue)
        feed(writer, gops(frames))
        writer.close(CloseReason.ROTATED)
        return header, key

    def destroyer(self, trace: Callable[[str], None] | None = None) -> Destroyer:
        return Destroyer(
            self.root,
            catalogue=self.catalogue,
            journal=self.journal,
            clock=self.clock,
            watch=self.watch,
            legal_tz=self.world.hours.legal_tz,
            trace=trace,
        )

    def end_us(self, header: ChunkHeader) -> int:
        return hour_term_end_us(header.hour, TERM, "Europe/Paris")

    def entries(self, kind: ActKind = ActKind.DESTRUCTION) -> list[dict[str, object]]:
        return [entry.fields for entry in self.journal.read_after(0) if entry.kind is kind]

    def let_time_pass_to(self, wall_us: int) -> None:
        self.clock.advance((wall_us - self.clock.wall) / 1_000_000)


@pytest.fixture
def house(tmp_path: Path) -> House:
    clock = ManualClock()
    world = key_world(tmp_path, clock, term_days=TERM)
    root = tmp_path / "recorder"
    return House(
        world=world,
        clock=clock,
        root=root,
        catalogue=Catalogue.open(root / "catalogue.sqlite"),
        journal=Journal.open(root / "journal.sqlite"),
        watch=ClockWatch(clock),
    )


def everything_under(root: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file())


def test_nothing_before_term_everything_at_term_with_its_proof(house: House) -> None:
    start = house.clock.wall_us()
    first, _ = house.write(start)
    later, _ = house.write(start + HOUR_US)
    house.let_time_pass_to(house.end_us(first) - 1)
    assert house.destroyer().run().destroyed == 0
    house.let_time_pass_to(house.end_us(first))
    report = house.destroyer().run()
    assert (report.destroyed, report.paused, report.problems) == (1, 0, [])
    assert not (house.root / first.relative_path()).exists()
    assert (house.root / later.relative_path()).exists()
    (proof,) = house.entries()
    assert proof["kid"] == first.kid.hex()
    assert (proof["file"], proof["hour"], proof["term_end_us"]) == ("unlinked", first.hour, house.end_us(first))
    calendar = house.catalogue.calendar(CAMERA, "main", WallRange(start - HOUR_US, start + 2 * HOUR_US))
    assert len(calendar.destroyed) == 1
    assert len(calendar.recorded) == 1
    assert house.destroyer().run().destroyed == 0


def test_nothing_dies_under_its_writer_and_all_of_it_once_closed(house: House) -> None:
    """Files end minutes after their hour at most, so none should be open at its term; a clock that leaps makes it so.
    Unlinked under its writer, what comes next would go into a file without a name: lost, and not even a gap."""
    start = house.clock.wall_us()
    config, frames = clip(count=50)
    first, second = gops(frames)
    header = header_for(config, wall_start_us=start)
    writer = ChunkWriter.create(house.root, header, config, secrets.token_bytes(16), house.catalogue)
    feed(writer, [first])
    writer.sync()
    house.let_time_pass_to(house.end_us(header))
    with capture_logs() as logs:
        report = house.destroyer().run()
    assert (report.destroyed, report.writing, report.problems) == (0, 1, [])
    assert [(one["event"], one["path"]) for one in logs] == [
        ("file at term still being written", str(header.relative_path()))
    ]
    feed(writer, [second])
    writer.close(CloseReason.ROTATED)
    with ChunkReader.open(house.root / header.relative_path()) as reader:
        assert [gop.frames for gop in reader.gops] == [25, 25]
        end_us = reader.range.to_us
    report = house.destroyer().run()
    assert (report.destroyed, report.writing, report.problems) == (1, 0, [])
    assert not (house.root / header.relative_path()).exists()
    (proof,) = house.entries()
    assert (proof["from_us"], proof["to_us"]) == (start, end_us)


def test_an_image_never_lives_past_its_own_term(house: House) -> None:
    """The last image of the hour lives its term less at most an hour, never more."""
    last = (hour_of(house.clock.wall_us()) + 1) * HOUR_US - 1_000_000
    header, _ = house.write(last)
    house.let_time_pass_to(house.end_us(header))
    assert house.destroyer().run().destroyed == 1
    assert house.clock.wall_us() <= last + TERM * DAY_US


def test_each_step_is_on_the_disk_before_the_next(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    header, _ = house.write(house.clock.wall_us())
    house.let_time_pass_to(house.end_us(header))
    path, steps = house.root / header.relative_path(), list[str]()

    def file_synced(fd: int, of: Path, *, data_only: bool = False) -> None:
        assert not any(os.pread(fd, HEAD_BYTES, 0)), "what is forced is the head of zeros"
        steps.append(f"forced {of.name}")
        fsync_fd(fd, of, data_only=data_only)

    def folder_synced(of: Path) -> None:
        assert not path.exists()
        steps.append(f"forced {of.name}/")
        fsync_dir(of)

    monkeypatch.setattr(destruction, "fsync_fd", file_synced)
    monkeypatch.setattr(destruction, "fsync_dir", folder_synced)
    assert house.destroyer(steps.append).run().destroyed == 1
    forced = [*STEPS[:3], f"forced {path.name}", *STEPS[3:5], f"forced {path.parent.name}/", *STEPS[5:]]
    assert steps == forced


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_before_any_step_is_resumed(house: House, step: str) -> None:
    """A real process death (no clean-up at all) before the step; the next pass ends with the same facts."""
    header, _ = house.write(house.clock.wall_us())
    house.let_time_pass_to(house.end_us(header))
    house.catalogue.close()
    house.journal.close()

    def die(at: str) -> None:
        if at == step:
            os._exit(9)

    def run(trace: Callable[[str], None] | None) -> None:
        house.catalogue = Catalogue.open(house.root / "catalogue.sqlite")
        house.journal = Journal.open(house.root / "journal.sqlite")
        house.destroyer(trace).run()

    process = multiprocessing.get_context("fork").Process(target=run, args=(die,))
    process.start()
    process.join(60)
    assert process.exitcode == 9
    run(None)
    assert not (house.root / header.relative_path()).exists()
    assert len(house.entries()) == 1
    assert list(house.catalogue.all_chunks()) == []
    wide = WallRange(header.wall_start_us - HOUR_US, header.wall_start_us + HOUR_US)
    assert len(house.catalogue.calendar(CAMERA, "main", wide).destroyed) == 1


@pytest.mark.parametrize("step", STEPS[3:])
def test_after_the_head_is_overwritten_the_recorder_holds_no_sealed_key(house: House, step: str) -> None:
    header, _ = house.write(house.clock.wall_us())
    house.let_time_pass_to(house.end_us(header))

    class StopError(Exception):
        pass

    def stop(at: str) -> None:
        if at == step:
            raise StopError

    with pytest.raises(StopError):
        house.destroyer(stop).run()
    (row,) = house.catalogue.garbage()
    assert row.sealed_key is None
    path = house.root / header.relative_path()
    assert not path.exists() or not any(path.read_bytes()[:4096])


def test_copies_of_file_and_catalogue_do_not_open_once_the_hour_is_destroyed(house: House, tmp_path: Path) -> None:
    header, key = house.write(house.clock.wall_us())
    shutil.copytree(house.root, tmp_path / "stolen")
    ring = house.world.ring
    assert ring.unseal(TERM, header.hour, header.sealed_key, info=chunk_info(header)) == key
    house.let_time_pass_to(house.end_us(header))
    report = destroy_due_hours(ring, house.watch, now_us=house.clock.wall_us())
    assert header.hour in [proof.hour for proof in report.proofs]
    with ChunkReader.open(tmp_path / "stolen" / header.relative_path()) as stolen:
        assert stolen.header.sealed_key == header.sealed_key, "the copy still has the sealed key: it is worth nothing"
    with pytest.raises(HourDestroyedError):
        ring.unseal(TERM, header.hour, header.sealed_key, info=chunk_info(header))
    house.clock.wall = header.wall_start_us + 2_000_000
    token = house.world.lease(CAMERA, from_us=header.wall_start_us, to_us=header.wall_start_us + 1)
    with pytest.raises(HourDestroyedError):
        house.world.keyrings.release(header, token, now_us=house.clock.wall_us())
    assert key not in everything_under(tmp_path), "the content key itself was never written anywhere"


def test_a_file_that_vanished_before_its_term_is_lost_not_destroyed(house: House) -> None:
    header, _ = house.write(house.clock.wall_us())
    (house.root / header.relative_path()).unlink()
    house.let_time_pass_to(house.end_us(header))
    assert house.destroyer().run().destroyed == 0
    assert house.destroyer().run().destroyed == 0
    assert house.entries() == []
    assert [entry["path"] for entry in house.entries(ActKind.CHUNK_LOST)] == [str(header.relative_path())]
    wide = WallRange(header.wall_start_us - HOUR_US, header.wall_start_us + HOUR_US)
    assert len(house.catalogue.calendar(CAMERA, "main", wide).lost) == 1


def test_a_file_given_up_as_lost_goes_at_its_term_too(house: House) -> None:
    header, _ = house.write(house.clock.wall_us())
    row = house.catalogue.chunk_at(str(header.relative_path()))
    assert row is not None
    house.catalogue.mark_lost(row.id)
    house.let_time_pass_to(house.end_us(header))
    house.destroyer().run()
    assert not (house.root / header.relative_path()).exists()


def test_one_file_that_cannot_go_does_not_save_the_others(house: House, tmp_path: Path) -> None:
    stuck, _ = house.write(house.clock.wall_us())
    fine, _ = house.write(house.clock.wall_us(), "sub")
    path = house.root / stuck.relative_path()
    path.unlink()
    precious = tmp_path / "precious"
    precious.write_bytes(b"not ours")
    path.symlink_to(precious)
    house.let_time_pass_to(house.end_us(stuck))
    report = house.destroyer().run()
    assert report.destroyed == 1
    assert str(stuck.relative_path()) in report.problems[0].text.fr
    assert not (house.root / fine.relative_path()).exists()
    assert precious.read_bytes() == b"not ours", "a link led the destroyer out of its folder"


def test_a_clock_that_jumps_ahead_destroys_nothing_for_a_day(house: House) -> None:
    header, _ = house.write(house.clock.wall_us())
    house.clock.step(40 * 86400)
    report = house.destroyer().run()
    assert (report.destroyed, report.paused, report.doubtful) == (0, 1, True)
    keys = destroy_due_hours(house.world.ring, house.watch, now_us=house.clock.wall_us())
    assert keys.proofs == []
    assert keys.paused == 50
    house.clock.advance(PAUSE_MAX_S + 1)
    assert house.destroyer().run().destroyed == 0, "the steady clock says one day has passed, not forty"
    assert (house.root / header.relative_path()).exists()
    house.clock.step(-40 * 86400)
    assert not house.destroyer().run().doubtful


def test_a_clock_that_falls_back_keeps_nothing_longer_than_a_day(house: House) -> None:
    header, _ = house.write(house.clock.wall_us())
    house.let_time_pass_to(house.end_us(header))
    house.clock.step(-10 * 86400)
    report = house.destroyer().run()
    assert (report.destroyed, report.paused) == (0, 1)
    assert destroy_due_hours(house.world.ring, house.watch, now_us=house.clock.wall_us()).proofs == []
    house.clock.advance(PAUSE_MAX_S + 1)
    assert house.destroyer().run().destroyed == 1
    report2 = destroy_due_hours(house.world.ring, house.watch, now_us=house.clock.wall_us())
    assert header.hour in [proof.hour for proof in report2.proofs]
    assert house.entries()[0]["clock_in_doubt"] is True


def test_two_persons_settle_the_clock(house: House) -> None:
    header, _ = house.write(house.clock.wall_us())
    house.clock.step(TERM * 86400 + 3600)
    assert house.destroyer().run().paused == 1
    house.watch.settle()
    assert house.destroyer().run().destroyed == 1
    assert not (house.root / header.relative_path()).exists()


def test_due_hours_of_a_locked_ring(house: House) -> None:
    first = house.world.ring.held_hours(TERM)[0]
    end = hour_term_end_us(first, TERM, "Europe/Paris")
    assert house.world.ring.due_hours(end - 1) == []
    assert house.world.ring.due_hours(end) == [(TERM, first)]
