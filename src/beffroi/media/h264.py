"""H.264 sequence parameter set: the fields that a file needs (ITU-T H.264 §7.3.2.1.1)."""

from dataclasses import dataclass
from typing import Final

from beffroi.media.bits import BitReader, unescape
from beffroi.media.errors import MalformedMediaError
from beffroi.media.h264_vui import vui_reorder

_HIGH_PROFILES: Final = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
_BASELINE: Final = 66
_INTRA_PROFILES: Final = frozenset(
    {44, 86, 100, 110, 122, 244}
)  # with constraint_set3_flag: no picture refers to another
_MAX_MACROBLOCKS_A_SIDE: Final = 1056  # level 6.2 allows 16,888 pixels a side (table A-1: sqrt(MaxFS * 8))


@dataclass(frozen=True, slots=True)
class H264Sps:
    """What the SPS says. Sizes are in pixels after cropping; bit depths in bits.

    ``reorder``: how many pictures may precede, in decoding order, one that is shown before them; None when it does not
    say. ``fields``: pictures may come as two fields.
    """

    profile: int
    constraints: int
    level: int
    chroma_format: int
    luma_bits: int
    chroma_bits: int
    width: int
    height: int
    reorder: int | None = None
    fields: bool = False

    @property
    def has_high_fields(self) -> bool:
        """Whether the avcC record carries chroma format and bit depths (ISO/IEC 14496-15 §5.3.3.1.2)."""
        return self.profile in {100, 110, 122, 144, 244}

    @property
    def codec_string(self) -> str:
        """RFC 6381 string, for instance ``avc1.64001f``."""
        return f"avc1.{self.profile:02x}{self.constraints:02x}{self.level:02x}"


def parse_sps(nal: bytes) -> H264Sps:
    """Parse an SPS NAL unit (header byte included).

    Raises:
        MalformedMediaError: short, absurd, or not an SPS.
    """
    if len(nal) < 5 or nal[0] & 0x1F != 7:
        raise MalformedMediaError("not an H.264 SPS")
    bits = BitReader(unescape(nal[1:]))
    profile, constraints, level = bits.u(8), bits.u(8), bits.u(8)
    bits.ue()  # seq_parameter_set_id
    chroma_format, luma_bits, chroma_bits, separate_planes = 1, 8, 8, False
    if profile in _HIGH_PROFILES:
        chroma_format = bits.ue()
        if chroma_format > 3:
            raise MalformedMediaError("H.264 chroma format")
        separate_planes = chroma_format == 3 and bits.flag()
        luma_bits, chroma_bits = 8 + bits.ue(), 8 + bits.ue()
        if luma_bits > 14 or chroma_bits > 14:
            raise MalformedMediaError("H.264 bit depth")
        bits.flag()  # qpprime_y_zero_transform_bypass_flag
        if bits.flag():
            _skip_scaling_lists(bits, 12 if chroma_format == 3 else 8)
    bits.ue()  # log2_max_frame_num_minus4
    order_type = _skip_picture_order(bits)
    bits.ue()  # max_num_ref_frames
    bits.flag()  # gaps_in_frame_num_value_allowed_flag
    columns, rows = bits.ue() + 1, bits.ue() + 1
    if columns > _MAX_MACROBLOCKS_A_SIDE or rows > _MAX_MACROBLOCKS_A_SIDE:
        raise MalformedMediaError("H.264 picture size")
    frame_only = bits.flag()
    if not frame_only:
        bits.flag()  # mb_adaptive_frame_field_flag
    bits.flag()  # direct_8x8_inference_flag
    left = right = top = bottom = 0
    if bits.flag():
        left, right, top, bottom = bits.ue(), bits.ue(), bits.ue(), bits.ue()
    monochrome = chroma_format == 0 or separate_planes
    unit_x = 1 if monochrome or chroma_format == 3 else 2
    unit_y = (2 if chroma_format == 1 and not monochrome else 1) * (1 if frame_only else 2)
    width = 16 * columns - unit_x * (left + right)
    height = 16 * rows * (1 if frame_only else 2) - unit_y * (top + bottom)
    if width <= 0 or height <= 0:
        raise MalformedMediaError("H.264 cropping")
    reorder = 0 if order_type == 2 or profile == _BASELINE or _is_intra(profile, constraints) else vui_reorder(bits)
    return H264Sps(
        profile, constraints, level, chroma_format, luma_bits, chroma_bits, width, height, reorder, not frame_only
    )  # fmt: skip


def _is_intra(profile: int, constraints: int) -> bool:
    return profile in _INTRA_PROFILES and constraints & 0x10 != 0


def _skip_scaling_lists(bits: BitReader, count: int) -> None:
    for index in range(count):
        if not bits.flag():
            continue
        last = following = 8
        for _ in range(16 if index < 6 else 64):
            if following:
                following = (last + bits.se()) % 256
            last = following or last


def _skip_picture_order(bits: BitReader) -> int:
    kind = bits.ue()
    if kind == 0:
        bits.ue()  # log2_max_pic_order_cnt_lsb_minus4
    elif kind == 1:
        bits.flag()  # delta_pic_order_always_zero_flag
        bits.se()
        bits.se()
        cycle = bits.ue()
        if cycle > 255:
            raise MalformedMediaError("H.264 picture order cycle")
        for _ in range(cycle):
            bits.se()
    elif kind > 2:
        raise MalformedMediaError("H.264 picture order type")
    return kind
