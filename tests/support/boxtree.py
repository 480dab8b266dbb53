"""ISO BMFF boxes as a tree of values, to be compared: the house itself only walks them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from beffroi.media.boxes import box, walk
from beffroi.media.errors import MalformedMediaError

_CONTAINERS: Final = frozenset(
    {b"moov", b"trak", b"mdia", b"minf", b"dinf", b"stbl", b"mvex", b"moof", b"traf", b"sinf", b"schi", b"edts"}
)
_MAX_DEPTH: Final = 12


@dataclass(frozen=True, slots=True)
class Node:
    """A box with its content: raw bytes, or child boxes for a container."""

    kind: bytes
    content: "bytes | tuple[Node, ...]"


def tree(data: bytes, depth: int = _MAX_DEPTH) -> tuple[Node, ...]:
    """All boxes, containers opened.

    Raises:
        MalformedMediaError: see `walk`; also when containers are nested deeper than any real file.
    """
    if depth == 0:
        raise MalformedMediaError("boxes nested too deep")
    return tuple(
        Node(item.kind, tree(data[item.body : item.end], depth - 1))
        if item.kind in _CONTAINERS
        else Node(item.kind, data[item.body : item.end])
        for item in walk(data)
    )


def write(nodes: Sequence[Node]) -> bytes:
    """The bytes of a tree: ``tree(write(nodes)) == nodes``."""
    return b"".join(
        box(node.kind, node.content if isinstance(node.content, bytes) else write(node.content)) for node in nodes
    )
