"""One access unit of one stream, as every room passes it on."""

from dataclasses import dataclass


@dataclass(slots=True)  # nobody changes one; to have that enforced costs a microsecond a picture
class Frame:
    """One picture, still coded.

    ``data`` holds NAL units, each prefixed by its length on 4 bytes, big-endian, without access unit delimiters and
    without parameter sets. ``key`` says that decoding may start here (IDR, CRA, an I picture of H.264 that is a
    recovery point at once). Times in 90 kHz ticks are unwrapped and count from the start of the run, whose first
    ``dts_90k`` is 0. ``duration_90k`` is 0 while unknown.
    ``arrival_us`` is our wall clock when the packet came; ``camera_us`` the camera's own, when it tells it.
    """

    data: bytes
    key: bool
    dts_90k: int
    pts_90k: int
    duration_90k: int
    arrival_us: int
    camera_us: int | None = None
