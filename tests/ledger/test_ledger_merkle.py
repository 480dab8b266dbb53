"""The tree against an independent implementation (pymerkle), for every small size, and against forged proofs."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from beffroi.ledger import merkle
from beffroi.ledger.merkle import CompactRange

LIMIT = 300


def leaves(count: int) -> list[bytes]:
    return [f"entry {i}".encode() for i in range(count)]


class Rows:
    """All perfect subtrees of a list of leaves, by brute force."""

    def __init__(self, entries: list[bytes]) -> None:
        self.hashes = [merkle.leaf_hash(entry) for entry in entries]

    def node(self, height: int, index: int) -> bytes:
        width = 1 << height
        row = self.hashes[index * width : index * width + width]
        assert len(row) == width
        return merkle.perfect_root(row)


@pytest.fixture(scope="module")
def rows() -> Rows:
    return Rows(leaves(LIMIT))


@pytest.fixture(scope="module")
def roots() -> list[bytes]:
    compact = CompactRange()
    found = [compact.root()]
    for entry in leaves(LIMIT):
        compact.append(merkle.leaf_hash(entry))
        found.append(compact.root())
    return found


@pytest.fixture(scope="module")
def oracle() -> InmemoryTree:
    tree = InmemoryTree(algorithm="sha256")
    for entry in leaves(LIMIT):
        tree.append_entry(entry)
    return tree


def test_heads_are_those_of_the_oracle(oracle: InmemoryTree, roots: list[bytes], rows: Rows) -> None:
    for size in range(1, LIMIT + 1):
        assert roots[size] == oracle.get_root(size), size
        assert roots[size] == merkle.range_root(rows.node, 0, size), size


def test_rfc_6962_known_answers() -> None:
    assert merkle.EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    # the first leaf and the whole tree of the test vectors published with certificate-transparency
    data = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    compact = CompactRange()
    for item in data:
        compact.append(merkle.leaf_hash(bytes.fromhex(item)))
    assert merkle.leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert compact.root().hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def test_inclusion_for_every_leaf_of_many_sizes(rows: Rows, roots: list[bytes], oracle: InmemoryTree) -> None:
    for size in [*range(1, 40), 63, 64, 65, 127, 128, 129, 255, 256, 257, 300]:
        for index in range(size):
            proof = merkle.inclusion_proof(rows.node, index, size)
            assert merkle.verify_inclusion(rows.hashes[index], index, size, proof, roots[size])
            assert not merkle.verify_inclusion(rows.hashes[index], index, size * 2, proof, roots[size])
        theirs = oracle.prove_inclusion(size, size)
        assert [bytes.fromhex(step) for step in theirs.serialize()["path"]][1:] == merkle.inclusion_proof(
            rows.node, size - 1, size
        )


def test_consistency_for_every_pair_of_small_sizes(rows: Rows, roots: list[bytes]) -> None:
    for new in [*range(1, 70), 255, 256, 257, 300]:
        for old in range(new + 1):
            proof = merkle.consistency_proof(rows.node, old, new)
            assert merkle.goes_on(old, roots[old], new, roots[new], proof), (old, new)
            assert merkle.verify_consistency(old, roots[old], new, roots[new], proof) is (old > 0), (old, new)


@given(data=st.data())
def test_a_changed_inclusion_proof_is_refused(data: st.DataObject) -> None:
    rows, compact = Rows(leaves(60)), CompactRange()
    size = data.draw(st.integers(1, 60))
    index = data.draw(st.integers(0, size - 1))
    for hashed in rows.hashes[:size]:
        compact.append(hashed)
    proof = merkle.inclusion_proof(rows.node, index, size)
    noise = random.Random(data.draw(st.integers(0, 2**32)))  # noqa: S311  a test's dice
    forged, where, leaf = list(proof), index, rows.hashes[index]
    match data.draw(st.sampled_from(["flip", "drop", "add", "place", "leaf", "swap"])):
        case "flip" if forged:
            at = noise.randrange(len(forged))
            bad = bytearray(forged[at])
            bad[noise.randrange(32)] ^= 1 << noise.randrange(8)
            forged[at] = bytes(bad)
        case "drop" if forged:
            forged.pop(noise.randrange(len(forged)))
        case "swap" if len(forged) > 1 and forged[0] != forged[-1]:
            forged[0], forged[-1] = forged[-1], forged[0]
        case "place" if size > 1:
            where = (index + noise.randrange(1, size)) % size
        case "leaf":
            leaf = merkle.leaf_hash(noise.randbytes(8))
        case _:
            forged.append(noise.randbytes(32))
    assert not merkle.verify_inclusion(leaf, where, size, forged, compact.root())


@given(st.integers(2, 60), st.data())
def test_a_changed_consistency_proof_is_refused(new: int, data: st.DataObject) -> None:
    rows = Rows(leaves(60))
    old = data.draw(st.integers(1, new - 1))
    old_root, new_root = merkle.range_root(rows.node, 0, old), merkle.range_root(rows.node, 0, new)
    proof = merkle.consistency_proof(rows.node, old, new)
    at = data.draw(st.integers(0, len(proof) - 1))
    bit = data.draw(st.integers(0, 255))
    bad = bytearray(proof[at])
    bad[bit // 8] ^= 1 << (bit % 8)
    assert not merkle.verify_consistency(old, old_root, new, new_root, [*proof[:at], bytes(bad), *proof[at + 1 :]])
    assert not merkle.verify_consistency(old, old_root, new, new_root, proof[:-1])
    assert not merkle.verify_consistency(old, old_root, new, new_root, [*proof, bytes(32)])
    assert not merkle.verify_consistency(old, new_root, new, new_root, proof)
    assert not merkle.goes_on(0, old_root, new, new_root, [])
    assert not merkle.goes_on(0, merkle.EMPTY_ROOT, new, new_root, proof)
    assert not merkle.verify_consistency(old + 1, old_root, new, new_root, proof)
