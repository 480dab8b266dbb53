"""The quorum file (C2SP tlog-policy): which witnesses must have cosigned a checkpoint for it to count as witnessed.

Lines, one statement each; ``#`` begins a comment::

    log      <vkey>
    witness  <name> <vkey> [<address>]
    group    <name> any|all|<count> <member>…
    quorum   <name>|none
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text
from beffroi.ledger.cosignature import WitnessKey, cosigned_at_s, parse_witness_key
from beffroi.ledger.note import NoteError, Verifier, open_note, parse_verifier

_MAX_LINES: Final = 500
_NONE: Final = "none"


class QuorumRefusedError(BadInputError):
    """The quorum file cannot be used. ``line`` is 0 when no line of it was read."""

    def __init__(self, line: int, why_fr: str, why_en: str) -> None:
        at_fr, at_en = (f", ligne {line}", f", line {line}") if line else ("", "")
        super().__init__(
            Text(
                fr=f"Le fichier de quorum est refusé{at_fr} : {why_fr}. Corrigez-le (docs/guide/witness.md).",
                en=f"The quorum file is refused{at_en}: {why_en}. Correct it (docs/guide/witness.md).",
            )
        )


@dataclass(frozen=True, slots=True)
class NamedWitness:
    """A witness of the file. ``address`` is where to submit ("" when it comes by itself)."""

    name: str
    key: WitnessKey
    address: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """So many of these members (witnesses or earlier groups)."""

    needed: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quorum:
    """A quorum file that was read. ``required`` names a witness or a group; None asks for nobody."""

    logs: tuple[Verifier, ...]
    witnesses: Mapping[str, NamedWitness]
    groups: Mapping[str, Group]
    required: str | None

    def met_at_s(self, note: bytes, *, ignoring: Collection[str] = ()) -> int | None:
        """Since when (seconds since 1970, by the witnesses' own clocks) enough witnesses stand behind a checkpoint of a
        register of the file, those ``ignoring`` names left out; None when they do not, or when nobody is asked. A false
        cosignature counts for nothing."""
        if self.required is None or not any(_signed_by(note, log) for log in self.logs):
            return None
        times = {name: None if name in ignoring else _time_s(note, witness) for name, witness in self.witnesses.items()}
        return self._met_s(self.required, times)

    def can_be_met(self, *, ignoring: Collection[str]) -> bool:
        """Whether the witnesses that ``ignoring`` leaves could stand behind a checkpoint by themselves."""
        times = {name: None if name in ignoring else 0 for name in self.witnesses}
        return self.required is not None and self._met_s(self.required, times) is not None

    def _met_s(self, name: str, times: Mapping[str, int | None]) -> int | None:
        if name in times:
            return times[name]
        group = self.groups[name]
        found = sorted(
            (time for member in group.members if (time := self._met_s(member, times)) is not None), reverse=True
        )
        return found[group.needed - 1] if len(found) >= group.needed else None


def _time_s(note: bytes, witness: NamedWitness) -> int | None:
    try:
        return cosigned_at_s(note, witness.key)
    except NoteError:
        return None


def _signed_by(note: bytes, log: Verifier) -> bool:
    try:
        open_note(note, log)
    except NoteError:
        return False
    return True


def read_quorum(path: Path) -> Quorum | None:
    """The quorum file of a folder; None when there is no such file.

    Raises:
        QuorumRefusedError: it cannot be read, or not be used.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        why = type(error).__name__
        raise QuorumRefusedError(
            0,
            f"le compte du centre ne peut pas le lire ({why} : vérifiez son propriétaire et ses droits)",
            f"the centre's account cannot read it ({why}: check its owner and its permissions)",
        ) from error
    try:
        return parse_quorum(raw.decode())
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise QuorumRefusedError(
            line, "elle n'est pas en UTF-8 : enregistrez le fichier en UTF-8", "it is not UTF-8: save the file as UTF-8"
        ) from error


def parse_quorum(text: str) -> Quorum:
    """Read a quorum file; the mark that some editors put before its first line is no part of it.

    Raises:
        QuorumRefusedError: with the line and the reason.
    """
    reader = _Reader()
    lines = text.removeprefix("\ufeff").splitlines()
    if len(lines) > _MAX_LINES:
        raise QuorumRefusedError(_MAX_LINES, "il est trop long", "it is too long")
    for number, line in enumerate(lines, start=1):
        words = line.split("#", 1)[0].split()
        if words:
            reader.take(number, words)
    return reader.done(max(1, len(lines)))


class _Reader:
    def __init__(self) -> None:
        self._logs: list[Verifier] = []
        self._witnesses: dict[str, NamedWitness] = {}
        self._groups: dict[str, Group] = {}
        self._quorum: list[str] = []

    def take(self, line: int, words: list[str]) -> None:
        try:
            match words:
                case ["log", vkey]:
                    self._logs.append(parse_verifier(vkey))
                case ["witness", name, vkey]:
                    self._witness(line, name, vkey, "")
                case ["witness", name, vkey, address]:
                    self._witness(line, name, vkey, address)
                case ["group", name, needed, *members] if members:
                    self._group(line, name, needed, members)
                case ["quorum", name] if not self._quorum:
                    self._known(line, name, or_none=True)
                    self._quorum.append(name)
                case _:
                    raise QuorumRefusedError(line, "elle ne se comprend pas", "it cannot be understood")
        except NoteError as error:
            raise QuorumRefusedError(line, f"clé mal formée ({error})", f"malformed key ({error})") from error
        except ValueError as error:  # an address with half a bracket, a count of five thousand digits
            raise QuorumRefusedError(line, "elle ne se comprend pas", "it cannot be understood") from error

    def done(self, line: int) -> Quorum:
        if not self._logs or not self._quorum:
            raise QuorumRefusedError(line, "« log » ou « quorum » manque", "“log” or “quorum” is missing")
        own = {log.key.public_bytes_raw() for log in self._logs}
        if any(witness.key.key.public_bytes_raw() in own for witness in self._witnesses.values()):
            raise QuorumRefusedError(
                line, "un registre n'est pas son propre témoin", "a register is not its own witness"
            )
        required = None if self._quorum[0] == _NONE else self._quorum[0]
        return Quorum(tuple(self._logs), self._witnesses, self._groups, required)

    def _witness(self, line: int, name: str, vkey: str, address: str) -> None:
        self._new(line, name)
        key = parse_witness_key(vkey)
        raw = key.key.public_bytes_raw()  # without its name: one key under two names is one witness
        if any(other.key.key.public_bytes_raw() == raw for other in self._witnesses.values()):
            raise QuorumRefusedError(line, "cette clé est déjà donnée", "this key is given already")
        if address and urlsplit(address).scheme not in {"http", "https"}:
            raise QuorumRefusedError(line, "l'adresse n'est pas https", "the address is not https")
        self._witnesses[name] = NamedWitness(name, key, address)

    def _group(self, line: int, name: str, needed: str, members: list[str]) -> None:
        self._new(line, name)
        for member in members:
            self._known(line, member)
        if len(set(members)) != len(members):
            raise QuorumRefusedError(line, "un membre est cité deux fois", "a member is named twice")
        count = {"any": 1, "all": len(members)}.get(needed) or (int(needed) if needed.isdecimal() else 0)
        if not 1 <= count <= len(members):
            raise QuorumRefusedError(line, "le nombre n'est pas possible", "the count is not possible")
        self._groups[name] = Group(count, tuple(members))

    def _new(self, line: int, name: str) -> None:
        if name == _NONE or name in self._witnesses or name in self._groups:
            raise QuorumRefusedError(line, f"le nom « {name} » est pris", f"the name “{name}” is taken")

    def _known(self, line: int, name: str, *, or_none: bool = False) -> None:
        if not (name in self._witnesses or name in self._groups or (or_none and name == _NONE)):
            raise QuorumRefusedError(line, f"« {name} » n'est pas connu", f"“{name}” is not known")
