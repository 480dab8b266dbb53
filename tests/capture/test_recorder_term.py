"""The real programs through a whole term: the recorder records, turns its file over at the hour, a commune's keyring
process gives the key; at the term it refuses at once, the key dies, the files go within the hour; what is held stays.

A term is a day at least, so the machine's clock is moved from outside (`tests/support/shiftedclock.py`)."""

import contextlib
import json
import signal
import socket as socketlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.cameras import CameraSpec, simulated_cameras
from tests.support.faultmatrix import record
from tests.support.frames import clear_frames
from tests.support.holdworld import claim
from tests.support.keys import PASSPHRASE, key_world
from tests.support.ports import wait_for
from tests.support.recorder import RunningRecorder, header_of, prepare_recorder
from tests.support.shiftedclock import ShiftedClock

from beffroi.domain.acts import Act
from beffroi.domain.ranges import WallRange
from beffroi.vault.casekey_remote import RemoteCases
from beffroi.vault.caserelease import HeldKey
from beffroi.vault.chunkformat import ChunkHeader, DamagedChunkError
from beffroi.vault.frozen import FrozenPiece
from beffroi.vault.journal import ActKind
from beffroi.vault.keyring_remote import RemoteKeyring
from beffroi.vault.keyslots import KeyState
from beffroi.vault.reader import ChunkReader
from beffroi.vault.release import TermPassedError
from beffroi.vault.sealing import HOUR_US
from beffroi.vault.signed import b64
from beffroi.vault.term import hour_term_end_us

CAMERA = "rue-1"
DAY_US = 86_400_000_000
SECOND_US = 1_000_000


@contextmanager
def keyring_served(rec: RunningRecorder, clock: ShiftedClock, socket: Path) -> Iterator[None]:
    """`beffroi keyring serve`, the commune's own process."""
    phrase = rec.data / "phrase"
    phrase.write_text(PASSPHRASE)
    phrase.chmod(0o600)
    start = "from beffroi.cli.main import main; main()"
    command = [sys.executable, "-c", start, "keyring", "serve", "--ring", str(rec.world.ring.directory)]
    command += ["--socket", str(socket), "--gate-key", str(rec.paths.gate_trust), "--passphrase-file", str(phrase)]
    process = subprocess.Popen(command, env=clock.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: _answers(socket), timeout_s=60, what="the keyring to answer")
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _answers(path: Path) -> bool:
    with socketlib.socket(socketlib.AF_UNIX) as link:
        return link.connect_ex(str(path)) == 0


def test_a_term_from_the_first_image_to_the_last_proof(tmp_path: Path) -> None:
    clock = ShiftedClock(tmp_path / "clock")
    data = tmp_path / "data"
    world = key_world(data, clock, term_days=1)
    socket = tmp_path / "ring.sock"
    with (
        simulated_cameras([CameraSpec(CAMERA)]) as sim,
        prepare_recorder(data, sim, world=world, environment=clock.environment) as rec,
    ):
        url = sim.url(CAMERA, "main", credentials=False)
        rec.write_sheet(CAMERA, {"main": url}, valid_until_us=clock.wall_us() + 5 * DAY_US)
        rec.start()
        rec.wait_recording(CAMERA, frames=100)

        # The hour turns: a new file under the new hour's key, the old one closed.
        first = header_of(rec.chunks(CAMERA)[0])
        clock.go_to((first.hour + 1) * HOUR_US - 12 * SECOND_US)
        sim.fault(CAMERA, "close")  # as a camera does with a machine that was asleep: a run by the clock of now begins
        wait_for(lambda: first.hour + 1 in _hours(rec), timeout_s=120, what="a file of the next hour")
        old = [path for path in rec.chunks(CAMERA) if header_of(path).hour == first.hour]
        spans = _spans(old)
        assert spans
        turned_us = (first.hour + 1) * HOUR_US
        assert max(end for _, end in spans) >= turned_us - 3 * SECOND_US, "recorded up to the hour"
        assert _hours(rec) == {first.hour, first.hour + 1}

        # A hold of two seconds of the first file, in the commune's own process.
        with keyring_served(rec, clock, socket):
            shown, hold = _hold_two_seconds(rec, clock, socket, _with_two_groups(old))

        # Just before the term everything is there; past it the keyring refuses at once, before any key is destroyed.
        end_us = hour_term_end_us(first.hour, 1, "Europe/Paris")
        clock.go_to(end_us - 300 * SECOND_US)
        with keyring_served(rec, clock, socket):
            clock.go_to(end_us - 60 * SECOND_US)
            assert len(RemoteKeyring(socket).release(first, _lease(rec, first), now_us=0)) == 16
            assert all(path.exists() for path in old)
            clock.go_to(end_us)
            with pytest.raises(TermPassedError):
                RemoteKeyring(socket).release(first, _lease(rec, first), now_us=0)

        # Key and files die in the duties' next minute; the file of the next hour stays.
        clock.go_to(end_us + 61 * SECOND_US)
        with keyring_served(rec, clock, socket):
            wait_for(lambda: world.ring.state(1, first.hour) is KeyState.DESTROYED, timeout_s=90, what="the key to die")
            wait_for(
                lambda: not any(path.exists() for path in old), timeout_s=90, what=lambda: f"files to go:\n{rec.log}"
            )
            gone_us = clock.wall_us()
            assert gone_us - end_us < HOUR_US
            # On the night of a change of clock two hours end at one instant.
            if hour_term_end_us(first.hour + 1, 1, "Europe/Paris") > end_us:
                assert world.ring.state(1, first.hour + 1) is KeyState.HELD
                assert first.hour + 1 in _hours(rec)
            assert _opened(rec, clock, socket, hold) == shown, "held minutes outlive their term"
        assert rec.stop() == 0
        proofs = [entry.fields for entry in rec.journal() if entry.kind is ActKind.DESTRUCTION]
        assert {proof["path"] for proof in proofs} == {str(path.relative_to(rec.paths.root)) for path in old}
        assert {proof["cause"] for proof in proofs} == {"term"}
        lines = [json.loads(line) for line in (world.ring.directory / "destroyed.jsonl").read_text().splitlines()]
        assert first.hour in [line["hour"] for line in lines]
        assert not any(entry.kind is ActKind.CLOCK_DOUBT for entry in rec.journal()), "asleep is no doubt"
        seen = f"refused at once, key and {len(old)} files gone {(gone_us - end_us) / 1e6:.0f} s after the term"
        record("term-programs", seen=seen, runs=1, seed=None)


def _hours(rec: RunningRecorder) -> set[int]:
    """The hours of the files. One that is listed may have no head yet, or be gone a moment later."""
    found = set()
    for path in rec.chunks(CAMERA):
        with contextlib.suppress(DamagedChunkError, FileNotFoundError):
            found.add(header_of(path).hour)
    return found


def _spans(paths: list[Path]) -> list[tuple[int, int]]:
    spans = []
    for path in paths:
        with ChunkReader.open(path) as reader:
            spans.append((reader.range.from_us, reader.range.to_us))
    return spans


def _with_two_groups(paths: list[Path]) -> Path:
    """One that has two: where recording began just before its ten minutes' turn, the first has one."""

    def groups(path: Path) -> int:
        with ChunkReader.open(path) as reader:
            return len(reader.gops)

    return next(path for path in paths if groups(path) >= 2)


def _lease(rec: RunningRecorder, header: ChunkHeader, act: Act = Act.REPLAY) -> str:
    start = header.wall_start_us
    return rec.world.lease(CAMERA, act, from_us=start, to_us=start + 3600 * SECOND_US)


def _hold_two_seconds(
    rec: RunningRecorder, clock: ShiftedClock, socket: Path, path: Path
) -> tuple[list[bytes], dict[str, Any]]:
    wait_for(lambda: _is_closed(path), timeout_s=60, what="the old file to be closed")
    key = rec.content_key(path)
    with ChunkReader.open(path) as reader:
        header, one = reader.header, reader.gops[1]
        chosen = reader.gops_in(
            WallRange(one.wall_us, one.end_us - 1)
        )  # with the key frame before, if it is no key frame
        shown = [frame.data for gop in chosen for frame in clear_frames(reader, gop, key)]
    asked = {"case": "dossier-7", "camera": CAMERA, "from_us": one.wall_us, "to_us": one.end_us - 1}
    limits = {"until_us": clock.wall_us() + 20 * DAY_US, "beyond_us": 7 * DAY_US}
    lease = _lease(rec, header, Act.EXTRACT)
    placed = rec.ask("hold", **asked, **limits, lease=lease)
    assert placed["counts"] == {"copied": 1}
    (piece,) = rec.ask("hold_pieces", hold=placed["hold"], lease=_lease(rec, header, Act.EXTRACT))["pieces"]
    held = HeldKey(placed["case"], 0)
    sealed = RemoteCases(socket).reseal(
        claim(header), held, _lease(rec, header, Act.EXTRACT), **limits, now_us=0
    )  # fmt: skip
    names = {"hold": placed["hold"], "kid": piece["kid"], "beyond_us": limits["beyond_us"]}
    rec.ask("hold_seal", **names, sealed_key=b64(sealed), lease=_lease(rec, header, Act.EXTRACT))
    assert rec.ask("holds")["holds"][0]["counts"] == {"sealed": 1}
    for wrong in (rec.world.lease(CAMERA, Act.REPLAY, from_us=0, to_us=1 << 60), "", rec.world.lease("rue-2")):
        with pytest.raises(RuntimeError):
            rec.ask("hold_end", hold=placed["hold"], lease=wrong)
    return shown, placed


def _is_closed(path: Path) -> bool:
    with ChunkReader.open(path) as reader:
        return reader.footer is not None


def _opened(rec: RunningRecorder, clock: ShiftedClock, socket: Path, hold: dict[str, Any]) -> list[bytes]:
    (path,) = (rec.paths.root / "frozen" / hold["hold"]).glob("*.piece")
    found = []
    with FrozenPiece.open(path) as piece:
        assert piece.wrong() == []
        held = HeldKey(hold["case"], piece.beyond_us, piece.sealed_key)
        key = RemoteCases(socket).release_held(claim(piece.header), held, _lease(rec, piece.header), now_us=0)
        for gop in piece.gops:
            found += [frame.data for frame in clear_frames(piece, gop, key)]  # type: ignore[arg-type]  # same interface
    assert clock.wall_us()
    return found
