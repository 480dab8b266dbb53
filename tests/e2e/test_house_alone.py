"""Recording goes on, picture by picture, while everything above the disk is stopped or hangs, one after the other; and
the register then takes the recorder's journal in, whole and once.

A small house of its own: its database is PostgreSQL, its register lies on a disk that can be frozen.
"""

import contextlib
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url
from tests.support.disk import LoopDisk, loop_disk
from tests.support.faultmatrix import record
from tests.support.hanging import stopped
from tests.support.houses import journal_taken_in, register_acts
from tests.support.ports import free_port
from tests.support.postgres import postgres_server

from beffroi.cli.house import House
from beffroi.cli.promises.recording import RecorderDoor, StreamId
from beffroi.cli.promises.waiting import wait_until
from beffroi.vault.catalogue import Catalogue
from beffroi.vault.journal import ActKind
from beffroi.vault.reader import ChunkReader

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
PICTURES = 40
"""Received by each stream under each fault."""


@dataclass
class Alone:
    """The house and what it needs, which its recorder does not."""

    house: House
    door: RecorderDoor
    register: LoopDisk
    database: str

    @property
    def centre(self) -> int:
        """Process id of the centre."""
        return self.house.children.running["centre"].pid

    def postgres(self) -> int:
        """Process id of the PostgreSQL server."""
        url = make_url(self.database).set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url) as link:
            backend = link.info.backend_pid  # it ends with the connection
            return int(Path(f"/proc/{backend}/stat").read_text().rsplit(")", 1)[1].split()[1])

    def goes_on(self) -> int:
        """Every stream receives and keeps `PICTURES` more; how many all together."""
        before = {name: health["frames"] for name, health in self.door.streams().items()}

        def more() -> bool:
            now = self.door.streams()
            return all(
                now[name]["state"] == "recording" and now[name]["frames"] >= count + PICTURES
                for name, count in before.items()
            )

        wait_until(more, "la suite", "more pictures", timeout_s=60)
        return sum(health["frames"] - before[name] for name, health in self.door.streams().items())


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Alone]:
    os.environ.setdefault("BEFFROI_SCENES", str(Path(".scenes").resolve()))
    with postgres_server() as url:
        house = House(
            tmp_path / "house", free_port(), free_port(), free_port(), cameras=2, order_lapses_s=86_400, database=url
        )
        house.build()
        ledger = house.data / "centre" / "ledger"
        shutil.copytree(ledger, tmp_path / "ledger")
        shutil.rmtree(ledger)
        with loop_disk(tmp_path, at=ledger) as disk:
            (ledger / "lost+found").rmdir()
            shutil.copytree(tmp_path / "ledger", ledger, dirs_exist_ok=True)
            try:
                house.start()
                yield Alone(house, RecorderDoor(house.data), disk, url)
            finally:
                house.stop()


def family(pid: int) -> list[int]:
    """A process and its children."""
    found = [pid]
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(path.read_text().rsplit(")", 1)[1].split()[1]) == pid:
                found.append(int(path.parent.name))
    return found


def missing(door: RecorderDoor, since_us: int) -> tuple[int, dict[StreamId, int]]:
    """(pictures missing, pictures kept) since an instant, by the files' own indexes: one run, no leap in media time."""
    kept: dict[StreamId, int] = {}
    lost = 0
    with contextlib.closing(Catalogue.open(door.paths.catalogue)) as catalogue:
        rows = sorted(catalogue.all_chunks(), key=lambda row: (row.camera, row.stream, row.id))
    runs: dict[StreamId, tuple[str, int]] = {}
    for row in rows:
        with ChunkReader.open(door.paths.root / row.path) as reader:
            groups = [gop for gop in reader.gops if gop.wall_us >= since_us]
        for gop in groups:
            name = (row.camera, row.stream)
            run, due_90k = runs.get(name, (row.run, gop.dts_90k))
            assert run == row.run, f"{name}: a new run"
            lost += round((gop.dts_90k - due_90k) / 3600) + round(gop.duration_90k / 3600) - gop.frames
            runs[name] = (run, gop.dts_90k + gop.duration_90k)
            kept[name] = kept.get(name, 0) + gop.frames
    return lost, kept


def test_everything_above_the_disk_stops_or_hangs_and_not_one_picture_is_missing(alone: Alone) -> None:
    house, door = alone.house, alone.door
    expected = {(camera, stream) for camera, stream in door.streams()}
    assert len(expected) == 4
    wait_until(lambda: door.all_recording(expected), "l'enregistrement", "the recording")
    alone.goes_on()
    since_us = time.time_ns() // 1000
    pictures: dict[str, int] = {}

    def under(what: str, fault: Callable[[], contextlib.AbstractContextManager[None]]) -> None:
        with fault():
            pictures[what] = alone.goes_on()

    under("centre hung", lambda: stopped(alone.centre))
    server = alone.postgres()
    under("PostgreSQL hung", lambda: stopped(*family(server)))
    under("register's disk frozen", alone.register.frozen)
    house.children.stop("centre", kill=True)
    pictures["centre killed"] = alone.goes_on()
    house.start_centre()
    os.kill(server, signal.SIGQUIT)
    pictures["PostgreSQL stopped, centre running"] = alone.goes_on()

    # The journal goes into the register, whole and once, whatever happened meanwhile.
    last = journal_taken_in(house)
    house.children.stop("recorder")
    journal = {act.seq: act.kind.value for act in door.journal() if act.seq <= last}
    taken = [(one.source.seq, one.outcome) for one in register_acts(house) if one.source and one.source.seq <= last]
    assert taken == sorted(journal.items()), "each once, in order"
    assert not [act for act in door.journal() if act.kind is ActKind.GAP and act.seq <= last]
    lost, kept = missing(door, since_us)
    assert lost == 0
    assert set(kept) == expected
    assert min(kept.values()) >= PICTURES * len(pictures)
    record(
        "above-the-disk",
        seen=f"{len(pictures)} faults, {sum(kept.values())} pictures kept, {lost} missing; {len(taken)} acts once",
        runs=len(pictures),
        seed=None,
    )
