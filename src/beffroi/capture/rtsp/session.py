"""One RTSP session over one byte stream, without sockets and clocks: bytes in, access units out, bytes to send."""

import secrets
from typing import Final

from beffroi.capture.ends import RunEnd
from beffroi.capture.rtsp.address import Address
from beffroi.capture.rtsp.dialogue import Dialogue
from beffroi.capture.rtsp.errors import SourceError, unreadable
from beffroi.capture.rtsp.message import Message, read_message
from beffroi.capture.rtsp.rtcp import SenderReport, read_rtcp, receiver_report
from beffroi.media.errors import MalformedMediaError
from beffroi.media.nal import Codec
from beffroi.media.rtp import AccessUnit, Bytes, Depacketiser
from beffroi.media.rtp_h264 import H264Depacketiser
from beffroi.media.rtp_h265 import H265Depacketiser

ANSWER_S: Final = 5.0
"""A camera that does not answer a request within this is stalled."""

DATA_S: Final = 10.0
"""A camera that plays and gives no picture for this long is stalled, whatever else it sends."""

REPORT_S: Final = 5.0
_DOLLAR: Final = 0x24
_WHITE: Final = frozenset(b"\r\n")


class Session:
    """A session with a camera, from OPTIONS to TEARDOWN.

    Send what `to_send` gives, give `receive` what comes, call `tick` about once a second. Every end is a `SourceError`,
    of `receive` or of `tick`; pictures that came before it in the same bytes are given first. Nothing of the address or
    of the password is in its texts or in this object's repr.
    """

    def __init__(self, url: str, *, now_s: float) -> None:
        """Begin: ``url`` with user and password, ``now_s`` of a monotonic clock, in seconds.

        Raises:
            SourceError: not an RTSP address.
        """
        self.address = Address.parse(url)
        self._dialogue = Dialogue(self.address)
        self._video: Depacketiser | None = None
        self._rest = b""
        self._failed: SourceError | None = None
        self._asked_s = self._data_s = self._kept_s = self._reported_s = now_s
        self._report: SenderReport | None = None
        self._report_s = now_s
        self._told = (0, 0)
        self._own_ssrc = secrets.randbits(32)

    def __repr__(self) -> str:
        return f"Session(playing={self.playing})"

    @property
    def playing(self) -> bool:
        """Whether the camera agreed to play."""
        return self._dialogue.playing

    @property
    def codec(self) -> Codec | None:
        """The video's codec, None until the camera described its streams."""
        return self._dialogue.track.codec if self._dialogue.track else None

    @property
    def sets(self) -> tuple[bytes, ...]:
        """The parameter sets of the description; maybe none, maybe not those of the stream."""
        return self._dialogue.track.sets if self._dialogue.track else ()

    @property
    def rtp_lost(self) -> int:
        """RTP packets of the video that are missing, by their numbers."""
        return self._video.lost if self._video else 0

    def to_send(self) -> bytes:
        """The bytes to send to the camera, given once; often empty."""
        return self._dialogue.to_send()

    def receive(self, data: Bytes, now_s: float) -> list[AccessUnit]:
        """Take bytes from the camera, cut anywhere. ``data`` is not kept: a buffer may be used again.

        Raises:
            SourceError: the session ended.
        """
        if self._failed is not None:
            raise self._failed
        whole = self._rest + data if self._rest else data
        out: list[AccessUnit] = []
        try:
            at = self._take(whole, out, now_s)
            self._rest = bytes(whole[at:])
            if out:
                self._data_s = now_s
        except MalformedMediaError as error:
            self._fail(unreadable(error.what), out)
        except SourceError as error:
            self._fail(error, out)
        return out

    def tick(self, now_s: float) -> None:
        """Let time pass: keep-alive, receiver reports, time-outs. Call `to_send` afterwards.

        Raises:
            SourceError: the camera does not answer, or plays and sends no picture.
        """
        if self._failed is not None:
            raise self._failed
        dialogue = self._dialogue
        if not dialogue.playing:
            if now_s - self._asked_s > ANSWER_S:
                raise SourceError(RunEnd.STALLED, "no answer")
            return
        if now_s - self._data_s > DATA_S:
            raise SourceError(RunEnd.STALLED, "no picture")
        if now_s - self._kept_s >= dialogue.timeout_s / 2:
            self._kept_s = now_s
            dialogue.keep_alive()
        if now_s - self._reported_s >= REPORT_S:
            self._reported_s = now_s
            self._answer_reports(now_s)

    def close(self) -> bytes:
        """The bytes that end the session (TEARDOWN), empty when there is none."""
        self._dialogue.teardown()
        return self._dialogue.to_send()

    def _fail(self, error: SourceError, out: list[AccessUnit]) -> None:
        self._failed = error
        self._rest = b""
        if not out:
            raise error

    def _take(self, data: Bytes, out: list[AccessUnit], now_s: float) -> int:
        at, end, video = 0, len(data), self._video
        while at < end:
            if data[at] != _DOLLAR:
                if data[at] in _WHITE:
                    at += 1
                    continue
                message, after = read_message(bytes(data), at)
                if message is None:
                    break
                at = after
                self._message(message, now_s)
                video = self._video = self._video or self._begin()
                continue
            if video is not None:
                before, at = at, video.interleaved(data, at, out)
                if at > before:
                    continue
            if end - at < 4:
                break
            stop = at + 4 + (data[at + 2] << 8 | data[at + 3])
            if stop > end:
                break
            if video is not None and data[at + 1] == self._dialogue.channels[1]:
                self._reports(video, data, at + 4, stop, now_s)
            at = stop
        return at

    def _begin(self) -> Depacketiser | None:
        """The video's depacketiser, once it was set up."""
        track, dialogue = self._dialogue.track, self._dialogue
        if track is None or not dialogue.is_set_up:
            return None
        video: Depacketiser
        if track.codec == "h264":
            video = H264Depacketiser(track.payload_type)
        else:
            video = H265Depacketiser(track.payload_type, donl=track.donl)
        video.on_channel(dialogue.channels[0])
        return video

    def _message(self, message: Message, now_s: float) -> None:
        was_playing = self._dialogue.playing
        self._dialogue.take(message)
        self._asked_s = now_s
        if self._dialogue.playing and not was_playing:
            self._data_s = self._kept_s = self._reported_s = now_s

    def _reports(self, video: Depacketiser, data: Bytes, start: int, end: int, now_s: float) -> None:
        report, bye = read_rtcp(data, start, end)
        if report is not None:
            self._report, self._report_s = report, now_s
            video.clock.report(report.wall_us, report.rtp_time)
        if bye:
            raise SourceError(RunEnd.CLOSED, "bye")

    def _answer_reports(self, now_s: float) -> None:
        video = self._video
        if video is None or video.ssrc is None:
            return
        received, lost = video.received - self._told[0], video.lost - self._told[1]
        self._told = (video.received, video.lost)
        packet = receiver_report(
            own_ssrc=self._own_ssrc,
            ssrc=video.ssrc,
            highest_sequence=video.highest_sequence,
            lost=video.lost,
            fraction=min(255, 256 * lost // max(1, received + lost)),
            last_report=self._report.ntp_middle if self._report else 0,
            since_report_s=now_s - self._report_s,
        )
        head = bytes((_DOLLAR, self._dialogue.channels[1])) + len(packet).to_bytes(2, "big")
        self._dialogue.send(head + packet)
