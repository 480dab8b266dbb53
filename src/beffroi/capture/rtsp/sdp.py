"""What a camera says of its streams (SDP, RFC 8866), of which the first H.264 or H.265 video is of use."""

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import Final

from beffroi.capture.rtsp.errors import unreadable
from beffroi.media.nal import Codec, split_annexb

_CODECS: Final[dict[str, Codec]] = {"H264": "h264", "H265": "h265", "HEVC": "h265"}
_SPROP: Final[dict[Codec, tuple[str, ...]]] = {
    "h264": ("sprop-parameter-sets",),
    "h265": ("sprop-vps", "sprop-sps", "sprop-pps"),
}
_MAX_LINES: Final = 2000
_MAX_SETS: Final = 64
_RTPMAP = re.compile(r"(\d{1,3})\s+([A-Za-z0-9.-]+)/(\d{1,9})")


@dataclass(frozen=True, slots=True)
class Track:
    """The video to set up. ``sets`` are its parameter sets as far as the description gives them; ``control`` as
    written; ``donl``: H.265 units carry decoding order numbers."""

    codec: Codec
    payload_type: int
    control: str
    sets: tuple[bytes, ...]
    donl: bool


@dataclass(slots=True)
class _Media:
    types: list[int]
    control: str = ""
    maps: dict[int, tuple[str, int]] = field(default_factory=dict)
    formats: dict[int, str] = field(default_factory=dict)


def read_sdp(body: bytes) -> tuple[Track, str]:
    """The track to set up, and the control of the whole session (empty when absent).

    Raises:
        SourceError: no H.264 or H.265 video in it, or in a form that is refused.
    """
    medias: list[_Media] = []
    media: _Media | None = None
    session_control, in_session = "", True
    for line in body.decode("utf-8", "replace").splitlines()[:_MAX_LINES]:
        kind, equals, value = line.strip().partition("=")
        if not equals:
            continue
        if kind == "m":
            in_session, media = False, _media(value)
            if media:
                medias.append(media)
        elif kind == "a" and in_session:
            name, _, rest = value.partition(":")
            if name.lower() == "control":
                session_control = rest.strip()
        elif kind == "a" and media is not None:
            _attribute(media, value)
    for found in medias:
        for payload_type in found.types:
            name, clock = found.maps.get(payload_type, ("", 0))
            if name in _CODECS:
                return _track(found, payload_type, _CODECS[name], clock), session_control
    raise unreadable("no H.264 or H.265 video")


def _media(value: str) -> _Media | None:
    parts = value.split()
    if len(parts) < 4 or parts[0].lower() != "video":
        return None
    return _Media([int(one) for one in parts[3:] if one.isascii() and one.isdigit() and int(one) < 128])


def _attribute(media: _Media, value: str) -> None:
    name, _, rest = value.partition(":")
    rest = rest.strip()
    match name.strip().lower():
        case "control":
            media.control = rest
        case "rtpmap":
            if found := _RTPMAP.match(rest):
                media.maps.setdefault(int(found[1]), (found[2].upper(), int(found[3])))
        case "fmtp":
            payload_type, _, parameters = rest.partition(" ")
            if payload_type.isascii() and payload_type.isdigit():
                media.formats.setdefault(int(payload_type), parameters)


def _track(media: _Media, payload_type: int, codec: Codec, clock: int) -> Track:
    if clock != 90_000:
        raise unreadable("video clock")
    parameters: dict[str, str] = {}
    for one in media.formats.get(payload_type, "").split(";"):
        name, _, value = one.partition("=")
        parameters.setdefault(name.strip().lower(), value.strip())
    if codec == "h264" and parameters.get("packetization-mode", "0") == "2":
        raise unreadable("interleaved packetization")
    sets: list[bytes] = []
    for name in _SPROP[codec]:
        for written in parameters.get(name, "").split(",")[:_MAX_SETS]:
            try:
                one_set = base64.b64decode(written.strip() + "=" * (-len(written.strip()) % 4), validate=True)
            except (binascii.Error, ValueError):
                continue  # the stream carries them as well: every camera sends them with its key frames
            sets += split_annexb(b"\0\0\1" + one_set)  # some cameras put start codes in, or several sets in one
    donl = parameters.get("sprop-max-don-diff", "0") != "0"
    return Track(codec, payload_type, media.control, tuple(sets), donl)
