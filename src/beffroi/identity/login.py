"""Login: name, password and code together; one answer for every failure."""

from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from beffroi.base.secrets import SecretBox
from beffroi.identity import totp
from beffroi.identity.accounts import (
    AccountState,
    LiveSession,
    OpenedSession,
    account_of,
)
from beffroi.identity.invitations import hash_token
from beffroi.identity.password import Passwords
from beffroi.identity.tables import AccountRow, SessionRow

SESSION_LIFE: Final = timedelta(hours=12)
"""Absolute: the longest shift. A session is never prolonged."""

_NO_SECRET: Final = totp.new_secret()


def check_factors(row: AccountRow | None, password: str, code: str, *, passwords: Passwords, box: SecretBox,
                  now: datetime) -> int | None:  # fmt: skip
    """The code's step when both factors are right and the account is active. The same work is done in every case."""
    encoded = row.password_hash if row is not None else None
    right = passwords.verify(encoded, password)
    secret = _NO_SECRET
    if row is not None and row.totp_sealed is not None:
        secret = box.open(row.totp_sealed, about=f"totp/{row.id}").decode()
    step = totp.matching_step(secret, code, now)
    if row is None or row.totp_sealed is None or row.state != AccountState.ACTIVE.value or not right:
        return None
    return step


def open_session(session: Session, row: AccountRow, step: int, now: datetime) -> OpenedSession | None:
    """Use up the code and open a session, or None when that code (or a later one) was used, or the account was locked
    meanwhile. One conditional update: of two logins with one code, one wins."""
    won = session.execute(
        update(AccountRow)
        .where(
            AccountRow.id == row.id,
            AccountRow.totp_last_step < step,
            AccountRow.state == AccountState.ACTIVE.value,
            AccountRow.password_hash == row.password_hash,
        )
        .values(totp_last_step=step)
        .returning(AccountRow.id)
        .execution_options(synchronize_session=False)
    ).all()
    if len(won) != 1:
        return None
    session.execute(delete(SessionRow).where(SessionRow.expires_at <= now))
    token = token_urlsafe(32)
    session.add(
        SessionRow(
            token_hash=hash_token(token), account=row.id, strong=True, opened_at=now, expires_at=now + SESSION_LIFE
        )
    )
    return OpenedSession(token=token, account=account_of(row), expires_at=now + SESSION_LIFE)


def live_session(session: Session, token: str, now: datetime) -> LiveSession | None:
    """The session of this token, when it is in force and its account is active."""
    return session_of_key(session, hash_token(token), now)


def session_of_key(session: Session, key: bytes, now: datetime) -> LiveSession | None:
    """The session of this key (the hash of its token), when it is in force and its account is active."""
    found = session.execute(
        select(SessionRow, AccountRow)
        .join(AccountRow, AccountRow.id == SessionRow.account)
        .where(SessionRow.token_hash == key)
    ).one_or_none()
    if found is None:
        return None
    opened, row = found
    if now >= opened.expires_at or now < opened.opened_at - SESSION_LIFE or row.state != AccountState.ACTIVE.value:
        return None
    return LiveSession(
        key=opened.token_hash.hex(),
        account=account_of(row),
        strong=opened.strong,
        opened_at=opened.opened_at,
        expires_at=opened.expires_at,
    )


def end_sessions(session: Session, account: str) -> frozenset[str]:
    """End all sessions of an account; their keys."""
    keys = session.scalars(
        delete(SessionRow).where(SessionRow.account == account).returning(SessionRow.token_hash)
    ).all()
    return frozenset(key.hex() for key in keys)
