"""What live and replay share: run until the client leaves or the gate cuts, say the cut, register what was sent."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

import structlog

from beffroi.base.ending import bring_to_end
from beffroi.domain.errors import BeffroiError, NotFoundError
from beffroi.domain.lease import LeaseRefusedError
from beffroi.gate.answers import ENDED_TEXT, Cut, CutCode, OpenedView
from beffroi.ledger.entry import Sent
from beffroi.vault.keyerrors import HourDamagedError
from beffroi.vault.keyring_remote import KeyringUnreachableError
from beffroi.vault.release import NoKeyringError
from beffroi.vault.sealing import SealBrokenError
from beffroi.watch.choice import NotPlayableError
from beffroi.watch.outlet import Outlet
from beffroi.watch.ports import ClientGoneError, Leases

_log = structlog.get_logger(__name__)
SAY_CUT_S: Final = 1.0
LET_GO_S: Final = 1.0
"""How long a view may take to let go of its recorder before its cut is said all the same. Nothing leaves meanwhile."""

_LASTING: Final = (NotPlayableError, NoKeyringError, KeyringUnreachableError, SealBrokenError, HourDamagedError)
"""Asking again by itself changes nothing: each time would be one more act. A person decides to."""


async def run_view(
    work: Coroutine[Any, Any, None], view: OpenedView, leases: Leases, outlet: Outlet
) -> tuple[Sent, Cut | None]:
    """Run one view to its end.

    A cut cancels the work in its place, even in the middle of a send to a client that does not read; the sentence is
    then offered for a second, and the caller closes (aborts) the connection.

    Returns what was sent, and the cut if there was one (None: the client left).
    """
    cut_at: asyncio.Future[Cut] = asyncio.get_running_loop().create_future()

    def on_cut(_view: OpenedView, cut: Cut) -> None:
        if not cut_at.done():
            cut_at.set_result(cut)

    try:
        leave = leases.subscribe(view.id, on_cut)
    except NotFoundError:
        work.close()
        return outlet.sent, Cut(CutCode.ENDED, ENDED_TEXT)
    task = asyncio.create_task(work, name=f"view {view.id}")
    stopped = False
    try:
        waiting: set[asyncio.Future[Any]] = {task, cut_at}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        cut = cut_at.result() if cut_at.done() else _outcome(task)
        if cut is not None:
            await _stop(task)
            stopped = True
            await _say(outlet, cut)
        return outlet.sent, cut
    finally:
        leave()
        try:
            if not stopped:
                await _stop(task)
        finally:  # also when its session ends meanwhile: the register is told what was sent
            await leases.end(view.id, outlet.sent)


def _outcome(task: "asyncio.Task[None]") -> Cut | None:
    """How the work ended by itself."""
    error = task.exception()
    if error is None or isinstance(error, ClientGoneError | ConnectionError):
        return None
    if isinstance(error, LeaseRefusedError):
        return Cut(CutCode.ENDED, error.text)
    if isinstance(error, _LASTING):
        return Cut(CutCode.ENDED, error.text)
    if isinstance(error, BeffroiError):
        return Cut(CutCode.UNREACHABLE, error.text)
    raise error


async def _stop(task: "asyncio.Task[None]") -> None:
    if not await bring_to_end(task, within_s=LET_GO_S):
        _log.error("view does not let go", task=task.get_name())


async def _say(outlet: Outlet, cut: Cut) -> None:
    try:
        async with asyncio.timeout(SAY_CUT_S):
            await outlet.cut(cut)
    except (TimeoutError, ClientGoneError, ConnectionError):
        _log.info("client gone before its cut could be said", code=cut.code)
