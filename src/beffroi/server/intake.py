"""The recorder's journal goes into the register: each act once, in its order, acknowledged when durable."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any, Final

import structlog

from beffroi.capture.client import RecorderClient, RecorderGoneError
from beffroi.domain.errors import BeffroiError
from beffroi.domain.ids import AuthorityId, CameraId
from beffroi.domain.text import Text
from beffroi.ledger.entry import Entry, EntryKind, Source
from beffroi.ledger.ledger import Ledger

_log = structlog.get_logger(__name__)

PERIOD_S: Final = 2.0
BATCH: Final = 500
_NOT_UNDERSTOOD: Final = Text(
    fr="Une écriture n'est pas comprise : l'enregistreur et le centre sont-ils de la même version ?",
    en="An entry is not understood: are recorder and centre of the same version?",
)


class JournalIntake:
    """A task that follows one recorder's journal. A recorder that does not answer is tried again, for ever.

    ``tell`` hears why nothing more can be taken in, or None once it goes again.
    """

    def __init__(
        self,
        recorder: RecorderClient,
        ledger: Ledger,
        *,
        name: str,
        tell: Callable[[Text | None], None] = lambda _: None,
    ) -> None:
        self._recorder = recorder
        self._tell = tell
        self._ledger = ledger
        self._name = name
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "JournalIntake":
        self._task = asyncio.create_task(self._run(), name="journal-intake")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def once(self) -> int:
        """Take in what is new; how many."""
        taken = 0
        after = self._ledger.last_seq(self._name) or 0
        while entries := await self._recorder.journal(after, BATCH):
            # Handed in in order: an act that is refused stops here, it is never skipped by a later one.
            handed = [self._ledger.submit(_entry(self._name, one)) for one in entries]
            for future in handed:
                await asyncio.wrap_future(future)
            after = int(entries[-1]["seq"])
            await self._recorder.journal_ack(after)
            taken += len(entries)
        return taken

    async def _run(self) -> None:
        while True:
            try:
                await self.once()
                self._tell(None)
            except RecorderGoneError as error:
                _log.debug("journal not taken in", reason=error.text.en)
            except BeffroiError as error:
                _log.error("journal not taken in", reason=error.text.en)
                self._tell(error.text)
            except (KeyError, TypeError, ValueError):
                _log.exception("journal entry not understood")
                self._tell(_NOT_UNDERSTOOD)
            await asyncio.sleep(PERIOD_S)


def _entry(recorder: str, act: dict[str, Any]) -> Entry:
    fields = dict(act["fields"])
    camera, authority = fields.get("camera"), fields.get("authority")
    destroyed = act["kind"] == "destruction"
    return Entry(
        EntryKind.DESTRUCTION if destroyed else EntryKind.RECORDER,
        camera=CameraId(camera) if isinstance(camera, str) else None,
        authority=AuthorityId(authority) if isinstance(authority, str) else None,
        outcome=str(act["kind"]),
        source=Source(recorder, int(act["seq"])),
        at_us=int(act["wall_us"]),
        detail=_exact(fields),
    )


def _exact(value: Any) -> Any:
    """The register spells whole numbers only: a measure with decimals goes in as its text."""
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, dict):
        return {key: _exact(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_exact(item) for item in value]
    return value
