"""A stored fragment made clear without moving a byte: same length, same order, the encryption tables become `free`.

AES-CTR keeps lengths and a `free` box may stand anywhere (ISO/IEC 14496-12 §8.1.2), so whoever knows the lengths of the
stored fragments knows the length and the place of every byte of the clear file before it has read any.
"""

from typing import Final

from beffroi.media.boxes import Box, walk
from beffroi.media.cenc import apply
from beffroi.media.errors import MalformedMediaError
from beffroi.media.parse import Fragment, read_fragment

_PRIVATE: Final = frozenset({b"uuid", b"free"})  # what is said of the ciphertext is not true of the clear bytes
_TABLES: Final = frozenset({b"saiz", b"saio", b"senc"})


def parse_alone(stored: bytes) -> Fragment:
    """The one `moof` + `mdat` that these bytes begin with; private boxes may follow.

    Raises:
        MalformedMediaError: they are not one whole fragment.
    """
    moof, mdat, *_ = _boxes(stored)
    return read_fragment(stored, 0, moof.end, mdat.end)


def _boxes(stored: bytes) -> list[Box]:
    boxes = list(walk(stored))
    kinds = [item.kind for item in boxes]
    if kinds[:2] != [b"moof", b"mdat"] or not _PRIVATE.issuperset(kinds[2:]):
        raise MalformedMediaError("not one fragment")
    return boxes


def clear_fragment(stored: bytes, key: bytes, *, sequence: int, base_dts_90k: int) -> bytes:
    """Decrypt one stored fragment in its place.

    Args:
        stored: the `moof` + `mdat` as the disk holds them.
        key: content key, 16 bytes.
        sequence: its number in the file it goes into, from 1.
        base_dts_90k: decode time of its first sample there.

    Raises:
        MalformedMediaError: not one whole fragment of ours.
    """
    found = parse_alone(stored)
    out = bytearray(stored)
    moof, _, *private = _boxes(stored)
    parts = {item.kind: item for item in walk(stored, moof.body, moof.end)}
    _put(out, parts[b"mfhd"].body + 4, sequence, 4)
    traf = parts[b"traf"]
    for item in walk(stored, traf.body, traf.end):
        if item.kind == b"tfdt":
            _put(out, item.body + 4, base_dts_90k, 8)
        elif item.kind in _TABLES:
            _free(out, item)
    for item in private:
        _free(out, item)
    for sample in found.samples:
        if sample.iv:
            end = sample.offset + sample.size
            out[sample.offset : end] = apply(stored[sample.offset : end], list(sample.subsamples), sample.iv, key)
    return bytes(out)


def _free(out: bytearray, item: Box) -> None:
    out[item.start + 4 : item.body] = b"free" + bytes(item.body - item.start - 8)
    out[item.body : item.end] = bytes(item.end - item.body)


def _put(out: bytearray, at: int, value: int, size: int) -> None:
    out[at : at + size] = value.to_bytes(size, "big")
