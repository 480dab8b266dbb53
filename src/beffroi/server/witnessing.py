"""The centre's side of witnessing: each checkpoint is submitted to the witnesses of the quorum file, and the console is
told how long nobody outside has stood behind the register.
"""

import contextlib
import threading
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import structlog

from beffroi.base.files import write_durable
from beffroi.domain.clock import Clock
from beffroi.domain.errors import BeffroiError
from beffroi.domain.text import Text
from beffroi.ledger.ledger import Ledger
from beffroi.ledger.note import NoteError, parse_checkpoint
from beffroi.ledger.proofs import Prover
from beffroi.ledger.quorum import NamedWitness, Quorum, parse_quorum
from beffroi.ledger.store import LedgerDamagedError
from beffroi.server.notices import Level, Notice
from beffroi.server.witnesscall import OtherSizeError, WitnessRefusedError, is_here, submit

_log = structlog.get_logger(__name__)

PERIOD_S: Final = 20.0
BANNER_S: Final = 15 * 60
ALARM_S: Final = 24 * 3600
QUORUM_FILE: Final = "quorum.txt"
CA_FILE: Final = "witnesses.pem"
WITNESSED_FILE: Final = "ledger-witnessed"
"""The newest checkpoint with its quorum of cosignatures, beside the register."""


class WitnessState(StrEnum):
    """How far the register can be believed beyond this machine."""

    WITNESSED = "witnessed"
    LATE = "late"
    MISSING = "missing"
    NONE = "none"
    HERE = "here"
    REFUSED = "refused"


_TEXTS: Final = {
    WitnessState.WITNESSED: Text(
        fr="Registre contresigné par ses témoins.", en="The register is countersigned by its witnesses."
    ),
    WitnessState.LATE: Text(
        fr="Les témoins n'ont pas contresigné le registre depuis plus de 15 minutes : vérifiez le réseau et leurs "
        "machines.",
        en="The witnesses have not countersigned the register for more than 15 minutes: check the network and their "
        "machines.",
    ),
    WitnessState.MISSING: Text(
        fr="Les témoins n'ont pas contresigné le registre depuis plus de 24 heures : prévenez le délégué à la "
        "protection des données.",
        en="The witnesses have not countersigned the register for more than 24 hours: tell the data protection "
        "officer.",
    ),
    WitnessState.NONE: Text(
        fr="Registre sans témoin : qui tient cette machine pourrait le réécrire. Installez un témoin dans une mairie "
        "(docs/guide/witness.md).",
        en="The register has no witness: whoever holds this machine could rewrite it. Set up a witness in a town hall "
        "(docs/guide/witness.md).",
    ),
    WitnessState.HERE: Text(
        fr="Le témoin est sur cette machine : il ne prouve rien contre qui la tient. Installez-le ailleurs.",
        en="The witness is on this machine: it proves nothing against whoever holds it. Set it up elsewhere.",
    ),
    WitnessState.REFUSED: Text(
        fr="Un témoin refuse de contresigner : le registre ne prolonge pas celui qu'il a connu. Ne supprimez rien, "
        "lancez « beffroi ledger verify » avec son point de contrôle et prévenez le délégué à la protection "
        "des données.",
        en="A witness refuses to countersign: the register does not go on from the one it knew. Delete nothing, run "
        "“beffroi ledger verify” with its checkpoint and tell the data protection officer.",
    ),
}


_LEVELS: Final = {
    WitnessState.LATE: Level.SOON,
    WitnessState.HERE: Level.LESS,
    WitnessState.MISSING: Level.LOST,
    WitnessState.REFUSED: Level.LOST,
}
"""A register without any witness is told in its own room: whoever set it up knows."""


@dataclass(frozen=True, slots=True)
class WitnessStatus:
    """What the console says. ``since_us`` is when the quorum was last had (wall time), ``size`` what it covers."""

    state: WitnessState
    since_us: int | None
    size: int

    @property
    def witnessed(self) -> bool:
        """Whether somebody outside stands behind the register."""
        return self.state is WitnessState.WITNESSED

    @property
    def text(self) -> Text:
        """The state in words, with what to do."""
        return _TEXTS[self.state]


class Witnessing:
    """One per centre. ``folder`` is the centre's: it holds the quorum file, the trusted certificates, the result."""

    def __init__(self, ledger: Ledger, folder: Path, clock: Clock) -> None:
        self._ledger = ledger
        self._folder = folder
        self._clock = clock
        self._known: dict[str, int] = {}
        self._refused: set[str] = set()
        self._only_here = False
        self._stop = threading.Event()
        self._asking = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="witnessing", daemon=True)
        self._last_us, self._size = self._remembered()

    def start(self) -> None:
        """Submit from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Stop submitting."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(10)

    def quorum(self) -> Quorum | None:
        """The quorum file as it is now; None when there is none, or it asks for nobody.

        Raises:
            QuorumRefusedError: it cannot be used.
        """
        return _quorum_in(self._folder)

    def status(self) -> WitnessStatus:
        """What can be said now."""
        try:
            quorum = self.quorum()
        except BeffroiError:
            quorum = None
        if quorum is None:
            return WitnessStatus(WitnessState.NONE, None, 0)
        if self._refused:
            return WitnessStatus(WitnessState.REFUSED, self._last_us, self._size)
        if self._only_here:
            return WitnessStatus(WitnessState.HERE, self._last_us, self._size)
        return _aged(self._last_us, self._size, self._clock)

    def notices(self) -> list[Notice]:
        """What those who look after the machine should know."""
        state = self.status().state
        level = _LEVELS.get(state)
        return [] if level is None else [Notice(f"witness-{state.value}", level, _TEXTS[state])]

    def once(self) -> bool:
        """Submit the present checkpoint to every witness; whether it has its quorum."""
        with self._asking:
            return self._once()

    def covering(self, size: int) -> bytes | None:
        """A countersigned checkpoint of so many entries at least; the witnesses are asked for it when the last one is
        older. None when they do not all answer, or there are none: nobody waits longer for them than for one round."""
        for again in (True, False):
            with contextlib.suppress(OSError, NoteError):
                note = (self._folder / WITNESSED_FILE).read_bytes()
                if parse_checkpoint(note).size >= size:
                    return note
            with contextlib.suppress(OSError, BeffroiError):
                if not again or not self.once():
                    return None
        return None

    def vkeys(self) -> list[str]:
        """The keys of the witnesses that the quorum file names."""
        with contextlib.suppress(BeffroiError, OSError):
            quorum = self.quorum()
            return [one.key.encode() for one in quorum.witnesses.values()] if quorum else []
        return []

    def _once(self) -> bool:
        quorum = self.quorum()
        if quorum is None:
            return False
        note = self._ledger.checkpoint_note()
        size = parse_checkpoint(note).size
        lines = [line for one in quorum.witnesses.values() if one.address and (line := self._ask(one, size, note))]
        cosigned = note + b"".join(lines)
        here = {one.name for one in quorum.witnesses.values() if one.address and is_here(one.address)}
        self._only_here = bool(here) and quorum.met_at_s(cosigned, ignoring=here) is None
        if quorum.met_at_s(cosigned) is None:
            return False
        write_durable(self._folder / WITNESSED_FILE, cosigned, mode=0o644)
        self._last_us, self._size = self._clock.wall_us(), size
        return True

    def _ask(self, witness: NamedWitness, size: int, note: bytes) -> bytes | None:
        ca = self._folder / CA_FILE
        old = self._known.get(witness.name, 0)
        for _ in range(2):
            try:
                proof = Prover(self._ledger.directory, size).consistency(old) if old <= size else []
                line = submit(witness, old, proof, note, ca if ca.exists() else None)
            except OtherSizeError as other:
                if other.size > size:
                    break  # it knows more than we have: this register was set back
                old = other.size
                continue
            except WitnessRefusedError as error:
                _log.warning("not cosigned", witness=witness.name, status=error.status, reason=str(error))
                if error.status == 422:
                    self._refused.add(witness.name)
                return None
            except (LedgerDamagedError, ValueError):
                return None  # a tile is missing: the verification of the register names it
            self._known[witness.name] = size
            self._refused.discard(witness.name)
            return line
        _log.critical("a witness knows another history of this register", witness=witness.name)
        self._refused.add(witness.name)
        return None

    def _remembered(self) -> tuple[int | None, int]:
        return _remembered_in(self._folder)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.once()
            except BeffroiError as error:
                _log.error("witnesses not asked", reason=error.text.en)
            except OSError as error:
                _log.error("witnessed checkpoint not kept", error=type(error).__name__)
            self._stop.wait(PERIOD_S)


def status_in(folder: Path, clock: Clock) -> WitnessStatus:
    """What the files of a centre say, for a command beside it. That a witness refuses is known to the running centre
    alone: it is seen here as a countersignature that grows old."""
    quorum = None
    with contextlib.suppress(BeffroiError, OSError):
        quorum = _quorum_in(folder)
    if quorum is None:
        return WitnessStatus(WitnessState.NONE, None, 0)
    last_us, size = _remembered_in(folder)
    here = {one.name for one in quorum.witnesses.values() if one.address and is_here(one.address)}
    if here and last_us is not None and quorum.met_at_s((folder / WITNESSED_FILE).read_bytes(), ignoring=here) is None:
        return WitnessStatus(WitnessState.HERE, last_us, size)
    return _aged(last_us, size, clock)


def _quorum_in(folder: Path) -> Quorum | None:
    path = folder / QUORUM_FILE
    if not path.exists():
        return None
    quorum = parse_quorum(path.read_text())
    return None if quorum.required is None else quorum


def _remembered_in(folder: Path) -> tuple[int | None, int]:
    """When the quorum was last had (wall time), and how many entries it covers."""
    with contextlib.suppress(OSError, NoteError, BeffroiError):
        note = (folder / WITNESSED_FILE).read_bytes()
        quorum = _quorum_in(folder)
        met_s = quorum.met_at_s(note) if quorum else None
        if met_s is not None:
            return met_s * 1_000_000, parse_checkpoint(note).size
    return None, 0


def _aged(last_us: int | None, size: int, clock: Clock) -> WitnessStatus:
    """By the age of the last quorum."""
    age_s = (clock.wall_us() - (last_us or 0)) / 1_000_000
    if last_us is None or age_s > ALARM_S:
        return WitnessStatus(WitnessState.MISSING, last_us, size)
    return WitnessStatus(WitnessState.LATE if age_s > BANNER_S else WitnessState.WITNESSED, last_us, size)
