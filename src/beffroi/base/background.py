"""A task that runs in the event loop for as long as its owner is open."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog

from beffroi.base.ending import bring_to_end

_log = structlog.get_logger(__name__)


AGAIN_S: Final = 5.0
"""How long after its death a task begins again."""


class Background:
    """One task: started once, stopped once. One that ends by itself was meant to go on: that is told, and it begins
    again a moment later."""

    def __init__(self, run: Callable[[], Coroutine[Any, Any, None]], name: str, *, again_s: float = AGAIN_S) -> None:
        self._run = run
        self._name = name
        self._again_s = again_s
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, in the loop that runs."""
        self._stopping = False
        self._task = asyncio.create_task(self._keep(), name=self._name)

    async def stop(self) -> None:
        """Cancel it and wait until it has ended, whatever it ends with; nothing when it was not started."""
        task, self._task = self._task, None
        self._stopping = True
        if task is not None:
            await bring_to_end(task)

    async def _keep(self) -> None:
        while not self._stopping:
            try:
                await self._run()
                _log.critical("a task of the centre has ended", task=self._name)
            except Exception as error:  # noqa: BLE001  whatever it was, the duty goes on
                _log.critical("a task of the centre has ended", task=self._name, exc_info=error)
            if not self._stopping:
                await asyncio.sleep(self._again_s)
