"""`beffroi init`: a data folder ready for a centre and a recorder, and the link of the first administrator."""

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from beffroi.base.clock import SystemClock
from beffroi.base.db import open_engine
from beffroi.base.files import write_durable
from beffroi.base.secrets import SecretBox, load_or_create_key, private_folder, read_signing_key, write_secret
from beffroi.cli.founding import ADMINISTRATOR, Named, first_facts, parse_commune, parse_epci
from beffroi.cli.passphrase import FdOption, FileOption, read_passphrase
from beffroi.cli.tls import make_certificates
from beffroi.domain.clock import now
from beffroi.domain.errors import BadInputError
from beffroi.domain.ids import AuthorityId, authority_slug
from beffroi.domain.text import Text
from beffroi.evidence.key import evidence_key
from beffroi.identity import Identity, Invitation, NewAccount, Role
from beffroi.identity.roles import LABELS
from beffroi.ledger.ledger import DEFAULT_ORIGIN, Ledger
from beffroi.ledger.note import Verifier
from beffroi.registry.changes import LedgerRegister
from beffroi.registry.migrate import upgrade
from beffroi.registry.store import Registry
from beffroi.vault.credentials import RecorderIdentity
from beffroi.vault.keyring import HourKeyring
from beffroi.vault.ringfile import KdfCost

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help="Prepare a data folder.")

_SHARED_MODE: Final = 0o750
"""Folders that the recorder's and the centre's users both enter, once given to their common group."""

_CHEAP: Final = KdfCost(memory_kib=1024, passes=1, lanes=1)


def prepare_folder(
    data: Path, *, host: str, authorities: Sequence[AuthorityId], passphrase: str, cheap_keyrings: bool = False
) -> None:
    """Make folders, keys, certificates and one keyring for each authority.

    Args:
        data: the data folder; may exist, but hold neither a centre nor a recorder.
        host: what consoles type, without a port.
        authorities: whose hour keys this machine keeps.
        passphrase: opens their keyrings; at least 12 characters.
        cheap_keyrings: spend less on each keyring's passphrase; only for a passphrase drawn at random.

    Raises:
        BadInputError: already prepared, a bad host, a short passphrase.
    """
    centre, recorder = data / "centre", data / "recorder"
    if centre.exists() or recorder.exists():
        raise BadInputError(
            Text(
                fr=f"« {data.name} » est déjà préparé : rien n'a été touché.",
                en=f"“{data.name}” is already prepared: it was left alone.",
            )
        )
    for folder in (data, recorder, data / "run", *(recorder / name for name in ("trust", "sheets", "hours"))):
        private_folder(folder).chmod(_SHARED_MODE)
    hidden, tls, rings = (private_folder(centre / name) for name in ("secrets", "tls", "keyrings"))
    private_folder(centre)
    make_certificates(tls, hidden, host, now(SystemClock()))
    public = {name: _make_key(hidden / f"{name}.key") for name in ("gate", "sheet", "register")}
    for name in ("gate", "sheet"):
        write_durable(recorder / "trust" / f"{name}.pub", public[name], mode=0o644)
    register = Verifier(DEFAULT_ORIGIN, read_signing_key(hidden / "register.key").public_key())
    write_durable(recorder / "trust" / "register.vkey", register.encode().encode() + b"\n", mode=0o644)
    load_or_create_key(hidden / "factors.key")
    evidence_key(hidden)
    RecorderIdentity.open_or_create(recorder)
    cost = _CHEAP if cheap_keyrings else KdfCost()
    for authority in authorities:
        HourKeyring.create(rings / authority_slug(authority), authority, passphrase, cost=cost)


def found_centre(data: Path, communes: Sequence[Named], epci: Named | None) -> Invitation:
    """Make the database and the register, enter the first bodies and persons, open the first administrator's account.

    Returns the administrator's one-time link (its token is kept nowhere).
    """
    folder, clock = data / "centre", SystemClock()
    bodies, persons = first_facts(communes, epci)
    engine = open_engine(f"sqlite:///{folder / 'beffroi.sqlite'}")
    ledger = Ledger.open(folder / "ledger", clock, read_signing_key(folder / "secrets" / "register.key"))
    try:
        upgrade(engine)
        Registry(engine, clock, register=LedgerRegister(ledger)).found(bodies, persons)
        identity = Identity(engine, SecretBox(load_or_create_key(folder / "secrets" / "factors.key")), clock)
        role = Role.ADMINISTRATOR
        return identity.bootstrap(NewAccount("administrateur", ADMINISTRATOR, role, LABELS[role]))
    finally:
        ledger.close()
        engine.dispose()


@app.callback(invoke_without_command=True)
def init(
    data: Annotated[Path, typer.Option(help="folder to prepare; it must not exist, or be empty")],
    host: Annotated[str, typer.Option(help="name or address that consoles will type")],
    commune: Annotated[list[str], typer.Option(help="INSEE:name of a commune served; repeat for each")],
    epci: Annotated[str | None, typer.Option(help="SIREN:name of the EPCI that pools them, if any")] = None,
    generate: Annotated[bool, typer.Option("--generate-passphrase", help="draw the passphrase, print it once")] = False,
    passphrase_file: FileOption = None,
    passphrase_fd: FdOption = None,
) -> None:
    """Prepare a data folder: keys, certificates, keyrings, database, register, first administrator."""
    communes = [parse_commune(text) for text in commune]
    pool = parse_epci(epci) if epci is not None else None
    first_facts(communes, pool)  # refused before anything is written
    if data.exists() and any(data.iterdir()):
        raise BadInputError(
            Text(
                fr=f"« {data} » n'est pas vide : rien n'a été touché. Choisissez un dossier neuf.",
                en=f"“{data}” is not empty: it was left alone. Choose a new folder.",
            )
        )
    passphrase = (
        secrets.token_urlsafe(24) if generate else read_passphrase(passphrase_file, passphrase_fd, confirm=True)
    )
    authorities = [AuthorityId(f"maire/{one.code}") for one in communes]
    prepare_folder(data, host=host, authorities=authorities, passphrase=passphrase)
    link = found_centre(data, communes, pool)
    if generate:
        print("Phrase de passe des trousseaux, affichée cette seule fois / keyrings' passphrase, shown once:")
        print(f"  {passphrase}")
    print("Compte « administrateur », lien à usage unique, 48 h / one-time link, 48 h:")
    print(f"  https://{host}/invitation#{link.token}")
    print("Autorité à installer sur les postes / authority to install on consoles:")
    print(f"  {data / 'centre' / 'tls' / 'ca.pem'}")


def _make_key(path: Path) -> bytes:
    """A new Ed25519 key in a secret file; its public half as PEM."""
    key = Ed25519PrivateKey.generate()
    write_secret(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
