"""The recorder's own accounts: once a day over all that the books reach, on request for a few days and cameras."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any, Final

import structlog

from beffroi.capture.alarms import Alarm
from beffroi.capture.methods import Method
from beffroi.capture.params import bad
from beffroi.capture.paths import RecorderPaths
from beffroi.domain.clock import Clock, instant
from beffroi.vault.account import Account, a_moment, account, known_cameras
from beffroi.vault.accountjson import account_json, fault_json
from beffroi.vault.accountline import House
from beffroi.vault.journal import ActKind, Journal
from beffroi.vault.signed import load_public_keys

_log = structlog.get_logger(__name__)

FIRST_AFTER_S: Final = 120.0
EVERY_S: Final = 86_400.0
REACH_DAYS: Final = 33
"""A file lives 31 days, and its last day may be told two days later."""

MAX_DAYS: Final = 31
MAX_CAMERAS: Final = 4096
_BREATH_S: Final = 0.02


class Accounting:
    """Reads the four sources of a recorder at work. ``post`` enters the alarm when they do not agree; ``patience`` lets
    a moment pass before what is wrong is looked at again."""

    def __init__(
        self,
        paths: RecorderPaths,
        *,
        journal: Callable[[], Journal],
        clock: Clock,
        post: Callable[..., None],
        patience: Callable[[], None] = a_moment,
    ) -> None:
        self._paths = paths
        self._journal = journal
        self._clock = clock
        self._post = post
        self._patience = patience
        self._last: Account | None = None

    def methods(self) -> dict[str, Method]:
        """By name, for `beffroi.capture.methods`."""
        return {"account": self._answer, "account_known": self._known}

    async def keep(self) -> None:
        """The duty: a first account shortly after the start, then one a day."""
        await asyncio.sleep(FIRST_AFTER_S)
        while True:
            await asyncio.to_thread(self.daily)
            await asyncio.sleep(EVERY_S)

    def daily(self) -> Account:
        """The account of all days within reach, told to the log and, when wrong, to the journal. Blocking, unhurried.

        Raises:
            BeffroiError: a source cannot be read.
        """
        began_s = time.monotonic()
        today = instant(self._clock.wall_us()).date()
        found = self._account(first=today - timedelta(days=REACH_DAYS), whole=True, breathe=_breathe)
        self._last = found
        wrong = list(found.wrong())
        _log.info("account", lines=len(found.lines), wrong=len(wrong), took_s=round(time.monotonic() - began_s, 1))
        if not found.adds_up:
            first = wrong[0].text if wrong else Alarm.ACCOUNT.text
            fields = {"what": Alarm.ACCOUNT.value, "count": len(wrong), "first": first.as_dict()}
            self._post(ActKind.ALARM, fields)
        return found

    def _account(self, **asked: Any) -> Account:
        with self._house() as house:
            return account(house, patience=self._patience, **asked)

    @contextmanager
    def _house(self) -> Iterator[House]:
        mandates = Journal.open(self._paths.mandates)
        try:
            yield House(
                root=self._paths.root,
                journal=self._journal(),
                mandates=mandates,
                trusted=load_public_keys(self._paths.sheet_trust),
                now_us=self._clock.wall_us,
                running=True,
            )
        finally:
            mandates.close()

    def _answer(self, params: dict[str, Any]) -> Any:
        """``from`` and ``to`` (legal days), ``cameras`` (all without it): the lines, fresh; and what `_told` tells."""
        first, last = _day(params, "from"), _day(params, "to")
        if not timedelta() <= last - first < timedelta(days=MAX_DAYS):
            raise bad("to")
        cameras = params.get("cameras")
        if cameras is not None and not (isinstance(cameras, list) and len(cameras) <= MAX_CAMERAS):
            raise bad("cameras")
        wanted = None if cameras is None else {one for one in cameras if isinstance(one, str)}
        found = self._account(cameras=wanted, first=first, last=last, whole=False)
        return {**account_json(found), **self._told()}

    def _known(self, _: dict[str, Any]) -> Any:
        """The cameras of which there may be lines, for who asks for them a few at a time; and what `_told` tells."""
        with self._house() as house:
            cameras = sorted(known_cameras(house))
        return {"cameras": cameras, "now_us": self._clock.wall_us(), **self._told()}

    def _told(self) -> dict[str, Any]:
        """Of the last daily account, what concerns no day, with when it was looked at (null: not yet)."""
        checked = self._last
        return {
            "whole": [fault_json(one) for one in checked.whole] if checked else [],
            "whole_us": checked.now_us if checked else None,
        }


def _day(params: dict[str, Any], name: str) -> date:
    try:
        return date.fromisoformat(params[name])
    except (KeyError, TypeError, ValueError) as error:
        raise bad(name) from error


def _breathe() -> None:
    time.sleep(_BREATH_S)  # the workers' writers come first
