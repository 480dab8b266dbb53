"""The centre's side of witnessing: each checkpoint is submitted to the witnesses of the quorum file, and the console is
told how long nobody outside has stood behind the register.
"""

import contextlib
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from beffroi.base.files import write_durable
from beffroi.domain.clock import Clock
from beffroi.domain.errors import BeffroiError
from beffroi.ledger.cosignature import cosigned_at_s
from beffroi.ledger.ledger import Ledger
from beffroi.ledger.note import NoteError, alone, parse_checkpoint
from beffroi.ledger.proofs import Prover
from beffroi.ledger.quorum import NamedWitness, Quorum, QuorumRefusedError, read_quorum
from beffroi.ledger.store import LedgerDamagedError
from beffroi.server.notices import Notice
from beffroi.server.witnesscall import OtherSizeError, WitnessRefusedError, is_here, submit
from beffroi.server.witnessstate import Last, WitnessStatus, status_of, uncounted

_log = structlog.get_logger(__name__)

PERIOD_S: Final = 20.0
DEADLINE_S: Final = 15.0
"""What a round waits for the slowest witness. With the period, and an answer, a forked register is refused within 60 s
of the moment when one witness can be reached, however many others cannot."""
QUORUM_FILE: Final = "quorum.txt"
CA_FILE: Final = "witnesses.pem"
WITNESSED_FILE: Final = "ledger-witnessed"
"""The newest checkpoint with its quorum of cosignatures, beside the register."""


@dataclass(slots=True)
class _Known:
    """What is known of one key. ``size``: of the last checkpoint that it cosigned. ``here``: whether its address is
    this machine's own; None until its name was resolved."""

    size: int = 0
    refused: bool = False
    here: bool | None = None
    asking: threading.Thread | None = None


class Witnessing:
    """One per centre. ``folder`` is the centre's: it holds the quorum file, the trusted certificates, the result."""

    def __init__(self, ledger: Ledger, folder: Path, clock: Clock) -> None:
        self._ledger = ledger
        self._folder = folder
        self._clock = clock
        self._keys: dict[str, _Known] = {}
        self._stop = threading.Event()
        self._asking = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="witnessing", daemon=True)
        self._last = _remembered_in(folder, frozenset())

    def start(self) -> None:
        """Submit from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Stop submitting."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(10)

    def status(self) -> WitnessStatus:
        """What can be said now."""
        quorum = _read(self._folder)
        if isinstance(quorum, Quorum):
            refused = any(self._of(one).refused for one in quorum.witnesses.values())
            here = self._here(quorum)
        else:
            refused, here = any(one.refused for one in list(self._keys.values())), frozenset()
        return status_of(quorum, self._last, self._clock, here=here, refused=refused)

    def notices(self) -> list[Notice]:
        """What those who look after the machine should know."""
        return self.status().notices()

    def once(self) -> bool:
        """Submit the present checkpoint to every witness; whether it has its quorum.

        Raises:
            QuorumRefusedError: the quorum file cannot be used.
            OSError: the disk refused the result.
        """
        with self._asking:
            return self._once()

    def covering(self, size: int) -> bytes | None:
        """A checkpoint of so many entries at least with the countersignatures of witnesses outside, those on this
        machine left out; the witnesses are asked for it when the last one is older. None when nobody outside
        countersigned: nobody waits longer for them than for one round."""
        quorum = _read(self._folder)
        if not isinstance(quorum, Quorum) or quorum.required is None:
            return None
        found = self._outside(quorum, size)
        if found is None:
            with contextlib.suppress(OSError, BeffroiError):
                self.once()
            found = self._outside(quorum, size)
        return found

    def vkeys(self) -> list[str]:
        """The keys of the witnesses that the quorum file names, those on this machine left out."""
        quorum = _read(self._folder)
        if not isinstance(quorum, Quorum) or quorum.required is None:
            return []
        here = self._here(quorum)
        return [one.key.encode() for one in quorum.witnesses.values() if one.name not in here]

    def _outside(self, quorum: Quorum, size: int) -> bytes | None:
        """What was kept, with the lines of those alone whose address was found to be another machine's."""
        keys = [one.key for one in quorum.witnesses.values() if self._of(one).here is False]
        with contextlib.suppress(OSError, NoteError):
            note = alone((self._folder / WITNESSED_FILE).read_bytes(), self._ledger.verifier, *keys)
            if parse_checkpoint(note).size >= size and any(cosigned_at_s(note, key) is not None for key in keys):
                return note
        return None

    def _here(self, quorum: Quorum) -> frozenset[str]:
        return frozenset(one.name for one in quorum.witnesses.values() if self._of(one).here)

    def _of(self, witness: NamedWitness) -> _Known:
        """By key and address: one that moved, or was made anew, is another one."""
        return self._keys.setdefault(f"{witness.key.encode()} {witness.address}", _Known())

    def _once(self) -> bool:
        quorum = read_quorum(self._folder / QUORUM_FILE)
        if quorum is None or quorum.required is None:
            return False
        note = self._ledger.checkpoint_note()
        size = parse_checkpoint(note).size
        lines = self._asked(quorum, size, note)
        cosigned = note + b"".join(lines[name] for name in quorum.witnesses if name in lines)
        if quorum.met_at_s(cosigned, ignoring=uncounted(quorum, self._here(quorum))) is None:
            return False
        write_durable(self._folder / WITNESSED_FILE, cosigned, mode=0o644)
        self._last = Last(self._clock.wall_us(), size)
        return True

    def _asked(self, quorum: Quorum, size: int, note: bytes) -> dict[str, bytes]:
        """The lines of those who answer in time, by name. All are asked at once: one that is mute delays nobody's
        refusal. Nobody is asked again while the last call still lasts."""
        lines: dict[str, bytes] = {}
        calls: dict[str, threading.Thread] = {}
        for one in quorum.witnesses.values():
            known = self._of(one)
            if one.address and (known.asking is None or not known.asking.is_alive()):
                known.asking = threading.Thread(
                    target=self._call, args=(one, size, note, lines), name="witness", daemon=True
                )
                known.asking.start()
                calls[one.name] = known.asking
        until = time.monotonic() + DEADLINE_S
        for name, call in calls.items():
            call.join(max(0.0, until - time.monotonic()))
            if call.is_alive():
                _log.warning("not cosigned", witness=name, status=0, reason="no answer in time")
        return dict(lines)

    def _call(self, witness: NamedWitness, size: int, note: bytes, lines: dict[str, bytes]) -> None:
        try:
            line = self._ask(witness, size, note)
            if line is not None:
                lines[witness.name] = line
        except WitnessRefusedError as error:
            _log.warning("not cosigned", witness=witness.name, status=error.status, reason=str(error))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one witness: asked again at the next round
            _log.warning("not cosigned", witness=witness.name, status=0, reason=type(error).__name__)

    def _ask(self, witness: NamedWitness, size: int, note: bytes) -> bytes | None:
        """Its line, verified.

        Raises:
            WitnessRefusedError: it did not cosign.
        """
        ca, known = self._folder / CA_FILE, self._of(witness)
        here = is_here(witness.address)
        if here is None:
            raise WitnessRefusedError(0, "its name does not resolve")
        known.here, old = here, known.size
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
                known.refused |= error.status == 422
                raise
            except (LedgerDamagedError, ValueError):
                return None  # a tile is missing: the verification of the register names it
            known.size, known.refused = size, False
            return line
        _log.critical("a witness knows another history of this register", witness=witness.name)
        known.refused = True
        return None

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.once()
            except BeffroiError as error:
                _log.error("witnesses not asked", reason=error.text.en)
            except OSError as error:
                _log.error("witnessed checkpoint not kept", error=type(error).__name__)
            except Exception as error:  # noqa: BLE001 - nobody else asks: were this to end, nobody would countersign
                _log.error("witnesses not asked", reason=type(error).__name__)
            self._stop.wait(PERIOD_S)


def status_in(folder: Path, clock: Clock) -> WitnessStatus:
    """What the files of a centre say, for a command beside it. That a witness refuses is known to the running centre
    alone: it is seen here as a countersignature that grows old."""
    quorum = _read(folder)
    named = quorum.witnesses.values() if isinstance(quorum, Quorum) else ()
    here = frozenset(one.name for one in named if one.address and is_here(one.address))
    return status_of(quorum, _remembered_in(folder, here), clock, here=here, refused=False)


def _read(folder: Path) -> Quorum | QuorumRefusedError | None:
    """The quorum file as it is now, or why it is refused; None when there is none."""
    try:
        return read_quorum(folder / QUORUM_FILE)
    except QuorumRefusedError as error:
        return error


def _remembered_in(folder: Path, here: frozenset[str]) -> Last:
    """When the quorum was last had, and what it covers. Without a quorum file to verify it by: when it was written, for
    what was had once is missed when it stops."""
    path, quorum = folder / WITNESSED_FILE, _read(folder)
    with contextlib.suppress(OSError, NoteError):
        note = path.read_bytes()
        size = parse_checkpoint(note).size
        if not isinstance(quorum, Quorum):
            return Last(int(path.stat().st_mtime * 1_000_000), size)
        met_s = quorum.met_at_s(note, ignoring=uncounted(quorum, here))
        if met_s is not None:
            return Last(met_s * 1_000_000, size)
    return Last()
