"""`beffroi serve`: the centre, over HTTPS."""

from pathlib import Path
from typing import Annotated

import typer

from beffroi.domain.errors import BadInputError
from beffroi.domain.ids import AuthorityId
from beffroi.domain.text import Text

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help="The centre: what people touch.")


@app.callback(invoke_without_command=True)
def serve(
    data: Annotated[Path, typer.Option(help="data folder prepared by `beffroi init`")],
    host: Annotated[str, typer.Option(help="address to listen on")] = "0.0.0.0",  # noqa: S104  a server of a centre
    port: Annotated[int, typer.Option(min=1, max=65535, help="TCP port to listen on")] = 443,
    address: Annotated[
        str | None,
        typer.Option(
            help="what people type, where it is not the certificate's first name with this port: https://name[:port]"
        ),
    ] = None,
    passphrase_file: Annotated[
        Path | None, typer.Option(help="file (or systemd credential) that holds the keyrings' passphrase")
    ] = None,
    locked: Annotated[bool, typer.Option(help="start with every keyring locked: live only, no replay")] = False,
    database: Annotated[str | None, typer.Option(help="SQLAlchemy URL instead of the folder's SQLite file")] = None,
    remote_keyring: Annotated[
        list[str] | None,
        typer.Option(help="AUTHORITY=SOCKET of a commune's own `beffroi keyring serve`; repeat for each"),
    ] = None,
    signer: Annotated[
        Path | None, typer.Option(help="socket of a `beffroi ledger signer` under its own user; a child by default")
    ] = None,
    trusted_proxy: Annotated[
        list[str] | None,
        typer.Option(help="address or network of a reverse proxy whose X-Forwarded-For is believed; repeat for each"),
    ] = None,
    log_level: Annotated[str, typer.Option(help="DEBUG, INFO, WARNING or ERROR")] = "INFO",
    metrics: Annotated[
        str | None, typer.Option(help="Prometheus figures for this machine alone: 127.0.0.1:9102 or unix:/path")
    ] = None,
) -> None:
    """Serve the centre over HTTPS. The keyrings' passphrase is asked for, or read from a file; never an argument."""
    from beffroi.base import log
    from beffroi.cli.passphrase import read_passphrase
    from beffroi.cli.signerchild import SignerChild
    from beffroi.ledger.remotesigner import RemoteSigner
    from beffroi.server.centre import open_centre
    from beffroi.server.proxied import proxy_network
    from beffroi.server.run import address_of, public_address, run_https

    log.configure(level=log_level)
    typed = None if address is None else public_address(address)
    proxies = [proxy_network(text) for text in trusted_proxy or []]
    tls = data / "centre" / "tls"
    if not (tls / "server.pem").exists():
        raise BadInputError(
            Text(
                fr="Le certificat du serveur manque : préparez le dossier avec « beffroi init ».",
                en="The server's certificate is missing: prepare the folder with `beffroi init`.",
            )
        )
    passphrase = None if locked else read_passphrase(passphrase_file, None)
    typed = typed or address_of(tls / "server.pem", port)
    children: list[SignerChild] = []

    def signs() -> RemoteSigner:
        if signer is not None:
            return RemoteSigner(signer)
        children.append(SignerChild(data))
        return children[0].signer()

    centre = open_centre(
        data,
        passphrase=passphrase,
        address=typed,
        origins=[typed],
        https=True,
        database=database,
        remote_keyrings=dict(_remote(text) for text in remote_keyring or []),
        signer=signs,
        proxies=proxies,
    )
    try:
        run_https(centre, host=host, port=port, tls=tls, metrics=metrics)
    finally:
        for child in children:
            child.stop()


def _remote(text: str) -> tuple[AuthorityId, Path]:
    authority, equals, path = text.partition("=")
    if not (authority and equals and path):
        raise BadInputError(
            Text(
                fr=f"« {text[:80]} » ne se lit pas : écrivez autorité=socket, par exemple « "
                "maire/99001=/run/beffroi/99001.sock ».",
                en=f"“{text[:80]}” cannot be read: write authority=socket, for instance "
                "“maire/99001=/run/beffroi/99001.sock”.",
            )
        )
    return AuthorityId(authority), Path(path)
