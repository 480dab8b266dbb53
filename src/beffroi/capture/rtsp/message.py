"""Framing of RTSP messages (RFC 2326 §4) in a byte stream that somebody hostile may write."""

import re
from dataclasses import dataclass
from typing import Final

from beffroi.capture.rtsp.errors import unreadable

MAX_HEAD_BYTES: Final = 16 << 10
MAX_BODY_BYTES: Final = 64 << 10
_HEAD_ENDS: Final = (b"\r\n\r\n", b"\n\n")
_STATUS = re.compile(r"RTSP/\d\.\d +(\d{3})(?: |\Z)", re.ASCII)
_REQUEST = re.compile(r"[A-Z_]{3,32} \S+ RTSP/\d\.\d\s*\Z", re.ASCII)
_DIGITS = re.compile(r"[0-9]{1,9}\Z")


@dataclass(frozen=True, slots=True, repr=False)
class Message:
    """An answer (``status`` 100 to 999) or a request of the camera's (``status`` 0). Header names in lower case."""

    status: int
    headers: dict[str, list[str]]
    body: bytes

    def header(self, name: str) -> str:
        """The first header of this name, empty when absent."""
        values = self.headers.get(name)
        return values[0] if values else ""


def read_message(data: bytes, at: int) -> tuple[Message | None, int]:
    """The message that begins at ``at``, and where it ends; (None, at) while it is not whole.

    Raises:
        SourceError: not RTSP, or more than a camera has to say.
    """
    ends = [(found, len(mark)) for mark in _HEAD_ENDS if (found := data.find(mark, at, at + MAX_HEAD_BYTES)) >= 0]
    if not ends:
        if len(data) - at >= MAX_HEAD_BYTES:
            raise unreadable("answer too long")
        if not _may_begin(data[at : at + 6]):
            raise unreadable("framing")
        return None, at
    head_end, mark = min(ends)
    status, headers = _read_head(data[at:head_end].decode("utf-8", "surrogateescape"))
    length = headers.get("content-length", ["0"])[0]
    if not _DIGITS.match(length) or int(length) > MAX_BODY_BYTES:
        raise unreadable("answer too long")
    body = head_end + mark
    end = body + int(length)
    if end > len(data):
        return None, at
    return Message(status, headers, data[body:end]), end


def _may_begin(start: bytes) -> bool:
    return b"RTSP/".startswith(start[:5]) or all(65 <= byte <= 90 or byte in {32, 95} for byte in start)


def _read_head(head: str) -> tuple[int, dict[str, list[str]]]:
    first, *lines = head.split("\n")
    answer = _STATUS.match(first.rstrip())
    if not answer and not _REQUEST.match(first):
        raise unreadable("framing")
    headers: dict[str, list[str]] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if colon:
            headers.setdefault(name.strip().lower(), []).append(value.strip())
    return int(answer[1]) if answer else 0, headers
