"""How long the register keeps what it holds: its term, holds that suspend it, and the pruning at the term.

Term and holds are entries themselves: nothing beside the register can lengthen or shorten it unseen. At the term, names
and reasons are erased to the day; entries go by whole bundles of 256, so that a few that are older stay, without names.
"""

from dataclasses import dataclass
from typing import Any, Final

from beffroi.domain.errors import BadInputError
from beffroi.domain.ids import PersonId
from beffroi.domain.text import Text
from beffroi.ledger.entry import Entry, EntryKind, Record
from beffroi.ledger.ledger import Ledger
from beffroi.ledger.pruning import DEFAULT_MONTHS, MAX_MONTHS, MIN_MONTHS, Pruning, months_before
from beffroi.ledger.tiles import WIDTH

HOLD_LIMIT_US: Final = 366 * 86_400 * 1_000_000
_RESTATE_US: Final = 31 * 86_400 * 1_000_000
_ALL: Final = 10_000


@dataclass(frozen=True, slots=True)
class Term:
    """Months kept; why, when that is more than the default; whose decision."""

    months: int = DEFAULT_MONTHS
    justification: str = ""
    who: str = ""
    since_us: int = 0
    record: Record | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """What a look at the term did: names older than ``before_us`` are erased; ``pruning`` is None when no whole bundle
    was due; ``held`` names the holds that suspended everything."""

    before_us: int
    pruning: Pruning | None = None
    held: tuple[str, ...] = ()


class Keeping:
    """The term of one open register."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def term(self) -> Term:
        """The term in force."""
        for record in self._records():
            if record.outcome == "term_set":
                said = self._ledger.payload(record.index) or {}
                since_us = int(record.detail.get("since_us", record.time_us))
                months = int(record.detail["months"])
                return Term(months, str(said.get("justification", "")), str(said.get("who", "")), since_us, record)
        return Term()

    def set_term(self, months: int, *, who: str, justification: str = "", actor: PersonId | None = None) -> int:
        """Set the term; the number of its entry.

        Raises:
            BadInputError: a term the law does not allow, or a long one without a justification.
        """
        if not MIN_MONTHS <= months <= MAX_MONTHS:
            raise _bad_months()
        if months > DEFAULT_MONTHS and len(justification.strip()) < 20:
            raise _unjustified()
        payload = {"justification": justification.strip(), "who": who.strip()}
        entry = Entry(
            EntryKind.REGISTER_TERM, actor=actor, outcome="term_set", detail={"months": months}, payload=payload
        )
        return self._ledger.append(entry)

    def holds(self, now_us: int) -> dict[str, int]:
        """Holds in force: name, and until when (wall, µs)."""
        seen: dict[str, int] = {}
        for record in self._records():
            if record.outcome in {"held", "hold_ended"}:
                seen.setdefault(str(record.detail["hold"]), int(record.detail.get("until_us", 0)))
        return {name: until_us for name, until_us in sorted(seen.items()) if until_us > now_us}

    def hold(self, name: str, *, until_us: int, reason: str, who: str, now_us: int) -> int:
        """Suspend every erasure until an instant; the same name again changes its end.

        Raises:
            BadInputError: an end that is past or more than a year away, or no reason.
        """
        if not now_us < until_us <= now_us + HOLD_LIMIT_US or not reason.strip() or not name.strip():
            raise _bad_hold()
        detail = {"hold": name.strip(), "until_us": until_us}
        payload = {"reason": reason.strip(), "who": who.strip()}
        return self._say("held", detail, payload)

    def end_hold(self, name: str, *, who: str, now_us: int) -> int:
        """End a hold.

        Raises:
            BadInputError: none of this name is in force.
        """
        if name not in self.holds(now_us):
            raise _bad_hold()
        entry = Entry(
            EntryKind.REGISTER_TERM, outcome="hold_ended", detail={"hold": name}, payload={"who": who.strip()}
        )
        return self._ledger.append(entry)

    def look(self, now_us: int, *, prune: bool = True) -> Kept:
        """Erase what reached its term: names to the day, and with ``prune`` entries by whole bundles.

        Raises:
            BeffroiError, OSError, sqlite3.Error: register, disk or database refused; the rest is done the next time.
        """
        held = tuple(self.holds(now_us))
        term = self.term()
        before_us = months_before(now_us, term.months)
        if held:
            return Kept(before_us, held=held)
        self._restate(term, before_us)
        self._ledger.expire(before_us)  # first: names have their day, whatever keeps bundles from going
        self._ledger.finish_pruning()
        to = self.due(before_us)
        if not prune or to <= self._ledger.first:
            return Kept(before_us)
        return Kept(before_us, self._ledger.prune(to, before_us=before_us, months=term.months))

    def due(self, before_us: int) -> int:
        """Below which entry all are older than an instant, and so is the first that stays: whole bundles."""
        low, high = self._ledger.first // WIDTH, (self._ledger.size - 1) // WIDTH
        while low < high:
            middle = (low + high + 1) // 2
            if self._ledger.record(middle * WIDTH).time_us < before_us:
                low = middle
            else:
                high = middle - 1
        return low * WIDTH

    def _restate(self, term: Term, before_us: int) -> None:
        """The entry of the term in force must not reach the term itself: it is said again, with its justification."""
        if term.record is None or term.record.time_us >= before_us + _RESTATE_US:
            return
        payload = {"justification": term.justification, "who": term.who}
        detail = {"months": term.months, "since_us": term.since_us}
        self._say("term_set", detail, payload)

    def _say(
        self, outcome: str, detail: dict[str, Any], payload: dict[str, str], *, actor: PersonId | None = None
    ) -> int:
        entry = Entry(EntryKind.REGISTER_TERM, actor=actor, outcome=outcome, detail=detail, payload=payload)
        return self._ledger.append(entry)

    def _records(self) -> list[Record]:
        return self._ledger.of_register(EntryKind.REGISTER_TERM, limit=_ALL)


def _bad_months() -> BadInputError:
    return BadInputError(
        Text(
            fr=f"Le registre se garde de {MIN_MONTHS} à {MAX_MONTHS} mois (CSI R.253-5 : trois ans au plus) : donnez "
            "une durée entre les deux.",
            en=f"The register is kept from {MIN_MONTHS} to {MAX_MONTHS} months (CSI R.253-5: three years at most): "
            "give a term in between.",
        )
    )


def _unjustified() -> BadInputError:
    return BadInputError(
        Text(
            fr=f"Au-delà de {DEFAULT_MONTHS} mois, dites pourquoi en une phrase : elle est inscrite au registre.",
            en=f"Beyond {DEFAULT_MONTHS} months, say why in one sentence: it is entered in the register.",
        )
    )


def _bad_hold() -> BadInputError:
    return BadInputError(
        Text(
            fr="Ce gel du registre est refusé : donnez un nom, un motif et une fin à venir, à moins d'un an ; pour y "
            "mettre fin, le nom d'un gel en cours.",
            en="This hold on the register is refused: give a name, a reason and an end to come, within a year; to end "
            "one, the name of a hold in force.",
        )
    )
