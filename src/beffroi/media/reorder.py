"""Decode times from presentation times: RTP carries only the latter, files need both.

With B-frames pictures come in decode order and their presentation times go up and down. The n-th decode time is the
smallest presentation time among this picture and the ``depth`` ones kept back, where ``depth`` is how many pictures may
come before one that is shown before them (max_num_reorder_frames, sps_max_num_reorder_pics). By construction it never
exceeds the presentation time, and with the right depth it always grows, lost pictures or not. No picture is held back.

When the parameter sets do not tell the depth, it is learnt: a run begins as if two pictures could be out of order, and
settles on what was seen with the first key frame after 48 pictures. Seeing more later ends the run, once.
"""

from bisect import insort
from typing import Final

from beffroi.media import h264, h265
from beffroi.media.codec import CodecConfig
from beffroi.media.nal import H264_SPS, H265_SPS, nal_type

WRAP: Final = 1 << 32
LONGEST_STEP_90K: Final = 10 * 90_000
MAX_DEPTH: Final = 16
_CAUTIOUS: Final = 2
_LEARNING: Final = 48
_USUAL_INTERVAL_90K: Final = 3600


def reorder_depth(config: CodecConfig) -> int | None:
    """How far out of order pictures of this stream may come, None when its parameter sets do not say."""
    parse, kind = (h264.parse_sps, H264_SPS) if config.codec == "h264" else (h265.parse_sps, H265_SPS)
    deepest: int | None = 0
    for item in config.parameter_sets:
        if nal_type(config.codec, item) == kind:
            depth = parse(item).reorder
            deepest = None if depth is None or deepest is None else max(deepest, depth)
    return deepest


class PresentationBreakError(Exception):
    """Presentation time leapt, or pictures come further out of order than was known: a new run must begin."""

    def __init__(self, step_90k: int) -> None:
        super().__init__(f"presentation time stepped by {step_90k / 90_000:.3f} s")
        self.step_90k = step_90k


class RtpTime:
    """Unwraps 32-bit RTP times; the first is taken as it is. Steps of up to 6 h either way are followed."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last: int | None = None

    def unwrap(self, rtp_time: int) -> int:
        """The time in 90 kHz without the fold at 32 bits."""
        if self._last is None:
            self._last = rtp_time
            return rtp_time
        step = (rtp_time - self._last) & 0xFFFFFFFF
        if step & 0x80000000:
            step -= WRAP
        self._last += step
        return self._last


class DecodeTimes:
    """Gives the decode times of one stream; keep it from run to run, `restart` it with each."""

    __slots__ = (
        "_first", "_forward", "_interval", "_kept", "_last", "_newest", "_pictures", "_recent", "_seen", "_strikes",
        "depth", "settled",
    )  # fmt: skip

    def __init__(self, depth: int | None) -> None:
        """``depth`` as the parameter sets tell it, None when they do not."""
        self.settled = depth is not None
        self.depth = min(MAX_DEPTH, depth) if depth is not None else _CAUTIOUS
        self._seen = 0
        self._strikes = 0 if depth is None else -1  # a camera's word is doubted the second time it proves wrong
        self._interval = _USUAL_INTERVAL_90K
        self.restart()

    def restart(self) -> None:
        """A run begins with the next picture. What was learnt stays."""
        self._kept: list[int] = []
        self._recent: list[int] = []
        self._newest: int | None = None
        self._pictures = self._first = self._last = 0
        self._forward = False

    def place(self, pts_90k: int, *, key: bool) -> int | None:
        """The decode time of the next picture of the run, in decode order.

        Args:
            pts_90k: presentation time, unwrapped.
            key: whether decoding may start here.

        Returns:
            The decode time; None for a picture that is shown before the first of the run: it needs pictures from
            before the run, cannot be decoded, and is to be left out.

        Raises:
            PresentationBreakError: the time leapt by more than 10 s, or went back further than the depth allows.
        """
        newest = self._newest
        if newest is not None and not self.depth and self.settled and 0 < pts_90k - newest <= LONGEST_STEP_90K:
            self._newest = self._last = pts_90k  # the common camera: no B-frames, and its parameter sets say so
            self._forward = True
            return pts_90k
        if newest is None:
            self._first = self._newest = self._last = pts_90k
            self._kept = [pts_90k - self._interval * late for late in range(self.depth, 0, -1)]
        else:
            step = pts_90k - newest
            if abs(step) > LONGEST_STEP_90K:
                raise PresentationBreakError(step)
            if pts_90k < self._first and not self._forward:
                return None
            if step > 0:
                self._newest, self._forward = pts_90k, True
            if not self.settled:
                self._learn(pts_90k, key)
            if pts_90k <= self._last:
                self._deepen(pts_90k)
                raise PresentationBreakError(step)
        if not self.depth:
            self._last = pts_90k
            return pts_90k
        insort(self._kept, pts_90k)
        dts = self._kept.pop(0)
        if newest is not None:
            self._interval = min(_USUAL_INTERVAL_90K * 30, max(1, dts - self._last))
        self._last = dts
        return dts

    def _learn(self, pts_90k: int, key: bool) -> None:
        """Watch how far out of order pictures come; settle once enough were seen."""
        self._pictures += 1
        self._seen = max(self._seen, sum(earlier > pts_90k for earlier in self._recent))
        self._recent.append(pts_90k)
        del self._recent[:-MAX_DEPTH]
        if key and self._pictures >= _LEARNING:
            self.settled = True
            del self._kept[: max(0, self.depth - self._seen)]
            self._kept[:0] = [self._last + tick for tick in range(1, 1 + self._seen - self.depth)]
            self.depth = self._seen

    def _deepen(self, pts_90k: int) -> None:
        """A picture came later than the depth allows. Unless its time stands still, one more may be out of order."""
        if pts_90k < self._last:
            self._strikes += 1
            if self._strikes > 0:
                self.depth = self._seen = min(MAX_DEPTH, max(self.depth + 1, self._seen))
