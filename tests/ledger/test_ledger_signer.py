"""The key behind its own process: it signs what goes on, and nothing else; the register waits for it, and goes on."""

import errno
import os
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from tests.support.faultmatrix import record
from tests.support.register import KEY, ORIGIN, DeafSigner, fill, open_ledger, quick_fsync, view_entry

from beffroi.domain.clock import ManualClock
from beffroi.ledger import merkle
from beffroi.ledger.ledger import Ledger, LedgerClosedError
from beffroi.ledger.note import Checkpoint, NoteError, open_note, sign
from beffroi.ledger.proofs import Prover
from beffroi.ledger.remotesigner import RemoteSigner
from beffroi.ledger.signer import Desk, SignerServer, receive, request_text, send
from beffroi.ledger.signing import OwnKey, SignerGoneError, SignerRefusedError
from beffroi.ledger.verify import verify


@contextmanager
def running(folder: Path, *, users: frozenset[int] | None = None) -> Iterator[Path]:
    path = folder / "s.sock"
    desk = Desk(folder / "signer", KEY, ORIGIN)
    server = SignerServer(desk, path, users=frozenset({os.getuid()}) if users is None else users)
    thread = threading.Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield path
    finally:
        server.stop()
        thread.join(5)
        os.close(desk._lock_fd)


def opened(folder: Path, path: Path) -> Ledger:
    return Ledger.open(folder / "ledger", ManualClock(), RemoteSigner(path), fsync=quick_fsync)


def test_a_register_whose_key_is_elsewhere(tmp_path: Path) -> None:
    with running(tmp_path) as path:
        ledger = opened(tmp_path, path)
        fill(ledger, 700)
        ledger.close()
        again = opened(tmp_path, path)
        fill(again, 3)
        again.close()
        assert path.stat().st_mode & 0o777 == 0o600
    assert verify(tmp_path / "ledger", OwnKey(KEY, ORIGIN).verifier).findings == ()
    assert (tmp_path / "signer" / "last-signed").read_bytes() == (tmp_path / "ledger" / "checkpoint").read_bytes()


def test_a_stolen_serving_process_has_no_fork_signed(tmp_path: Path) -> None:
    with running(tmp_path) as path:
        ledger = opened(tmp_path, path)
        fill(ledger, 300)
        ledger.close()
        other = open_ledger(tmp_path / "other")  # another history, of the thief's making
        fill(other, 400)
        thief = RemoteSigner(path)
        thief.last()
        prover = Prover(tmp_path / "other" / "ledger", 400)
        forged = Checkpoint(ORIGIN, 400, other.checkpoint().root)
        for proof in (prover.consistency(300), [], [bytes(32)] * 5):
            with pytest.raises(SignerRefusedError):
                thief.sign(forged, lambda _, proof=proof: proof)  # type: ignore[misc]  # a lambda with a default
        for head in (Checkpoint(ORIGIN, 299, prover.root(299)), Checkpoint(ORIGIN, 300, prover.root(300))):
            with pytest.raises(SignerRefusedError):
                thief.sign(head, lambda _: [])
        with socket.socket(socket.AF_UNIX) as raw:  # a liar about the older size
            raw.connect(str(path))
            send(raw, b"S" + request_text(0, [], forged))
            assert receive(raw) == b"-old 300"
            send(raw, b"B" + other.checkpoint_note())
            assert receive(raw) == b"-old 300"
        other.close()
    memory = (tmp_path / "signer" / "last-signed").read_bytes()
    assert open_note(memory, OwnKey(KEY, ORIGIN).verifier).size == 300
    record("signer-forked", seen="0 of 7 signed: 3 forks, 2 set-backs, 2 lies about what it knows", runs=7, seed=None)


@pytest.mark.parametrize(
    "frame",
    [
        *(
            b"",
            b"X",
            b"V1",
            b"L ",
            b"B",
            b"Bnote",
            b"S",
            b"Sold 0",
            b"Sold 0\n\n",
            b"Sold 00\n\nx\n0\n",
            b"Sold -1\n\nx",
        ),
        b"S\xff",
        b"Sold " + b"9" * 5000 + b"\n\nx",
        b"Sold 0\n" + b"AA==\n" * 3 + b"\nbeffroi.example/register\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
        b"Sold 0\n\nother/register\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
        b"Sold 0\n\nbeffroi.example/register\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=\n",  # trailing bits
        b"Sold 0\n\nbeffroi.example/register\n0\n" + b"A" * 43 + b"=\n",  # not the empty root
    ],
)
def test_what_is_not_a_request_is_not_signed(tmp_path: Path, frame: bytes) -> None:
    desk = Desk(tmp_path, KEY, ORIGIN)
    assert desk.answer(frame).startswith(b"-")
    assert not (tmp_path / "last-signed").exists()


def test_it_remembers_before_it_signs_and_refuses_a_memory_that_is_not_its_own(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "a", KEY, ORIGIN)
    head = Checkpoint(ORIGIN, 1, merkle.leaf_hash(b"x"))
    (tmp_path / "a" / "last-signed").mkdir()  # the memory cannot be written
    with pytest.raises(OSError):  # noqa: PT011  whichever the disk says
        desk.answer(b"S" + request_text(0, [], head))
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "last-signed").write_bytes(sign(Checkpoint("other", 1, bytes(32)), KEY))
    with pytest.raises(NoteError):
        Desk(tmp_path / "b", KEY, ORIGIN)
    with pytest.raises(BlockingIOError):
        Desk(tmp_path / "a", KEY, ORIGIN)


def test_another_user_is_not_answered(tmp_path: Path) -> None:
    with running(tmp_path, users=frozenset({os.getuid() + 1})) as path, pytest.raises(SignerGoneError):
        RemoteSigner(path)


def test_without_its_signer_the_register_refuses_and_then_goes_on_by_itself(tmp_path: Path) -> None:
    with running(tmp_path) as path:
        ledger = opened(tmp_path, path)
        fill(ledger, 5)
    ledger._signer.close()  # type: ignore[attr-defined]  # the process died: its connections are gone
    for _ in range(3):
        with pytest.raises(LedgerClosedError):
            ledger.append(view_entry(1))
    assert (ledger.size, ledger.failure) == (5, None)
    with running(tmp_path):
        assert ledger.append(view_entry(2)) == 5
        ledger.close()
    assert verify(tmp_path / "ledger", ledger.verifier, payloads=None).findings == ()


@pytest.mark.parametrize("dies", [False, True])
def test_a_signature_whose_answer_was_lost_is_taken_up(tmp_path: Path, dies: bool) -> None:
    signer = DeafSigner()
    ledger = Ledger.open(tmp_path / "ledger", ManualClock(), signer, fsync=quick_fsync)
    fill(ledger, 300)
    signer.lost = 1
    with pytest.raises(LedgerClosedError):
        ledger.append(view_entry(300))
    if dies:
        ledger.close()
        ledger = Ledger.open(tmp_path / "ledger", ManualClock(), signer, fsync=quick_fsync)
        assert ledger.size == 301
    assert ledger.append(view_entry(301)) == 301  # the one before was signed: it is there, unacknowledged
    ledger.close()
    report = verify(tmp_path / "ledger", signer.verifier, payloads=tmp_path / "payloads.sqlite")
    assert (report.findings, report.entries) == ((), 302)
    record("signer-answer-lost", seen="taken up, 302 of 302 entries verify", runs=1, seed=None)


def test_a_register_set_back_is_refused(tmp_path: Path) -> None:
    with running(tmp_path) as path:
        ledger = opened(tmp_path, path)
        fill(ledger, 5)
        ledger.close()
        shutil.copytree(tmp_path / "ledger", tmp_path / "old")
        ledger = opened(tmp_path, path)
        fill(ledger, 5)
        ledger.close()
        shutil.rmtree(tmp_path / "ledger")
        shutil.copytree(tmp_path / "old", tmp_path / "ledger")
        with pytest.raises(SignerRefusedError):
            opened(tmp_path, path)


def test_entries_written_by_a_tool_with_the_key_are_proven_to_the_signer(tmp_path: Path) -> None:
    with running(tmp_path) as path:
        ledger = opened(tmp_path, path)
        fill(ledger, 5)
        ledger.close()
        own = open_ledger(tmp_path)
        fill(own, 300)
        own.close()
        ledger = opened(tmp_path, path)
        fill(ledger, 2)
        ledger.close()
    assert verify(tmp_path / "ledger", ledger.verifier).entries == 307


def test_the_real_process_is_killed_and_comes_back_and_ends_with_its_parent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from beffroi.cli.signerchild import SignerChild

    secrets = tmp_path / "centre" / "secrets"
    secrets.mkdir(parents=True, mode=0o700)
    (secrets / "register.key").write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (secrets / "register.key").chmod(0o600)
    child = SignerChild(tmp_path)
    try:
        ledger = Ledger.open(tmp_path / "centre" / "ledger", ManualClock(), child.signer(), fsync=quick_fsync)
        fill(ledger, 3)
        first, start, felt = child.process, child._start, threading.Event()

        def once_it_was_missed() -> "subprocess.Popen[bytes]":
            felt.wait(60)
            return start()

        monkeypatch.setattr(child, "_start", once_it_was_missed)
        first.kill()
        first.wait(60)
        ends_s, refused = time.monotonic() + 60, 0
        while True:
            try:
                index = ledger.append(view_entry(9))
                break
            except LedgerClosedError:
                refused += 1
                felt.set()
                assert time.monotonic() < ends_s
                time.sleep(0.05)
        assert (index, child.process.pid != first.pid) == (3, True)
        assert refused > 0
        ledger.close()
        last = child.process
        last.terminate()  # a service manager asks all to end at once: the centre writes its last entries first
        ledger = Ledger.open(tmp_path / "centre" / "ledger", ManualClock(), child.signer(), fsync=quick_fsync)
        assert ledger.append(view_entry(10)) == 4
        ledger.close()
        assert (last.poll(), child.process) == (None, last)
        assert last.stdin is not None
        child._stopping.set()
        last.stdin.close()  # what the death of the parent does
        assert last.wait(60) == 0
    finally:
        child.stop()
    assert verify(tmp_path / "centre" / "ledger", ledger.verifier).findings == ()
    record("signer-killed", seen=f"{refused} entries refused, none lost, the next one went in", runs=1, seed=None)


def test_a_signer_that_cannot_be_started_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from beffroi.cli import signerchild

    monkeypatch.setattr(signerchild, "AGAIN_S", 0.05)
    real, tried = subprocess.Popen, threading.Semaphore(0)

    def none_left(*_: object, **__: object) -> "subprocess.Popen[bytes]":
        tried.release()
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    child = signerchild.SignerChild(tmp_path)
    try:
        first = child.process
        monkeypatch.setattr(subprocess, "Popen", none_left)
        first.kill()
        assert all(tried.acquire(timeout=60) for _ in range(3))
        monkeypatch.setattr(subprocess, "Popen", real)
        ends_s = time.monotonic() + 60
        while child.process is first and time.monotonic() < ends_s:
            time.sleep(0.02)
        assert child.process is not first
    finally:
        child.stop()


def test_a_signer_started_again_while_nobody_asked_costs_no_entry(tmp_path: Path) -> None:
    from beffroi.cli.signerchild import SignerChild

    secrets = tmp_path / "centre" / "secrets"
    secrets.mkdir(parents=True, mode=0o700)
    (secrets / "register.key").write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (secrets / "register.key").chmod(0o600)
    child = SignerChild(tmp_path)
    try:
        ledger = Ledger.open(tmp_path / "centre" / "ledger", ManualClock(), child.signer(), fsync=quick_fsync)
        fill(ledger, 3)
        first = child.process
        first.kill()
        first.wait(60)
        child.signer().close()  # the next one answers
        assert child.process is not first
        assert ledger.append(view_entry(9)) == 3
        ledger.close()
    finally:
        child.stop()
