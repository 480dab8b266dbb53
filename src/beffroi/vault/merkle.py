"""Merkle tree hashes and inclusion proofs (RFC 6962 §2.1), over the GOPs of one chunk.

The root of a chunk goes into the register; an extract of three minutes then proves itself with a few hashes.
"""

import hashlib
from collections.abc import Sequence

HASH_BYTES = 32


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 || data)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Merkle tree hash of the leaf data; SHA-256 of nothing for no leaf."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    return _subtree([leaf_hash(leaf) for leaf in leaves])


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Audit path of one leaf, nearest sibling first.

    Raises:
        IndexError: no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise IndexError(index)
    return _path([leaf_hash(leaf) for leaf in leaves], index)


def root_from_proof(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes | None:
    """The root that a leaf and its audit path lead to (RFC 9162 §2.1.3.2); None when the path has the wrong length."""
    if not 0 <= index < size:
        return None
    at, last, value = index, size - 1, leaf_hash(leaf)
    for sibling in proof:
        if last == 0:
            return None
        if at & 1 or at == last:
            value = node_hash(sibling, value)
            while at & 1 == 0 and at:
                at >>= 1
                last >>= 1
        else:
            value = node_hash(value, sibling)
        at >>= 1
        last >>= 1
    return value if last == 0 else None


def _subtree(hashes: Sequence[bytes]) -> bytes:
    # An odd node out is carried up unchanged: the same tree as RFC 6962's split at the largest power of two.
    level = list(hashes)
    while len(level) > 1:
        above = [node_hash(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        if len(level) & 1:
            above.append(level[-1])
        level = above
    return level[0]


def _path(hashes: Sequence[bytes], index: int) -> list[bytes]:
    path, level = [], list(hashes)
    while len(level) > 1:
        sibling = index ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        above = [node_hash(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        if len(level) & 1:
            above.append(level[-1])
        level, index = above, index >> 1
    return path
