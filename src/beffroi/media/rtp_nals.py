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
    """The table of one codec: the role of each type, and where the first-slice bit stands."""

    codec: Codec
    roles: tuple[Role, ...]
    header_bytes: int

    def kind(self, first_byte: int) -> int:
        """The type of a NAL unit, from its first byte."""
        return first_byte & 0x1F if self.codec == "h264" else (first_byte >> 1) & 0x3F


def _h264() -> tuple[Role, ...]:
    roles = [Role.INNER] * 32
    roles[1] = roles[2] = roles[3] = roles[4] = Role.SLICE
    roles[5] = Role.KEY_SLICE
    roles[6] = roles[14] = roles[15] = roles[16] = roles[17] = roles[18] = Role.OPENING
    roles[7] = roles[8] = Role.SET
    roles[9] = Role.DELIMITER
    roles[10] = roles[11] = roles[12] = Role.DROPPED
    return tuple(roles)


def _h265() -> tuple[Role, ...]:
    roles = [Role.SLICE] * 32 + [Role.INNER] * 32
    roles[16:22] = [Role.KEY_SLICE] * 6
    roles[32:35] = [Role.SET] * 3
    roles[35] = Role.DELIMITER
    roles[36:39] = [Role.DROPPED] * 3
    roles[39] = Role.OPENING
    roles[41:45] = [Role.OPENING] * 4
    return tuple(roles)


RULES: Final[dict[Codec, NalRules]] = {
    "h264": NalRules("h264", _h264(), 1),
    "h265": NalRules("h265", _h265(), 2),
}
