"""Figures for those who look after the machine, in Prometheus' text format, on this machine only.

Nothing here is for the people who watch: no person, no view, no search is counted by name. The listener opens on a
loopback address or a Unix socket, and only when asked for.
"""

import contextlib
import ipaddress
import socket
import socketserver
import threading
from collections.abc import Iterable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Final

from prometheus_client import CollectorRegistry, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text

disable_created_metrics()  # type: ignore[no-untyped-call]  # when counting began is in `…_start_time_seconds`

_UNIX: Final = "unix:"
_SLOW_S: Final = 5.0


class MetricsServer:
    """Serves ``GET /metrics``. ``where``: ``127.0.0.1:9101``, ``[::1]:9101`` or ``unix:/run/beffroi/metrics.sock``.

    Raises:
        BadInputError: not a loopback address, not an absolute path, or the address is taken.
    """

    def __init__(self, where: str, registry: CollectorRegistry) -> None:
        self._path: Path | None = None
        try:
            self._server = self._listen(where, registry)
        except OSError as error:
            raise BadInputError(
                Text(
                    fr=f"L'adresse des mesures « {where} » n'a pas pu être ouverte ({error.strerror}) : choisissez-en "
                    "une autre.",
                    en=f"The metrics address “{where}” could not be opened ({error.strerror}): choose another one.",
                )
            ) from error
        threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True).start()

    @property
    def port(self) -> int:
        """The TCP port; 0 on a Unix socket."""
        address = self._server.server_address
        return int(address[1]) if isinstance(address, tuple) else 0

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _listen(self, where: str, registry: CollectorRegistry) -> "_Server":
        if where.startswith(_UNIX):
            path = Path(where.removeprefix(_UNIX))
            if not path.is_absolute():
                raise _refused(where)
            path.unlink(missing_ok=True)
            self._path = path
            server = _Server(socket.AF_UNIX, str(path), registry)
            path.chmod(0o660)
            return server
        host, _, port = where.rpartition(":")
        try:
            address = ipaddress.ip_address(host.strip("[]"))
            number = int(port)
        except ValueError as error:
            raise _refused(where) from error
        if not address.is_loopback or not 0 <= number < 65_536:
            raise _refused(where)
        family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
        return _Server(family, (str(address), number), registry)


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """One thread a request; each is short."""

    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False

    def __init__(self, family: socket.AddressFamily, address: Any, registry: CollectorRegistry) -> None:
        self.address_family = family
        self.registry = registry
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A reader that goes away is no event of ours."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _SLOW_S

    def do_GET(self) -> None:
        """The figures of now."""
        if self.path.partition("?")[0] != "/metrics":
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        body = generate_latest(self.server.registry)
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", CONTENT_TYPE_LATEST)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(body)

    def version_string(self) -> str:
        """No version is told."""
        return "beffroi"

    def address_string(self) -> str:
        """A Unix socket's client has none."""
        return "local"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name that http.server gives
        """Scrapes are not events."""


def open_metrics(where: str | None, collectors: Iterable[Any]) -> MetricsServer | None:
    """Start serving these collectors; None: not asked for.

    Raises:
        BadInputError: as `MetricsServer`.
    """
    if where is None:
        return None
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    return MetricsServer(where, registry)


def text_of(collector: Any) -> str:
    """What one collector has to say now, in the text format."""
    registry = CollectorRegistry()
    registry.register(collector)
    return generate_latest(registry).decode()


def _refused(where: str) -> BadInputError:
    return BadInputError(
        Text(
            fr=f"Les mesures ne s'ouvrent que sur cette machine : « {where[:80]} » n'est ni une adresse de boucle "
            "(127.0.0.1:9101) ni un socket Unix (unix:/run/beffroi/mesures.sock).",
            en=f"Metrics open on this machine only: “{where[:80]}” is neither a loopback address (127.0.0.1:9101) nor "
            "a Unix socket (unix:/run/beffroi/metrics.sock).",
        )
    )
