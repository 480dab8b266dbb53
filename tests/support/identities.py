"""An identity room for tests: real database, cheap password hash, a clock that moves when told."""

from datetime import UTC, datetime
from typing import Final

from argon2 import PasswordHasher
from sqlalchemy import Engine

from beffroi.base.bus import Bus
from beffroi.base.secrets import SecretBox
from beffroi.domain.clock import ManualClock, now
from beffroi.domain.ids import PersonId
from beffroi.domain.text import Text
from beffroi.identity import Account, AccountId, Identity, NewAccount, Role
from beffroi.identity.password import Passwords
from beffroi.identity.totp import code_at

GOOD_PASSWORD: Final = "Tilleul-Ardoise-47"
CHEAP: Final = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
LONG_AGO: Final = datetime(2026, 1, 1, tzinfo=UTC)


def room(engine: Engine, clock: ManualClock, bus: Bus | None = None) -> Identity:
    """A room on this database."""
    return Identity(engine, SecretBox(bytes(32)), clock, bus=bus, passwords=CHEAP)


def newcomer(name: str, role: Role = Role.OPERATOR) -> NewAccount:
    """What is known of an account about to be opened."""
    return NewAccount(name=name, person=PersonId(f"p-{name}"), role=role, label=Text(fr=name, en=name))


def enrol(identity: Identity, clock: ManualClock, token: str, password: str = GOOD_PASSWORD) -> tuple[Account, str]:
    """Go through the link; the account and its factor's secret. A step passes, so that the next code is a fresh one."""
    enrolment = identity.accept(token, password)
    account = identity.enrol(token, code_at(enrolment.secret, now(clock)))
    clock.advance(30)
    return account, enrolment.secret


def administrator(identity: Identity, clock: ManualClock) -> tuple[AccountId, str]:
    """The first account; its id and its factor's secret."""
    account, secret = enrol(identity, clock, identity.bootstrap(newcomer("admin", Role.ADMINISTRATOR)).token)
    return account.id, secret
