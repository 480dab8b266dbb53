"""Random lives of a recorder: whatever happens, the account adds up to the microsecond; whatever is taken out, it does
not. The catalogue made again from files and journal is the one that was there."""

import os
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.support.accounts import CAMERA, Frozen, SmallHouse
from tests.support.faultmatrix import record, run_seed, seeds

from beffroi.capture.ends import RunEnd
from beffroi.domain.clock import ManualClock, to_wall_us
from beffroi.domain.gaps import GapCause
from beffroi.domain.ranges import WallRange
from beffroi.vault.catalogue import Catalogue
from beffroi.vault.journal import Journal
from beffroi.vault.mandates import read_orders
from beffroi.vault.rebuild import rebuild

LIVES = int(os.environ.get("BEFFROI_LIVES", "4"))

STARTS = ("2026-03-02T09:00:00+01:00", "2026-03-28T20:17:03.000001+01:00", "2026-10-24T21:59:59.999999+02:00")


def live(rng: random.Random, data: Path) -> SmallHouse:
    """A life of some thirty events."""
    from datetime import datetime

    clock = ManualClock(to_wall_us(datetime.fromisoformat(rng.choice(STARTS))))
    house = SmallHouse(data, clock)
    house.order(days=rng.choice((0.3, 3, 31)))
    clock.advance(rng.random() * 4)
    events: list[Callable[[], object]] = [
        lambda: house.record(rng.uniform(1, 4000), group_s=rng.choice((7.3, 60, 300)), slew_us=rng.choice((0, 0, 900))),
        lambda: house.record(rng.uniform(1, 700), group_s=rng.choice((2.0, 33.333333))),
        lambda: house.miss(rng.uniform(0.01, 1500), rng.choice((RunEnd.STALLED, RunEnd.CLOSED, RunEnd.TIMESTAMP))),
        lambda: stop_for(house, rng.uniform(0, 2000)),
        lambda: crash_for(house, rng.uniform(0.2, 500), acts_lost=rng.random() < 0.5),
        lambda: step_back(house, rng.uniform(2, 900)),
        lambda: step_on(house, rng.uniform(6, 900)),
        lambda: renew(house, rng),
        lambda: long_stop(house, rng.uniform(0.5, 3.2), rng),
        lambda: prune(house),
    ]
    for _ in range(rng.randrange(8, 30)):
        in_force(house, rng)
        rng.choices(events, weights=(6, 3, 4, 2, 3, 1, 1, 1, 1.2, 1))[0]()
        house.read_sheets()
    return house


def in_force(house: SmallHouse, rng: random.Random) -> None:
    """A stream records only while its sheet holds (`Mandate.in_force`); most lives get a new one."""
    book = house.store().load(house.clock.wall_us())
    until = [active.sheet.valid_until_us for active in book.active.values()]
    if not until or until[0] - house.clock.wall_us() < 8000 * 1_000_000:
        if until:
            house.stop(GapCause.NO_ORDER)
            house.clock.advance(max(0.0, (until[0] - house.clock.wall_us()) / 1e6) + rng.random())
            house.read_sheets()
        house.clock.advance(rng.uniform(0, 3000))
        house.order(days=rng.choice((0.3, 3, 31)))


def stop_for(house: SmallHouse, seconds: float) -> None:
    house.stop()
    house.clock.advance(seconds)
    house.recover()


def crash_for(house: SmallHouse, seconds: float, *, acts_lost: bool) -> None:
    house.crash(acts_lost=acts_lost)
    house.clock.advance(seconds)
    house.recover()


def step_back(house: SmallHouse, seconds: float) -> None:
    if house.clock.wall_us() - round(seconds * 1e6) < house.ordered_us:
        return  # before its sheet a stream does not record
    house.clock.step(-seconds)
    house.start().run_ended(RunEnd.CLOCK_STEP, -round(seconds * 1e6))
    house.runs += 1
    house.watch.settle()
    house.record(seconds + 5, group_s=1.5)


def step_on(house: SmallHouse, seconds: float) -> None:
    house.clock.step(seconds)
    house.start().run_ended(RunEnd.CLOCK_STEP, round(seconds * 1e6))
    house.runs += 1
    house.watch.settle()
    house.record(20, group_s=2)


def renew(house: SmallHouse, rng: random.Random) -> None:
    house.order(days=rng.choice((3, 31)))


def long_stop(house: SmallHouse, days: float, rng: random.Random) -> None:
    house.stop()
    house.clock.advance(days * 86_400)
    house.recover()
    files = sorted((house.root / "streams").rglob("*.mp4"))
    if files and rng.random() < 0.4:
        rng.choice(files).unlink()
        house.clock.advance(3 * 86_400)
    house.destroy()


def prune(house: SmallHouse) -> None:
    house.journal.ack(house.journal.last_seq())
    house.journal.prune(house.clock.wall_us() - 86_400_000_000)


def rows_to_take(root: Path) -> list[tuple[str, str, int]]:
    found = []
    for book, tables in (
        ("catalogue.sqlite", ("chunk", "gap", "destroyed", "stream", "run")),
        ("journal.sqlite", ("act", "carried")),
        ("mandates.sqlite", ("act",)),
    ):
        with closing(sqlite3.connect(root / book)) as db:
            for table in tables:
                found += [(book, table, number) for (number,) in db.execute(f"SELECT rowid FROM {table}")]  # noqa: S608
    return found


def take_out(rng: random.Random, frozen: Frozen) -> tuple[str, Callable[[Path], None]]:
    """A file or a row, at random. A sheet that has ended is not taken: its file orders nothing any more, and the book
    keeps it as it was signed."""
    root = frozen.data / "recorder"
    journal = Journal.open(root / "mandates.sqlite")
    followed = [root / "sheets" / f"{camera}.json" for camera in read_orders(journal, [frozen.key]).last]
    journal.close()
    files = [path.relative_to(root) for path in [*(root / "streams").rglob("*.mp4"), *followed]]
    files = files or [Path("journal.sqlite")]
    if rng.random() < 0.3:
        name = rng.choice(files)
        return str(name), lambda where: (where / name).unlink()
    book, table, number = rng.choice(rows_to_take(root))

    def damage(where: Path) -> None:
        with closing(sqlite3.connect(where / book)) as db:
            db.execute(f"DELETE FROM {table} WHERE rowid = ?", (number,))  # noqa: S608  names of ours
            db.commit()

    return f"{book} {table} {number}", damage


def test_lives_add_up_and_a_deletion_breaks_them(tmp_path: Path) -> None:
    """``BEFFROI_LIVES=500`` for a long run."""
    seed = run_seed()
    lives = seeds("random-lives", LIVES, base=seed)
    for number in lives:
        one_life(number, tmp_path / str(number))
        shutil.rmtree(tmp_path / str(number))
    seen = f"{len(lives)} lives of 8 to 30 events add up to the microsecond; {3 * len(lives)} deletions, each told"
    record("random-lives", seen=seen, runs=len(lives), seed=seed)


def one_life(number: int, tmp_path: Path) -> None:
    rng = random.Random(number)  # noqa: S311  choice of cases
    house = live(rng, tmp_path / "house")
    running = house.account(running=True)
    stopped = house.account(running=False)
    assert stopped.adds_up, (number, [(one.day, one.text.en) for one in stopped.wrong()])
    for line in running.lines:
        # Every microsecond of the day so far is in exactly one place of each sum.
        sums = line.sums
        assert sums.mandated + sums.beyond == sums.recorded + sums.gaps + sums.pending + untold(line.sums.untold)
        assert sums.recorded == sums.held + sums.destroyed + sums.lost
    now_us, key = house.clock.wall_us(), house.world.sheet_key.public_key()
    house.stop()
    sure = house.account(running=False)
    assert sure.adds_up, (number, [(one.day, one.text.en) for one in sure.wrong()])
    before = house.catalogue.calendar(CAMERA, "main", WallRange(0, now_us))
    house.close()
    frozen = Frozen(tmp_path / "house", now_us, key)
    for _ in range(3):
        what, damage = take_out(rng, frozen)
        assert not frozen.damaged(tmp_path / "damaged", damage).adds_up, (number, what)
    assert rebuilt(frozen, tmp_path / "again") == before, number


def untold(spans: tuple[tuple[int, int], ...]) -> int:
    return sum(end - start for start, end in spans)


def rebuilt(frozen: Frozen, where: Path) -> object:
    """The calendar of a catalogue that was lost and made again."""
    shutil.copytree(frozen.data / "recorder", where)
    (where / "catalogue.sqlite").unlink()
    journal, catalogue = Journal.open(where / "journal.sqlite"), Catalogue.open(where / "catalogue.sqlite")
    try:
        rebuild(where, catalogue, journal)
        return catalogue.calendar(CAMERA, "main", WallRange(0, frozen.now_us))
    finally:
        journal.close()
        catalogue.close()
