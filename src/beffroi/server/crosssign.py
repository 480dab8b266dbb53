"""Recorder and register sign for one another: the register holds the chain of the journal, the recorder the register's
checkpoints. Whoever rewrites the one is found by the other; here, while both are at work. Offline: `ledger cross`.
"""

import asyncio
import base64
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog

from beffroi.base.files import write_durable
from beffroi.capture.client import RecorderClient
from beffroi.domain.errors import BadInputError, RefusedError
from beffroi.domain.text import Text
from beffroi.ledger.entry import Entry, EntryKind
from beffroi.ledger.ledger import Ledger
from beffroi.ledger.note import parse_checkpoint
from beffroi.ledger.proofs import Prover
from beffroi.ledger.store import LedgerDamagedError

_log = structlog.get_logger(__name__)

JOURNAL_MARK: Final = "journal-disagrees.json"
DISAGREES: Final = "journal_disagrees"
"""The outcome of the entry that says so."""

_HASH: Final = re.compile(r"[0-9a-f]{64}")
_JOURNAL: Final = Text(
    fr="Le journal de l'enregistreur n'est plus celui que le registre a repris : il a été modifié, raccourci ou "
    "remplacé. Gardez les deux, lancez « beffroi ledger cross » et prévenez le délégué à la protection des données. "
    "D'ici là l'enregistreur garde toutes ses écritures.",
    en="The recorder's journal is no longer the one that the register took in: it was changed, cut short or replaced. "
    "Keep both, run `beffroi ledger cross` and tell the data protection officer. Until then the recorder keeps all its "
    "acts.",
)
_NO_KEY: Final = Text(
    fr="L'enregistreur n'a pas la clé du registre : il ne peut pas en être témoin. Lancez « beffroi recorder "
    "register » sur sa machine.",
    en="The recorder does not have the register's key: it cannot be its witness. Run `beffroi recorder register` on "
    "its machine.",
)

Tell = Callable[[str, Text | None], None]
"""Hears of ``journal``, ``head`` or ``key``: the sentence to show, None once it is well."""


class CrossSigning:
    """Of one recorder. Its troubles never hold up the taking in.

    ``mark``: a file that stands while the journal is not known to be the one taken in, also over restarts, until the
    persons who looked into it remove it. Meanwhile nothing is acknowledged: the recorder keeps all its acts, also those
    that bear the numbers of others that the register has.
    """

    def __init__(
        self,
        recorder: RecorderClient,
        ledger: Ledger,
        *,
        name: str,
        mark: Path,
        tell: Tell = lambda _, __: None,
    ) -> None:
        self._mark = mark
        self._recorder = recorder
        self._ledger = ledger
        self._name = name
        self._tell = tell
        self._said: tuple[int, str] | None = None
        self._refused = ""

    @property
    def agrees(self) -> bool:
        """Whether the recorder may be told that it need not keep what was taken in."""
        return not self._mark.exists()

    async def once(self) -> None:
        """Compare, then hand over a checkpoint when one is due.

        Raises:
            RecorderGoneError: nobody answers.
        """
        after = self._ledger.last_seq(self._name) or 0
        try:
            state = await self._recorder.call("register_state", {"seq": after})
        except BadInputError:
            _log.debug("the recorder does not cross-sign yet: an older version")
            return
        state = state if isinstance(state, dict) else {}
        last, size, chain = _number(state.get("last")), _number(state.get("size")), state.get("chain")
        if last is None or size is None:
            _log.error("the state of the recorder's journal is malformed", recorder=self._name)
            return
        expected = self._ledger.chain_of(self._name)
        if (self._ledger.last_seq(self._name) or 0) != after:
            return  # a batch in doubt was settled meanwhile: that answer is of another act, the next round compares
        if last < after or (expected is not None and chain != expected):
            await self._disagreement(after, last, expected, chain)
        else:
            self._tell("journal", None if self.agrees else _JOURNAL)
        self._tell("key", None if state.get("key") else _NO_KEY)
        if state.get("due") and state.get("key") and after:
            await self._offer(size)

    async def _disagreement(self, after: int, last: int, expected: str | None, chain: object) -> None:
        """An entry for each journal met, and a notice that stays while the mark does."""
        found = chain if isinstance(chain, str) and _HASH.fullmatch(chain) else ""
        self._tell("journal", _JOURNAL)
        if self._said == (after, found):
            return
        _log.critical("the recorder's journal is not the one taken in", recorder=self._name, act=after)
        detail = {"recorder": self._name, "seq": after, "last": last, "chain": expected, "found": found}
        kept = {key: value for key, value in detail.items() if value is not None}
        write_durable(self._mark, json.dumps(kept).encode())
        await self._ledger.append_async(Entry(EntryKind.RECORDER, outcome=DISAGREES, detail=kept))
        self._said = (after, found)

    async def _offer(self, old: int) -> None:
        note = self._ledger.checkpoint_note()
        size = parse_checkpoint(note).size
        try:
            # A recorder that knows more is offered what there is: it says that the register was set back.
            proof = (
                await asyncio.to_thread(Prover(self._ledger.directory, size).consistency, old) if old <= size else []
            )
        except LedgerDamagedError:
            return  # a tile is missing: the verification of the register names it
        steps = [base64.b64encode(step).decode() for step in proof]
        try:
            await self._recorder.call("register_head", {"old": old, "proof": steps, "note": note.decode()})
        except RefusedError as error:
            if self._refused != error.text.en:
                _log.critical("the recorder refuses the checkpoint", recorder=self._name, reason=error.text.en)
            self._refused = error.text.en
            self._tell("head", error.text)
        else:
            self._refused = ""
            self._tell("head", None)


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and 0 <= value < 1 << 53 else None
