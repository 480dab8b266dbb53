"""Builds INGEAGGLO through the doors people use: papers entered by the room supervisor, confirmed by each mayor."""

import json
import secrets
import string
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from beffroi.base.files import write_durable
from beffroi.cli.ingeagglo_data import SEATS, Seat
from beffroi.domain.clock import now as now_of
from beffroi.domain.errors import NotFoundError
from beffroi.domain.facts import Person, PersonStatus
from beffroi.domain.ids import BodyId, CameraId, PersonId
from beffroi.domain.text import Text
from beffroi.identity import AccountId, Identity, NewAccount, Role
from beffroi.identity.totp import code_at
from beffroi.profiles.ingeagglo_papers import Papers
from beffroi.profiles.ingeagglo_places import (
    COMMUNES,
    CONTRACTOR,
    EPCI,
    EPCI_NAME,
    MORE_STREETS,
    PLACES,
    STATE,
    Place,
    bodies,
    camera_of,
    system_of,
)
from beffroi.registry.store import Registry

_STATUS: Final = {
    Role.OPERATOR: (PersonStatus.EPCI_AGENT, EPCI),
    Role.ROOM_SUPERVISOR: (PersonStatus.EPCI_AGENT, EPCI),
    Role.ADMINISTRATOR: (PersonStatus.DGS, EPCI),
    Role.TECHNICIAN: (PersonStatus.TECHNICIAN, CONTRACTOR),
    Role.DPO: (PersonStatus.DPO, EPCI),
    Role.INSPECTOR: (PersonStatus.INSPECTOR, STATE),
    Role.MUNICIPAL_POLICE: (PersonStatus.MUNICIPAL_POLICE, None),
    Role.MAYOR: (PersonStatus.MAYOR, None),
    Role.ELECTED: (PersonStatus.ELECTED, None),
}

SUPERVISOR: Final = PersonId("p-supervisor")
_DPO: Final = PersonId("p-dpo")
_PRESIDENT: Final = PersonId("p-president")


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """An account of the demonstration with everything needed to log in. Never made outside a demonstration."""

    key: str
    account: str
    role: str
    label: Text
    password: str
    totp_secret: str

    def code(self, at: datetime) -> str:
        """The one-time code of this instant."""
        return code_at(self.totp_secret, at)


@dataclass(frozen=True, slots=True)
class DemoWorld:
    """What was built: the accounts, and the places that need a simulated camera."""

    accounts: tuple[DemoAccount, ...]
    places: tuple[Place, ...]
    lapses_at: datetime

    def account(self, key: str) -> DemoAccount:
        """By key (``operator``) or account name (``operateur``).

        Raises:
            NotFoundError: naming those that exist.
        """
        return _pick(self.accounts, key)

    def save(self, path: Path) -> None:
        """Keep the accounts' secrets for `beffroi demo code` (0600, demonstration only)."""
        write_durable(path, json.dumps([asdict(account) for account in self.accounts]).encode())


def load_accounts(path: Path) -> tuple[DemoAccount, ...]:
    """The accounts that `DemoWorld.save` kept."""
    return tuple(
        DemoAccount(**{**fields, "label": Text(**fields["label"])}) for fields in json.loads(path.read_bytes())
    )


def load_account(path: Path, key: str) -> DemoAccount:
    """One account that `DemoWorld.save` kept, by key or name."""
    return _pick(load_accounts(path), key)


def build_world(
    registry: Registry, identity: Identity, now: datetime, *, cameras: int = 16, order_lapses_s: float = 600.0
) -> DemoWorld:
    """Fill an empty registry and identity room with INGEAGGLO.

    Args:
        registry, identity: empty, on the same clock; ``registry`` with its register.
        now: the instant around which papers are dated.
        cameras: how many; beyond sixteen, more streets of the same communes.
        order_lapses_s: seconds until the order of `LAPSING_CAMERA` ends.
    """
    places = _places(cameras)
    mayors = {commune.code: PersonId(f"p-mayor-{commune.code}") for commune in COMMUNES}
    registry.found(bodies(), _persons(mayors))
    papers = Papers(now, order_lapses_s=order_lapses_s)

    elections = papers.elections(mayors)
    registry.propose_all(elections, by=SUPERVISOR)
    registry.confirm_all([paper.id for paper in elections], by=_DPO)

    filmed = [camera_of(place) for place in places]
    registry.propose_cameras(filmed, by=SUPERVISOR)
    agents = [SUPERVISOR, PersonId("p-operator")]
    entered = papers.of_the_epci(agents, _PRESIDENT)
    for number, commune in enumerate(COMMUNES, start=1):
        here = [camera for camera in filmed if camera.commune == commune.code]
        if here:
            police = [PersonId(f"p-{seat.key}") for seat in SEATS if (seat.role, seat.commune) == _police_of(number)]
            entered += papers.of_a_commune(commune, here, [*agents, *police], police)
            registry.add_system(system_of(commune), f"Vidéoprotection de {commune.name}", commune.code, by=SUPERVISOR)
    registry.propose_all(entered, by=SUPERVISOR)

    facts = registry.facts()
    awaited = {paper.id: facts.versions(paper.id)[-1].awaiting for paper in entered}
    first = COMMUNES[0].code
    for code, mayor in mayors.items():
        places_here = [camera.id for camera in filmed if camera.commune == code]
        theirs = [paper for paper, body in awaited.items() if body == code or (body == EPCI and code == first)]
        if places_here:
            registry.confirm_places(places_here, by=mayor)
        if theirs:
            registry.confirm_all(theirs, by=mayor)
    return DemoWorld(_accounts(identity), tuple(places), now + timedelta(seconds=order_lapses_s))


def _police_of(commune: int) -> tuple[Role, int]:
    return (Role.MUNICIPAL_POLICE, commune)


def _persons(mayors: dict[BodyId, PersonId]) -> list[Person]:
    persons = [
        Person(
            mayors[commune.code],
            Text(fr=f"Maire de {commune.name}", en=f"Mayor of {commune.name}"),
            PersonStatus.MAYOR,
            commune.code,
            commune.code,
        )
        for commune in COMMUNES
    ]
    for seat in SEATS:
        if seat.role is Role.MAYOR:
            continue
        status, employer = _STATUS[seat.role]
        commune = COMMUNES[seat.commune - 1].code if seat.commune else None
        persons.append(Person(_person_of(seat), seat.label, status, employer or commune or EPCI, commune))
    president = Text(fr=f"Président d'{EPCI_NAME}", en=f"President of {EPCI_NAME}")
    return [*persons, Person(_PRESIDENT, president, PersonStatus.POOLING_PRESIDENT, EPCI)]


def _person_of(seat: Seat) -> PersonId:
    if seat.role is Role.MAYOR and seat.commune:
        return PersonId(f"p-mayor-{COMMUNES[seat.commune - 1].code}")
    return PersonId(f"p-{seat.key}")


def _places(count: int) -> Sequence[Place]:
    more = [
        Place(
            CameraId(f"x{number:03d}"),
            number % 8 + 1,
            f"{MORE_STREETS[number % len(MORE_STREETS)]}, {number // len(MORE_STREETS) + 1}",
            (number * 137) % 900 - 450,
            (number * 211) % 900 - 450,
        )
        for number in range(max(0, count - len(PLACES)))
    ]
    return [*PLACES[:count], *more]


def _accounts(identity: Identity) -> tuple[DemoAccount, ...]:
    administrator: AccountId | None = None
    made = []
    for seat in SEATS:
        new = NewAccount(name=seat.account, person=_person_of(seat), role=seat.role, label=seat.label)
        link = identity.bootstrap(new) if administrator is None else identity.invite(new, by=administrator)
        administrator = administrator or link.account
        password = random_password()
        enrolment = identity.accept(link.token, password)
        # The code of the step before: the present one stays good for the first login.
        identity.enrol(link.token, code_at(enrolment.secret, now_of(identity.clock) - timedelta(seconds=30)))
        made.append(DemoAccount(seat.key, seat.account, seat.role.value, seat.label, password, enrolment.secret))
    return tuple(made)


def random_password() -> str:
    """A password that the policy accepts and a person can copy: letters that are not mistaken for one another."""
    letters = "".join(sorted(set(string.ascii_lowercase) - set("lo")))
    word = ["".join(secrets.choice(letters) for _ in range(5)) for _ in range(2)]
    digits = "".join(secrets.choice("23456789") for _ in range(4))
    return f"{word[0].capitalize()}-{word[1]}-{digits}"


def _pick(accounts: Sequence[DemoAccount], key: str) -> DemoAccount:
    for account in accounts:
        if key in (account.key, account.account):
            return account
    known = ", ".join(account.account for account in accounts)
    raise NotFoundError(
        Text(fr=f"Pas de compte « {key} ». Il y a : {known}.", en=f"No account “{key}”. There are: {known}.")
    )
