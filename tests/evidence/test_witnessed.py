"""Who countersigned the register is told; a countersignature that does not hold is found, by both verifiers alike."""

import base64
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.evidence.test_package import nothing
from tests.evidence.test_second_verifier import ROUNDS
from tests.support.commands import run
from tests.support.evidence import (
    EVIDENCE,
    EVIDENCE_KEY,
    REGISTER,
    TRUST,
    Made,
    forge,
    make_package,
    resign,
)
from tests.support.faultmatrix import run_seed
from tests.support.register import KEY as REGISTER_KEY
from tests.support.secondverifier import SecondVerifier, both, second_verifier

from beffroi.evidence.findings import Kind, Verdict
from beffroi.evidence.told import Told, ToldKind
from beffroi.evidence.verify import Trust, verify_package
from beffroi.ledger import canonical
from beffroi.ledger.cosignature import WitnessKey, cosign
from beffroi.ledger.quorum import parse_quorum

NAMES = ("mairie-a.example/temoin", "mairie-b.example/temoin", "prefecture.example/temoin")
KEYS = {name: Ed25519PrivateKey.from_private_bytes(bytes([number] * 32)) for number, name in enumerate(NAMES, 1)}
WITNESSES = [WitnessKey(name, key.public_key()) for name, key in KEYS.items()]
WITH = replace(TRUST, witnesses=WITNESSES)
AT_S = 1_770_000_000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    root = tmp_path_factory.mktemp("evidence")
    (root / "streams").mkdir()
    return make_package(root)


@pytest.fixture(scope="module")
def second() -> Iterator[SecondVerifier]:
    with second_verifier() as started:
        yield started


def note_of(folder: Path) -> bytes:
    text: str = json.loads((folder / "proof" / "log.json").read_bytes())["checkpoint"]
    return text.encode()


def put(folder: Path, note: bytes) -> None:
    """The checkpoint of a package in another state, all signed again."""
    path = folder / "proof" / "log.json"
    path.write_bytes(canonical.dump(json.loads(path.read_bytes()) | {"checkpoint": note.decode()}))
    resign(folder, nothing)


def line(note: bytes, name: str, *, at_s: int = AT_S, key: Ed25519PrivateKey | None = None) -> bytes:
    return cosign(note, name, key or KEYS[name], now_s=at_s)


def witnessed(made: Made, to: Path, *names: str) -> Path:
    folder = forge(made, to)
    note = note_of(folder)
    put(folder, note + b"".join(line(note, name) for name in names))
    return folder


def told(folder: Path, trust: Trust = WITH) -> Told:
    return verify_package(folder, trust).told[0]


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_they_are_told_by_name(made: Made, second: SecondVerifier, tmp_path: Path, count: int) -> None:
    folder = witnessed(made, tmp_path / "w", *NAMES[:count])
    assert both(second, folder, WITH) == "valid"
    names = ", ".join(NAMES[:count])
    assert told(folder) == (Told(ToldKind.WITNESSED, f"{count}/3 ({names})") if count else Told(ToldKind.NO_WITNESS))
    assert both(second, folder) == "valid"
    assert told(folder, TRUST) == Told(ToldKind.NO_WITNESS)


def test_one_key_counts_once_and_the_centre_is_no_witness_of_itself(
    made: Made, second: SecondVerifier, tmp_path: Path
) -> None:
    folder = forge(made, tmp_path / "w")
    note = note_of(folder)
    own = [WitnessKey("ailleurs.example/temoin", key.public_key()) for key in (REGISTER_KEY, EVIDENCE_KEY)]
    again = WitnessKey("autre-nom.example/temoin", WITNESSES[0].key)
    signed = line(note, NAMES[0]) + line(note, again.name, key=KEYS[NAMES[0]])
    put(folder, note + signed + b"".join(line(note, own[0].name, key=key) for key in (REGISTER_KEY, EVIDENCE_KEY)))
    trust = replace(TRUST, witnesses=[WITNESSES[0], again, WITNESSES[0], *own])
    assert both(second, folder, trust) == "valid"
    assert told(folder, trust) == Told(ToldKind.WITNESSED, f"1/1 ({NAMES[0]})")
    alone = replace(TRUST, witnesses=own)
    assert both(second, folder, alone) == "valid"
    assert told(folder, alone) == Told(ToldKind.NO_WITNESS)


def _other_checkpoint(note: bytes) -> bytes:
    """A countersignature of another checkpoint."""
    older = note.split(b"\n\n")[0].replace(b"\n5", b"\n4", 1) + b"\n\n" + note.split(b"\n\n")[1]
    assert older != note
    return line(older, NAMES[0])


def _moved(raw: bytes, at: int) -> bytes:
    """One bit of a line's signature moved."""
    head, _, tail = raw.rstrip(b"\n").rpartition(b" ")
    signature = bytearray(base64.b64decode(tail))
    signature[at] ^= 1
    return head + b" " + base64.b64encode(bytes(signature)) + b"\n"


def _short(raw: bytes) -> bytes:
    head, _, tail = raw.rstrip(b"\n").rpartition(b" ")
    return head + b" " + base64.b64encode(base64.b64decode(tail)[:-1]) + b"\n"


def _plain(note: bytes) -> bytes:
    """The checkpoint signed without the time, under the witness's key id."""
    text = note.split(b"\n\n")[0] + b"\n"
    raw = WITNESSES[0].key_id + bytes(8) + KEYS[NAMES[0]].sign(text)
    return f"— {NAMES[0]} {base64.b64encode(raw).decode()}\n".encode()


FALSE: dict[str, Callable[[bytes], bytes]] = {
    "of another checkpoint": _other_checkpoint,
    "its time moved": lambda note: _moved(line(note, NAMES[0]), 11),
    "its signature moved": lambda note: _moved(line(note, NAMES[0]), 75),
    "too short": lambda note: _short(line(note, NAMES[0])),
    "a second, false one": lambda note: line(note, NAMES[0]) + _moved(line(note, NAMES[0], at_s=AT_S + 1), 40),
    "signed as a note": _plain,
}


@pytest.mark.parametrize("name", FALSE)
def test_a_false_one_is_found(made: Made, second: SecondVerifier, tmp_path: Path, name: str) -> None:
    folder = forge(made, tmp_path / "w")
    note = note_of(folder)
    put(folder, note + FALSE[name](note))
    assert both(second, folder, WITH) == "altered"
    report = verify_package(folder, WITH)
    assert [(one.kind, one.where) for one in report.findings] == [(Kind.WITNESS_WRONG, NAMES[0])]
    assert NAMES[0] in report.findings[0].text.fr


def test_a_line_of_nobody_known_is_nobody_s_word(made: Made, second: SecondVerifier, tmp_path: Path) -> None:
    folder = forge(made, tmp_path / "w")
    note = note_of(folder)
    stranger = Ed25519PrivateKey.generate()
    put(folder, note + line(note, NAMES[0], key=stranger) + line(note, "x.example/x", key=stranger))
    assert both(second, folder, WITH) == "valid"
    assert told(folder) == Told(ToldKind.NO_WITNESS)


def test_both_agree_on_whatever_is_torn_of_countersignatures(
    made: Made, second: SecondVerifier, tmp_path: Path
) -> None:
    seed = run_seed()
    chance = random.Random(f"{seed}/witness")  # noqa: S311  choice of cases
    folder = forge(made, tmp_path / "w")
    note = note_of(folder)
    lines = [line(note, name) for name in NAMES]
    counts: dict[str, int] = {}
    for number in range(ROUNDS):
        chosen = [chance.choice(lines) for _ in range(chance.randrange(1, 5))]
        at = chance.randrange(len(chosen))
        if chance.random() < 0.7:
            chosen[at] = _moved(chosen[at], chance.randrange(4, 76))
        if chance.random() < 0.2:
            chosen[at] = chosen[at].replace(b" ", b"  ", 1)
        put(folder, note + b"".join(chosen))
        try:
            verdict = both(second, folder, WITH)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, number {number}") from error
        assert (verdict == "valid") == all(one in lines for one in chosen)
        counts[verdict] = counts.get(verdict, 0) + 1
    print(f"\n[witnesses] {ROUNDS} torn, seed {seed}: {counts}")  # noqa: T201  a figure is printed


def test_a_quorum_that_is_demanded_must_be_met(made: Made, tmp_path: Path) -> None:
    lines = [f"log {REGISTER.encode()}", *(f"witness w{n} {one.encode()}" for n, one in enumerate(WITNESSES))]
    text = "\n".join([*lines, "group two 2 w0 w1 w2", "quorum two", ""])
    quorum = tmp_path / "quorum.txt"
    quorum.write_text(text)
    trust = replace(WITH, quorum=parse_quorum(text))
    keys = ("--key", EVIDENCE.encode(), "--register", REGISTER.encode(), "--quorum", str(quorum))
    for count, code in ((1, 3), (2, 0)):
        folder = witnessed(made, tmp_path / f"w{count}", *NAMES[:count])
        report = verify_package(folder, trust)
        assert report.verdict is (Verdict.VALID if count == 2 else Verdict.INCOMPLETE)
        assert {one.kind for one in report.findings} == (set() if count == 2 else {Kind.WITNESS_MISSING})
        assert [one.kind for one in report.told[:-1]] == ([ToldKind.QUORUM_MET] if count == 2 else [])
        said = run("evidence", "verify", str(folder), *keys)
        assert said.code == code, said.output
        assert f"{count}/3" in said.output
    assert run("evidence", "verify", str(folder), "--quorum", str(tmp_path / "none")).code == 2
