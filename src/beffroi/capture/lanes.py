"""Threads for what the centre asks, apart by kind: what waits for a lock or a disk keeps nothing else waiting."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from beffroi.domain.errors import BrokenError
from beffroi.domain.text import Text

_HOLDING: Final = ("hold", "hold_seal", "hold_end")
"""One at a time copies or destroys, however long that takes; the others wait for it."""

_FOOTAGE: Final = ("read", "calendar", "chunks", "holds", "hold_pieces", "hold_read")
"""They open files of pictures: a disk that does not answer keeps them."""

_ACCOUNTS: Final = ("account", "account_known")


class BusyError(BrokenError):
    """As many requests of this kind as may wait are waiting already."""

    def __init__(self) -> None:
        super().__init__(
            Text(
                fr="L'enregistreur est occupé par des demandes du même genre (gel, lecture ou bilan) : réessayez dans "
                "une minute ; si cela dure, vérifiez son disque.",
                en="The recorder is busy with requests of the same kind (hold, reading or account): try again in a "
                "minute; if it lasts, check its disk.",
            )
        )


class Lane:
    """So many ``threads``, begun when needed; beyond ``waiting`` requests more, one is refused at once."""

    def __init__(self, name: str, *, threads: int, waiting: int) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._room = threading.BoundedSemaphore(threads + waiting)

    async def run(self, work: Callable[[], Any]) -> Any:
        """What it returns or raises. Cancelled, a request that waits is not begun; one that has begun goes on, and
        keeps its place to its end.

        Raises:
            BusyError: there is no room.
        """
        if not self._room.acquire(blocking=False):
            raise BusyError
        try:
            future = self._threads.submit(work)
        except BaseException:
            self._room.release()
            raise
        future.add_done_callback(lambda _: self._room.release())
        return await asyncio.wrap_future(future)

    def close(self) -> None:
        """Nothing begins any more; what has begun is not waited for."""
        self._threads.shutdown(wait=False, cancel_futures=True)


class Lanes:
    """The lanes of one recorder. None of them is that of its own duties (sheets, disk, destruction), which have the
    threads of `asyncio.to_thread`."""

    def __init__(self) -> None:
        self._rest = Lane("answer", threads=8, waiting=248)
        holding = Lane("holding", threads=2, waiting=62)
        footage = Lane("footage", threads=16, waiting=496)
        accounts = Lane("account", threads=2, waiting=30)
        self._lanes = {
            **dict.fromkeys(_HOLDING, holding),
            **dict.fromkeys(_FOOTAGE, footage),
            **dict.fromkeys(_ACCOUNTS, accounts),
        }

    def of(self, method: str) -> Lane:
        """The lane of a method of `beffroi.capture.methods`."""
        return self._lanes.get(method, self._rest)

    def close(self) -> None:
        """As `Lane.close`, all of them."""
        for lane in {self._rest, *self._lanes.values()}:
            lane.close()
