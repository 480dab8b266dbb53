"""Where decoding may start in H.264 besides an IDR picture: an I picture that its SEI calls a recovery point at once.

Cameras and encoders with open groups of pictures send one IDR picture, the first, and from then on I pictures behind a
recovery point SEI message (ITU-T H.264 §D.2.8) whose ``recovery_frame_cnt`` is 0: every picture shown from there on is
right. Pictures that come after it and are shown before it may refer to the group before, as those that lead a CRA of
H.265. A count above 0 (intra refresh, spread over many pictures) names a picture at which nothing can be entered.
"""

import re
from typing import Final

from beffroi.media.bits import BitReader, unescape
from beffroi.media.errors import MalformedMediaError

_RECOVERY_POINT: Final = 6
_SLICE: Final = 1
_I_SLICE: Final = 2
_MAX_MESSAGES: Final = 64
_HEAD_BYTES: Final = 24  # first macroblock and type: two Exp-Golomb codes of at most 65 bits, escapes included
_FULL_BYTES: Final = re.compile(rb"\xff*")


def recovers_at_once(sei: bytes) -> bool:
    """Whether this SEI NAL unit (header byte included) holds a recovery point whose count is 0.

    Never raises: what is torn says nothing. More than 64 messages in one unit are not looked at.
    """
    data, at = unescape(sei), 1
    for _ in range(_MAX_MESSAGES):
        kind, at = _number(data, at)
        size, at = _number(data, at)
        if at + size > len(data):
            return False
        if kind == _RECOVERY_POINT:
            return size > 0 and data[at] & 0x80 != 0  # ue(v): the code of 0 is the bit 1
        at += size
    return False


def begins_with_intra(unit: bytes) -> bool:
    """Whether the picture of this access unit (lengths of 4 bytes before its NAL units) has I slices only; of two
    fields, the first. Never raises."""
    at, found = 0, False
    while at + 5 <= len(unit):
        start = at + 5
        kind, at = unit[at + 4] & 0x1F, at + 4 + int.from_bytes(unit[at : at + 4], "big")
        if kind > 5:
            continue
        if kind != _SLICE:
            return False
        bits = BitReader(unescape(unit[start : min(at, start + _HEAD_BYTES)]))
        try:
            first, slice_type = bits.ue(), bits.ue()
        except MalformedMediaError:
            return False
        if first == 0 and found:
            return True  # the second field: it may refer to the first
        if slice_type % 5 != _I_SLICE or slice_type > 9:
            return False
        found = True
    return found


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A payload type or size, and where it ends: past the end when the data is over."""
    full = _FULL_BYTES.match(data, at)
    end = full.end() if full else at
    last = data[end] if end < len(data) else 0
    return 255 * (end - at) + last, end + 1
