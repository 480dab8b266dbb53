"""H.264 video usability information: only how far pictures come out of order (ITU-T H.264 §E.1.1)."""

from typing import Final

from beffroi.media.bits import BitReader
from beffroi.media.errors import MalformedMediaError

_EXTENDED_SAR: Final = 255
_MAX_REORDER: Final = 16


def vui_reorder(bits: BitReader) -> int | None:
    """``max_num_reorder_frames``, the reader standing on ``vui_parameters_present_flag``; None when it is not said.

    Never raises: many cameras write a torn VUI, and a picture plays without it.
    """
    try:
        return _read(bits) if bits.flag() else None
    except MalformedMediaError:
        return None


def _read(bits: BitReader) -> int | None:
    if bits.flag() and bits.u(8) == _EXTENDED_SAR:
        bits.u(32)
    if bits.flag():  # overscan_info_present_flag
        bits.flag()
    if bits.flag():  # video_signal_type_present_flag
        bits.u(4)
        if bits.flag():
            bits.u(24)
    if bits.flag():  # chroma_loc_info_present_flag
        bits.ue()
        bits.ue()
    if bits.flag():  # timing_info_present_flag
        bits.u(65)
    has_nal_model = _skip_buffer_model(bits)
    if _skip_buffer_model(bits) or has_nal_model:
        bits.flag()  # low_delay_hrd_flag
    bits.flag()  # pic_struct_present_flag
    if not bits.flag():  # bitstream_restriction_flag
        return None
    bits.flag()  # motion_vectors_over_pic_boundaries_flag
    for _ in range(4):
        bits.ue()
    reorder = bits.ue()
    return reorder if reorder <= _MAX_REORDER else None


def _skip_buffer_model(bits: BitReader) -> bool:
    """Skip hrd_parameters (§E.1.2) if they are present."""
    if not bits.flag():
        return False
    count = bits.ue() + 1
    if count > 32:
        raise MalformedMediaError("H.264 buffer model")
    bits.u(8)
    for _ in range(count):
        bits.ue()
        bits.ue()
        bits.flag()
    bits.u(20)
    return True
