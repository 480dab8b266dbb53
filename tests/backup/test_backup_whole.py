"""A centre saved while it runs and writes, lost, restored: the same facts, files, register and keys; and shut."""

import itertools
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import Engine
from tests.support.centre import PASSPHRASE, SUPERVISOR, ShiftClock, Town, account_name, running, serving
from tests.support.centre_db import postgres_centre
from tests.support.commands import run
from tests.support.faultmatrix import record
from tests.support.keys import CHEAP
from tests.support.stilllive import show_stills

from beffroi.backup.archive import ArchiveReader
from beffroi.backup.compare import Found, compare
from beffroi.backup.errors import BackupFailedError, BackupRefusedError, RestoreFailedError
from beffroi.backup.make import Made, archives, make
from beffroi.backup.reconcile import NotTwoPersonsError, state
from beffroi.backup.restore import Restored, restore
from beffroi.cli.promises.client import Person
from beffroi.domain.documents import DocumentStatus
from beffroi.domain.ids import AuthorityId, DocumentId
from beffroi.identity import Account
from beffroi.ledger.entry import Entry, EntryKind, Record
from beffroi.ledger.ledger import Ledger
from beffroi.server import supply
from beffroi.server.deskbuild import packages_folder
from beffroi.vault.casekey import CaseKeys, read_slot
from beffroi.vault.keyerrors import HourDestroyedError
from beffroi.vault.keyring import HourKeyring
from beffroi.vault.keyslots import KeyState
from beffroi.vault.ringcopy import CopyClockError, CopyMissingError, RingCopy
from beffroi.vault.sealing import hour_of, seal_content_key

SECRET: Final = "une phrase de sauvegarde"
MAYOR_X: Final = AuthorityId("maire/X")
PDF: Final = b"%PDF-1.4 une convention"
TERM: Final = 30
DAY_S: Final = 86_400.0


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Town:
    """A centre with its papers, people and two days of hours behind it and before it; stopped, to be copied."""
    with running(tmp_path_factory.mktemp("model") / "data") as one:
        ring_of(one).prepare(TERM, hour_of(one.clock.wall_us()) - 48, 96)
    return one


@pytest.fixture
def town(model: Town, tmp_path: Path) -> Iterator[Town]:
    shutil.copytree(model.centre.data, tmp_path / "data")
    with serving(tmp_path / "data", like=replace(model, clock=ShiftClock(model.clock.wall_us()))) as one:
        yield one


def ring_of(town: Town) -> HourKeyring:
    return town.centre.supply.keepers[MAYOR_X].keyring


def save(town: Town, folder: Path, hours: Path | None = None) -> Made:
    return make(town.centre.data, folder, SECRET, town.centre.engine, town.clock, cost=CHEAP, hours=hours)


def bring_back(town: Town, folder: Path, into: Path, *, engine: Engine | None = None) -> Restored:
    return restore(folder, into, SECRET, town.clock, clock_is_right=True, engine=engine)


@contextmanager
def writing(ledger: Ledger, first: int) -> Iterator[list[int]]:
    """Four people who do things all the while; it begins when ``first`` things are done."""
    stop, enough, done = threading.Event(), threading.Event(), [0] * 4

    def work(one: int) -> None:
        while not stop.is_set():
            ledger.append(Entry(EntryKind.LOGOUT, actor=SUPERVISOR, payload={"n": done[one]}))
            done[one] += 1
            if sum(done) >= first:
                enough.set()

    threads = [threading.Thread(target=work, args=(one,)) for one in range(4)]
    for thread in threads:
        thread.start()
    try:
        assert enough.wait(60)
        yield done
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def records(ledger: Ledger) -> list[Record]:
    return [ledger.record(index) for index in range(ledger.size)]


def agent_asks(town: Town) -> tuple[int, str, str]:
    """The status, ground and sentence of an agent's live view."""
    agent: Person = town.session("agentE")
    agent.duty()
    show_stills(town.app)
    with agent.socket() as socket:
        answer = agent.open_view(socket.connection_id, "cx")
    error = (answer.body or {}).get("error", {})
    refusal = error.get("refusal") or {}
    return answer.status, str(refusal.get("ground", "")), str(error.get("text", {}).get("fr", ""))


def account(town: Town, seat: str) -> Account:
    return next(one for one in town.centre.identity.accounts() if one.name == account_name(seat))


def test_saved_while_it_writes_and_back_again_shut_until_two_reconcile(
    town: Town, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole way: back-up under load, a suspension after it, the loss, the restoration, the reconciliation."""
    monkeypatch.setattr(supply, "CHECK_S", 3_600.0)  # a round of the centre's own would enter the statement first
    stored = town.centre.attachments.put(PDF)
    ring, hour = ring_of(town), hour_of(town.clock.wall_us())
    public = ring.public_keys(TERM, hour, 1)[0]
    assert public is not None
    sealed = seal_content_key(public, bytes(16), info=b"essai")
    with writing(town.centre.ledger, 300) as done:
        before = sum(done)
        made = save(town, tmp_path / "copies")
        meanwhile = sum(done) - before
    assert meanwhile
    assert made.entries > 300
    facts = town.centre.registry.facts()
    assert agent_asks(town)[0] == 201

    # After the back-up, an accreditation is suspended: from now on the agent sees nothing.
    paper = next(
        one.id for one in facts.documents if "agentE" in one.scope.persons and one.status is DocumentStatus.CONFIRMED
    )
    town.centre.registry.suspend(DocumentId(paper), by=SUPERVISOR, reason="décision du préfet")
    assert agent_asks(town)[0] == 403

    restored = bring_back(town, tmp_path / "copies", tmp_path / "again")
    assert restored.entries == made.entries
    assert restored.hours == made.hours.held > 90
    with serving(tmp_path / "again", like=town) as back:
        assert back.centre.registry.facts() == facts
        assert back.centre.attachments.open(stored.sha256) == PDF
        assert ring_of(back).unseal(TERM, hour, sealed, info=b"essai") == bytes(16)
        assert [one.commitment for one in records(back.centre.ledger)][: made.entries] == [
            one.commitment for one in records(town.centre.ledger)
        ][: made.entries]
        # The law of the day of the back-up would say yes. The gate says no, says why, and enters it.
        status, ground, sentence = agent_asks(back)
        assert (status, ground) == (403, "restored")
        assert "restauré" in sentence
        assert "reconcile" in sentence
        last = [one for one in records(back.centre.ledger) if one.kind is EntryKind.VIEW_REFUSED][-1]
        assert last.decision is not None
        assert last.decision.ground == "restored"
        assert "restored" in {notice.code for notice in back.centre.notices()}
        told = [one.outcome for one in records(back.centre.ledger) if one.kind is EntryKind.RESTORED]
        assert told == ["restored"]

        # Two persons, not one, not two administrators; then an entry, then images.
        found = compare(back.centre.data, made.path.stat().st_mtime_ns // 1000)
        mayor, admin = account(back, "mayorX"), account(back, "adminE")
        for pair in ((mayor, mayor), (admin, admin), (admin, account(back, "agentE"))):
            with pytest.raises(NotTwoPersonsError):
                state(back.centre.restored, *pair, found, back.clock)
        assert agent_asks(back)[1] == "restored"
        state(back.centre.restored, mayor, admin, found, back.clock)
        assert agent_asks(back)[1] == "restored", "a statement is not yet an entry"
        back.centre.supply.once()
        assert agent_asks(back)[0] == 201
        back.centre.supply.once()
        told = [one.outcome for one in records(back.centre.ledger) if one.kind is EntryKind.RESTORED]
        assert told == ["restored", "reconciled"]
    record(
        "backup-running",
        seen=f"{meanwhile} entries written while it was saved; all equal, every image refused until reconciled",
        runs=1,
        seed=None,
    )


@contextmanager
def coming_and_going(folder: Path) -> Iterator[None]:
    """Files and folders that live for a moment, as those of a centre at work do."""
    stop = threading.Event()

    def work() -> None:
        for number in itertools.count():
            inner = folder / f"{number % 40:02}"
            inner.mkdir(exist_ok=True)
            (inner / "file").write_bytes(b"for a moment")
            old = folder / f"{(number + 20) % 40:02}"
            (old / "file").unlink(missing_ok=True)
            if old.exists():
                old.rmdir()
            if stop.is_set():
                return

    folder.mkdir(parents=True)
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_what_a_running_centre_removes_meanwhile_is_no_failure(town: Town, tmp_path: Path) -> None:
    centre = town.centre.data / "centre"
    (centre / "zz-stays").mkdir()
    (centre / "zz-stays" / "file").write_bytes(b"here")
    with coming_and_going(centre / "passing"), writing(town.centre.ledger, 1):
        for _ in range(6):
            made = save(town, tmp_path / "copies")
    with made.path.open("rb") as file:
        names = {one.name: b"".join(one.pieces) for one in ArchiveReader(file, SECRET, name="x").files()}
    assert names["centre/zz-stays/file"] == b"here"
    assert {content for name, content in names.items() if "/passing/" in name} <= {b"for a moment", b""}


def test_an_hour_past_its_term_does_not_come_back_from_any_copy(town: Town, tmp_path: Path) -> None:
    """Neither from the archive (it has none), nor from the place, whoever passes there last."""
    ring, copies = ring_of(town), tmp_path / "copies"
    hour = hour_of(town.clock.wall_us())
    made = save(town, copies)
    assert made.hours.held == len(ring.held_hours(TERM)) > 90
    wrapped = {slot for path in ring.directory.glob("*d/*.keys") for slot in _wrapped(path)}
    assert len(wrapped) > 90
    place = {slot for path in (copies / "hours").rglob("*.keys") for slot in _wrapped(path)}
    assert place == wrapped

    town.clock.advance(TERM * DAY_S + 3600)  # the oldest two days are past their term
    town.centre.supply.keepers[MAYOR_X].watch.settle()  # persons say that the month has really passed
    town.centre.supply.once()  # destroyed in the ring
    dead = ring.destroyed_hours(TERM)
    assert len(dead) >= 48
    assert town.centre.mirror.once()  # and, by the running centre, in the copy
    left = {slot for path in (copies / "hours").rglob("*.keys") for slot in _wrapped(path)}
    assert left == {slot for path in ring.directory.glob("*d/*.keys") for slot in _wrapped(path)}
    assert len(left) == len(wrapped) - len(dead)

    town.clock.advance(DAY_S)  # the centre is lost now: nobody destroys in its ring any more
    restored = bring_back(town, copies, tmp_path / "again")
    assert restored.expired >= 24
    back = HourKeyring.open(tmp_path / "again" / "centre" / "keyrings" / "maire-x", PASSPHRASE, clock=town.clock)
    assert back.state(TERM, min(dead)) is KeyState.DESTROYED
    with pytest.raises(HourDestroyedError):
        back.unseal(TERM, hour, bytes(100), info=b"")
    assert back.due_hours(town.clock.wall_us()) == []
    record("backup-term", seen=f"{len(dead) + restored.expired} hours past their term, 0 back", runs=1, seed=None)


def _wrapped(path: Path) -> set[bytes]:
    """The wrapped private halves in a slot file."""
    raw = path.read_bytes()
    found = {raw[at + 52 : at + 100] for at in range(0, len(raw), 128)}
    return {one for one in found if any(one)}


def test_case_keys_lie_in_the_copy_alone_and_end_there_too(town: Town, tmp_path: Path) -> None:
    """A hold's key may outlive the month, never its own end."""
    now_us, day_us = town.clock.wall_us(), round(DAY_S * 1e6)
    keys, place = CaseKeys(ring_of(town)), tmp_path / "copies" / "hours" / "maire-x" / "cases"
    for name, days in (("affaire-1", 10), ("affaire-2", 20), ("affaire-3", 200)):
        public = keys.public_for(name, now_us + days * day_us)
    sealed = seal_content_key(public, bytes(16), info=b"essai")
    made = save(town, tmp_path / "copies")
    with made.path.open("rb") as file:
        names = [(one.name, b"".join(one.pieces))[0] for one in ArchiveReader(file, SECRET, name="x").files()]
    assert not [name for name in names if "affaire" in name]
    keys.public_for("affaire-2", now_us + 30 * day_us)  # the judge lengthens it
    keys.destroy("affaire-1", now_us)
    assert town.centre.mirror.once()
    states = [
        (read_slot(place / f"affaire-{n}.key").state, read_slot(place / f"affaire-{n}.key").until_us) for n in (1, 2)
    ]
    assert states == [(KeyState.DESTROYED, now_us + 10 * day_us), (KeyState.HELD, now_us + 30 * day_us)]
    assert not any((place / "affaire-1.key").read_bytes()[48:96])
    town.clock.advance(31 * DAY_S)
    bring_back(town, tmp_path / "copies", tmp_path / "again")
    ring = HourKeyring.open(tmp_path / "again" / "centre" / "keyrings" / "maire-x", PASSPHRASE, clock=town.clock)
    back = CaseKeys(ring)
    assert [one.state.name for one in back.cases()] == ["DESTROYED", "DESTROYED", "HELD"]
    assert back.unseal("affaire-3", sealed, info=b"essai") == bytes(16)


def test_the_archive_holds_no_private_hour_key(town: Town, tmp_path: Path) -> None:
    made = save(town, tmp_path / "copies", hours=tmp_path / "elsewhere")
    wrapped = {slot for path in ring_of(town).directory.glob("*d/*.keys") for slot in _wrapped(path)}
    names = set()
    with made.path.open("rb") as file:
        for one in ArchiveReader(file, SECRET, name="x").files():
            content = b"".join(one.pieces)
            assert not any(key in content for key in wrapped)
            names.add(one.name)
    assert {"centre/keyrings/maire-x/ring.json", "centre/secrets/register.key", "recorder/identity.key"} <= names
    assert not [name for name in names if name.endswith((".keys", "-wal", ".sqlite")) and "payloads" not in name]
    # Without the place, only what is not an image comes back, and only if one says so.
    with pytest.raises(CopyMissingError):
        bring_back(town, made.path, tmp_path / "again")
    done = restore(made.path, tmp_path / "again", SECRET, town.clock, without_hours=True)
    assert done.hours == 0


def test_the_archive_holds_no_delivery(town: Town, tmp_path: Path) -> None:
    """A delivery or a masked copy that waits for somebody is pictures; an archive is kept for years."""
    derived = town.app.state.subjects.copies.path("p-1").parent
    folders = [packages_folder(town.centre), derived]
    for waiting in folders:
        waiting.mkdir(exist_ok=True)
        (waiting / "p-1.zip").write_bytes(b"clear pictures")
    made = save(town, tmp_path / "copies")
    with made.path.open("rb") as file:
        names = {one.name for one in ArchiveReader(file, SECRET, name="x").files() if list(one.pieces)}
    assert "centre/secrets/register.key" in names
    assert not [name for name in names for waiting in folders if waiting.name in name]


def test_a_clock_far_ahead_destroys_nothing_by_itself(town: Town, tmp_path: Path) -> None:
    save(town, tmp_path / "copies")
    town.clock.advance(3 * 365 * DAY_S)
    with pytest.raises(CopyClockError):
        restore(tmp_path / "copies", tmp_path / "again", SECRET, town.clock)
    assert RingCopy.open(tmp_path / "copies" / "hours").held() > 90


def test_there_is_one_copy_of_the_hour_keys(town: Town, tmp_path: Path) -> None:
    save(town, tmp_path / "copies")
    with pytest.raises(BackupFailedError):
        save(town, tmp_path / "other")
    shutil.move(tmp_path / "copies", tmp_path / "moved")  # the same disk, mounted elsewhere
    with pytest.raises(CopyMissingError):
        save(town, tmp_path / "copies")
    assert not town.centre.mirror.once()
    assert save(town, tmp_path / "moved").hours.held > 90
    done = run("backup", "retire", "--data", str(town.centre.data))
    assert done.code == 0, done.output
    assert RingCopy.open(tmp_path / "moved" / "hours").held() == 0
    assert save(town, tmp_path / "other").hours.held > 90


def test_a_back_up_that_fails_leaves_the_former_ones(town: Town, tmp_path: Path) -> None:
    save(town, tmp_path / "copies")
    before = archives(tmp_path / "copies")
    secrets = town.centre.data / "centre" / "secrets"
    (secrets / "link").symlink_to("/etc/passwd")
    with pytest.raises(BackupFailedError):
        save(town, tmp_path / "copies")
    (secrets / "link").unlink()
    tile = next((town.centre.data / "centre" / "ledger" / "tile" / "0").rglob("*.p/*"))
    town.centre.ledger.close()
    kept = tile.read_bytes()
    tile.write_bytes(bytes(len(kept)))
    with pytest.raises(BackupFailedError) as failed:
        save(town, tmp_path / "copies")
    assert "registre est abîmé" in failed.value.text.fr
    tile.write_bytes(kept)
    assert archives(tmp_path / "copies") == before
    assert not [path for path in (town.centre.data / "centre").iterdir() if path.name.startswith(".backup")]
    assert not [path for path in (tmp_path / "copies").iterdir() if path.name.startswith(".")]
    save(town, tmp_path / "copies")


def test_a_register_set_back_is_not_saved_over_the_good_copies(town: Town, tmp_path: Path) -> None:
    checkpoint = town.centre.data / "centre" / "ledger" / "checkpoint"
    before = checkpoint.read_bytes()
    for number in range(3):
        town.centre.ledger.append(Entry(EntryKind.LOGOUT, actor=SUPERVISOR, payload={"n": number}))
    save(town, tmp_path / "copies")
    town.centre.ledger.close()
    checkpoint.write_bytes(before)
    with pytest.raises(BackupFailedError):
        save(town, tmp_path / "copies")


def test_a_target_with_a_centre_or_another_s_recorder_is_left_alone(town: Town, tmp_path: Path) -> None:
    save(town, tmp_path / "copies")
    with pytest.raises(RestoreFailedError):
        bring_back(town, tmp_path / "copies", town.centre.data)
    other = tmp_path / "other"
    (other / "recorder" / "trust").mkdir(parents=True)
    (other / "recorder" / "trust" / "sheet.pub").write_text("another centre's")
    with pytest.raises(RestoreFailedError):
        bring_back(town, tmp_path / "copies", other)
    assert sorted(path.name for path in other.iterdir()) == ["recorder"]
    # Its own recorder, which never stopped, is left as it is.
    mine = tmp_path / "mine"
    shutil.copytree(town.centre.data / "recorder", mine / "recorder")
    (mine / "recorder" / "streams").mkdir(exist_ok=True)
    (mine / "recorder" / "streams" / "a.mp4").write_bytes(b"ciphertext")
    done = bring_back(town, tmp_path / "copies", mine)
    assert not done.recorder
    assert (mine / "recorder" / "streams" / "a.mp4").read_bytes() == b"ciphertext"


def test_sqlite_into_postgresql(town: Town, tmp_path: Path, postgres_url: str) -> None:
    save(town, tmp_path / "copies")
    facts = town.centre.registry.facts()
    with postgres_centre(postgres_url, "template1") as empty:
        bring_back(town, tmp_path / "copies", tmp_path / "again", engine=empty)
        assert not (tmp_path / "again" / "centre" / "beffroi.sqlite").exists()
        from beffroi.registry.store import Registry

        assert Registry(empty, town.clock, register=None).facts() == facts


def test_checkpoints_kept_elsewhere_tell_what_is_missing(town: Town, tmp_path: Path) -> None:
    made = save(town, tmp_path / "copies")
    for number in range(7):
        town.centre.ledger.append(Entry(EntryKind.LOGOUT, actor=SUPERVISOR, payload={"n": number}))
    later = tmp_path / "checkpoint"
    later.write_bytes(town.centre.ledger.checkpoint_note())
    lost = town.centre.ledger.size - made.entries
    bring_back(town, tmp_path / "copies", tmp_path / "again")
    found = compare(tmp_path / "again", 0, checkpoints=[later])
    assert found == Found(lost, 0, ())
    assert str(lost) in found.lines()[0].fr
    with serving(tmp_path / "again", like=town) as back:
        while back.centre.ledger.size <= made.entries + 8:
            back.centre.ledger.append(Entry(EntryKind.LOGOUT, actor=SUPERVISOR))
        with pytest.raises(BackupRefusedError):  # it has gone another way since: a fork, which is not hidden
            compare(back.centre.data, 0, checkpoints=[later])
    later.write_bytes(b"not a checkpoint")
    with pytest.raises(BackupRefusedError):
        compare(tmp_path / "again", 0, checkpoints=[later])
