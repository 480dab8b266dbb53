"""An RTSP client without input or output: bytes in, access units and bytes out (RFC 2326 over one TCP connection)."""

from beffroi.capture.rtsp.address import Address
from beffroi.capture.rtsp.errors import SourceError
from beffroi.capture.rtsp.session import Session

__all__ = ["Address", "Session", "SourceError"]
