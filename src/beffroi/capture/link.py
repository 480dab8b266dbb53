"""One connection to a camera that never makes anyone wait: TCP, and TLS above it for ``rtsps``.

The certificate of a camera is not verified (hardly any has one that could be): TLS keeps the password and the pictures
from whoever listens, not from whoever stands in between.
"""

import errno
import select
import socket
import ssl
from dataclasses import dataclass
from functools import cache
from typing import Final, Self

from beffroi.capture.ends import RunEnd
from beffroi.capture.rtsp import Address, SourceError

_MAX_WAITING_BYTES: Final = 256 * 1024
_IN: Final = select.EPOLLIN
_OUT: Final = select.EPOLLOUT


@dataclass(frozen=True, slots=True)
class Target:
    """An address that a socket understands."""

    family: int
    address: tuple[str, int]

    @classmethod
    def literal(cls, address: Address) -> Self | None:
        """Where to connect when the host is a number; None when it is a name to resolve."""
        for family in (socket.AF_INET, socket.AF_INET6):
            try:
                socket.inet_pton(family, address.host)
            except OSError:
                continue
            return cls(family, (address.host, address.port))
        return None


class Link:
    """A socket being connected, then open. ``events`` is what to wait for; `advance` until `open`."""

    def __init__(self, target: Target, address: Address) -> None:
        """Begin to connect.

        Raises:
            SourceError: refused at once.
        """
        self.open = False
        self.events = _OUT
        self._waiting = b""
        self._tls: ssl.SSLSocket | None = None
        self._host = address.host if address.secure else None
        self._sock: socket.socket = socket.socket(target.family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        failed = self._sock.connect_ex(target.address)
        if failed not in {0, errno.EINPROGRESS}:
            self.close()
            raise _refused(failed)

    @property
    def reached(self) -> bool:
        """Whether the camera's machine took the connection, TLS or not."""
        return self.open or self._tls is not None

    @property
    def buffered(self) -> bool:
        """Whether TLS holds bytes that epoll knows nothing of: read until `receive` gives 0."""
        return self._tls is not None

    def fileno(self) -> int:
        """For epoll."""
        return self._sock.fileno()

    def advance(self) -> bool:
        """The socket is ready for what was waited for: go on connecting. True once it is open.

        Raises:
            SourceError: the camera cannot be reached, or does not speak TLS.
        """
        if self.open:
            return True
        if self._tls is None:
            failed = self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if failed:
                raise _refused(failed)
            if self._host is None:
                return self._opened()
            self._tls = _tls().wrap_socket(self._sock, server_hostname=self._host, do_handshake_on_connect=False)
            self._sock = self._tls
        return self._shake()

    def send(self, data: bytes) -> None:
        """Send, now or when the camera takes it.

        Raises:
            SourceError: the camera is gone, or takes nothing.
        """
        self._waiting += data
        if self._waiting and self.open:
            self._flush()

    def flush(self) -> None:
        """The socket takes more."""
        if self._waiting:
            self._flush()

    def receive(self, buffer: memoryview) -> int:
        """Read into a buffer: how many bytes, 0 when there is nothing now.

        Raises:
            SourceError: the camera closed.
        """
        try:
            count = self._sock.recv_into(buffer)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError, InterruptedError):
            return 0
        except OSError as error:
            raise _lost(error) from None
        if not count:
            raise SourceError(RunEnd.CLOSED, "end")
        return count

    def close(self) -> None:
        """Let go of the socket. What waits is lost."""
        self._sock.close()

    def _opened(self) -> bool:
        self.open = True
        self.events = _IN
        if self._waiting:
            self._flush()
        return True

    def _shake(self) -> bool:
        assert self._tls is not None  # noqa: S101  wrapped just before
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self.events = _IN
        except ssl.SSLWantWriteError:
            self.events = _OUT
        except OSError as error:
            raise SourceError(RunEnd.REFUSED, type(error).__name__) from None
        else:
            return self._opened()
        return False

    def _flush(self) -> None:
        try:
            sent = self._sock.send(self._waiting)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError, InterruptedError):
            sent = 0
        except OSError as error:
            raise _lost(error) from None
        self._waiting = self._waiting[sent:]
        if len(self._waiting) > _MAX_WAITING_BYTES:
            raise SourceError(RunEnd.STALLED, "takes nothing")
        self.events = _IN | _OUT if self._waiting else _IN


def _refused(number: int) -> SourceError:
    stalled = number in {errno.ETIMEDOUT}
    return SourceError(RunEnd.STALLED if stalled else RunEnd.REFUSED, errno.errorcode.get(number, ""))


def _lost(error: OSError) -> SourceError:
    stalled = error.errno == errno.ETIMEDOUT
    return SourceError(RunEnd.STALLED if stalled else RunEnd.CLOSED, type(error).__name__)


@cache
def _tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # old cameras have short keys: better than a password in clear
    return context
