"""One `moof` + `mdat` (ISO/IEC 14496-12 §8.8), clear for live, protected for the vault (23001-7 §7)."""

import struct
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from beffroi.media.boxes import box, full_box
from beffroi.media.cenc import Protection, SampleCipher, iv_of, subsamples_of
from beffroi.media.frame import Frame
from beffroi.media.initseg import TRACK_ID
from beffroi.media.nal import NAL_HEADER_BYTES, Codec

WALL_TIME_UUID: Final = bytes.fromhex("9f2c1f0a5d5b4e0db1a6e2b7c4d80011")
"""Private box inside `moof`: wall time of its first sample, int64 microseconds since 1970. A chunk cut by a power loss
keeps its wall times without its footer. (`prft` would wrap in 2036 and sits outside the hashed `moof`.)"""

_DEFAULT_DURATION_90K: Final = 3600  # 25 frames a second, when a lone first frame says nothing of its duration
_SYNC: Final = 0x0200_0000  # depends on no other sample
_NOT_SYNC: Final = 0x0101_0000  # depends on others, is not a sync sample
_TFHD_DEFAULT_BASE_IS_MOOF: Final = 0x02_0000
_TRUN_OFFSET_DURATION_SIZE_FLAGS: Final = 0x701
_TRUN_COMPOSITION: Final = 0x800
_SENC_SUBSAMPLES: Final = 2
_MDAT_HEADER: Final = 8
_ONE_SUBSAMPLE: Final = struct.Struct(">HHI")


class Scratch:
    """Room for one fragment at a time. A thread that keeps one neither asks for memory nor gives it back, however many
    streams it writes: a group of pictures of a main stream is a megabyte, and comes every two seconds."""

    __slots__ = ("_bytes",)

    def __init__(self) -> None:
        self._bytes = bytearray()

    def room(self, size: int) -> memoryview:
        """So many bytes, to be written over; what was given before must not be used any more."""
        if len(self._bytes) < size:
            self._bytes = bytearray(size)
        return memoryview(self._bytes)[:size]


def fragment(
    frames: Sequence[Frame],
    *,
    sequence: int,
    protection: Protection | None,
    first_sample: int,
    codec: Codec | None = None,
    base_dts_90k: int | None = None,
    next_dts_90k: int | None = None,
    wall_us: int | None = None,
    scratch: Scratch | None = None,
) -> list[bytes | memoryview]:
    """Build one fragment as buffers for `os.writev`: the `moof` with the `mdat` header, then the frames.

    Args:
        frames: at least one, in decoding order.
        sequence: number of the fragment in its file, from 1.
        protection: content key, or None for a clear fragment.
        first_sample: number of the first frame in its file; the n-th sample's IV is that number on 8 bytes.
        codec: says how long a NAL header is; needed when protected.
        base_dts_90k: decode time written for the first frame; its own ``dts_90k`` by default.
        next_dts_90k: ``dts_90k`` of the frame that follows, when known: the true duration of the last frame.
        wall_us: wall time of the first frame, kept in a private box.
        scratch: room for the encrypted frames: the last buffer is a view of it, good until it is used again.

    Raises:
        MalformedMediaError: protected, and a frame's NAL lengths do not add up.
        ValueError: no frame, decode times that go back, or protected without a codec.
    """
    if not frames:
        raise ValueError("a fragment needs a frame")
    auxiliary: list[bytes] = []
    payloads: list[bytes | memoryview] = []
    if protection is None:
        payloads += [frame.data for frame in frames]
    elif codec is None:
        raise ValueError("a protected fragment needs its codec")
    else:
        payload, auxiliary = _encrypted(frames, protection, codec, first_sample, scratch)
        payloads.append(payload)
    size = sum(map(len, payloads)) + _MDAT_HEADER
    moof = _moof(
        frames,
        sequence=sequence,
        auxiliary=auxiliary,
        base_dts_90k=base_dts_90k,
        next_dts_90k=next_dts_90k,
        wall_us=wall_us,
    )
    return [moof + size.to_bytes(4, "big") + b"mdat", *payloads]


def _encrypted(
    frames: Sequence[Frame], protection: Protection, codec: Codec, first_sample: int, scratch: Scratch | None
) -> tuple[memoryview, list[bytes]]:
    """The encrypted frames one behind the other, and what `senc` says of each."""
    sizes = [len(frame.data) for frame in frames]
    out = (scratch or Scratch()).room(sum(sizes))
    cipher, auxiliary, at = SampleCipher(protection.key), [], 0
    clear = NAL_HEADER_BYTES[codec] + 4
    for number, (frame, size) in enumerate(zip(frames, sizes, strict=True), first_sample):
        data, iv, end = frame.data, iv_of(number), at + size
        if size > clear and data[:4] == (size - 4).to_bytes(4, "big"):  # the common picture is one NAL unit
            cipher.encrypt_unit(memoryview(data), clear, iv, out[at:end])
            auxiliary.append(iv + _ONE_SUBSAMPLE.pack(1, clear, size - clear))
        else:
            subsamples = subsamples_of(codec, data)
            cipher.encrypt(data, subsamples, iv, out[at:end])
            auxiliary.append(_auxiliary(iv, subsamples))
        at = end
    return out, auxiliary


def durations_90k(frames: Sequence[Frame], next_dts_90k: int | None) -> list[int]:
    """Duration of each frame: the distance to the next; for the last: the next known, else its own, else the previous.

    Raises:
        ValueError: decode times go back.
    """
    out = [after.dts_90k - before.dts_90k for before, after in pairwise(frames)]
    if next_dts_90k is not None:
        out.append(next_dts_90k - frames[-1].dts_90k)
    else:
        out.append(frames[-1].duration_90k or (out[-1] if out else _DEFAULT_DURATION_90K))
    if min(out) < 0:
        raise ValueError("decode times go back inside a fragment")
    return out


def _moof(
    frames: Sequence[Frame],
    *,
    sequence: int,
    auxiliary: list[bytes],
    base_dts_90k: int | None,
    next_dts_90k: int | None,
    wall_us: int | None,
) -> bytes:
    base = frames[0].dts_90k if base_dts_90k is None else base_dts_90k
    mfhd = full_box(b"mfhd", 0, 0, sequence.to_bytes(4, "big"))
    tfhd = full_box(b"tfhd", 0, _TFHD_DEFAULT_BASE_IS_MOOF, TRACK_ID.to_bytes(4, "big"))
    tfdt = full_box(b"tfdt", 1, 0, base.to_bytes(8, "big"))
    protected = _protection_boxes(auxiliary) if auxiliary else b""
    wall = box(b"uuid", WALL_TIME_UUID, wall_us.to_bytes(8, "big", signed=True)) if wall_us is not None else b""
    trun_flags, rows = _trun_rows(frames, next_dts_90k)
    trun_size = 8 + 4 + 8 + len(rows)
    head = 8 + len(mfhd) + len(wall)
    before_protected = head + 8 + len(tfhd) + len(tfdt) + trun_size
    moof_size = before_protected + len(protected)
    offset = (moof_size + _MDAT_HEADER).to_bytes(4, "big")
    trun = full_box(b"trun", 1, trun_flags, len(frames).to_bytes(4, "big"), offset, rows)
    if auxiliary:
        # saio comes after saiz and before senc; the first IV stands after senc's header, flags and count.
        first_iv = moof_size - sum(map(len, auxiliary))
        protected = _protection_boxes(auxiliary, first_iv)
    return box(b"moof", mfhd, wall, box(b"traf", tfhd, tfdt, trun, protected))


def _trun_rows(frames: Sequence[Frame], next_dts_90k: int | None) -> tuple[int, bytes]:
    durations = durations_90k(frames, next_dts_90k)
    flags = _TRUN_OFFSET_DURATION_SIZE_FLAGS
    if all(frame.pts_90k == frame.dts_90k for frame in frames):
        values: list[int] = []
        for frame, duration in zip(frames, durations, strict=True):
            values += (duration, len(frame.data), _SYNC if frame.key else _NOT_SYNC)
        return flags, struct.pack(f">{len(values)}I", *values)
    rows = [
        struct.pack(
            ">IIIi", duration, len(frame.data), _SYNC if frame.key else _NOT_SYNC, frame.pts_90k - frame.dts_90k
        )
        for frame, duration in zip(frames, durations, strict=True)
    ]
    return flags | _TRUN_COMPOSITION, b"".join(rows)


def _auxiliary(iv: bytes, subsamples: list[tuple[int, int]]) -> bytes:
    head = iv + len(subsamples).to_bytes(2, "big")
    return head + b"".join(struct.pack(">HI", clear, protected) for clear, protected in subsamples)


def _protection_boxes(auxiliary: list[bytes], first_iv_offset: int = 0) -> bytes:
    sizes = [len(item) for item in auxiliary]
    count = len(sizes).to_bytes(4, "big")
    if min(sizes) == max(sizes):
        saiz = full_box(b"saiz", 0, 0, bytes((sizes[0],)), count)
    else:
        saiz = full_box(b"saiz", 0, 0, b"\x00", count, bytes(sizes))
    saio = full_box(b"saio", 0, 0, (1).to_bytes(4, "big"), first_iv_offset.to_bytes(4, "big"))
    return saiz + saio + full_box(b"senc", 0, _SENC_SUBSAMPLES, count, *auxiliary)
