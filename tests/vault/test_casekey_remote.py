"""Case keys in the commune's own process: the same tests as with the ring in this one; hostile questions."""

import json
import socket
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.support.holdworld import DAY_US, HoldWorld, claim, hold_world

from beffroi.domain.acts import Act, Keeping
from beffroi.domain.lease import LeaseRefusedError
from beffroi.vault.casekey import CaseKeys
from beffroi.vault.casekey_remote import RemoteCases, answer_case, refusal_code
from beffroi.vault.caserelease import CaseReleaser, HeldKey, HoldEndedError, HoldTooLongError
from beffroi.vault.chunkformat import ChunkHeader
from beffroi.vault.keyerrors import CaseDamagedError, CaseEndedError, CaseMissingError, HourDestroyedError
from beffroi.vault.keyring_remote import KeyringServer, claim_fields
from beffroi.vault.keyslots import KeyState
from beffroi.vault.release import TermPassedError
from beffroi.vault.sealing import SEALED_KEY_BYTES, SealBrokenError
from beffroi.vault.signed import b64


@pytest.fixture
def world(tmp_path: Path) -> HoldWorld:
    return hold_world(tmp_path)


@pytest.fixture(params=["local", "remote"])
def cases(world: HoldWorld, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[CaseReleaser]:
    """Both implementations of one contract."""
    if request.param == "local":
        yield world.cases
        return
    path = tmp_path / "ring.sock"
    also = partial(answer_case, world.cases)
    server = KeyringServer(path, world.keys.keyrings, world.clock, also=also, codes=refusal_code)
    thread = server.start()
    yield RemoteCases(path, timeout_s=60)
    server.shutdown()
    thread.join()
    server.server_close()


def sealed(
    world: HoldWorld, cases: CaseReleaser, *, case: str = "c-1", beyond_us: int = 9 * DAY_US
) -> tuple[ChunkHeader, bytes, HeldKey]:
    header, key = world.write(world.clock.wall_us())
    now_us = world.clock.wall_us()
    raw = cases.reseal(
        claim(header),
        HeldKey(case, 0),
        world.lease(),
        until_us=now_us + 30 * DAY_US,
        beyond_us=beyond_us,
        now_us=now_us,
    )
    return header, key, HeldKey(case, beyond_us, raw)


def test_it_opens_until_its_end_and_not_after(world: HoldWorld, cases: CaseReleaser) -> None:
    header, key, held = sealed(world, cases)
    world.go_to(world.end_us(header))
    world.keeper.once()
    release: Callable[[], bytes] = lambda: cases.release_held(  # noqa: E731  asked again and again, at other times
        claim(header), held, world.lease(Act.REPLAY), now_us=world.clock.wall_us()
    )
    assert release() == key
    world.go_to(world.end_us(header) + 9 * DAY_US - 1)
    assert release() == key
    world.go_to(world.end_us(header) + 9 * DAY_US)
    with pytest.raises(HoldEndedError):
        release()
    world.go_to(CaseKeys(world.keys.ring).slot("c-1").until_us)
    world.keeper.once()
    with pytest.raises(CaseEndedError):
        release()


def test_a_lease_to_hold_keeps_and_ends_and_opens_nothing(world: HoldWorld, cases: CaseReleaser) -> None:
    """In the commune's own process as in this one."""
    header, _ = world.write(world.clock.wall_us())
    now_us = world.clock.wall_us()
    ends = {"until_us": now_us + DAY_US, "beyond_us": 0, "now_us": now_us}
    raw = cases.reseal(claim(header), HeldKey("c-1", 0), world.lease(Keeping.HOLD), **ends)
    with pytest.raises(LeaseRefusedError):
        cases.release_held(claim(header), HeldKey("c-1", 0, raw), world.lease(Keeping.HOLD), now_us=now_us)
    with pytest.raises(LeaseRefusedError):
        world.keys.keyrings.release(claim(header), world.lease(Keeping.HOLD), now_us=now_us)
    assert cases.end_case(world.keys.authority, "c-1", world.lease(Keeping.HOLD), now_us=now_us).case == "c-1"


def test_every_refusal_is_the_same_on_both_sides(world: HoldWorld, cases: CaseReleaser) -> None:
    header, _, held = sealed(world, cases)
    now_us = world.clock.wall_us()
    good: dict[str, Any] = {"until_us": now_us + DAY_US, "beyond_us": 0, "now_us": now_us}
    chunk, nothing = claim(header), HeldKey("c-1", 0)
    with pytest.raises(LeaseRefusedError):
        cases.reseal(chunk, nothing, world.lease(Act.REPLAY), **good)
    with pytest.raises(HoldTooLongError):
        cases.reseal(chunk, nothing, world.lease(), **(good | {"until_us": now_us + 93 * DAY_US}))
    with pytest.raises(CaseMissingError):
        cases.release_held(chunk, HeldKey("c-2", 0, held.sealed_key), world.lease(), now_us=now_us)
    with pytest.raises(SealBrokenError):
        cases.release_held(chunk, HeldKey("c-1", 1, held.sealed_key), world.lease(), now_us=now_us)
    slot = world.keys.ring.directory / "cases" / "c-1.key"
    raw = slot.read_bytes()
    slot.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    with pytest.raises(CaseDamagedError):
        cases.release_held(chunk, held, world.lease(), now_us=now_us)
    slot.write_bytes(raw)
    with pytest.raises(LeaseRefusedError):
        cases.end_case(world.keys.authority, "c-1", world.lease(Act.REPLAY), now_us=now_us)
    with pytest.raises(CaseMissingError):
        cases.end_case(world.keys.authority, "c-9", world.lease(), now_us=now_us)
    proof = cases.end_case(world.keys.authority, "c-1", world.lease(), now_us=now_us)
    assert (proof.was, proof.read_back, proof.case) == ("held", True, "c-1")
    with pytest.raises(CaseEndedError):
        cases.reseal(chunk, nothing, world.lease(), **good)
    world.keys.ring.destroy(15, header.hour, before_term=True)
    with pytest.raises(HourDestroyedError):
        cases.reseal(chunk, HeldKey("c-3", 0), world.lease(), **good)
    world.go_to(world.end_us(header))
    late = {**good, "until_us": world.clock.wall_us() + DAY_US, "now_us": world.clock.wall_us()}
    with pytest.raises(TermPassedError):
        cases.reseal(chunk, HeldKey("c-3", 0), world.lease(), **late)


def test_hostile_questions_are_malformed_and_end_nothing(world: HoldWorld, tmp_path: Path) -> None:
    path = tmp_path / "ring.sock"
    server = KeyringServer(
        path, world.keys.keyrings, world.clock, also=partial(answer_case, world.cases), codes=refusal_code
    )
    thread = server.start()
    header, _ = world.write(world.clock.wall_us())
    chunk, lease = claim_fields(claim(header)), world.lease()
    held: dict[str, Any] = {"case": "c", "beyond_us": 0, "sealed_key": ""}
    limits = {"beyond_us": 0, "until_us": 1}
    bad: list[Any] = [
        {"chunk": chunk, "held": {}, "lease": lease},
        {"chunk": chunk, "held": {**held, "case": "../x"}, "lease": lease},
        {"chunk": chunk, "held": {**held, "beyond_us": -1}, "lease": lease},
        {"chunk": chunk, "held": {**held, "beyond_us": True}, "lease": lease},
        {"chunk": chunk, "held": {**held, "sealed_key": b64(b"x" * (SEALED_KEY_BYTES + 1))}, "lease": lease},
        {"chunk": {}, "held": held, "lease": lease},
        {"chunk": [], "held": held, "lease": lease, "reseal": limits},
        {"chunk": chunk, "held": held, "lease": 7, "reseal": limits},
        {"chunk": chunk, "held": held, "lease": lease, "reseal": {}},
        {"chunk": chunk, "held": held, "lease": lease, "reseal": {**limits, "until_us": "1"}},
        {"chunk": chunk, "held": held, "lease": lease, "reseal": limits, "more": 1},
        {"end_case": {"authority": 7, "case": "c"}, "lease": lease},
        {"end_case": [], "lease": lease},
    ]
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(str(path))
        with link.makefile("rwb") as lines:
            for question in bad:
                lines.write(json.dumps(question).encode() + b"\n")
                lines.flush()
                assert json.loads(lines.readline()).get("refused") in {"malformed", "broken"}, question
    assert world.keys.ring.state(15, header.hour) is KeyState.HELD
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_case_is_written_in_place_and_never_made_again(world: HoldWorld) -> None:
    keys = CaseKeys(world.keys.ring)
    now_us = world.clock.wall_us()
    public = keys.public_for("c", now_us + DAY_US)
    slot = world.keys.ring.directory / "cases" / "c.key"
    inode, wrapped = slot.stat().st_ino, keys.slot("c").wrapped
    assert keys.public_for("c", now_us) == public, "never shortened"
    assert keys.slot("c").until_us == now_us + DAY_US
    keys.public_for("c", now_us + 2 * DAY_US)
    keys.destroy("c", now_us)
    assert slot.stat().st_ino == inode
    assert wrapped not in slot.read_bytes()
    with pytest.raises(CaseEndedError):
        keys.public_for("c", now_us + DAY_US)
    assert keys.destroy("c", now_us + 5).destroyed_us == now_us, "the first instant"
