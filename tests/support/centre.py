"""A whole centre in this process, on a free port, without cameras: a folder, the town's papers, people logged in.

The town is that of `tests.support.worlds`: E (an EPCI) serves X and Y; Z keeps to itself. A `Variation` rewrites all
that belongs to one commune, so that two towns differ in nothing else.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import uvicorn
from sqlalchemy import delete
from tests.support import worlds
from tests.support.identities import CHEAP

from beffroi.base.bus import Bus
from beffroi.base.db import session_scope
from beffroi.base.secrets import SecretBox, read_secret
from beffroi.cli.init import prepare_folder
from beffroi.cli.promises.client import Person as Client
from beffroi.domain.clock import now, to_wall_us
from beffroi.domain.documents import Document, DocumentKind
from beffroi.domain.facts import Camera, Person, PersonStatus
from beffroi.domain.ids import AuthorityId, BodyId, CameraId, DocumentId, PersonId
from beffroi.domain.text import Text
from beffroi.identity import AccountId, Identity, NewAccount, Role
from beffroi.identity.tables import ThrottleRow
from beffroi.identity.totp import code_at
from beffroi.registry.store import Registry
from beffroi.server.app import create_app
from beffroi.server.centre import Centre, open_centre
from beffroi.server.proxied import Network
from beffroi.server.run import config_of

PASSPHRASE: Final = "une phrase de passe pour les essais"
PASSWORD: Final = "Tilleul-Ardoise-47"
SUPERVISOR, ADMINISTRATOR, CLERK = PersonId("supervisorE"), PersonId("adminE"), PersonId("clerkE")
E, X, Y, Z = worlds.E, worlds.X, worlds.Y, worlds.Z

_ROLES: Final = {
    PersonStatus.MAYOR: Role.MAYOR,
    PersonStatus.MUNICIPAL_POLICE: Role.MUNICIPAL_POLICE,
    PersonStatus.ELECTED: Role.ELECTED,
    PersonStatus.TECHNICIAN: Role.TECHNICIAN,
    PersonStatus.DPO: Role.DPO,
    PersonStatus.INSPECTOR: Role.INSPECTOR,
    PersonStatus.EPCI_AGENT: Role.OPERATOR,
}


class ShiftClock:
    """The machine's pace from a chosen instant; `advance` jumps."""

    def __init__(self, wall_us: int) -> None:
        self._zero_us, self._zero_s, self._skew_us = wall_us, time.monotonic(), 0

    def wall_us(self) -> int:
        return self._zero_us + self._skew_us + round((time.monotonic() - self._zero_s) * 1e6)

    def monotonic_s(self) -> float:
        return time.monotonic()

    def advance(self, seconds: float) -> None:
        self._skew_us += round(seconds * 1e6)


@dataclass(frozen=True)
class Variation:
    """What one commune is like: ``word`` marks all that is its own; ``more`` cameras, persons and papers besides."""

    commune: BodyId
    word: str
    more: int = 0


@dataclass
class Town:
    """A running centre and its people."""

    centre: Centre
    clock: ShiftClock
    identity_clock: ShiftClock
    port: int
    app: Any
    secrets: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, AccountId] = field(default_factory=dict)
    people: dict[str, Client] = field(default_factory=dict)

    def nobody(self) -> Client:
        """A client without a session."""
        return Client(self.port)

    def person(self, person: str) -> Client:
        """The session of a person, opened once."""
        if person not in self.people:
            self.people[person] = self.session(person)
        return self.people[person]

    def session(self, person: str) -> Client:
        """A new session of a person, through the front door."""
        self.identity_clock.advance(30)  # a code serves once
        client = Client(self.port)
        answer = client.login(account_name(person), PASSWORD, self.code(person))
        assert answer.status == 200, answer.body
        return client

    def forgive(self) -> None:
        """Forget failed logins: a hundred tests share one address."""
        with session_scope(self.centre.engine) as session:
            session.execute(delete(ThrottleRow))

    def code(self, person: str) -> str:
        """The code of this instant."""
        return code_at(self.secrets[person], now(self.identity_clock))


def account_name(person: str) -> str:
    """The account of a person of the town."""
    return f"compte.{person.lower()}"


def cameras_of(variation: Variation | None) -> list[Camera]:
    """The cameras of the town."""
    found = [_renamed_camera(camera, variation) for camera in worlds.cameras()]
    if variation is not None:
        first = next(camera for camera in found if camera.commune == variation.commune)
        found += [
            replace(first, id=CameraId(f"{first.id}-{n}"), name=f"{first.name} {n}") for n in range(variation.more)
        ]
    return found


def persons_of(variation: Variation | None) -> list[Person]:
    """The persons of the town, with a room supervisor, an administrator, and who entered the papers."""
    status = PersonStatus
    found = [
        *worlds.persons(),
        Person(SUPERVISOR, Text(fr="chef", en="chief"), status.EPCI_AGENT, E),
        Person(ADMINISTRATOR, Text(fr="admin", en="admin"), status.DGS, E),
        Person(CLERK, Text(fr="saisie", en="entry"), status.EPCI_AGENT, E),
        *(Person(PersonId(f"clerk{one}"), Text(fr="élu", en="elected"), status.ELECTED, one, one) for one in (X, Z)),
    ]
    found = [_renamed_person(person, variation) for person in found]
    if variation is not None:
        police = next(
            one for one in found if one.commune == variation.commune and one.status is status.MUNICIPAL_POLICE
        )
        found += [replace(police, id=PersonId(f"{police.id}{n}")) for n in range(variation.more)]
    return found


def papers_of(variation: Variation | None) -> list[Document]:
    """The papers of the town."""
    found = [_renamed_paper(paper, variation) for paper in worlds.world().documents]
    if variation is not None:
        model = next(
            one for one in found if one.kind is DocumentKind.COMMISSIONING and variation.commune in one.scope.bodies
        )
        found += [replace(model, id=DocumentId(f"{model.id}-{n}")) for n in range(variation.more)]
    return found


def _renamed_camera(camera: Camera, variation: Variation | None) -> Camera:
    if variation is None or camera.commune != variation.commune:
        return camera
    word = variation.word
    return replace(camera, id=CameraId(f"{camera.id}-{word}"), name=f"{word} {camera.name}")


def _renamed_person(person: Person, variation: Variation | None) -> Person:
    if variation is None or person.commune != variation.commune:
        return person
    word = variation.word
    return replace(person, id=PersonId(f"{person.id}-{word}"), label=Text(fr=word, en=word))


def _renamed_paper(paper: Document, variation: Variation | None) -> Document:
    if variation is None:
        return paper
    theirs = {camera.id for camera in worlds.cameras() if camera.commune == variation.commune}
    people = {person.id for person in persons_of(None) if person.commune == variation.commune}
    scope = paper.scope
    if variation.commune not in scope.bodies and not (scope.cameras & theirs) and not (scope.persons & people):
        return paper
    word = variation.word
    return replace(
        paper,
        id=DocumentId(f"{paper.id}-{word}"),
        number=f"{word}-{paper.number}",
        signatory=word,
        scope=replace(
            scope,
            cameras=frozenset(CameraId(f"{one}-{word}") if one in theirs else one for one in scope.cameras),
            persons=frozenset(PersonId(f"{one}-{word}") if one in people else one for one in scope.persons),
        ),
    )


def settle(registry: Registry, variation: Variation | None) -> None:
    """Fill an empty registry the way people do."""
    persons, cameras, papers = persons_of(variation), cameras_of(variation), papers_of(variation)
    registry.found(worlds.bodies(), persons)
    elections = [paper for paper in papers if paper.kind is DocumentKind.ELECTION]
    others = [paper for paper in papers if paper.kind is not DocumentKind.ELECTION]
    registry.propose_all(elections, by=CLERK)
    registry.confirm_all([paper.id for paper in elections], by=PersonId("dpo"))
    registry.propose_cameras(cameras, by=CLERK)
    registry.propose_all(others, by=CLERK)
    facts = registry.facts()
    mayors = {one.commune: one.id for one in persons if one.status is PersonStatus.MAYOR}
    for commune, mayor in mayors.items():
        registry.confirm_places([one.id for one in cameras if one.commune == commune], by=mayor)
        awaiting = [(paper.id, facts.versions(paper.id)[-1].awaiting) for paper in others]
        registry.confirm_all(
            [paper for paper, body in awaiting if body == commune or (body == E and commune == X)], by=mayor
        )


@contextmanager
def running(
    folder: Path, *, variation: Variation | None = None, extra: Sequence[str] = (), proxies: Sequence[Network] = ()
) -> Iterator[Town]:
    """A centre of the town, serving until the block ends. ``extra``: more persons that get an account."""
    prepare_folder(
        folder,
        host="127.0.0.1",
        authorities=[AuthorityId(f"maire/{one}") for one in (X, Y)],
        passphrase=PASSPHRASE,
        cheap_keyrings=True,
    )

    def fill(town: Town) -> None:
        settle(town.centre.registry, variation)
        _open_accounts(town, [*_seats(variation), *extra], variation)

    with serving(folder, fill=fill, proxies=proxies) as town:
        yield town


@contextmanager
def serving(
    folder: Path,
    *,
    like: Town | None = None,
    fill: Callable[[Town], None] = lambda _: None,
    proxies: Sequence[Network] = (),
) -> Iterator[Town]:
    """The centre of a prepared folder, serving until the block ends. ``like``: a town whose people and clocks it has;
    ``fill`` is called before anybody may ask."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        clock = like.clock if like else ShiftClock(to_wall_us(worlds.NOW))
        address = f"http://127.0.0.1:{port}"
        centre = open_centre(
            folder,
            passphrase=PASSPHRASE,
            address=address,
            origins=[address],
            https=False,
            clock=clock,
            proxies=proxies,
        )
        identity_clock = like.identity_clock if like else ShiftClock(to_wall_us(worlds.NOW))
        centre.identity = _identity(centre, folder, identity_clock, centre.bus)
        town = Town(centre, clock, identity_clock, port, create_app(centre))
        if like is not None:
            town.secrets, town.accounts = like.secrets, like.accounts
        fill(town)
        server = uvicorn.Server(config_of(town.app, "127.0.0.1", port))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.01)
            yield town
        finally:
            server.should_exit = True
            thread.join(15)


def _identity(centre: Centre, folder: Path, clock: ShiftClock, bus: Bus) -> Identity:
    box = SecretBox(read_secret(folder / "centre" / "secrets" / "factors.key"))
    return Identity(centre.engine, box, clock, bus=bus, passwords=CHEAP)


def _seats(variation: Variation | None) -> list[str]:
    ours = ["adminE", "supervisorE", "agentE", "technician", "dpo", "inspector"]
    ours += [f"{kind}{commune}" for commune in (X, Y, Z) for kind in ("mayor", "pm")]
    theirs = {one.id: _renamed_person(one, variation).id for one in worlds.persons()}
    more = (
        [] if variation is None else [f"{theirs[PersonId(f'pm{variation.commune}')]}{n}" for n in range(variation.more)]
    )
    return [str(theirs.get(PersonId(one), one)) for one in [*ours, "electedX"]] + more


def _open_accounts(town: Town, seats: Sequence[str], variation: Variation | None) -> None:
    identity, first = town.centre.identity, None
    persons = {one.id: one for one in persons_of(variation)}
    special = {ADMINISTRATOR: Role.ADMINISTRATOR, SUPERVISOR: Role.ROOM_SUPERVISOR}
    for seat in seats:
        person = persons[PersonId(seat)]
        role = special.get(person.id) or _ROLES[person.status]
        new = NewAccount(account_name(seat), person.id, role, person.label)
        link = identity.bootstrap(new) if first is None else identity.invite(new, by=first)
        first = first or link.account
        secret = identity.accept(link.token, PASSWORD).secret
        identity.enrol(link.token, code_at(secret, now(town.identity_clock)))
        town.secrets[seat], town.accounts[seat] = secret, link.account
