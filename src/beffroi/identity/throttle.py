"""Slowing down guesses: per account name and per address, exponentially, kept in the database across restarts.

An attempt is counted *before* it is checked and forgiven when it succeeds: a burst of parallel guesses cannot slip
through between check and count.
"""

import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from beffroi.base.db import insert_missing
from beffroi.identity.accounts import ThrottledError
from beffroi.identity.tables import ThrottleRow

MAX_WAIT_S: Final = 900
"""The longest wait: an attacker can delay the rightful owner, but not for longer than this."""

FORGET: Final = timedelta(hours=24)
"""Failures older than this no longer count."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """Attempts that cost nothing before the wait doubles with each failure (1 s, 2 s, 4 s…)."""

    free: int

    def wait_s(self, failures: int) -> int:
        """Seconds to wait after this many failures."""
        if failures < self.free:
            return 0
        return min(MAX_WAIT_S, 1 << min(failures - self.free, 20))


PER_ACCOUNT: Final = Allowance(free=5)
PER_ADDRESS: Final = Allowance(free=30)
"""An address may be a whole town hall behind one router."""


def count_attempt(session: Session, account: str, address: str, now: datetime) -> None:
    """Count one attempt, unless it comes too early: then nothing is counted.

    Raises:
        ThrottledError: with the seconds left.
    """
    _purge(session, now)
    allowances = {_key("account", account): PER_ACCOUNT, _key("address", _place(address)): PER_ADDRESS}
    # In a fixed order: two logins at once must not wait for one another's row.
    rows = [_row(session, key, now) for key in sorted(allowances)]
    wait_s = max(_left_s(row, allowances[row.key_hash], now) for row in rows)
    if wait_s > 0:
        raise ThrottledError(wait_s)
    for row in rows:
        row.failures, row.last_at = row.failures + 1, now


def forgive(session: Session, account: str, address: str) -> None:
    """The attempt succeeded: the account's failures are forgotten; the address gets back this one attempt only, so
    that somebody with an account of their own cannot clear their address."""
    by_account, by_address = _key("account", account), _key("address", _place(address))
    for key in sorted((by_account, by_address)):
        row = session.get(ThrottleRow, key, with_for_update=True)
        if row is not None and key == by_account:
            session.delete(row)
        elif row is not None:
            row.failures = max(0, row.failures - 1)


def _purge(session: Session, now: datetime) -> None:
    # Rows that another login holds are left to it: waiting for them in any order could be a deadlock.
    stale = select(ThrottleRow.key_hash).where(ThrottleRow.last_at < now - FORGET).with_for_update(skip_locked=True)
    session.execute(delete(ThrottleRow).where(ThrottleRow.key_hash.in_(session.scalars(stale).all())))


def _row(session: Session, key: bytes, now: datetime) -> ThrottleRow:
    locked = select(ThrottleRow).where(ThrottleRow.key_hash == key).with_for_update()
    while True:
        insert_missing(session, ThrottleRow, {"key_hash": key, "failures": 0, "last_at": now})
        row = session.scalars(locked).one_or_none()
        if row is not None:  # else a login from another address has just succeeded, and forgiven it
            return row


def _left_s(row: ThrottleRow, allowance: Allowance, now: datetime) -> int:
    elapsed_s = (now - row.last_at).total_seconds()
    if elapsed_s < 0:  # the clock was set back: a wait of seconds must not become one of days
        return 0
    return max(0, ceil(allowance.wait_s(row.failures) - elapsed_s))


def _place(address: str) -> str:
    """IPv6: the /64, since one customer holds all of it."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 6:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address


def _key(kind: str, value: str) -> bytes:
    return hashlib.sha256(f"{kind}:{value}".encode("utf-8", "replace")).digest()
