"""`beffroi keyring`: an authority's keys: create, prepare ahead, export the public halves, serve, list, another
passphrase."""

import json
import signal
import threading
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from beffroi.cli.passphrase import FdOption, FileOption, read_passphrase
from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from beffroi.vault.keyring import HourKeyring

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The hour keys of an authority.")

Ring = Annotated[Path, typer.Option("--ring", help="Folder of the keyring.")]
Term = Annotated[int, typer.Option("--term", help="Term in days, as in the prefect's order (1 to 31).")]
Days = Annotated[int, typer.Option("--days", min=1, max=366, help="How many days ahead.")]


@app.callback()
def _group() -> None:
    """The hour keys of an authority."""


@app.command()
def create(
    ring: Ring,
    authority: Annotated[str, typer.Option("--authority", help="For instance maire/99001.")],
    tz: Annotated[str, typer.Option("--tz", help="Legal time of the authority.")] = "Europe/Paris",
    passphrase_file: FileOption = None,
    passphrase_fd: FdOption = None,
) -> None:
    """Make a new, empty keyring under a passphrase."""
    from beffroi.domain.ids import AuthorityId
    from beffroi.vault.hourkeys import HourKeyring

    passphrase = read_passphrase(passphrase_file, passphrase_fd, confirm=True)
    HourKeyring.create(ring, AuthorityId(authority), passphrase, legal_tz=tz)
    print(f"Trousseau de {authority} créé / keyring created: {ring}")


@app.command()
def prepare(
    ring: Ring, term: Term, days: Days = 40, passphrase_file: FileOption = None, passphrase_fd: FdOption = None
) -> None:
    """Make the hour keys of the coming days; those that exist, or were destroyed, are left alone."""
    from beffroi.base.clock import SystemClock
    from beffroi.vault.hourkeys import HourKeyring, hour_of

    keyring = HourKeyring.open(ring, read_passphrase(passphrase_file, passphrase_fd))
    made = keyring.prepare(term, hour_of(SystemClock().wall_us()), days * 24)
    print(f"{made} clés faites / keys made ({keyring.authority}, {term} j/d, {days} j/d)")


@app.command()
def bundle(
    ring: Ring,
    term: Term,
    sheet_key: Annotated[Path, typer.Option("--sheet-key", help="The centre's Ed25519 private key (PEM).")],
    out: Annotated[Path, typer.Option("--out", help="Signed file for the recorder's `hours` folder.")],
    days: Days = 40,
    passphrase_file: FileOption = None,
    passphrase_fd: FdOption = None,
) -> None:
    """Write the signed public halves of the coming days, for recorders."""
    from beffroi.base.clock import SystemClock
    from beffroi.base.files import write_durable
    from beffroi.vault.hourkeys import HourKeyring, hour_of

    keyring = HourKeyring.open(ring, read_passphrase(passphrase_file, passphrase_fd))
    first = hour_of(SystemClock().wall_us())
    write_durable(out, keyring.public_bundle(term, first, days * 24, _private_key(sheet_key)), mode=0o644)
    print(f"{out}")


@app.command()
def passphrase(
    ring: Ring,
    new_file: Annotated[
        Path | None, typer.Option("--new-passphrase-file", help="File that holds the new one (mode 0600 or stricter).")
    ] = None,
    passphrase_file: FileOption = None,
    passphrase_fd: FdOption = None,
) -> None:
    """Change the passphrase. The keys stay; a copy of `ring.json` made before still opens with the old one."""
    from beffroi.vault.hourkeys import HourKeyring

    keyring = HourKeyring.open(ring, read_passphrase(passphrase_file, passphrase_fd))
    print("Nouvelle phrase de passe / new passphrase")
    keyring.change_passphrase(read_passphrase(new_file, None, confirm=True))
    print(f"Phrase de passe changée / passphrase changed: {keyring.authority}")


@app.command(name="list")
def list_(
    ring: Ring, as_json: Annotated[bool, typer.Option("--json", help="Machine-readable result.")] = False
) -> None:
    """Say what a keyring holds; needs no passphrase."""
    from beffroi.base.clock import SystemClock
    from beffroi.vault.hourkeys import HourKeyring

    keyring = HourKeyring.open(ring, None)
    due = keyring.due_hours(SystemClock().wall_us())
    terms = [_Held.of(keyring, term, sum(1 for days, _ in due if days == term)) for term in keyring.terms()]
    if as_json:
        rows = [asdict(item) for item in terms]
        print(json.dumps({"authority": keyring.authority, "legal_tz": keyring.legal_tz, "terms": rows}))
        return
    print(f"{keyring.authority} ({keyring.legal_tz})")
    for item in terms:
        print(
            f"  {item.term_days} j/d: {item.held} clés/keys, {item.first} → {item.last}, "
            f"{item.past_term} à détruire/to destroy"
        )


@dataclass(frozen=True)
class _Held:
    """What a ring holds for one term; ``first`` and ``last`` are the starts of hours, empty when none is held."""

    term_days: int
    held: int
    first: str
    last: str
    past_term: int

    @classmethod
    def of(cls, keyring: "HourKeyring", term_days: int, past_term: int) -> "_Held":
        from beffroi.domain.clock import instant
        from beffroi.vault.sealing import HOUR_US

        hours = keyring.held_hours(term_days)
        first, last = (instant(hours[n] * HOUR_US).isoformat() if hours else "" for n in (0, -1))
        return cls(term_days, len(hours), first, last, past_term)


@app.command()
def serve(
    ring: Ring,
    socket: Annotated[Path, typer.Option("--socket", help="Unix socket to answer on (mode 0660).")],
    gate_key: Annotated[Path, typer.Option("--gate-key", help="The gate's Ed25519 public key (PEM).")],
    clock_settled_by: Annotated[
        list[str] | None,
        typer.Option(help="Twice: two persons who have checked this machine's clock say that it is right now."),
    ] = None,
    passphrase_file: FileOption = None,
    passphrase_fd: FdOption = None,
) -> None:
    """The commune's own process: gives content keys under a lease, destroys hour keys at their term."""
    from beffroi.base.clock import BootClock
    from beffroi.base.log import configure
    from beffroi.vault.casekey_remote import answer_case, refusal_code
    from beffroi.vault.caserelease import LocalCases
    from beffroi.vault.clocksettle import two_persons
    from beffroi.vault.hourkeys import HourKeyring, LocalKeyrings
    from beffroi.vault.keyring_remote import KeyringServer
    from beffroi.vault.ringkeeper import RingKeeper
    from beffroi.vault.signed import load_public_keys

    configure()
    clock = BootClock()
    keyring = HourKeyring.open(ring, read_passphrase(passphrase_file, passphrase_fd), clock=clock)
    keeper = RingKeeper(keyring, ring, clock)
    if clock_settled_by is not None:
        keeper.settle(two_persons(*(clock_settled_by if len(clock_settled_by) == 2 else ("", ""))))
    releaser = LocalKeyrings([keyring], load_public_keys(gate_key)[0], watch=keeper.watch)
    cases = LocalCases([keyring], load_public_keys(gate_key)[0], watch=keeper.watch)
    also = partial(answer_case, cases)
    server = KeyringServer(socket, releaser, clock, ring=keyring, also=also, codes=refusal_code)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    thread = server.start()
    print(f"prêt / ready: {socket}", flush=True)
    try:
        keeper.run(stop)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        socket.unlink(missing_ok=True)


def _private_key(path: Path) -> "Ed25519PrivateKey":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise BadInputError(
            Text(
                fr=f"« {path.name} » n'est pas une clé privée Ed25519 (PEM) lisible.",
                en=f"“{path.name}” is not a readable Ed25519 private key (PEM).",
            )
        )
    return key
