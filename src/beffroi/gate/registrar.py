"""The gate's side of the register: wait for an entry to be on disk, or hand it in without waiting; never both wrong."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future

import structlog

from beffroi.domain.errors import BrokenError
from beffroi.gate.answers import GateClosedError
from beffroi.ledger.entry import Entry
from beffroi.ledger.ledger import Ledger

_log = structlog.get_logger(__name__)


class Registrar:
    """Waits at most ``wait_s`` for the disk; takes a disk silent for ``stall_limit_s`` as dead (both in seconds)."""

    def __init__(self, ledger: Ledger, *, wait_s: float, stall_limit_s: float) -> None:
        self._ledger = ledger
        self._wait_s = wait_s
        self._stall_limit_s = stall_limit_s

    def broken(self) -> bool:
        """Whether the register is dead or its disk has not answered for too long."""
        return self._ledger.failure is not None or self._ledger.stalled_s() > self._stall_limit_s

    async def durable(self, entry: Entry, late: Callable[[int], Entry | None]) -> int:
        """Write an entry and wait until it is on disk; returns its index.

        Args:
            entry: what to write.
            late: given the index when the entry reaches the disk after the caller has gone (time out, cancelled);
                may return one more entry to write. Called in any thread.

        Raises:
            GateClosedError: not written, or not in time.
        """
        try:
            future = self._ledger.submit(entry)
        except BrokenError as error:
            raise GateClosedError from error
        try:
            async with asyncio.timeout(self._wait_s):  # `wait_for` would lose a caller's leaving just then (until 3.12)
                return await asyncio.wrap_future(future)
        except BrokenError as error:
            raise GateClosedError from error
        except TimeoutError as error:
            future.add_done_callback(lambda done: self._written_late(done, late))
            raise GateClosedError from error
        except asyncio.CancelledError:
            future.add_done_callback(lambda done: self._written_late(done, late))
            raise

    def _written_late(self, done: "Future[int]", late: Callable[[int], Entry | None]) -> None:
        if done.exception() is None:
            entry = late(done.result())
            if entry is not None:
                self.write(entry)

    def write(self, entry: Entry) -> None:
        """Hand an entry to the committer without waiting. A failure is logged; the gate then closes by itself."""

        def done(future: "Future[int]") -> None:
            error = future.exception()
            if error is not None:
                _log.error("entry not registered", kind=entry.kind, view=entry.view, error=error)

        try:
            self._ledger.submit(entry).add_done_callback(done)
        except BrokenError as error:
            _log.error("entry not registered", kind=entry.kind, view=entry.view, error=error)

    async def write_end(self, entry: Entry) -> int | None:
        """Write an entry and wait for it; None when the register could not (logged)."""
        try:
            return await self._ledger.append_async(entry)
        except BrokenError as error:
            _log.error("entry not registered", kind=entry.kind, view=entry.view, error=error)
            return None
