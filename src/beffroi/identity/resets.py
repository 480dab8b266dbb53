"""A lost second factor: one person asks, another approves, neither being the one who lost it (two lost-key drills)."""

from datetime import datetime, timedelta
from secrets import token_hex
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from beffroi.domain.errors import NotFoundError
from beffroi.domain.text import Text
from beffroi.identity.accounts import AccountId, AccountState, FactorReset, Invitation, NotEntitledError
from beffroi.identity.invitations import issue_link
from beffroi.identity.roles import MAY_RESET, Role
from beffroi.identity.tables import AccountRow, FactorResetRow

REQUEST_LIFE: Final = timedelta(hours=24)


def request(session: Session, account: AccountRow, by: AccountRow, now: datetime) -> FactorReset:
    """Record a request. Nothing changes for the account yet.

    Raises:
        NotEntitledError: not one of the roles that may, or for oneself, or the account is locked.
    """
    _entitled(by, account)
    if account.state == AccountState.LOCKED.value:
        raise NotEntitledError(
            "Ce compte est verrouillé : déverrouillez-le d'abord.", "This account is locked: unlock it first."
        )
    row = FactorResetRow(
        id=f"r-{token_hex(12)}",
        account=account.id,
        requested_by=by.id,
        requested_at=now,
        expires_at=now + REQUEST_LIFE,
    )
    session.add(row)
    return _value(row)


def approve(session: Session, reset: str, by: AccountRow, now: datetime) -> tuple[AccountRow, Invitation]:
    """A second person approves: the old factor and password stop working, a one-time link is issued.

    Raises:
        NotFoundError: no such request in force.
        NotEntitledError: the same person twice, or not one of the roles that may.
    """
    asked = reset if reset.isascii() and reset.isprintable() else ""  # PostgreSQL fails on a NUL
    row = session.scalars(select(FactorResetRow).where(FactorResetRow.id == asked).with_for_update()).one_or_none()
    if row is None or row.approved_by is not None or now >= row.expires_at:
        raise NotFoundError(
            Text(
                fr="Cette demande n'existe pas, a déjà servi ou a plus de 24 h.",
                en="This request does not exist, has been used or is older than 24 h.",
            )
        )
    account = session.get_one(AccountRow, row.account, with_for_update=True)
    _entitled(by, account)
    if by.id == row.requested_by:
        raise NotEntitledError(
            "Il faut deux personnes : celle qui demande n'approuve pas.",
            "Two persons are needed: the one who asks does not approve.",
        )
    row.approved_by, row.approved_at = by.id, now
    # Other requests for the same account die with this one.
    session.execute(
        update(FactorResetRow)
        .where(FactorResetRow.account == account.id, FactorResetRow.approved_by.is_(None))
        .values(expires_at=now)
    )
    account.password_hash, account.totp_sealed, account.state = None, None, AccountState.INVITED.value
    return account, issue_link(session, AccountId(account.id), now)


def was_approved(session: Session, account: AccountId) -> bool:
    """Whether two persons ever agreed on a reset of this account."""
    found = select(FactorResetRow.id).where(FactorResetRow.account == account, FactorResetRow.approved_by.is_not(None))
    return session.scalars(found.limit(1)).first() is not None


def pending(session: Session, now: datetime) -> list[FactorReset]:
    """Requests that wait for a second person."""
    rows = session.scalars(
        select(FactorResetRow)
        .where(FactorResetRow.approved_by.is_(None), FactorResetRow.expires_at > now)
        .order_by(FactorResetRow.requested_at, FactorResetRow.id)
    )
    return [_value(row) for row in rows]


def _entitled(by: AccountRow, account: AccountRow) -> None:
    if by.state != AccountState.ACTIVE.value or Role(by.role) not in MAY_RESET or by.id == account.id:
        raise NotEntitledError(
            "La remise à zéro d'un second facteur se demande à deux autres personnes parmi l'administrateur, le chef "
            "de salle et le délégué à la protection des données.",
            "Resetting a second factor takes two other persons among the administrator, the room supervisor and the "
            "data protection officer.",
        )


def _value(row: FactorResetRow) -> FactorReset:
    return FactorReset(
        id=row.id,
        account=AccountId(row.account),
        requested_by=AccountId(row.requested_by),
        requested_at=row.requested_at,
        expires_at=row.expires_at,
    )
