"""`beffroi ledger` and `beffroi witness head` from the command's own entry: exit codes, and checkpoints kept elsewhere.

1 says that the register, or a proof, does not hold: a wrong path or a mistyped day must never say that.
"""

import json
import random
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.support.commands import run
from tests.support.faultmatrix import run_seed
from tests.support.register import KEY, ORIGIN, fill, open_ledger

from beffroi.domain.clock import ManualClock
from beffroi.ledger.findings import FindingKind
from beffroi.ledger.note import Verifier
from beffroi.ledger.proofs import Prover
from beffroi.ledger.witness import Witness, request_of

VERIFIER = Verifier(ORIGIN, KEY.public_key())
VKEY = VERIFIER.encode()
BOM = b"\xef\xbb\xbf"


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """A register, and its checkpoint from before its newest entries."""
    folder = tmp_path_factory.mktemp("honest")
    ledger = open_ledger(folder)
    fill(ledger, 30)
    older = ledger.checkpoint_note()
    fill(ledger, 10)
    ledger.close()
    return folder / "ledger", older


@pytest.fixture(scope="module")
def forged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another history under the stolen key: alone it looks whole."""
    folder = tmp_path_factory.mktemp("forged")
    ledger = open_ledger(folder)
    fill(ledger, 60, person="someone-else")
    ledger.close()
    return folder / "ledger"


def kinds(folder: Path, kept: Path, *more: str) -> tuple[int, set[str]]:
    done = run("ledger", "verify", str(folder), "--key", VKEY, "--checkpoint", str(kept), "--json", *more)
    return done.code, {one["kind"] for one in json.loads(done.output)["findings"]}


AS_SAVED = {
    "as it is": lambda note: note,
    "no last newline": lambda note: note.rstrip(b"\n"),
    "two newlines more": lambda note: note + b"\n\n",
    "CRLF": lambda note: note.replace(b"\n", b"\r\n"),
    "BOM": lambda note: BOM + note,
    "Notepad": lambda note: BOM + note.rstrip(b"\n").replace(b"\n", b"\r\n"),
}


@pytest.mark.parametrize("saved", AS_SAVED)
@pytest.mark.parametrize("more", [(), ("--day", "2026-01-01")], ids=["whole", "day"])
def test_a_checkpoint_typed_or_scanned_anew_is_the_same_one(
    honest: tuple[Path, bytes], forged: Path, tmp_path: Path, saved: str, more: tuple[str, ...]
) -> None:
    folder, older = honest
    kept = tmp_path / "tete.txt"
    kept.write_bytes(AS_SAVED[saved](older))
    assert kinds(folder, kept, *more) == (0, set())
    assert kinds(forged, kept, *more) == (1, {FindingKind.FORK.value})


def test_whatever_else_is_changed_in_a_kept_checkpoint_its_signature_no_longer_holds(
    honest: tuple[Path, bytes], tmp_path: Path
) -> None:
    folder, older = honest
    kept, chance = tmp_path / "tete.txt", random.Random(run_seed())  # noqa: S311  choice of cases
    changed = []
    for _ in range(60):
        at = chance.randrange(len(older) - 1)  # the last newline is put back
        changed.append(older[:at] + bytes([older[at] ^ (1 << chance.randrange(8))]) + older[at + 1 :])
    for at in [at for at, byte in enumerate(older[:-1]) if byte == ord("\n")]:
        changed += [older[:at] + older[at + 1 :], older[:at] + b"\n" + older[at:], older[:at] + b"\r" + older[at + 1 :]]
    changed += [b"", b"\n", BOM, BOM + BOM + older, older + older, older.replace(b"\n", b"\r\r\n"), b"\xff\xfe" + older]
    for note in changed:
        kept.write_bytes(note)
        assert kinds(folder, kept) == (1, {FindingKind.OLD_CHECKPOINT_REFUSED.value}), note


def test_what_is_not_found_or_not_understood_is_wrong_usage_never_a_finding(
    honest: tuple[Path, bytes], tmp_path: Path
) -> None:
    folder, older = honest
    kept, nowhere, text = tmp_path / "tete.txt", str(tmp_path / "nowhere"), tmp_path / "text"
    kept.write_bytes(older)
    text.write_text("not what is asked for")
    known = ("--key", VKEY)
    proof = tmp_path / "proof.json"
    proof.write_text(run("ledger", "prove", str(folder), "3").output)
    assert run("ledger", "check", str(proof), *known).code == 0
    wrong: tuple[tuple[str, ...], ...] = (
        ("verify", nowhere, *known),
        ("verify", str(text), *known),
        ("verify", nowhere, *known, "--day", "2026-01-01"),
        ("verify", str(folder), "--key", nowhere),
        ("verify", str(folder), "--key", "a+b+c"),
        ("verify", str(folder), *known, "--day", "soon"),
        ("verify", str(folder), *known, "--checkpoint", nowhere),
        ("verify", str(folder), *known, "--checkpoint", str(kept), "--tsa-ca", nowhere),
        ("verify", str(folder), *known, "--checkpoint", str(kept), "--tsa-ca", str(text)),
        ("prove", nowhere, "3"),
        ("prove", str(folder), "40"),
        ("prove", str(folder), "many"),
        ("check", nowhere, *known),
        ("check", str(text), *known),
        ("check", str(proof), "--key", "a+b+c"),
        ("cross", nowhere, *known, "--journal", str(text)),
        ("cross", str(folder), *known, "--journal", nowhere),
        ("cross", str(folder), *known, "--journal", "=x"),
        ("cross", str(folder), "--key", nowhere, "--journal", str(text)),
        ("cross", str(folder), *known),
    )
    for asked in wrong:
        done = run("ledger", *asked)
        assert done.code == 2, (asked, done)
        assert done.output.strip(), "it says why"


def test_what_does_not_hold_is_found_and_no_matter_of_usage(
    honest: tuple[Path, bytes], forged: Path, tmp_path: Path
) -> None:
    folder, older = honest
    kept, proof = tmp_path / "tete.txt", tmp_path / "proof.json"
    kept.write_bytes(older)
    assert run("ledger", "verify", str(forged), "--key", VKEY, "--checkpoint", str(kept)).code == 1
    told = run("ledger", "prove", str(folder), "3").output
    other = Verifier(ORIGIN, Ed25519PrivateKey.generate().public_key()).encode()
    proof.write_text(told)
    assert run("ledger", "check", str(proof), "--key", other).code == 1
    proof.write_text(json.dumps({**json.loads(told), "index": 4}))
    assert run("ledger", "check", str(proof), "--key", VKEY).code == 1
    empty = tmp_path / "emptied"
    empty.mkdir()
    assert run("ledger", "verify", str(empty), "--key", VKEY).code == 1
    (empty / "checkpoint").write_text("another text")
    done = run("ledger", "prove", str(empty), "3")
    assert done.code == 1, "its checkpoint is damaged"
    assert "point de contrôle" in done.output


def witness_of(hall: Path, *notes: tuple[int, list[bytes], bytes]) -> None:
    """A witness's folder that follows the register, and has seen these checkpoints one after the other."""
    assert run("witness", "init", str(hall), "--name", "hall.example/w").code == 0
    assert run("witness", "watch", str(hall), VKEY).code == 0
    key = Ed25519PrivateKey.from_private_bytes((hall / "witness.key").read_bytes())
    witness = Witness(hall, "hall.example/w", key, [VERIFIER], ManualClock())
    for known, path, note in notes:
        assert witness.add_checkpoint(request_of(known, path, note)).status == 200
    witness.close()


def test_what_a_witness_prints_is_what_the_verifier_takes(
    honest: tuple[Path, bytes], forged: Path, tmp_path: Path
) -> None:
    folder, older = honest
    hall, saved = tmp_path / "hall", tmp_path / "saved"
    newer = (folder / "checkpoint").read_bytes()
    witness_of(hall, (0, [], older), (30, Prover(folder, 40).consistency(30), newer))
    printed = run("witness", "head", str(hall))
    assert (printed.code, printed.output) == (0, newer.decode())
    saved.write_text(printed.output)
    assert kinds(folder, saved) == (0, set())
    assert kinds(forged, saved) == (1, {FindingKind.FORK.value})
    (told,) = map(json.loads, run("witness", "head", str(hall), "--json").output.splitlines())
    assert told == {"register": ORIGIN, "checkpoint": newer.decode()}
    (memory,) = (hall / "heads").iterdir()
    memory.write_bytes(newer[:-9])
    damaged = run("witness", "head", str(hall))
    assert damaged.code == 1
    assert "abîmée" in damaged.output, "handed on, it would read as a forgery by the centre"


def test_a_witness_of_several_registers_prints_the_one_that_is_named(
    honest: tuple[Path, bytes], tmp_path: Path
) -> None:
    hall = tmp_path / "hall"
    witness_of(hall, (0, [], honest[1]))
    other = Verifier("other.example/register", Ed25519PrivateKey.generate().public_key())
    assert run("witness", "watch", str(hall), other.encode()).code == 0
    asked = run("witness", "head", str(hall))
    assert asked.code == 1
    assert "--register" in asked.output
    assert ORIGIN in asked.output
    assert run("witness", "head", str(hall), "--register", ORIGIN).output == honest[1].decode()
    unseen = run("witness", "head", str(hall), "--register", other.name)
    assert unseen.code == 1
    assert "aucun point de contrôle" in unseen.output
    assert run("witness", "head", str(hall), "--register", "nobody").code == 1
    lines = run("witness", "head", str(hall), "--json").output.splitlines()
    assert [json.loads(line)["checkpoint"] for line in lines] == [honest[1].decode(), None]
    empty = run("witness", "head", str(tmp_path / "empty"))
    assert empty.code == 1
    assert "beffroi witness watch" in empty.output
