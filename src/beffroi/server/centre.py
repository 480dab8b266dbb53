"""The centre's parts, wired once for a process. Nothing here decides anything."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine

from beffroi.base.bus import Bus
from beffroi.base.clock import BootClock
from beffroi.base.db import open_engine
from beffroi.base.secrets import SecretBox, load_or_create_key, read_signing_key
from beffroi.capture.client import RecorderClient
from beffroi.domain.acts import Act
from beffroi.domain.clock import Clock
from beffroi.domain.errors import BrokenError
from beffroi.domain.facts import Facts
from beffroi.domain.ids import AuthorityId, PersonId
from beffroi.domain.text import Text
from beffroi.evidence.key import evidence_key
from beffroi.gate.restored import RestoredMark
from beffroi.identity.service import Identity
from beffroi.law import archive
from beffroi.law.engine import LawEngine
from beffroi.law.packs.fr.reasons import REASONS
from beffroi.law.sentences import contracted
from beffroi.law.visible import VisibleCamera
from beffroi.ledger.entry import Entry, EntryKind
from beffroi.ledger.ledger import Ledger
from beffroi.ledger.signing import Signer
from beffroi.registry.announcer import Announcer
from beffroi.registry.attachments import Attachments
from beffroi.registry.changes import LedgerRegister
from beffroi.registry.decider import RegistryDecider
from beffroi.registry.migrate import upgrade
from beffroi.registry.papers_check import validator
from beffroi.registry.store import Registry
from beffroi.server.duty import Duties
from beffroi.server.herald import Herald
from beffroi.server.hourmirror import HourMirror
from beffroi.server.keeping import RegisterTerm
from beffroi.server.keyrings import CaseRings, case_rings, keyrings
from beffroi.server.lists import CameraLists
from beffroi.server.notices import Level, Notice
from beffroi.server.posts import Posts
from beffroi.server.proxied import Network
from beffroi.server.screens import Screens
from beffroi.server.supply import Supply
from beffroi.server.witnessing import Witnessing
from beffroi.vault.keyring import HourKeyring
from beffroi.vault.keyring_remote import RemoteKeyring
from beffroi.vault.release import KeyReleaser

DEMO_MARK: Final = "DEMO"

_OFFICES: Final = {
    "president-cd": Text(fr="président du conseil départemental", en="president of the département"),
    "controller": Text(fr="responsable du système", en="controller of the system"),
    "chief": Text(fr="chef du service", en="chief of the service"),
    "own": Text(fr="propre autorité", en="own authority"),
    "procureur": Text(fr="procureur de la République", en="public prosecutor"),
    "juge": Text(fr="juge d'instruction", en="investigating judge"),
}


@dataclass
class Centre:
    """One centre, open. ``address`` is what people type; ``origins`` are the origins whose requests are served;
    ``proxies`` may say who asks in their place (`beffroi.server.proxied`)."""

    data: Path
    clock: Clock
    bus: Bus
    engine: Engine
    identity: Identity
    registry: Registry
    law: LawEngine
    decider: RegistryDecider
    ledger: Ledger
    gate_key: Ed25519PrivateKey
    releaser: KeyReleaser
    cases: CaseRings
    evidence_key: Ed25519PrivateKey
    recorder: RecorderClient
    supply: Supply
    address: str
    origins: frozenset[str]
    https: bool
    proxies: tuple[Network, ...] = ()
    banner: Text | None = None
    duties: Duties = field(default_factory=lambda: Duties(REASONS))
    lists: CameraLists = field(init=False)
    screens: Screens = field(init=False)
    posts: Posts = field(init=False)
    attachments: Attachments = field(init=False)
    announcer: Announcer = field(init=False)
    herald: Herald = field(init=False)
    restored: RestoredMark = field(init=False)
    mirror: HourMirror = field(init=False)
    witnessing: Witnessing = field(init=False)
    register_term: RegisterTerm = field(init=False)

    def __post_init__(self) -> None:
        folder = self.data / "centre"
        self.lists = CameraLists(self.law, self.registry, self.clock)
        self.screens = Screens(folder / "screens.json")
        self.posts = Posts(folder / "posts.json", folder / "secrets" / "posts.key", self.clock)
        self.attachments = Attachments(folder / "attachments")
        self.announcer = Announcer(self.registry, self.clock)
        self.herald = Herald(self.announcer, self.clock)
        self.restored = RestoredMark(folder)
        self.mirror = HourMirror(folder)
        self.witnessing = Witnessing(self.ledger, folder, self.clock)
        self.register_term = RegisterTerm(self.ledger, self.clock)

    def notices(self) -> list[Notice]:
        """What those who look after the machine should know, worst first."""
        register = self.ledger.failure
        mine = [] if register is None else [Notice("register-closed", Level.LOST, register.text)]
        shut = [Notice("restored", Level.LOST, self.restored.sentence())] if self.restored.standing() else []
        term = self.register_term.notices() if register is None else []
        return [*mine, *shut, *term, *self.supply.notices(), *self.mirror.notices(), *self.witnessing.notices()]

    @property
    def recorder_socket(self) -> Path:
        """Where the recorder answers."""
        return self.data / "run" / "recorder.sock"

    def visible_to(self, person: PersonId, *, strong: bool = True, post: str | None = None) -> list[VisibleCamera]:
        """The cameras this person may know of, each with its decisions (see `beffroi.server.lists`)."""
        return self.lists.of(person, strong=strong, post=post)

    def authorities_served(self, person: PersonId, *, post: str | None) -> list[tuple[str, Text, str]]:
        """(authority, its name, commune) under which this person may open a view now, for some reason."""
        facts = self.registry.facts()
        found: dict[str, tuple[str, Text, str]] = {}
        for one in self.visible_to(person, post=post):
            decision = one.decisions[Act.LIVE]
            if decision.allowed and decision.authority is not None:
                commune = commune_name(facts, one.camera.commune)
                found[decision.authority] = (
                    decision.authority,
                    authority_name(facts, decision.authority, commune),
                    commune,
                )
        return sorted(found.values(), key=lambda item: item[2])


def commune_name(facts: Facts, commune: str) -> str:
    """The name of a commune, or its code when it is not recorded."""
    return next((body.name for body in facts.bodies.values() if body.id == commune), commune)


def authority_name(facts: Facts, authority: str, commune: str) -> Text:
    """Who an authority is, in words: “maire de Bourg-Neuf”. ``commune`` is the name of the camera's commune."""
    office, _, body = authority.partition("/")
    if office == "maire":
        return Text(fr=contracted(f"maire de {commune}"), en=f"mayor of {commune}")
    words = _OFFICES.get(office)
    if words is None:
        return Text(fr=authority, en=authority)
    name = next((one.name for one in facts.bodies.values() if one.id == body), "")
    return Text(fr=f"{words.fr} ({name})", en=f"{words.en} ({name})") if name else words


def open_centre(
    data: Path,
    *,
    passphrase: str | None,
    address: str,
    origins: Sequence[str],
    https: bool,
    demo: Text | None = None,
    database: str | None = None,
    clock: Clock | None = None,
    remote_keyrings: Mapping[AuthorityId, Path] | None = None,
    signer: Callable[[], Signer] | None = None,
    proxies: Sequence[Network] = (),
) -> Centre:
    """Open everything in a data folder prepared by ``beffroi init``.

    Args:
        data: the data folder.
        passphrase: opens the keyrings under ``centre/keyrings``; None leaves them locked (no replay, no new hours).
        address: what people type, without a trailing slash.
        origins: origins served (scheme, host, port as a browser sends them).
        https: whether cookies may demand it.
        demo: the banner of a demonstration; required when the folder is one, refused when it is not.
        database: SQLAlchemy URL; the folder's own SQLite file by default.
        clock: the machine's by default.
        remote_keyrings: sockets of `beffroi keyring serve`, by authority: keyrings in a commune's own process.
        signer: gives what signs the register, its key in another process; the key in this one by default.
        proxies: the reverse proxies that may say who asks; none by default.

    Raises:
        BrokenError: the folder is a demonstration's, or not prepared.
    """
    _check_kind(data, demo)
    folder, clock, bus = data / "centre", clock or BootClock(), Bus()
    secrets = folder / "secrets"
    ledger = Ledger.open(folder / "ledger", clock, signer() if signer else read_signing_key(secrets / "register.key"))
    engine = open_engine(database or f"sqlite:///{folder / 'beffroi.sqlite'}")
    upgrade(engine)
    law = LawEngine.load()
    archive.keep(folder / "rules")  # so that what is decided today can be asked again by today's rules
    registry = Registry(engine, clock, register=LedgerRegister(ledger), bus=bus, validate=validator())
    gate_key, sheet_key = read_signing_key(secrets / "gate.key"), read_signing_key(secrets / "sheet.key")
    rings = [
        HourKeyring.open(ring, passphrase, clock=clock)
        for ring in sorted((folder / "keyrings").glob("*"))
        if (ring / "ring.json").exists()
    ]
    for ring in rings if passphrase is not None else []:
        ledger.append(Entry(EntryKind.KEYRING_OPENED, authority=ring.authority))
    remotes = {authority: RemoteKeyring(path) for authority, path in (remote_keyrings or {}).items()}
    supply = Supply(
        centre=folder,
        recorder=data / "recorder",
        registry=registry,
        engine=engine,
        ledger=ledger,
        rings=rings,
        open_=passphrase is not None,
        remotes=remotes,
        sheet_key=sheet_key,
        clock=clock,
    )
    return Centre(
        data=data,
        clock=clock,
        bus=bus,
        engine=engine,
        identity=Identity(engine, SecretBox(load_or_create_key(secrets / "factors.key")), clock, bus=bus),
        registry=registry,
        law=law,
        decider=RegistryDecider(law, registry),
        ledger=ledger,
        gate_key=gate_key,
        releaser=keyrings(supply.keepers, remotes, gate_key.public_key()),
        cases=case_rings(supply.keepers, dict(remote_keyrings or {}), gate_key.public_key()),
        evidence_key=evidence_key(secrets),
        recorder=RecorderClient(data / "run" / "recorder.sock"),
        supply=supply,
        address=address,
        origins=frozenset(origins),
        https=https,
        banner=demo,
        proxies=tuple(proxies),
    )


def _check_kind(data: Path, demo: Text | None) -> None:
    marked = (data / DEMO_MARK).exists()
    if marked and demo is None:
        raise BrokenError(
            Text(
                fr="Ce dossier est celui d'une démonstration (comptes et clés jetables) : préparez-en un autre avec "
                "« beffroi init ».",
                en="This folder belongs to a demonstration (throw-away accounts and keys): prepare another one with "
                "`beffroi init`.",
            )
        )
    if demo is not None and not marked:
        raise BrokenError(
            Text(
                fr="Ce dossier n'est pas celui d'une démonstration : il n'est pas touché.",
                en="This folder is not a demonstration's: it is left alone.",
            )
        )
    if not (data / "centre" / "secrets").is_dir():
        raise BrokenError(
            Text(
                fr="Ce dossier n'est pas préparé : lancez d'abord « beffroi init ».",
                en="This folder is not prepared: run `beffroi init` first.",
            )
        )
