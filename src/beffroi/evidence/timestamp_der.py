"""Reading DER (ITU-T X.690) that nobody vouches for: definite lengths in their shortest form, short tags, no left-over.

Only what a time stamp needs; the viewer's verifier reads by the same rules (console/evidence/verify/der.ts).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

BOOLEAN, INTEGER, BITS, OCTETS, NULL, OID = 1, 2, 3, 4, 5, 6
UTC_TIME, GENERALIZED_TIME, SEQUENCE, SET = 0x17, 0x18, 0x30, 0x31
CONTEXT: Final = 0xA0
"""Tag of a constructed context-specific element, plus its number."""


class DerError(ValueError):
    """Not the element that must be there; the text names it, in the standard's words."""


@dataclass(frozen=True, slots=True)
class Der:
    """One element: its tag, its content, and both with the length between them as they stood."""

    tag: int
    body: bytes
    raw: bytes

    def parts(self, what: str) -> "Parts":
        """What a constructed element holds.

        Raises:
            DerError: not well formed.
        """
        return Parts(tuple(_elements(self.body, what)), what)

    def oid(self, what: str) -> str:
        """An object identifier, in hexadecimal of its content: compared, never decoded.

        Raises:
            DerError: another element.
        """
        if self.tag != OID or not self.body:
            raise DerError(what)
        return self.body.hex()


class Parts:
    """The elements of a sequence, taken in order."""

    def __init__(self, items: tuple[Der, ...], what: str) -> None:
        self._items = items
        self._at = 0
        self._what = what

    def take(self, tag: int, what: str) -> Der:
        """The next element, which must have this tag.

        Raises:
            DerError: it has not, or there is none.
        """
        found = self.maybe(tag)
        if found is None:
            raise DerError(what)
        return found

    def maybe(self, tag: int) -> Der | None:
        """The next element when it has this tag."""
        if self._at >= len(self._items) or self._items[self._at].tag != tag:
            return None
        self._at += 1
        return self._items[self._at - 1]

    def any(self, what: str) -> Der:
        """The next element, whatever it is.

        Raises:
            DerError: there is none.
        """
        if self._at >= len(self._items):
            raise DerError(what)
        self._at += 1
        return self._items[self._at - 1]

    def rest(self) -> tuple[Der, ...]:
        """All that are left."""
        found, self._at = self._items[self._at :], len(self._items)
        return found

    def done(self) -> None:
        """Nothing may be left.

        Raises:
            DerError: something is.
        """
        if self._at != len(self._items):
            raise DerError(self._what)


def read(data: bytes, what: str) -> Der:
    """The one element that these bytes are.

    Raises:
        DerError: not well formed, or more than one.
    """
    found = tuple(_elements(data, what))
    if len(found) != 1:
        raise DerError(what)
    return found[0]


def write(tag: int, *bodies: bytes) -> bytes:
    """An element of a tag around these bytes."""
    body = b"".join(bodies)
    size = len(body)
    if size < 0x80:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def _elements(data: bytes, what: str) -> Iterator[Der]:
    at = 0
    while at < len(data):
        start, tag = at, data[at]
        at += 2
        if tag & 0x1F == 0x1F or at > len(data):
            raise DerError(what)
        size = data[at - 1]
        if size >= 0x80:
            wide = size & 0x7F
            if not 1 <= wide <= 3 or at + wide > len(data):
                raise DerError(what)
            size = int.from_bytes(data[at : at + wide], "big")
            if size < 0x80 or size >> (8 * (wide - 1)) == 0:
                raise DerError(what)  # a shorter form was possible
            at += wide
        if at + size > len(data):
            raise DerError(what)
        yield Der(tag, data[at : at + size], data[start : at + size])
        at += size
