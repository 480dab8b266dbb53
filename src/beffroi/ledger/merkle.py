"""RFC 6962 §2.1: the Merkle tree of the register, its proofs, and their verification.

Written from the standard; `tests/ledger` compares it with an independent implementation for every small size.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Final

EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
NodeReader = Callable[[int, int], bytes]
"""``(height, index)`` → hash of the perfect subtree of 2^height leaves that starts at leaf index·2^height."""


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 ‖ entry)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """Root of a perfect subtree whose lower row is given (its length is a power of two)."""
    row = list(hashes)
    if not row or len(row) & (len(row) - 1):
        raise ValueError("a perfect subtree has a power of two leaves")
    while len(row) > 1:
        row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
    return row[0]


def nodes_of(hashes: Sequence[bytes]) -> NodeReader:
    """The subtrees of a tree whose leaf hashes are all at hand."""
    return lambda height, index: perfect_root(hashes[index << height : (index + 1) << height])


class CompactRange:
    """The right edge of a tree: enough to append and to know the root, in O(log n) memory."""

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.size = size
        self._peaks = list(peaks)
        if len(self._peaks) != size.bit_count():
            raise ValueError("one peak for each bit of the size")

    def copy(self) -> "CompactRange":
        """An independent copy."""
        return CompactRange(self.size, self._peaks)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        node, size = leaf, self.size
        while size & 1:
            node = node_hash(self._peaks.pop(), node)
            size >>= 1
        self._peaks.append(node)
        self.size += 1

    def root(self) -> bytes:
        """The tree head of this size."""
        if not self._peaks:
            return EMPTY_ROOT
        node = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            node = node_hash(peak, node)
        return node


def _split(count: int) -> int:
    """The largest power of two smaller than ``count``."""
    return 1 << ((count - 1).bit_length() - 1)


def range_root(node: NodeReader, start: int, end: int) -> bytes:
    """Tree head of leaves ``[start, end)``, where ``start`` is a multiple of the subtree it begins."""
    count = end - start
    if count == 0:
        return EMPTY_ROOT
    if count & (count - 1) == 0:
        height = count.bit_length() - 1
        return node(height, start >> height)
    middle = start + _split(count)
    return node_hash(range_root(node, start, middle), range_root(node, middle, end))


def inclusion_proof(node: NodeReader, index: int, size: int) -> list[bytes]:
    """Audit path of leaf ``index`` in the tree of ``size`` leaves (RFC 6962 §2.1.1), lowest sibling first.

    Raises:
        ValueError: the index is outside the tree.
    """
    if not 0 <= index < size:
        raise ValueError("the index is outside the tree")

    def path(start: int, end: int) -> list[bytes]:
        if end - start == 1:
            return []
        middle = start + _split(end - start)
        if index < middle:
            return [*path(start, middle), range_root(node, middle, end)]
        return [*path(middle, end), range_root(node, start, middle)]

    return path(0, size)


def consistency_proof(node: NodeReader, old: int, new: int) -> list[bytes]:
    """Proof that the tree of ``old`` leaves is a prefix of the tree of ``new`` leaves (RFC 6962 §2.1.2).

    Raises:
        ValueError: ``old`` is larger than ``new`` or negative.
    """
    if not 0 <= old <= new:
        raise ValueError("the older tree cannot be the larger")
    if old in (0, new):
        return []

    def sub(kept: int, start: int, end: int, whole: bool) -> list[bytes]:
        if kept == end - start:
            return [] if whole else [range_root(node, start, end)]
        half = _split(end - start)
        if kept <= half:
            return [*sub(kept, start, start + half, whole), range_root(node, start + half, end)]
        return [*sub(kept - half, start + half, end, False), range_root(node, start, start + half)]

    return sub(old, 0, new, True)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof shows that ``leaf`` (a leaf hash) is at ``index`` of the tree (RFC 9162 §2.1.3.2)."""
    if not 0 <= index < size or any(len(step) != 32 for step in (leaf, *proof)):
        return False
    place, last, node = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            node = node_hash(step, node)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = node_hash(node, step)
        place, last = place >> 1, last >> 1
    return last == 0 and node == root


def verify_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows that the older tree is a prefix of the newer (RFC 9162 §2.1.4.2).

    Of an empty older tree nothing is shown, unless both are: see `goes_on`.
    """
    if not 0 <= old <= new or any(len(step) != 32 for step in proof):
        return False
    if old == new:
        return not proof and old_root == new_root and (old > 0 or old_root == EMPTY_ROOT)
    if old == 0:
        return False
    steps = list(proof) if old & (old - 1) else [old_root, *proof]
    if not steps:
        return False
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    older = newer = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            older, newer = node_hash(step, older), node_hash(step, newer)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            newer = node_hash(newer, step)
        place, last = place >> 1, last >> 1
    return last == 0 and older == old_root and newer == new_root


def goes_on(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """As `verify_consistency`; and an empty tree is a prefix of every other, by an empty proof."""
    if old == 0 < new:
        return not proof and old_root == EMPTY_ROOT
    return verify_consistency(old, old_root, new, new_root, proof)
