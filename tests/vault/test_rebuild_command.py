"""`beffroi vault rebuild` and a recorder do not meet: whoever has the folder's lock has it to the end."""

import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.support.chunks import CAMERA, START_US, write_chunk
from typer.testing import CliRunner

from beffroi.base import files
from beffroi.capture.folderlock import AlreadyRunningError, lock_folder
from beffroi.capture.paths import RecorderPaths
from beffroi.cli.vault import app
from beffroi.domain.errors import BadInputError
from beffroi.domain.gaps import GapCause
from beffroi.domain.ranges import WallRange
from beffroi.vault import rebuild as rebuilding
from beffroi.vault.catalogue import Catalogue, CatalogueError
from beffroi.vault.journal import Journal

HOLE = WallRange(START_US - 9_000_000, START_US)


@pytest.fixture
def paths(tmp_path: Path) -> RecorderPaths:
    """A stopped recorder with a file."""
    found = RecorderPaths(tmp_path)
    found.root.mkdir()
    with closing(Catalogue.open(found.catalogue)) as catalogue:
        write_chunk(found.root, catalogue)
    Journal.open(found.journal).close()
    return found


def rebuild(paths: RecorderPaths) -> str:
    done = CliRunner().invoke(app, ["rebuild", "--data", str(paths.data)])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def is_free(paths: RecorderPaths) -> bool:
    try:
        os.close(lock_folder(paths.lock, wait_s=0.0))
    except AlreadyRunningError:
        return False
    return True


def test_a_recorder_that_is_started_meanwhile_waits_and_finds_the_new_catalogue(
    paths: RecorderPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked, make = threading.Event(), rebuilding.rebuild
    steps: list[bool] = []

    def recorder() -> None:
        """What a recorder does first: the lock, then the catalogue; then it writes."""
        fd = lock_folder(paths.lock, wait_s=60)
        locked.set()
        with closing(Catalogue.open(paths.catalogue)) as catalogue:
            catalogue.add_gap(CAMERA, "main", HOLE, GapCause.RECORDER_STOPPED)
        os.close(fd)

    starting = threading.Thread(target=recorder)

    def beside(root: Path, catalogue: Catalogue, journal: Journal) -> Any:
        starting.start()
        steps.append(locked.wait(0.5))
        return make(root, catalogue, journal)

    sync = files.fsync_dir

    def last_step(path: Path) -> None:
        steps.append(locked.is_set())
        sync(path)

    monkeypatch.setattr(rebuilding, "rebuild", beside)
    monkeypatch.setattr(files, "fsync_dir", last_step)
    assert "1 fichier(s)" in rebuild(paths)
    assert locked.wait(60), "the command let go of the folder"
    starting.join(60)
    assert set(steps) == {False}
    assert len(steps) > 1, "the last step was watched too"
    with closing(sqlite3.connect(paths.catalogue)) as db:
        assert db.execute("SELECT count(*) FROM chunk").fetchone() == (1,)
        assert db.execute("SELECT from_us, to_us FROM gap").fetchall() == [(HOLE.from_us, HOLE.to_us)]


def test_no_rebuild_beneath_a_recorder_at_work(paths: RecorderPaths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("beffroi.cli.vault_rebuild._LOCK_S", 0.0)
    held = lock_folder(paths.lock, wait_s=0.0)
    before = sorted((path.name, path.stat().st_ino) for path in paths.root.iterdir())
    with pytest.raises(BadInputError) as refused:
        rebuild(paths)
    assert "Arrêtez" in refused.value.text.fr
    assert sorted((path.name, path.stat().st_ino) for path in paths.root.iterdir()) == before
    os.close(held)
    assert "1 fichier(s)" in rebuild(paths)
    assert is_free(paths)


def test_a_rebuild_that_fails_leaves_the_catalogue_and_lets_go_of_the_folder(
    paths: RecorderPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = paths.catalogue.read_bytes()

    def full(*_: Any) -> Any:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(rebuilding, "recover", full)
    with pytest.raises(CatalogueError):
        rebuild(paths)
    assert is_free(paths)
    assert paths.catalogue.read_bytes() == before
    monkeypatch.undo()
    assert "1 fichier(s)" in rebuild(paths), "what the first try left is no obstacle"
