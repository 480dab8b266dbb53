"""The mark of the disk: refused before anything is written, whatever is under the folder."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beffroi.vault.diskmark import MARK, RECORD_BYTES, Mark, WrongDiskError, disk_is_there, open_disk

ME, OTHER = b"m" * 32, b"o" * 32


def folder(tmp_path: Path, name: str = "recorder") -> Path:
    root = tmp_path / name
    (root / "streams").mkdir(parents=True)
    return root


def refused(root: Path, recorder: bytes = ME) -> str:
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    with pytest.raises(WrongDiskError) as caught:
        open_disk(root, recorder)
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before, "nothing was written"
    text = caught.value.text
    assert MARK in text.fr
    assert MARK in text.en
    return text.en


def test_openings_are_counted(tmp_path: Path) -> None:
    root = folder(tmp_path)
    assert disk_is_there(root), "a folder without marks says nothing"
    assert [open_disk(root, ME).opened for _ in range(5)] == [1, 2, 3, 4, 5]
    assert Mark.read(root) == Mark.read(root / "streams")
    assert disk_is_there(root)


def test_a_mount_point_without_its_disk_is_refused(tmp_path: Path) -> None:
    root = folder(tmp_path)
    open_disk(root, ME)
    (root / "streams" / MARK).unlink()
    assert not disk_is_there(root)
    assert "not mounted" in refused(root)
    (root / MARK).unlink()
    assert open_disk(root, ME).opened == 1, "a new disk, by a person's hand"


def test_the_disk_of_another_recorder_is_refused(tmp_path: Path) -> None:
    mine, other = folder(tmp_path), folder(tmp_path, "other")
    open_disk(mine, ME)
    open_disk(other, OTHER)
    assert "another recorder" in refused(mine, OTHER), "the folder is another's"
    shutil.copy(other / "streams" / MARK, mine / "streams" / MARK)
    assert "another recorder" in refused(mine)
    (mine / MARK).unlink()
    assert "another recorder" in refused(mine, ME), "a disk that has its history under a folder that has none"


def test_a_folder_restored_from_a_back_up_takes_its_disk_back(tmp_path: Path) -> None:
    root = folder(tmp_path)
    vault = open_disk(root, ME).vault
    (root / MARK).unlink()
    assert (open_disk(root, ME).vault, open_disk(root, ME).opened) == (vault, 3)


@pytest.mark.parametrize("which", ["streams", "."])
def test_an_older_copy_is_refused(tmp_path: Path, which: str) -> None:
    root = folder(tmp_path)
    open_disk(root, ME)
    old = (root / which / MARK).read_bytes()
    for _ in range(3):
        open_disk(root, ME)
    (root / which / MARK).write_bytes(old)
    assert "older copy" in refused(root)


def test_a_crash_between_the_two_steps_is_no_other_disk(tmp_path: Path) -> None:
    root = folder(tmp_path)
    for _ in range(4):
        first = open_disk(root, ME)
        Mark(first.vault, first.recorder, first.opened + 1).write(root / "streams")
        assert open_disk(root, ME).opened == first.opened + 2


@given(st.integers(1, 9), st.integers(0, RECORD_BYTES - 1), st.binary(min_size=1, max_size=RECORD_BYTES))
def test_a_torn_record_leaves_the_one_before(
    tmp_path_factory: pytest.TempPathFactory, openings: int, at: int, noise: bytes
) -> None:
    """Whatever a power cut leaves of the record being written, the other one is read; or the opening counts."""
    root = folder(tmp_path_factory.mktemp("torn"))
    for _ in range(openings):
        mark = open_disk(root, ME)
    data = bytearray((root / MARK).read_bytes().ljust(2 * RECORD_BYTES, b"\0"))
    place = (openings + 1) % 2 * RECORD_BYTES + at
    torn = noise[: RECORD_BYTES - at]
    data[place : place + len(torn)] = torn
    (root / MARK).write_bytes(data)
    assert Mark.read(root) == mark


def test_a_mark_of_rubbish_is_told(tmp_path: Path) -> None:
    root = folder(tmp_path)
    open_disk(root, ME)
    for rubbish in (b"", b"x" * 10, bytes(2 * RECORD_BYTES), b"\xff" * 4096):
        (root / "streams" / MARK).write_bytes(rubbish)
        assert "cannot be read" in refused(root)
