"""Value types of the room, and the errors a person may meet."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from beffroi.domain.errors import BadInputError, BeffroiError, RefusedError
from beffroi.domain.ids import PersonId
from beffroi.domain.text import Language, Text
from beffroi.identity.roles import Role
from beffroi.identity.tables import AccountRow

AccountId = NewType("AccountId", str)


class AccountState(StrEnum):
    """``invited``: no factor yet (new, or a reset approved); ``active``; ``locked``."""

    INVITED = "invited"
    ACTIVE = "active"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What is known of an account when it is opened. ``name`` is typed at login; ``label`` is shown."""

    name: str
    person: PersonId
    role: Role
    label: Text
    language: Language = "fr"


@dataclass(frozen=True, slots=True)
class Account:
    """An account, without its secrets."""

    id: AccountId
    name: str
    person: PersonId
    role: Role
    label: Text
    language: Language
    state: AccountState
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Invitation:
    """A one-time link's secret, to be handed to the person once. It is not kept: only its hash is."""

    account: AccountId
    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Enrolment:
    """The second factor's secret, shown once: as an ``otpauth://`` URI (for a QR code) and in base 32."""

    account: AccountId
    otpauth: str
    secret: str


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A session just opened. ``token`` goes into the cookie and is not kept: only its hash is."""

    token: str
    account: Account
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LiveSession:
    """A session in force. ``key`` identifies it inside the centre without being able to open it."""

    key: str
    account: Account
    strong: bool
    opened_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class FactorReset:
    """A reset requested by one person, to be approved by another."""

    id: str
    account: AccountId
    requested_by: AccountId
    requested_at: datetime
    expires_at: datetime


# Events, for `beffroi.base.bus`.


@dataclass(frozen=True, slots=True)
class SessionsEnded:
    """The sessions of an account ended before their term: whoever streams to it must stop now.

    ``keys`` are `LiveSession.key`.
    """

    account: AccountId
    person: PersonId
    keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class LoginAttempt:
    """A login succeeded or failed. ``account`` is None for a failure: the name typed may be a password."""

    account: AccountId | None
    person: PersonId | None
    address: str
    at: datetime


# Errors.


class LoginRefusedError(RefusedError):
    """Wrong name, password or code, locked, or unknown: one sentence and one cost for all, on purpose."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                fr="Connexion refusée : vérifiez le compte, le mot de passe et le code (chaque code ne sert qu'une "
                "fois). Si le compte est verrouillé, adressez-vous à l'administrateur.",
                en="Login refused: check the account, the password and the code (each code works once). If the account "
                "is locked, ask the administrator.",
            )
        )


class ThrottledError(BeffroiError):
    """Too many failures: nothing was checked. ``wait_s`` says how long."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(
            Text(
                fr=f"Trop d'essais : attendez {wait_s} s avant le prochain.",
                en=f"Too many attempts: wait {wait_s} s before the next one.",
            )
        )
        self.wait_s = wait_s


class LinkRefusedError(RefusedError):
    """The one-time link is unknown, used or expired: the three look the same."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                fr="Ce lien n'est plus valable : demandez-en un nouveau à l'administrateur.",
                en="This link is no longer valid: ask the administrator for a new one.",
            )
        )


class WrongCodeError(BadInputError):
    """The code typed at enrolment does not match the secret shown."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                fr="Ce code ne correspond pas : vérifiez l'heure du téléphone et tapez le code suivant.",
                en="This code does not match: check the phone's clock and type the next code.",
            )
        )


class NotEntitledError(RefusedError):
    """The person acting may not do this to an account."""

    def __init__(self, fr: str, en: str) -> None:
        super().__init__(Text(fr=fr, en=en))


def account_of(row: AccountRow) -> Account:
    """The value of a row."""
    return Account(
        id=AccountId(row.id),
        name=row.name,
        person=PersonId(row.person),
        role=Role(row.role),
        label=Text(fr=row.label_fr, en=row.label_en),
        language="en" if row.language == "en" else "fr",
        state=AccountState(row.state),
        created_at=row.created_at,
    )
