"""Running the application under uvicorn."""

import re
import ssl
from pathlib import Path

import uvicorn
from cryptography import x509
from fastapi import FastAPI

from beffroi.base.metrics import open_metrics
from beffroi.domain.errors import BadInputError, BrokenError
from beffroi.domain.text import Text
from beffroi.server.app import create_app
from beffroi.server.centre import Centre

HTTPS_PORT = 443
_ADDRESS = re.compile(r"https://(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::([1-9][0-9]{0,4}))?")


def address_of(certificate: Path, port: int) -> str:
    """The address that people type: the first name of the server's certificate.

    Raises:
        BrokenError: the certificate names nobody.
    """
    loaded = x509.load_pem_x509_certificate(certificate.read_bytes())
    names = loaded.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    hosts = [*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))]
    if not hosts:
        raise BrokenError(
            Text(
                fr="Le certificat du serveur ne nomme aucune adresse : refaites-le avec « beffroi init ».",
                en="The server's certificate names no address: make it again with `beffroi init`.",
            )
        )
    return f"https://{hosts[0]}" if port == HTTPS_PORT else f"https://{hosts[0]}:{port}"


def public_address(text: str) -> str:
    """The address that people type, as the installer said it; as a browser sends it (no default port, small letters).

    Raises:
        BadInputError: not ``https://name`` or ``https://name:port``.
    """
    found = _ADDRESS.fullmatch(text.strip().removesuffix("/"))
    if found is None or int(found[1] or HTTPS_PORT) > 65_535:
        raise BadInputError(
            Text(
                fr=f"« {text[:80]} » n'est pas une adresse de centre : écrivez celle que les gens tapent, par exemple "
                "« https://csu.example.fr » ou « https://csu.example.fr:8443 ».",
                en=f"“{text[:80]}” is not the address of a centre: write the one that people type, for instance "
                "“https://csu.example.fr” or “https://csu.example.fr:8443”.",
            )
        )
    return found[0].lower().removesuffix(f":{HTTPS_PORT}")


def run_https(centre: Centre, *, host: str, port: int, tls: Path, metrics: str | None = None) -> None:
    """Serve over TLS 1.2 or newer until stopped. ``metrics``: see `beffroi.base.metrics.MetricsServer`.

    Raises:
        BadInputError: the metrics' address is not this machine's own.
    """
    app = create_app(centre)
    figures = open_metrics(metrics, app.state.collectors)
    config = config_of(app, host, port)
    config.ssl_certfile, config.ssl_keyfile = str(tls / "server.pem"), str(tls / "server.key")
    config.load()
    if config.ssl is not None:
        config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        uvicorn.Server(config).run()
    finally:
        if figures is not None:
            figures.close()


def run_loopback(centre: Centre, *, port: int) -> None:
    """Serve plain HTTP on 127.0.0.1 only (a browser counts it as a secure context): demo and tests."""
    uvicorn.Server(config_of(create_app(centre), "127.0.0.1", port)).run()


def config_of(app: FastAPI, host: str, port: int) -> uvicorn.Config:
    """How the application is served, whatever the transport: no compression, small messages, no version told."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws_max_size=65_536,
        ws_per_message_deflate=False,
        timeout_graceful_shutdown=2,
    )
