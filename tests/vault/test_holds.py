"""A hold keeps the asked minutes, no others, for as long as it lasts, and never lengthens the rolling store."""

import os
from collections.abc import Callable
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pytest
from tests.support.chunks import CAMERA
from tests.support.frames import clear_frames
from tests.support.holdworld import DAY_US, HoldWorld, claim, hold_world

from beffroi.domain.acts import Act
from beffroi.domain.errors import BadInputError, RefusedError
from beffroi.domain.lease import LeaseRefusedError
from beffroi.vault.accountfrozen import check_frozen
from beffroi.vault.accounttext import Fault
from beffroi.vault.casekey import CaseKeys
from beffroi.vault.caserelease import HeldKey, HoldEndedError, HoldTooLongError
from beffroi.vault.freezer import PieceState
from beffroi.vault.frozen import FrozenPiece
from beffroi.vault.hold import HoldEndingError, NoHoldError
from beffroi.vault.journal import ActKind
from beffroi.vault.keyerrors import CaseEndedError, HourDestroyedError
from beffroi.vault.keyslots import KeyState
from beffroi.vault.reader import ChunkReader
from beffroi.vault.release import TermPassedError
from beffroi.vault.sealing import HOUR_US, SEALED_KEY_BYTES, chunk_info

SECOND_US = 1_000_000


@pytest.fixture
def world(tmp_path: Path) -> HoldWorld:
    return hold_world(tmp_path)


def test_held_minutes_outlive_their_term_and_the_rest_does_not(world: HoldWorld) -> None:
    start = world.clock.wall_us()
    header, key = world.write(start)
    with ChunkReader.open(world.root / header.relative_path()) as source:
        asked = source.gops[2:4]
        shown = [frame.data for gop in asked for frame in clear_frames(source, gop, key)]
    hold = world.secure(world.hold(start + 2 * SECOND_US, start + 4 * SECOND_US))
    assert world.frames(hold) == shown
    world.go_to(world.end_us(header))
    world.minute()
    assert not (world.root / header.relative_path()).exists(), "the rolling store is not lengthened"
    assert world.keys.ring.state(15, header.hour) is KeyState.DESTROYED
    assert world.frames(hold) == shown
    (path,) = world.pieces(hold)
    with FrozenPiece.open(path) as piece:
        assert piece.wrong() == [], "it proves itself without the rest"
        assert piece.entries == tuple(asked)
        with pytest.raises(HourDestroyedError):
            world.keys.ring.unseal(15, header.hour, piece.header.sealed_key, info=chunk_info(piece.header))


def test_the_hold_ends_with_a_proof_for_each_file_and_for_the_key(world: HoldWorld) -> None:
    start = world.clock.wall_us()
    header, _ = world.write(start)
    world.write(start, stream="sub")
    hold = world.secure(world.hold(start, start + 60 * SECOND_US))
    assert len(world.pieces(hold)) == 2, "both streams of the camera"
    world.go_to(hold.until_us - 1)
    world.minute()
    assert len(world.pieces(hold)) == 2
    world.go_to(hold.until_us)
    with pytest.raises(HoldEndedError):
        world.frames(hold)
    world.minute()
    assert world.pieces(hold) == []
    assert not world.freezer.store.directory(hold.id).exists()
    gone = [entry.fields for entry in world.acts(ActKind.DESTRUCTION) if entry.fields["store"] == "frozen"]
    assert [fields["cause"] for fields in gone] == ["hold_ended", "hold_ended"]
    assert {fields["file"] for fields in gone} == {"unlinked"}
    assert header.kid.hex() in {fields["kid"] for fields in gone}
    (ended,) = world.acts(ActKind.HOLD_ENDED)
    assert (ended.fields["ending"], ended.fields["requested_by"]) == ("until_reached", "operator-1")
    lines = (world.keys.ring.directory / "destroyed.jsonl").read_text().splitlines()
    assert sum('"case":"dossier-1"' in line for line in lines) == 1
    with pytest.raises(CaseEndedError):
        CaseKeys(world.keys.ring).public_for(hold.case, world.clock.wall_us() + DAY_US)


def test_what_is_copied_and_never_sealed_dies_at_its_own_term(world: HoldWorld) -> None:
    start = world.clock.wall_us()
    header, _ = world.write(start)
    hold = world.freezer.place(world.hold(start, start + 60 * SECOND_US))
    assert [state for state, *_ in world.freezer.pieces(hold)] == [PieceState.COPIED]
    world.go_to(world.end_us(header))
    world.minute()
    assert world.pieces(hold) == []
    (gone,) = [entry.fields for entry in world.acts(ActKind.DESTRUCTION) if entry.fields["store"] == "frozen"]
    assert gone["cause"] == "term"
    (unmet,) = world.acts(ActKind.HOLD_UNMET)
    assert (unmet.fields["kid"], unmet.fields["copied"]) == (header.kid.hex(), True)


def test_past_its_term_nothing_is_held_even_while_the_file_is_still_there(world: HoldWorld) -> None:
    start = world.clock.wall_us()
    header, _ = world.write(start)
    world.go_to(world.end_us(header))
    hold = world.freezer.place(world.hold(start, start + 60 * SECOND_US))
    assert world.pieces(hold) == []
    assert [state for state, *_ in world.freezer.pieces(hold)] == [PieceState.PAST_TERM]
    nothing = HeldKey(hold.case, hold.beyond_us)
    limits = {"until_us": hold.until_us, "beyond_us": hold.beyond_us, "now_us": world.clock.wall_us()}
    with pytest.raises(TermPassedError):
        world.cases.reseal(claim(header), nothing, world.lease(), **limits)


def test_an_image_lives_no_longer_past_its_own_term_than_the_hold_says(world: HoldWorld) -> None:
    """Without a written requisition: seven days past the term, or none at all, whatever the hold's end."""
    start = world.clock.wall_us()
    header, _ = world.write(start)
    week = world.secure(world.hold(start, start + SECOND_US, case="week", days=60, beyond_days=7))
    none = world.secure(world.hold(start, start + SECOND_US, case="none", days=60, beyond_days=0))
    world.go_to(world.end_us(header))
    world.minute()
    assert len(world.pieces(week)) == 1
    assert world.pieces(none) == []
    world.go_to(world.end_us(header) + 7 * DAY_US)
    with pytest.raises(HoldEndedError):
        world.frames(week)
    with pytest.raises(NoHoldError):  # the recorder alone gives it to nobody, although it still lies there
        world.freezer.open(week, header.kid.hex())
    world.minute()
    assert world.pieces(week) == []


def test_a_renewal_lengthens_also_after_the_hour_key_is_gone(world: HoldWorld) -> None:
    start = world.clock.wall_us()
    header, _ = world.write(start)
    hold = world.secure(world.hold(start, start + 60 * SECOND_US, days=20, beyond_days=7))
    shown = world.frames(hold)
    world.go_to(world.end_us(header) + DAY_US)
    world.minute()
    longer = world.secure(world.hold(start, start + 60 * SECOND_US, days=60, beyond_days=50))
    assert longer.id == hold.id
    world.go_to(hold.until_us + DAY_US)
    world.minute()
    assert world.frames(longer) == shown
    shorter = world.freezer.place(world.hold(start, start + 60 * SECOND_US, days=1, beyond_days=0))
    assert (shorter.until_us, shorter.beyond_us) == (longer.until_us, longer.beyond_us), "never shortened this way"


def test_a_hold_that_ends_by_word_ends_at_once(world: HoldWorld) -> None:
    start = world.clock.wall_us()
    header, _ = world.write(start)
    hold = world.secure(world.hold(start, start + 60 * SECOND_US))
    assert world.freezer.end(hold.id).destroyed == 1
    assert (world.root / header.relative_path()).exists(), "the rolling store keeps its own term"
    with pytest.raises(NoHoldError):
        world.freezer.end(hold.id)
    proof = world.cases.end_case(world.keys.authority, hold.case, world.lease(), now_us=world.clock.wall_us())
    assert (proof.was, proof.read_back) == ("held", True)


def test_an_hour_keys_lease_must_be_an_extract(world: HoldWorld) -> None:
    start = world.clock.wall_us()
    header, _ = world.write(start)
    hold = world.freezer.place(world.hold(start, start + 60 * SECOND_US))
    limits = {"until_us": hold.until_us, "beyond_us": 0, "now_us": world.clock.wall_us()}
    nothing = HeldKey(hold.case, 0)
    for lease in (
        world.lease(Act.REPLAY),
        world.lease(Act.LIVE),
        world.lease(camera="another"),
        world.lease(from_us=start + HOUR_US, to_us=start + 2 * HOUR_US),
    ):
        with pytest.raises(LeaseRefusedError):
            world.cases.reseal(claim(header), nothing, lease, **limits)
    for too_long in ({"until_us": start + 93 * DAY_US}, {"until_us": start - 1}, {"beyond_us": 93 * DAY_US}):
        with pytest.raises(HoldTooLongError):
            world.cases.reseal(claim(header), nothing, world.lease(), **(limits | too_long))
    with pytest.raises(BadInputError):
        world.cases.reseal(claim(header), HeldKey("../../x", 0), world.lease(), **limits)


def test_a_key_sealed_to_a_case_opens_for_no_other_and_no_longer(world: HoldWorld) -> None:
    start = world.clock.wall_us()
    world.write(start)
    hold = world.secure(world.hold(start, start + 60 * SECOND_US, beyond_days=7))
    world.secure(world.hold(start, start + 60 * SECOND_US, case="other"))
    (path,) = world.pieces(hold)
    with FrozenPiece.open(path) as piece:
        chunk, held = claim(piece.header), HeldKey(hold.case, piece.beyond_us, piece.sealed_key)
    now_us = world.clock.wall_us()
    assert world.cases.release_held(chunk, held, world.lease(), now_us=now_us)
    for wrong in (replace(held, case="other"), replace(held, beyond_us=held.beyond_us + 1)):
        with pytest.raises(Exception, match="sealed key"):
            world.cases.release_held(chunk, wrong, world.lease(), now_us=now_us)
    with pytest.raises(LeaseRefusedError):
        world.cases.release_held(chunk, held, world.lease(camera="another"), now_us=now_us)


def test_the_disk_policy_takes_nothing_that_is_held_or_within_a_minimum(world: HoldWorld) -> None:
    start = world.clock.wall_us()
    held, _ = world.write(start)
    free, _ = world.write(start + HOUR_US)
    world.freezer.place(world.hold(start, start + SECOND_US))
    rows = list(world.catalogue.all_chunks())
    assert world.destroyer(min_days=None).early(rows).early_refused == 1, "an order that is not known"
    assert world.destroyer(min_days=3).early(rows).early_refused == 1
    world.clock.step(4 * 86_400)  # set ahead: the minimum is counted by the slower of the two clocks
    assert world.destroyer(min_days=3).early(rows).early_refused == 1
    world.clock.step(-4 * 86_400)
    report = world.destroyer(min_days=0).early(rows)
    assert (report.destroyed, report.held) == (1, 1)
    assert (world.root / held.relative_path()).exists()
    assert not (world.root / free.relative_path()).exists()
    (act,) = world.acts(ActKind.DESTRUCTION)
    assert act.fields["cause"] == "disk_full"


def test_a_damaged_hold_is_told_and_destroys_nothing(world: HoldWorld) -> None:
    start = world.clock.wall_us()
    world.write(start)
    hold = world.secure(world.hold(start, start + 60 * SECOND_US))
    name = world.freezer.store.directory(hold.id) / "hold.json"
    raw = name.read_bytes()
    for bad in (b"", b"[]", b"{}", raw.replace(b"dossier-1", b"dossier-2"), b"\xff" * 40):
        name.write_bytes(bad)
        world.go_to(hold.until_us + DAY_US)
        assert len(world.freezer.once().problems) == 1
        assert len(world.pieces(hold)) == 1
    name.write_bytes(raw)
    assert world.freezer.once().ended == 1


@pytest.mark.parametrize("name", [".hold.json.0a1b2c3d", ".00.dying.0a1b2c3d"])
def test_what_a_power_cut_left_of_a_write_goes_with_the_hold(world: HoldWorld, name: str) -> None:
    start = world.clock.wall_us()
    world.write(start)
    hold = world.secure(world.hold(start, start + 60 * SECOND_US))
    folder = world.freezer.store.directory(hold.id)
    (folder / name).write_bytes(b'{"case":"dossier-1"')
    assert world.freezer.end(hold.id).ended == 1
    assert not folder.exists()


@pytest.mark.parametrize("step", ["piece: log", "piece: overwrite", "piece: journal", "piece: forget", "end: forget"])
def test_each_life_of_a_piece_has_its_proof(world: HoldWorld, step: str) -> None:
    """Held, ended, held again, three times; each end stopped before a step, and taken up by another process."""
    start = world.clock.wall_us()
    world.write(start)

    class StopError(Exception):
        pass

    def stop(at: str) -> None:
        if at == step:
            raise StopError

    for life in range(1, 4):
        hold = world.secure(world.hold(start, start + 60 * SECOND_US))
        (path,) = world.pieces(hold)
        world.freezer = world.make_freezer(stop)
        with pytest.raises(StopError):
            world.freezer.end(hold.id)
        world.freezer = world.make_freezer()
        world.freezer.once()
        assert world.pieces(hold) == []
        assert list(check_frozen(world.root, world.journal)) == []
        kinds = (ActKind.HOLD_PLACED, ActKind.HOLD_COPIED, ActKind.HOLD_SEALED, ActKind.DESTRUCTION, ActKind.HOLD_ENDED)
        assert [len(world.acts(kind)) for kind in kinds] == [life] * 5
        world.clock.advance(1.0)
    world.secure(world.hold(start, start + 60 * SECOND_US))
    path.unlink()
    (gone,) = check_frozen(world.root, world.journal)
    assert gone.kind is Fault.FILE_MISSING, "the proofs of the earlier copies are none of this one"


def test_a_hold_that_is_ending_takes_no_more(world: HoldWorld) -> None:
    start = world.clock.wall_us()
    world.write(start)

    class StopError(Exception):
        pass

    def stop(at: str) -> None:
        if at == "piece: overwrite":
            raise StopError

    hold = world.secure(world.hold(start, start + 60 * SECOND_US))
    (path,) = world.pieces(hold)
    world.freezer = world.make_freezer(stop)
    with pytest.raises(StopError):
        world.freezer.end(hold.id)
    world.freezer = world.make_freezer()
    with pytest.raises(HoldEndingError):
        world.freezer.place(hold)
    with pytest.raises(RefusedError):
        world.freezer.seal(hold.id, path.stem, 0, b"s" * SEALED_KEY_BYTES)
    world.freezer.once()
    assert not path.exists()


STEPS = [
    *("hold: log", "hold: journal", "copy: write", "copy: rename", "copy: journal", "seal: write", "seal: journal"),
    *("end: log", "piece: log", "piece: overwrite", "piece: unlink", "piece: journal", "piece: forget", "end: journal"),
    "end: forget",
]


@pytest.mark.parametrize("step", STEPS)
def test_killed_before_any_step_it_goes_on_to_the_same_end(world: HoldWorld, step: str) -> None:
    """A real process death before each step; then a new process asks again and comes to the same facts."""
    start = world.clock.wall_us()
    header, _ = world.write(start)
    hold = world.hold(start, start + 60 * SECOND_US)
    world.catalogue.close()
    world.journal.close()

    def run(trace: Callable[[str], None] | None) -> None:
        world.restart()
        world.freezer = world.make_freezer(trace)
        if not world.acts(ActKind.HOLD_ENDED) and not _is_ending(world, hold.id):
            world.secure(hold)
        if world.freezer.store.get(hold.id):
            world.freezer.end(hold.id)

    def die(at: str) -> None:
        if at == step:
            os._exit(9)

    process = get_context("fork").Process(target=run, args=(die,))
    process.start()
    process.join(60)
    assert process.exitcode == 9
    run(None)
    world.freezer.once()
    assert not list((world.root / "frozen").rglob("*.*")), "nothing is left of it"
    assert [len(world.acts(kind)) for kind in (ActKind.HOLD_PLACED, ActKind.HOLD_COPIED, ActKind.HOLD_ENDED)] == [1] * 3
    frozen = [entry for entry in world.acts(ActKind.DESTRUCTION) if entry.fields["store"] == "frozen"]
    assert [entry.fields["kid"] for entry in frozen] == [header.kid.hex()]
    assert (world.root / header.relative_path()).exists()


def _is_ending(world: HoldWorld, hold_id: str) -> bool:
    found = world.freezer.store.get(hold_id)
    return found is not None and bool(found.ending)


def test_a_seal_torn_in_a_renewal_leaves_the_one_before(world: HoldWorld) -> None:
    start = world.clock.wall_us()
    world.write(start)
    hold = world.secure(world.hold(start, start + 60 * SECOND_US, beyond_days=7))
    shown = world.frames(hold)
    (path,) = world.pieces(hold)
    for _ in range(4):
        before = path.read_bytes()
        world.reseal(hold, path)
        after = bytearray(path.read_bytes())
        changed = [at for at in range(len(after)) if after[at] != before[at]]
        assert changed[-1] - changed[0] < 128, "one place is written, the other left"
        for at in changed[len(changed) // 2 :]:
            after[at] = before[at]
        whole = path.read_bytes()
        path.write_bytes(after)
        assert world.frames(hold) == shown, "torn"
        path.write_bytes(whole)
        assert world.frames(hold) == shown
    assert hold.camera == CAMERA
