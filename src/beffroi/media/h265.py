"""H.265 sequence parameter set: the fields that a file needs (ITU-T H.265 §7.3.2.2, §7.3.3)."""

from dataclasses import dataclass
from typing import Final

from beffroi.media.bits import BitReader, unescape
from beffroi.media.errors import MalformedMediaError

_MAX_SIDE_PIXELS: Final = 16_888  # level 6.2 (table A.8: sqrt(MaxLumaPs * 8))
_MAX_REORDER: Final = 16
_PROFILE_SPACES: Final = ("", "A", "B", "C")


@dataclass(frozen=True, slots=True)
class H265Sps:
    """What the SPS says. Sizes are in pixels after cropping; ``compatibility`` is 32 flags, ``constraints`` 6 bytes.

    ``reorder``: how many pictures may precede, in decoding order, one that is shown before them; None when torn.
    """

    profile_space: int
    high_tier: bool
    profile: int
    compatibility: int
    constraints: bytes
    level: int
    chroma_format: int
    luma_bits: int
    chroma_bits: int
    temporal_layers: int
    temporal_nesting: bool
    width: int
    height: int
    reorder: int | None = None

    @property
    def codec_string(self) -> str:
        """ISO/IEC 14496-15 annex E string, for instance ``hvc1.1.6.L93.90``."""
        reversed_flags = int(f"{self.compatibility:032b}"[::-1], 2)
        tail = "".join(f".{byte:x}" for byte in self.constraints.rstrip(b"\x00"))
        tier = "H" if self.high_tier else "L"
        space = _PROFILE_SPACES[self.profile_space]
        return f"hvc1.{space}{self.profile}.{reversed_flags:x}.{tier}{self.level}{tail}"


def parse_sps(nal: bytes) -> H265Sps:
    """Parse an SPS NAL unit (two header bytes included).

    Raises:
        MalformedMediaError: short, absurd, or not an SPS.
    """
    if len(nal) < 15 or (nal[0] >> 1) & 0x3F != 33:
        raise MalformedMediaError("not an H.265 SPS")
    bits = BitReader(unescape(nal[2:]))
    bits.u(4)  # sps_video_parameter_set_id
    sub_layers = bits.u(3)
    if sub_layers > 6:
        raise MalformedMediaError("H.265 sub-layers")
    nesting = bits.flag()
    space, tier, profile = bits.u(2), bits.flag(), bits.u(5)
    compatibility, constraints, level = bits.u(32), bits.u(48).to_bytes(6, "big"), bits.u(8)
    _skip_sub_layers(bits, sub_layers)
    bits.ue()  # sps_seq_parameter_set_id
    chroma_format = bits.ue()
    if chroma_format > 3:
        raise MalformedMediaError("H.265 chroma format")
    separate_planes = chroma_format == 3 and bits.flag()
    width, height = bits.ue(), bits.ue()
    if width > _MAX_SIDE_PIXELS or height > _MAX_SIDE_PIXELS:
        raise MalformedMediaError("H.265 picture size")
    if bits.flag():
        unit_x = 2 if chroma_format in {1, 2} and not separate_planes else 1
        unit_y = 2 if chroma_format == 1 else 1
        left, right, top, bottom = bits.ue(), bits.ue(), bits.ue(), bits.ue()
        width -= unit_x * (left + right)
        height -= unit_y * (top + bottom)
    if width <= 0 or height <= 0:
        raise MalformedMediaError("H.265 cropping")
    luma_bits, chroma_bits = 8 + bits.ue(), 8 + bits.ue()
    if luma_bits > 15 or chroma_bits > 15:
        raise MalformedMediaError("H.265 bit depth")
    return H265Sps(
        space, tier, profile, compatibility, constraints, level, chroma_format, luma_bits, chroma_bits,
        sub_layers + 1, nesting, width, height, _reorder(bits, sub_layers),
    )  # fmt: skip


def _reorder(bits: BitReader, sub_layers: int) -> int | None:
    """``sps_max_num_reorder_pics`` of the highest sub-layer."""
    try:
        bits.ue()  # log2_max_pic_order_cnt_lsb_minus4
        reorder = 0
        for _ in range(1 + (sub_layers if bits.flag() else 0)):
            bits.ue()  # sps_max_dec_pic_buffering_minus1
            reorder = bits.ue()
            bits.ue()  # sps_max_latency_increase_plus1
    except MalformedMediaError:
        return None
    return reorder if reorder <= _MAX_REORDER else None


def _skip_sub_layers(bits: BitReader, count: int) -> None:
    present = [(bits.flag(), bits.flag()) for _ in range(count)]
    if count:
        bits.u(2 * (8 - count))  # reserved_zero_2bits up to eight layers
    for profile, level in present:
        if profile:
            bits.u(88)
        if level:
            bits.u(8)
