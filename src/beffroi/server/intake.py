"""The recorder's journal goes into the register: each act once, in its order, acknowledged when durable."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, Protocol

import structlog

from beffroi.base.background import Background
from beffroi.capture.client import RecorderClient, RecorderGoneError
from beffroi.domain.errors import BeffroiError
from beffroi.domain.text import Text
from beffroi.ledger.entry import Entry
from beffroi.ledger.ledger import Ledger
from beffroi.server.notices import why_of
from beffroi.vault.journalentry import entry_of

_log = structlog.get_logger(__name__)

RECORDER: Final = "recorder"
"""The recorder of this machine, as the register names it."""

PERIOD_S: Final = 2.0
BATCH: Final = 500
_NOT_UNDERSTOOD: Final = Text(
    fr="Une écriture n'est pas comprise : l'enregistreur et le centre sont-ils de la même version ?",
    en="An entry is not understood: are recorder and centre of the same version?",
)


class CrossSign(Protocol):
    """What is done at each round besides taking in: `beffroi.server.crosssign.CrossSigning`."""

    @property
    def agrees(self) -> bool:
        """Whether the journal is the one taken in: if not, nothing of it is acknowledged."""
        ...

    async def once(self) -> None:
        """Hold the journal's chain against the register's, and hand the recorder a checkpoint when it is due."""
        ...


class JournalIntake:
    """A task that follows one recorder's journal. A recorder that does not answer is tried again, for ever.

    ``tell`` hears why nothing more can be taken in, or None once it goes again; ``cross`` comes before each round, so
    that a journal that was changed is known before more of it is taken in.
    """

    def __init__(
        self,
        recorder: RecorderClient,
        ledger: Ledger,
        *,
        name: str,
        tell: Callable[[Text | None], None] = lambda _: None,
        cross: CrossSign | None = None,
    ) -> None:
        self._recorder = recorder
        self._tell = tell
        self._ledger = ledger
        self._name = name
        self._cross = cross
        self._task = Background(self._run, "journal-intake")

    async def __aenter__(self) -> "JournalIntake":
        self._task.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._task.stop()

    async def once(self) -> int:
        """Take in what is new; how many."""
        taken = 0
        if self._cross is not None:
            await self._cross.once()
        after = self._ledger.last_seq(self._name) or 0
        while entries := await self._recorder.journal(after, BATCH):
            # Handed in in order and at once: an act that is refused stops here, it is never skipped by a later one.
            # The last act of a batch carries the chain over all before it: with it the register holds the journal.
            made = [_entry(self._name, one, last=one is entries[-1]) for one in entries]
            for future in self._ledger.submit_all(made):
                await asyncio.wrap_future(future)
            after = int(entries[-1]["seq"])
            if self._cross is None or self._cross.agrees:
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
            except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
                _log.exception("journal entry not understood")
                self._tell(_NOT_UNDERSTOOD)
            except Exception as error:  # noqa: BLE001  whatever a round meets: nobody would begin the next one
                _log.exception("journal not taken in")
                self._tell(why_of(error))
            await asyncio.sleep(PERIOD_S)


def _entry(recorder: str, act: dict[str, Any], *, last: bool) -> Entry:
    chain = (act.get("chain") or None) if last else None
    return entry_of(recorder, int(act["seq"]), int(act["wall_us"]), str(act["kind"]), dict(act["fields"]), chain=chain)
