"""Whatever one takes out of a house, or changes in it, the account fails and names it: each thing in turn."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.support.accounts import CAMERA, DAY, Frozen, SmallHouse
from tests.support.faultmatrix import record

from beffroi.capture.ends import RunEnd
from beffroi.domain.gaps import GapCause

Damage = Callable[[Path], None]

BLIND = {"acknowledged", "sqlite_sequence", "sqlite_stat1"}
"""Tables of SQLite's own, and what the register acknowledged, which the register itself knows better."""


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Frozen:
    """Destroyed files, a lost one, gaps, closed files, an open one, an opening balance, two sheets."""
    house = SmallHouse(tmp_path_factory.mktemp("house"))
    house.order()
    house.record(1500, group_s=300)
    house.miss(400)
    house.record(900, group_s=300)
    house.stop()
    house.clock.advance(3 * DAY / 1e6)
    house.destroy()
    house.journal.ack(house.journal.last_seq())
    assert house.journal.prune(house.clock.wall_us() - 86_400_000_000) > 0
    house.order()
    house.record(1800, group_s=120)
    house.miss(130, RunEnd.CLOSED)
    house.record(3000, group_s=120)
    house.stop()
    house.clock.advance(3 * DAY / 1e6)
    sorted((house.root / "streams").rglob("*.mp4"))[1].unlink()
    house.destroy()
    house.order()
    house.cause = GapCause.RECORDER_STOPPED
    house.record(1500, group_s=120)
    house.miss(100)
    house.record(700, group_s=60)
    assert house.recording is not None
    assert house.recording._chunk is not None
    house.recording._chunk.sync()
    house.crash()
    house.close()
    return Frozen(house.data, house.clock.wall_us(), house.world.sheet_key.public_key())


def files_of(frozen: Frozen) -> list[str]:
    root = frozen.data / "recorder"
    found = [*(root / "streams").rglob("*.mp4"), *(root / "sheets").iterdir(), *root.glob("*.sqlite")]
    return sorted(str(path.relative_to(root)) for path in found)


def rows_of(frozen: Frozen, book: str) -> Iterator[tuple[str, int]]:
    with closing(sqlite3.connect(frozen.data / "recorder" / book)) as db:
        tables = [name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in sorted(set(tables) - BLIND):
            for (number,) in db.execute(f"SELECT rowid FROM {table} ORDER BY 1"):  # noqa: S608  names of ours
                yield table, number


def sql(book: str, text: str, *values: object) -> Damage:
    def damage(root: Path) -> None:
        with closing(sqlite3.connect(root / book)) as db:
            assert db.execute(text, values).rowcount == 1
            db.commit()

    return damage


def test_the_house_adds_up_before_it_is_touched(frozen: Frozen, tmp_path: Path) -> None:
    found = frozen.damaged(tmp_path / "house", lambda _: None)
    assert found.adds_up, [one.text.en for one in found.wrong()]
    sums = [line.sums for line in found.lines]
    for term in ("mandated", "recorded", "gaps", "held", "destroyed", "lost"):
        assert sum(getattr(one, term) for one in sums) > 0, term


def test_each_file_deleted_is_named(frozen: Frozen, tmp_path: Path) -> None:
    from beffroi.vault.account import missing_sources

    for name in files_of(frozen):
        if name.endswith(".sqlite"):
            where = tmp_path / "gone"
            shutil.copytree(frozen.data / "recorder", where)
            (where / name).unlink()
            assert [one.name for one in missing_sources(where)] == [name]
            shutil.rmtree(where)
            continue
        found = frozen.damaged(tmp_path / "house", lambda root, name=name: (root / name).unlink())  # type: ignore[misc]  # a lambda's default has no type
        wrong = [*found.wrong()]
        assert not found.adds_up, name
        short = f"{CAMERA} n° 3" if name.startswith("sheets/") else name
        assert any(short in one.text.fr for one in wrong), (name, [one.text.en for one in wrong])


@pytest.mark.parametrize("book", ["catalogue.sqlite", "journal.sqlite", "mandates.sqlite"])
def test_each_row_deleted_is_named(frozen: Frozen, tmp_path: Path, book: str) -> None:
    tried: dict[str, int] = {}
    for table, number in rows_of(frozen, book):
        damage = sql(book, f"DELETE FROM {table} WHERE rowid = ?", number)  # noqa: S608  names of ours
        found = frozen.damaged(tmp_path / "house", damage)
        wrong = [one.text.en for one in found.wrong()]
        assert not found.adds_up, (table, number)
        assert wrong, (table, number)
        if table in {"act", "carried"}:
            assert any(f" {number} " in text.replace("–", " ").replace(")", " ") for text in wrong), (number, wrong)
        tried[table] = tried.get(table, 0) + 1
    assert tried, book
    expected = {"catalogue.sqlite": {"chunk", "destroyed", "gap", "run", "stream", "tail"}}
    assert set(tried) >= expected.get(book, {"act"}), tried
    record("taken-out", seen=f"{sum(tried.values())} rows of {book}, each told", runs=sum(tried.values()), seed=None)


@pytest.mark.parametrize("book", ["catalogue.sqlite", "journal.sqlite", "mandates.sqlite"])
def test_each_cell_changed_is_seen(frozen: Frozen, tmp_path: Path, book: str) -> None:
    """Every column of one row of each table in each state, moved a little."""
    missed = []
    for table, number, column, value in cells_of(frozen, book):
        damage = sql(book, f"UPDATE {table} SET {column} = ? WHERE rowid = ?", value, number)  # noqa: S608
        try:
            found = frozen.damaged(tmp_path / "house", damage)
        except sqlite3.Error:
            continue  # SQLite itself refuses it
        if found.adds_up:
            missed.append((table, number, column))
    assert not missed, missed


def cells_of(frozen: Frozen, book: str) -> Iterator[tuple[str, int, str, object]]:
    with closing(sqlite3.connect(frozen.data / "recorder" / book)) as db:
        db.row_factory = sqlite3.Row
        for table in sorted({name for name, _ in rows_of(frozen, book)}):
            seen = set()
            order = "DESC" if table == "run" else "ASC"  # the first run is that of a lost file alone
            for row in db.execute(f"SELECT rowid AS number, * FROM {table} ORDER BY 1 {order}"):  # noqa: S608  ours
                kind = (row["state"] if "state" in row.keys() else "", row["kind"] if "kind" in row.keys() else "")  # noqa: SIM118  a Row's own keys
                if kind in seen:
                    continue
                seen.add(kind)
                for column in row.keys():  # noqa: SIM118
                    if "lost" in kind and table == "chunk" and column not in OF_A_LOST_FILE:
                        continue
                    if column not in {"number", "one"} and (table, column) not in HARMLESS:
                        yield table, row["number"], column, moved(row[column])


HARMLESS = {
    ("chunk", "id"),
    ("gap", "id"),
    ("destroyed", "id"),
    ("tail", "id"),
    ("gap", "carried_by"),
    ("destroyed", "destroyed_us"),
}
"""What no account rests on: numbers that nothing refers to, the hint for the next head, when a row was dropped."""


OF_A_LOST_FILE = {"stream_id", "path", "wall_start_us", "wall_end_us", "state"}
"""Nothing is left to hold the rest of its row against."""


def moved(value: object) -> object:
    """Of bytes the first: the hash at the end of a checkpoint's index is for `vault check --level hash`."""
    if isinstance(value, int):
        return value + 7_000_003
    if isinstance(value, bytes):
        return bytes([value[0] ^ 1]) + value[1:]
    return f"{value}x" if value is not None else "x"


def test_each_file_changed_is_named(frozen: Frozen, tmp_path: Path) -> None:
    """Cut short, grown, its head or its index touched."""
    for name in [name for name in files_of(frozen) if name.endswith(".mp4")]:
        size = (frozen.data / "recorder" / name).stat().st_size
        for damage in (cut(name, size // 2), cut(name, size - 1), flip(name, size - 60), flip(name, 4), grown(name)):
            found = frozen.damaged(tmp_path / "house", damage)
            is_open = any(row == name for row in open_files(frozen))
            wrong = [one.text.en for one in found.wrong()]
            if is_open and not wrong:
                continue  # what a crash did to an unfinished file is for the repair to say
            assert any(name in text for text in wrong), (name, wrong)


def open_files(frozen: Frozen) -> list[str]:
    with closing(sqlite3.connect(frozen.data / "recorder" / "catalogue.sqlite")) as db:
        return [path for (path,) in db.execute("SELECT path FROM chunk WHERE state = 'open'")]


def cut(name: str, size: int) -> Damage:
    return lambda root: os.truncate(root / name, size)


def flip(name: str, at: int) -> Damage:
    def damage(root: Path) -> None:
        with (root / name).open("r+b") as file:
            file.seek(at)
            byte = file.read(1)[0]
            file.seek(at)
            file.write(bytes([byte ^ 1]))

    return damage


def grown(name: str) -> Damage:
    def damage(root: Path) -> None:
        with (root / name).open("ab") as file:
            file.write(b"\0" * 8)

    return damage
