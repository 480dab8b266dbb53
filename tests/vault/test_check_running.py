"""`vault check` beside a recorder at work: files being begun, finished or given up are no finding."""

import fcntl
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.support.chunks import START_US, begin, feed, write_chunk
from tests.support.clips import clip, gops

from beffroi.vault import chunk as chunking
from beffroi.vault.catalogue import Catalogue
from beffroi.vault.check import CheckLevel, Finding, FindingKind, check, findings
from beffroi.vault.chunk import CloseReason
from beffroi.vault.recover import being_written


def no_wait() -> None:
    raise AssertionError("nothing was in doubt")


def kinds(found: list[Finding]) -> list[FindingKind]:
    return [one.kind for one in found]


def test_a_file_that_is_being_begun_is_well_at_every_step(
    tmp_path: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The row comes last, after the head and two confirmations of the disk: meanwhile the lock tells whose it is."""
    write_chunk(tmp_path, catalogue)
    looked: list[tuple[str, bool, list[Finding]]] = []

    def look_at(step: str, function: Any) -> Any:
        def looking(*arguments: Any, **options: Any) -> Any:
            rowless = len(list(tmp_path.glob("streams/*/*/*.mp4"))) > len(list(catalogue.all_chunks()))
            looked.append((step, rowless, list(findings(tmp_path, catalogue, CheckLevel.HASH, pause=no_wait))))
            return function(*arguments, **options)

        return looking

    for step in ("_write_all", "fsync_fd", "fsync_dir"):
        monkeypatch.setattr(chunking, step, look_at(step, getattr(chunking, step)))
    monkeypatch.setattr(catalogue, "open_chunk", look_at("open_chunk", catalogue.open_chunk))
    config, frames = clip(count=75)
    writer, _ = begin(tmp_path, catalogue, config, wall_start_us=START_US + 90_000_000)
    assert [(step, found) for step, rowless, found in looked if rowless] == [
        ("_write_all", []), ("fsync_fd", []), ("fsync_dir", []), ("open_chunk", []),
    ]  # fmt: skip
    feed(writer, gops(frames))
    writer.close(CloseReason.ROTATED)
    assert [found for *_, found in looked if found] == []
    assert check(tmp_path, catalogue, level=CheckLevel.HASH) == []


def test_between_its_creation_and_its_lock_a_file_is_looked_at_again_after_a_moment(
    tmp_path: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    created, go_on = threading.Event(), threading.Event()
    lock, made = fcntl.flock, []

    def late(fd: int, operation: int) -> None:
        if operation == fcntl.LOCK_EX:
            created.set()
            assert go_on.wait(60)
        lock(fd, operation)

    monkeypatch.setattr(fcntl, "flock", late)
    config, _ = clip(count=75)
    thread = threading.Thread(target=lambda: made.append(begin(tmp_path, catalogue, config)[0]))
    thread.start()
    assert created.wait(60)

    def a_moment() -> None:
        go_on.set()
        thread.join(60)

    assert list(findings(tmp_path, catalogue, CheckLevel.SIZE, pause=a_moment)) == []
    assert go_on.is_set(), "the file was seen before its lock"
    made[0].abandon()
    assert kinds(check(tmp_path, catalogue)) == [FindingKind.UNFINISHED]


def test_a_file_that_stays_without_a_row_and_without_a_writer_is_unknown(tmp_path: Path, catalogue: Catalogue) -> None:
    written = write_chunk(tmp_path, catalogue)
    strangers = [written.path.with_name(f"{number}-aaaaaaaa-bbbbbbbb.mp4") for number in (1, 2)]
    strangers[0].write_bytes(written.path.read_bytes())
    strangers[1].symlink_to(tmp_path / "nowhere")
    pauses = []
    found = list(findings(tmp_path, catalogue, CheckLevel.PRESENT, pause=lambda: pauses.append(1)))
    assert [(one.kind, one.path) for one in found] == [
        (FindingKind.UNKNOWN_FILE, str(path.relative_to(tmp_path))) for path in strangers
    ]
    assert len(pauses) == 1, "one moment for all of them"


def test_a_stranger_that_goes_meanwhile_is_no_finding(tmp_path: Path, catalogue: Catalogue) -> None:
    """An empty file of a crash, say, that a restarted worker takes away."""
    written = write_chunk(tmp_path, catalogue)
    stranger = written.path.with_name("1-aaaaaaaa-bbbbbbbb.mp4")
    stranger.touch()
    assert list(findings(tmp_path, catalogue, CheckLevel.PRESENT, pause=stranger.unlink)) == []


def test_an_empty_file_that_is_given_up_while_it_is_looked_at_is_no_finding(
    tmp_path: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row and the file itself were there a moment ago; then the camera went without a picture."""
    writer, _ = begin(tmp_path, catalogue, clip(count=75)[0])
    asked = []

    def given_up(path: Path) -> bool:
        asked.append(path)
        writer.close(CloseReason.ROTATED)
        return being_written(path)

    monkeypatch.setattr("beffroi.vault.check.being_written", given_up)
    assert list(findings(tmp_path, catalogue, CheckLevel.HASH, pause=no_wait)) == []
    assert asked == [writer.path]
    assert not writer.path.exists()


def test_an_open_file_that_is_taken_away_while_it_is_looked_at_is_missing(
    tmp_path: Path, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a hand, not by the recorder: its row stays."""
    writer, _ = begin(tmp_path, catalogue, clip(count=75)[0])

    def taken(path: Path) -> bool:
        path.unlink(missing_ok=True)
        return being_written(path)

    monkeypatch.setattr("beffroi.vault.check.being_written", taken)
    assert kinds(check(tmp_path, catalogue)) == [FindingKind.MISSING]
    writer.abandon()


def test_a_pipe_or_a_folder_in_the_place_of_a_file_holds_nothing_up(tmp_path: Path, catalogue: Catalogue) -> None:
    folder = write_chunk(tmp_path, catalogue).path.parent
    os.mkfifo(folder / "1-aaaaaaaa-bbbbbbbb.mp4")
    (folder / "2-aaaaaaaa-bbbbbbbb.mp4").mkdir()
    assert kinds(check(tmp_path, catalogue, level=CheckLevel.HASH)) == [FindingKind.UNKNOWN_FILE] * 2
