"""The description of a stream (RFC 4566, RFC 2326 appendix C)."""

from simulate.nal import sdp_format
from simulate.packets import VIDEO_TYPE, Clip


def describe(clip: Clip, *, audio: bool) -> str:
    """One video track, and a G.711 A-law track when ``audio``: it exists to prove that a recorder leaves it."""
    fps = float(clip.fps)
    lines = [
        "v=0",
        "o=- 0 0 IN IP4 127.0.0.1",
        "s=Simulated camera",
        "c=IN IP4 0.0.0.0",
        "t=0 0",
        "a=control:*",
        "a=range:npt=now-",
        f"m=video 0 RTP/AVP {VIDEO_TYPE}",
        f"a=rtpmap:{VIDEO_TYPE} {clip.codec.upper()}/90000",
        f"a=fmtp:{VIDEO_TYPE} {sdp_format(clip.codec, clip.sets)}",
        f"a=framerate:{fps:g}",
        "a=control:video",
    ]
    if audio:
        lines += ["m=audio 0 RTP/AVP 8", "a=rtpmap:8 PCMA/8000", "a=control:audio"]
    return "\r\n".join(lines) + "\r\n"
