"""A witness cosigns only what goes on from what it saw; a quorum counts only those who truly signed."""

import base64
import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from beffroi.domain.clock import ManualClock
from beffroi.ledger import merkle
from beffroi.ledger.cosignature import WitnessKey, cosign, cosigned_at_s, parse_witness_key
from beffroi.ledger.merkle import CompactRange
from beffroi.ledger.note import Checkpoint, NoteError, Verifier, alone, sign
from beffroi.ledger.quorum import QuorumRefusedError, parse_quorum
from beffroi.ledger.witness import MAX_REQUEST, SIZE_TYPE, Witness, WitnessBusyError, request_of

LOG_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
LOG = Verifier("beffroi/test", LOG_KEY.public_key())
WITNESS_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
NOW_S = 1_790_000_000


class Tree:
    """A register in memory: its leaves' hashes, heads and proofs."""

    def __init__(self, salt: str = "") -> None:
        self._leaves = [merkle.leaf_hash(f"{salt}{n}".encode()) for n in range(600)]

    def graft(self, other: "Tree", at: int) -> "Tree":
        """A history that is this one up to ``at``, then the other's."""
        made = Tree()
        made._leaves = self._leaves[:at] + other._leaves[at:]
        return made

    def note(self, size: int, key: Ed25519PrivateKey = LOG_KEY, origin: str = LOG.name) -> bytes:
        edge = CompactRange()
        for leaf in self._leaves[:size]:
            edge.append(leaf)
        return sign(Checkpoint(origin, size, edge.root()), key)

    def proof(self, old: int, new: int) -> list[bytes]:
        return merkle.consistency_proof(merkle.nodes_of(self._leaves), old, new)

    def request(self, old: int, new: int) -> bytes:
        return request_of(old, self.proof(old, new), self.note(new))


def open_witness(folder: Path) -> Witness:
    return Witness(folder, "townhall", WITNESS_KEY, [LOG], ManualClock(NOW_S * 1_000_000))


TREE = Tree()


def test_it_follows_an_honest_register_over_restarts(tmp_path: Path) -> None:
    old = 0
    for size in (0, 1, 1, 5, 256, 257, 600):
        witness = open_witness(tmp_path)
        answer = witness.add_checkpoint(TREE.request(old, size))
        assert answer.status == 200, answer
        cosigned = TREE.note(size) + answer.body
        assert cosigned_at_s(cosigned, witness.public) == NOW_S
        head = witness.head(LOG)
        assert head is not None
        assert head[0].size == size
        witness.close()
        old = size


@pytest.mark.parametrize("made", ["fork", "rollback", "no proof", "wrong old", "same size, other root"])
def test_another_history_is_never_cosigned(tmp_path: Path, made: str) -> None:
    witness = open_witness(tmp_path)
    assert witness.add_checkpoint(TREE.request(0, 300)).status == 200
    other = TREE.graft(Tree("x"), 100)
    request = {
        "fork": other.request(300, 400),
        "rollback": TREE.request(100, 200),
        "no proof": request_of(300, [], TREE.note(400)),
        "wrong old": TREE.request(299, 400),
        "same size, other root": request_of(300, [], other.note(300)),
    }[made]
    answer = witness.add_checkpoint(request)
    assert answer.status in {409, 422}
    assert b"\xe2\x80\x94" not in answer.body
    if answer.status == 409:
        assert (answer.content_type, answer.body) == (SIZE_TYPE, b"300\n")
    assert witness.add_checkpoint(TREE.request(300, 400)).status == 200


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_is_submitted_the_cosigned_heads_are_one_history(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    witness = open_witness(tmp_path_factory.mktemp("w"))
    trees = [TREE, TREE.graft(Tree("x"), 20), TREE.graft(Tree("y"), 3)]
    signed: list[tuple[int, bytes]] = []
    for _ in range(data.draw(st.integers(1, 12))):
        tree = data.draw(st.sampled_from(trees))
        new = data.draw(st.integers(0, 40))
        old = data.draw(st.sampled_from([signed[-1][0] if signed else 0, data.draw(st.integers(0, new))]))
        proof = tree.proof(old, new) if old <= new else []
        answer = witness.add_checkpoint(request_of(old, proof, tree.note(new)))
        size, note = signed[-1] if signed else (0, b"")
        if old <= new and (old != size or (note and new == size and tree.note(new) != note)):
            assert (answer.status, answer.body) == (409, b"%d\n" % size), "the size that it knows is told"
        if answer.status == 200:
            signed.append((new, tree.note(new)))
    assert [size for size, _ in signed] == sorted(size for size, _ in signed)
    assert any(all(tree.note(size) == note for size, note in signed) for tree in trees)
    witness.close()


def test_strangers_are_refused(tmp_path: Path) -> None:
    witness = open_witness(tmp_path)
    other = Ed25519PrivateKey.generate()
    assert witness.add_checkpoint(request_of(0, [], TREE.note(3, other))).status == 403
    assert witness.add_checkpoint(request_of(0, [], TREE.note(3, other, "another/log"))).status == 404
    assert witness.head(LOG) is None


GOOD = TREE.request(0, 5)
HOSTILE = {
    "empty": b"",
    "no blank line": b"old 0",
    "no old": GOOD.replace(b"old 0", b"new 0"),
    "leading zero": GOOD.replace(b"old 0", b"old 00"),
    "negative": GOOD.replace(b"old 0", b"old -1"),
    "huge": GOOD.replace(b"old 0", b"old " + b"9" * 30),
    "old above new": GOOD.replace(b"old 0", b"old 6"),
    "not base64": GOOD.replace(b"old 0\n", b"old 0\n????\n"),
    "base64 in another spelling": GOOD.replace(b"old 0\n", b"old 0\n" + b"A" * 42 + b"B=\n"),
    "short hash": GOOD.replace(b"old 0\n", b"old 0\nAAAA\n"),
    "proof bomb": request_of(1, [bytes(32)] * 64, TREE.note(5)),
    "not text": b"old 0\n\n" + bytes(range(256)),
    "not UTF-8 before": b"old 0\n\xff\n\n" + TREE.note(5),
    "note cut": GOOD[:-30],
    "note without signature": GOOD.split("\n— ".encode())[0],
    "too long": GOOD + b"x" * MAX_REQUEST,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_requests_change_nothing(tmp_path: Path, name: str) -> None:
    witness = open_witness(tmp_path)
    assert witness.add_checkpoint(HOSTILE[name]).status in {400, 403, 413}
    assert witness.head(LOG) is None
    assert witness.add_checkpoint(GOOD).status == 200


def test_a_damaged_memory_signs_nothing(tmp_path: Path) -> None:
    witness = open_witness(tmp_path)
    witness.add_checkpoint(GOOD)
    (memory,) = (tmp_path / "heads").iterdir()
    memory.write_bytes(memory.read_bytes()[:-3])
    with pytest.raises(NoteError):
        witness.add_checkpoint(TREE.request(5, 6))


def test_the_memory_is_written_before_the_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    witness = open_witness(tmp_path)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("beffroi.ledger.witness.write_durable", full)
    with pytest.raises(OSError, match="space"):
        witness.add_checkpoint(GOOD)


def test_one_witness_a_folder(tmp_path: Path) -> None:
    witness = open_witness(tmp_path)
    with pytest.raises(WitnessBusyError):
        open_witness(tmp_path)
    witness.close()
    open_witness(tmp_path).close()


def test_cosignature_has_the_published_form() -> None:
    note = TREE.note(5)
    line = cosign(note, "townhall", WITNESS_KEY, now_s=NOW_S)
    public = WitnessKey("townhall", WITNESS_KEY.public_key())
    raw = WITNESS_KEY.public_key().public_bytes_raw()
    assert public.key_id == hashlib.sha256(b"townhall\n\x04" + raw).digest()[:4]
    assert parse_witness_key(public.encode()) == public
    text = note.split(b"\n\n")[0] + b"\n"
    blob = base64.b64decode(line.decode().split(" ")[2])
    WITNESS_KEY.public_key().verify(blob[12:], b"cosignature/v1\ntime %d\n" % NOW_S + text)


def test_every_flipped_bit_of_a_cosignature_is_refused() -> None:
    note = TREE.note(5)
    line = cosign(note, "townhall", WITNESS_KEY, now_s=NOW_S)
    public = WitnessKey("townhall", WITNESS_KEY.public_key())
    blob = base64.b64decode(line.decode().split(" ")[2])
    for bit in range(len(blob) * 8):
        changed = bytearray(blob)
        changed[bit // 8] ^= 1 << bit % 8
        forged = note + f"— townhall {base64.b64encode(changed).decode()}\n".encode()
        try:
            assert cosigned_at_s(forged, public) is None
        except NoteError:
            continue


def _quorum(*lines: str) -> str:
    keys = [Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2, 3)]
    head = [f"log {LOG.encode()}"]
    head += [
        f"witness w{n} {WitnessKey(f'w{n}', key.public_key()).encode()} https://w{n}.example/"
        for n, key in enumerate(keys)
    ]
    return "\n".join([*head, *lines])


def _same_key_as_w0(name: str) -> str:
    return WitnessKey(name, Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32).public_key()).encode()


def _signed_by(*numbers: int) -> bytes:
    note = TREE.note(5)
    for n in numbers:
        key = Ed25519PrivateKey.from_private_bytes(bytes([n + 1]) * 32)
        note += cosign(TREE.note(5), f"w{n}", key, now_s=NOW_S + n)
    return note


@pytest.mark.parametrize(
    ("rule", "numbers", "since"),
    [
        (["quorum w0"], (0,), 0),
        (["quorum w0"], (1, 2), None),
        (["group g 2 w0 w1 w2", "quorum g"], (0, 2), 0),
        (["group g 2 w0 w1 w2", "quorum g"], (1,), None),
        (["group g all w0 w1", "quorum g"], (0, 1), 0),
        (["group g any w0 w1", "quorum g"], (0, 1), 1),
        (["group a any w0 w1", "group b all a w2", "quorum b"], (1, 2), 1),
        (["group a any w0 w1", "group b all a w2", "quorum b"], (0, 1), None),
        (["quorum none"], (0, 1, 2), None),
    ],
)
def test_a_quorum_counts_as_written(rule: list[str], numbers: tuple[int, ...], since: int | None) -> None:
    quorum = parse_quorum(_quorum(*rule))
    assert quorum.met_at_s(_signed_by(*numbers)) == (None if since is None else NOW_S + since)


@pytest.mark.parametrize(
    "rule",
    [
        ["quorum w0"],
        ["group g 2 w0 w1 w2", "quorum g"],
        ["group a any w0 w1", "group b all a w2", "quorum b"],
        ["quorum none"],
    ],
)
@pytest.mark.parametrize("others", [(), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)])
def test_a_quorum_can_be_met_without_some_when_the_others_word_meets_it(
    rule: list[str], others: tuple[int, ...]
) -> None:
    quorum = parse_quorum(_quorum(*rule))
    ignoring = {f"w{n}" for n in range(3) if n not in others}
    assert quorum.can_be_met(ignoring=ignoring) == (quorum.met_at_s(_signed_by(*others)) is not None)


def test_a_note_keeps_the_lines_of_those_who_are_named_alone() -> None:
    whole, log = _signed_by(0, 1, 2), Verifier(TREE.note(5).split(b"\n")[0].decode(), LOG_KEY.public_key())
    keys = [one.key for one in parse_quorum(_quorum("quorum w0")).witnesses.values()]
    assert alone(whole, log, keys[0], keys[2]) == _signed_by(0, 2)
    assert alone(whole, log) == TREE.note(5)


def test_cosignatures_of_another_checkpoint_count_for_nothing() -> None:
    quorum = parse_quorum(_quorum("quorum w0"))
    key = Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32)
    assert quorum.met_at_s(TREE.note(5) + cosign(TREE.note(6), "w0", key, now_s=NOW_S)) is None
    stranger = TREE.note(5, Ed25519PrivateKey.generate())
    assert quorum.met_at_s(stranger + cosign(stranger, "w0", key, now_s=NOW_S)) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "quorum none",
        _quorum(),
        _quorum("quorum w9"),
        _quorum("quorum w0", "quorum w1"),
        _quorum("group g 4 w0 w1 w2", "quorum g"),
        _quorum("group g 0 w0", "quorum g"),
        _quorum("group g any g", "quorum g"),
        _quorum("group g any w0 w0", "quorum g"),
        _quorum("group w0 any w1", "quorum w0"),
        _quorum("group none any w1", "quorum none"),
        _quorum("something else"),
        _quorum("log nonsense", "quorum w0"),
        _quorum(f"witness again {_quorum().split()[4]}"),
        _quorum("witness x y file:///etc/passwd", "quorum x"),
        _quorum(f"witness again {_same_key_as_w0('again')}", "group g all w0 again", "quorum g"),
        _quorum(f"witness own {WitnessKey('own', LOG_KEY.public_key()).encode()}", "quorum own"),
        "# only a comment\n" * 600,
    ],
)
def test_a_wrong_quorum_file_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(QuorumRefusedError) as refused:
        parse_quorum(text)
    assert "ligne" in refused.value.text.fr
