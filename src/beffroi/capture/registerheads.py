"""The register's checkpoints on the control socket: where the journal's chain stands, and a checkpoint to keep."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import structlog

from beffroi.capture.alarms import Alarm
from beffroi.capture.methods import Method
from beffroi.capture.params import bad, whole
from beffroi.domain.clock import Clock
from beffroi.ledger.note import NoteError, strict_base64
from beffroi.vault.journal import ActKind, Journal
from beffroi.vault.registerkept import (
    MAX_PROOF,
    HeadRefusedError,
    Kept,
    Refusal,
    head_fields,
    judge,
    last_kept,
    trusted,
)

_log = structlog.get_logger(__name__)

EVERY_US: Final = 3_600_000_000
"""A checkpoint is kept at most this often, on the recorder's clock; a clock set back does not stop it for ever."""


class RegisterHeads:
    """Calls come from threads; they are made one at a time."""

    def __init__(self, trust: Path, *, journal: Callable[[], Journal], clock: Clock) -> None:
        self._trust = trust
        self._journal = journal
        self._clock = clock
        self._one = threading.Lock()
        self._told_s: dict[Refusal, float] = {}

    def methods(self) -> dict[str, Method]:
        """By name, for `beffroi.capture.methods`."""
        return {"register_state": self._state, "register_head": self._head}

    def _state(self, params: dict[str, Any]) -> Any:
        """``last``: the journal's last act; ``chain``: the hash up to act ``seq`` (null: not here); ``size``: of the
        checkpoint kept; ``due``: whether the next one would be kept; ``key``: whether the register's key is here."""
        journal, seq = self._journal(), whole(params, "seq")
        kept, chain = last_kept(journal), journal.chain_at(seq)
        return {
            "last": journal.last_seq(),
            "chain": chain.hex() if chain else None,
            "size": kept.size,
            "due": self._due(kept),
            "key": self._trust.exists(),
        }

    def _head(self, params: dict[str, Any]) -> Any:
        """Keep ``note`` when ``proof`` shows that it goes on from the checkpoint of ``old`` entries that was kept.

        Raises:
            BadInputError: malformed. HeadRefusedError: it does not go on; an alarm was entered.
        """
        old, proof, note = whole(params, "old"), _proof(params.get("proof")), params.get("note")
        if not isinstance(note, str):
            raise bad("note")
        with self._one:
            journal = self._journal()
            kept = last_kept(journal)
            if old != kept.size:
                return {"size": kept.size, "kept": False}
            try:
                verifier = trusted(self._trust)
                new = judge(kept, verifier, proof, note.encode(errors="surrogatepass"))
            except HeadRefusedError as error:
                self._alarm(journal, error, kept)
                raise
            if new.size == kept.size or not self._due(kept):
                return {"size": kept.size, "kept": False}
            fields = head_fields(new, note.encode(), verifier, journal.acked())
            journal.append(ActKind.REGISTER_HEAD, fields, wall_us=self._clock.wall_us())
            return {"size": new.size, "kept": True}

    def _due(self, kept: Kept) -> bool:
        return not kept.wall_us or abs(self._clock.wall_us() - kept.wall_us) >= EVERY_US

    def _alarm(self, journal: Journal, error: HeadRefusedError, kept: Kept) -> None:
        """Told once an hour for each cause, with the note: signed, it is the proof."""
        now_s = self._clock.monotonic_s()
        last_s = self._told_s.get(error.refusal)
        if error.refusal is Refusal.NO_KEY or (last_s is not None and now_s - last_s < EVERY_US / 1_000_000):
            return
        _log.error("the register's checkpoint is refused", cause=error.refusal.value, kept=kept.size)
        fields: dict[str, Any] = {
            "what": Alarm.REGISTER_DISAGREES.value,
            "cause": error.refusal.value,
            "size": kept.size,
        }
        fields |= {"note": error.note.decode(), "text": error.text.as_dict()}
        journal.append(ActKind.ALARM, fields, wall_us=self._clock.wall_us())
        self._told_s[error.refusal] = now_s


def _proof(value: Any) -> list[bytes]:
    if not isinstance(value, list) or len(value) > MAX_PROOF:
        raise bad("proof")
    try:
        steps = [strict_base64(step) for step in value]
    except (NoteError, TypeError) as error:
        raise bad("proof") from error
    if any(len(step) != 32 for step in steps):
        raise bad("proof")
    return steps
