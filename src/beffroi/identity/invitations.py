"""One-time links: open an account, choose a password, show a second factor, prove it."""

import hashlib
import re
from datetime import datetime, timedelta
from secrets import token_hex, token_urlsafe
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from beffroi.base.secrets import SecretBox
from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text
from beffroi.identity import totp
from beffroi.identity.accounts import (
    Account,
    AccountId,
    AccountState,
    Enrolment,
    Invitation,
    LinkRefusedError,
    NewAccount,
    WrongCodeError,
    account_of,
)
from beffroi.identity.password import Passwords, check_policy
from beffroi.identity.tables import AccountRow, InvitationRow

LINK_LIFE: Final = timedelta(hours=48)

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{2,62}")


def hash_token(token: str) -> bytes:
    """What is kept of a random token of 256 bits: its SHA-256 (no salt needed, it cannot be guessed)."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def normal_name(name: str) -> str:
    """The form under which an account name is kept and compared."""
    return name.strip().lower()


def possible_name(name: str) -> bool:
    """Whether an account could have this name at all."""
    return _NAME.fullmatch(name) is not None


def open_account(session: Session, new: NewAccount, now: datetime) -> AccountRow:
    """Write a new account, in state ``invited``.

    Raises:
        BadInputError: the name is taken or malformed, or the person already has an account (accounts are personal).
    """
    name = normal_name(new.name)
    if not possible_name(name):
        raise BadInputError(
            Text(
                fr="Nom de compte refusé : de 3 à 63 lettres sans accent, chiffres, points, tirets.",
                en="Account name refused: 3 to 63 letters without accents, digits, dots, hyphens.",
            )
        )
    row = AccountRow(
        id=f"a-{token_hex(12)}",
        name=name,
        person=new.person,
        label_fr=new.label.fr,
        label_en=new.label.en,
        role=new.role.value,
        language=new.language,
        state=AccountState.INVITED.value,
        created_at=now,
    )
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:
        raise BadInputError(
            Text(
                fr="Ce nom de compte est pris, ou cette personne a déjà un compte : les comptes sont personnels, un "
                "par personne.",
                en="This account name is taken, or this person already has an account: accounts are personal, one "
                "for each person.",
            )
        ) from error
    return row


def issue_link(session: Session, account: AccountId, now: datetime) -> Invitation:
    """A new link for this account; earlier ones die."""
    session.execute(delete(InvitationRow).where(InvitationRow.account == account))
    token = token_urlsafe(32)
    session.add(InvitationRow(token_hash=hash_token(token), account=account, expires_at=now + LINK_LIFE))
    return Invitation(account=account, token=token, expires_at=now + LINK_LIFE)


def choose_password(
    session: Session, token: str, password: str, *, passwords: Passwords, box: SecretBox, now: datetime
) -> Enrolment:
    """First step: the password is checked and kept beside the link, a second factor is drawn. The account is still
    closed. Doing it again draws another factor.

    Raises:
        LinkRefusedError, WeakPasswordError.
    """
    link, row = _live_link(session, token, now)
    check_policy(password, account=row.name)
    secret = totp.new_secret()
    link.password_hash = passwords.hash(password)
    link.totp_sealed = box.seal(secret.encode(), about=f"totp/{row.id}")
    return Enrolment(account=AccountId(row.id), otpauth=totp.otpauth(secret, row.name), secret=secret)


def prove_factor(session: Session, token: str, code: str, *, box: SecretBox, now: datetime) -> Account:
    """Second step: a code proves that the factor was kept; the account opens and the link dies.

    Raises:
        LinkRefusedError, WrongCodeError.
    """
    link, row = _live_link(session, token, now)
    if link.totp_sealed is None or link.password_hash is None:
        raise LinkRefusedError
    step = totp.matching_step(box.open(link.totp_sealed, about=f"totp/{row.id}").decode(), code, now)
    if step is None:
        raise WrongCodeError
    used = session.execute(
        update(InvitationRow)
        .where(InvitationRow.token_hash == link.token_hash, InvitationRow.used_at.is_(None))
        .values(used_at=now)
        .returning(InvitationRow.token_hash)
    ).all()
    if len(used) != 1:
        raise LinkRefusedError
    row.password_hash, row.totp_sealed, row.totp_last_step = link.password_hash, link.totp_sealed, step
    row.state = AccountState.ACTIVE.value
    session.flush()
    session.execute(delete(InvitationRow).where(InvitationRow.account == row.id))
    return account_of(row)


def _live_link(session: Session, token: str, now: datetime) -> tuple[InvitationRow, AccountRow]:
    link = session.scalars(
        select(InvitationRow).where(InvitationRow.token_hash == hash_token(token)).with_for_update()
    ).one_or_none()
    if link is None or link.used_at is not None or now >= link.expires_at:
        raise LinkRefusedError
    row = session.get_one(AccountRow, link.account)
    if row.state != AccountState.INVITED.value:
        raise LinkRefusedError
    return link, row
