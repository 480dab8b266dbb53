"""What each type of NAL unit is to whoever cuts a stream into pictures (H.264 table 7-1 and §7.4.1.2.3; H.265 table 7-1
and §7.4.2.4.4)."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from beffroi.media.nal import Codec


class Role(IntEnum):
    """The part that a NAL unit plays in an access unit. Those from `OPENING` on begin a new one after a slice."""

    SLICE = 0
    """A coded slice: it begins a new access unit only if it is the first of its picture."""
    KEY_SLICE = 1
    """A slice of a picture at which decoding may start."""
    INNER = 2
    """Stays with the picture under way: suffix SEI, slice extensions, unspecified types."""
    DROPPED = 3
    """Fillers and ends of sequence: not kept."""
    OPENING = 4
    """Stands before the slices of its picture and is kept: SEI, prefixes."""
    SET = 5
    """A parameter set."""
    DELIMITER = 6
    """An access unit delimiter: begins, and is not kept."""


@dataclass(frozen=True, slots=True)
class NalRules:
    """The table of one codec: the role of a NAL unit by its *first byte*, and how many bytes its header has."""

    roles: tuple[Role, ...]
    header_bytes: int


def _h264() -> NalRules:
    roles = [Role.INNER] * 32
    roles[1:5] = [Role.SLICE] * 4
    roles[5] = Role.KEY_SLICE
    roles[6] = Role.OPENING
    roles[7] = roles[8] = Role.SET
    roles[9] = Role.DELIMITER
    roles[10:13] = [Role.DROPPED] * 3
    roles[14:19] = [Role.OPENING] * 5
    return NalRules(tuple(roles[byte & 0x1F] for byte in range(256)), 1)


def _h265() -> NalRules:
    roles = [Role.SLICE] * 32 + [Role.INNER] * 32
    roles[16:22] = [Role.KEY_SLICE] * 6
    roles[32:35] = [Role.SET] * 3
    roles[35] = Role.DELIMITER
    roles[36:39] = [Role.DROPPED] * 3
    roles[39] = Role.OPENING
    roles[41:45] = [Role.OPENING] * 4
    roles[48:56] = [Role.OPENING] * 8
    return NalRules(tuple(roles[(byte >> 1) & 0x3F] for byte in range(256)), 2)


RULES: Final[dict[Codec, NalRules]] = {"h264": _h264(), "h265": _h265()}
