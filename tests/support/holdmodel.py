"""A small model of one file, one hold and two keys, explored whole: every interleaving of a hold being placed, sealed
and ended, of the recorder's two passes, of the disk policy, of the ring, of the clock, and of crashes between any two
steps.

It is the protocol of `beffroi.vault.freezer` and `beffroi.vault.destruction`, step by step as they name them to their
`trace`. `WRONG` lists protocols that are wrong in one point: for each the explorer finds a way to break an invariant.

Time: 0 within the term, 1 past it, 2 an hour later, 3 past the hold's end, 4 an hour later. The hour between 1 and 2,
and between 3 and 4, is long enough for each duty to have run once from its start to its end; nothing else is fair.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, NamedTuple

WRONG: Final[dict[str, str]] = {
    "copy without the lock": "a file is overwritten while it is copied",
    "copy after intent": "what is already expiring is copied",
    "told before the seal is on disk": "the desk believes in a hold that a crash undoes",
    "renamed before it is on disk": "a crash leaves an empty piece behind a hold",
    "judged outside the lock": "a piece that was sealed meanwhile is destroyed as never sealed",
    "sealed past the term": "an image is held after its term",
    "never sealed is kept": "what nobody holds outlives its term",
    "hold logged after the copy": "a crash leaves a copy that no hold ends",
    "dying forgotten first": "a crash in the destruction is never made good",
    "case key dies with the hour": "a held image no longer opens",
    "seal a dying piece": "the desk believes in a hold that is being destroyed",
}
_PRESENT: Final = frozenset({"whole", "bad", "empty"})


class State(NamedTuple):
    """Everything there is. Volatile, lost in a crash of the recorder: ``lock``, ``place``, ``seal``, ``purge``,
    ``freeze`` and ``seen``. The desk (``desk``) and the ring are other machines."""

    time: int = 0
    row: str = "kept"  # kept, garbage, gone
    file: str = "whole"  # whole, overwritten, absent
    hold: str = "none"  # none, held, ending, gone
    part: bool = False
    piece: str = "none"  # none, whole, bad, empty (its name is on disk, its bytes are not), overwritten, gone
    sealed: bool = False
    dying: bool = False
    hour_key: bool = True
    case_key: str = "none"  # none, held, gone
    desk: str = "idle"  # idle, copied (it was told so), resealed (it has the ring's answer)
    told: bool = False  # the desk was told: it is held
    asks: int = 0
    crashes: int = 0
    ended: bool = False  # by word
    lock: str = ""
    place: int = 0
    seal: int = 0
    purge: int = 0
    freeze: int = 0
    seen: str = ""  # what the copy has read so far
    purged: bool = False  # this duty has run from start to end since the time last changed
    frozen: bool = False
    kept: bool = False
    late: bool = False  # a key was sealed to the case past its image's term


Step = tuple[str, State]


@dataclass(frozen=True)
class Model:
    """The protocol, with at most ``crashes`` crashes and ``asks`` requests; ``wrong``: one key of `WRONG`, or none."""

    wrong: str = ""
    crashes: int = 2
    asks: int = 2

    def steps(self, s: State) -> Iterator[Step]:
        """Everything that may happen next."""
        yield from self._place(s)
        yield from self._desk(s)
        yield from self._purge(s)
        yield from self._freeze(s)
        yield from self._ring(s)
        yield from self._world(s)

    def _place(self, s: State) -> Iterator[Step]:
        """The request to hold: log, then copy what is kept and within its term, then answer."""
        locked = self.wrong != "copy without the lock"
        late_log = self.wrong == "hold logged after the copy"
        if s.place == 0:
            if s.asks < self.asks and not (locked and s.lock) and s.time < 3 and not s.ended:
                yield "hold: asked", s._replace(place=1, asks=s.asks + 1, lock="place" if locked else s.lock)
        elif s.place == 1:
            if s.hold in {"ending", "gone"}:
                yield "hold: refused", self._unlock(s, "place", place=0)
            else:
                yield "hold: log", s._replace(place=2, hold=s.hold if late_log else "held")
        elif s.place == 2:
            intent = self.wrong == "copy after intent"
            may = s.row == "kept" or (intent and s.row == "garbage")
            if may and (s.time < 1 or intent) and s.piece == "none" and s.file != "absent":
                yield "copy: open", s._replace(place=3, seen="")
            else:
                yield "hold: nothing to copy", s._replace(place=7)
        elif s.place in {3, 4}:
            bad = s.file != "whole" or s.seen == "bad"
            yield "copy: write", s._replace(place=s.place + 1, part=True, seen="bad" if bad else "good")
        elif s.place == 5:
            whole = "whole" if s.seen == "good" else "bad"
            unsafe = self.wrong == "renamed before it is on disk"
            yield "copy: rename", s._replace(place=7, part=False, piece="empty" if unsafe else whole, seen="")
        elif late_log and s.hold == "none":
            yield "hold: log", s._replace(hold="held")
        else:
            desk = "copied" if s.piece in _PRESENT and s.desk == "idle" else s.desk
            yield "hold: answered", self._unlock(s, "place", place=0, desk=desk)

    def _desk(self, s: State) -> Iterator[Step]:
        """The centre: has the ring seal the key again, gives it to the recorder, believes what it is told."""
        if s.seal == 1:
            yield "seal: write", self._unlock(s, "seal", seal=0, sealed=True, told=True, desk="idle")
        elif s.desk == "copied":
            yield "desk: gives up", s._replace(desk="idle")
            if ((s.hour_key and s.time < 1) or self.wrong == "sealed past the term") and s.case_key != "gone":
                yield "ring: reseal", s._replace(desk="resealed", case_key="held", late=s.late or s.time >= 1)
        elif s.desk == "resealed" and not s.lock:
            dying = s.dying and self.wrong != "seal a dying piece"
            if s.hold == "held" and s.piece in _PRESENT and not dying:
                told = s.told or self.wrong == "told before the seal is on disk"
                yield "seal: asked", s._replace(seal=1, lock="seal", told=told)
            else:
                yield "seal: refused", s._replace(desk="idle")

    def _purge(self, s: State) -> Iterator[Step]:
        """The rolling file: log the intent under the lock, then overwrite, unlink, forget."""
        if s.purge == 1:
            yield "overwrite head", s._replace(purge=2, file="absent" if s.file == "absent" else "overwritten")
        elif s.purge == 2:
            yield "unlink", s._replace(purge=3, file="absent")
        elif s.purge == 3:
            yield "drop row", s._replace(purge=0, row="gone", purged=s.time >= 1)
        elif s.row == "garbage":
            yield "purge: go on", s._replace(purge=1)
        elif s.row == "kept" and not s.lock and s.time >= 1:
            yield "mark garbage", s._replace(purge=1, row="garbage")
        elif s.row == "kept" and not s.lock and s.hold == "none":
            yield "early: mark garbage", s._replace(purge=1, row="garbage")
        elif s.row == "gone" and not s.purged and s.time >= 1:
            yield "purge: nothing", s._replace(purged=True)

    def _freeze(self, s: State) -> Iterator[Step]:
        """The pass over the holds, under the lock from its start to its end."""
        if s.freeze == 0:
            if not s.lock and s.hold in {"held", "ending"} and (not s.frozen or s.hold == "ending"):
                yield "freeze: pass", s._replace(freeze=1, lock="freeze")
            elif not s.lock and s.hold in {"none", "gone"} and not s.frozen:
                yield "freeze: no hold", s._replace(frozen=True)
        elif s.freeze == 1:
            if s.part:
                yield "part: unlink", s._replace(part=False)
            elif s.dying:
                yield "piece: go on", s._replace(freeze=4)
            elif s.hold == "held" and s.time >= 3:
                yield "end: log", s._replace(hold="ending")
            elif s.piece in _PRESENT | {"overwritten"} and (s.hold == "ending" or self._due(s)):
                outside = self.wrong == "judged outside the lock"
                yield "piece: judged", s._replace(freeze=3, lock="" if outside else s.lock)
            elif s.hold == "ending":
                yield "end: forget", s._replace(hold="gone", freeze=0, lock="", frozen=True)
            else:
                yield "freeze: done", s._replace(freeze=0, lock="", frozen=True)
        else:
            yield from self._die(s)

    def _die(self, s: State) -> Iterator[Step]:
        if s.freeze == 3:
            if s.lock in {"", "freeze"}:
                yield "piece: log", s._replace(freeze=4, dying=True, lock="freeze")
        elif s.freeze == 4:
            forgotten = self.wrong == "dying forgotten first"
            piece = s.piece if s.piece == "gone" else "overwritten"
            yield "piece: overwrite", s._replace(freeze=5, piece=piece, dying=not forgotten)
        elif s.freeze == 5:
            yield "piece: unlink", s._replace(freeze=6, piece="gone")
        else:
            yield "piece: forget", s._replace(freeze=1, dying=False)

    def _due(self, s: State) -> bool:
        # A piece that cannot be read (overwritten, its intent forgotten) is told, and nobody may destroy it unasked.
        readable = s.piece != "overwritten"
        return readable and not s.sealed and s.time >= 1 and self.wrong != "never sealed is kept"

    def _ring(self, s: State) -> Iterator[Step]:
        """The ring's pass, each key at once."""
        if not s.kept:
            ends = 1 if self.wrong == "case key dies with the hour" else 3
            case = "gone" if s.time >= ends and s.case_key == "held" else s.case_key
            yield "ring: pass", s._replace(hour_key=s.hour_key and s.time < 1, case_key=case, kept=True)

    def _world(self, s: State) -> Iterator[Step]:
        """The clock, the end by word, and a crash of the recorder."""
        if {0: True, 1: s.purged and s.frozen and s.kept, 2: True, 3: s.frozen and s.kept, 4: False}[s.time]:
            yield "clock", s._replace(time=s.time + 1, purged=False, frozen=False, kept=False)
        if s.hold == "held" and not s.lock and not s.ended:
            yield "end: asked", s._replace(hold="ending", ended=True, frozen=False)
        if s.crashes < self.crashes and (s.place or s.seal or s.purge or s.freeze):
            desk = "idle" if s.seal or s.place else s.desk
            calm = s._replace(lock="", place=0, seal=0, purge=0, freeze=0, seen="", desk=desk)
            yield "crash", calm._replace(crashes=s.crashes + 1, frozen=False)

    @staticmethod
    def _unlock(s: State, whose: str, **changes: Any) -> State:
        return s._replace(lock="" if s.lock == whose else s.lock, **changes)


def broken(s: State) -> str:
    """The invariant that a state breaks; empty when none."""
    held = s.told and not s.ended and s.time < 3
    there = s.piece in _PRESENT | {"overwritten"}
    found = {
        "a held image is lost": held and s.piece != "whole",
        "a held image has no key": held and not s.sealed,
        "a held image does not open": held and s.case_key != "held",
        "an image is held past its term": s.late,
        "the rolling store outlives its term": s.time >= 2 and (s.file != "absent" or s.row != "gone" or s.hour_key),
        "an image that nobody holds outlives its term": s.time >= 2 and there and not s.sealed,
        "an image outlives its hold": s.time == 4 and (there or s.part or s.case_key == "held"),
    }
    return next((name for name, wrong in found.items() if wrong), "")


@dataclass
class Explored:
    """What was seen. ``interleavings``: the number of different sequences of steps, all of them; ``outlived``: states
    in which a held image is there past its own term."""

    states: int = 0
    outlived: int = 0
    transitions: int = 0
    interleavings: int = 0
    broken: str = ""
    trace: tuple[str, ...] = ()


def explore(model: Model, *, count: bool = True) -> Explored:
    """Every state that can be reached; stops at the first broken invariant, with the steps that lead there."""
    start = State()
    before: dict[State, tuple[State, str] | None] = {start: None}
    todo, seen = [start], Explored()
    while todo:
        s = todo.pop()
        seen.broken = broken(s)
        if seen.broken:
            seen.states, seen.trace = len(before), _steps_to(before, s)
            return seen
        seen.outlived += s.told and s.piece == "whole" and s.time == 2
        for name, following in model.steps(s):
            seen.transitions += 1
            if following not in before:
                before[following] = (s, name)
                todo.append(following)
    seen.states = len(before)
    seen.interleavings = _paths(model, start) if count else 0
    return seen


def walk(model: Model, choose: Callable[[int], int]) -> tuple[str, tuple[str, ...]]:
    """One interleaving; ``choose`` gives a number below its argument. The invariant it broke, or nothing; its steps."""
    s, names = State(), list[str]()
    while True:
        wrong, steps = broken(s), list(model.steps(s))
        if wrong or not steps:
            return wrong, tuple(names)
        name, s = steps[choose(len(steps))]
        names.append(name)


def _steps_to(before: dict[State, tuple[State, str] | None], s: State) -> tuple[str, ...]:
    names, at = list[str](), before[s]
    while at is not None:
        names.append(at[1])
        at = before[at[0]]
    return tuple(reversed(names))


def _paths(model: Model, start: State) -> int:
    """How many maximal sequences of steps there are (the graph has no circle: each step uses something up)."""

    @cache
    def paths(s: State) -> int:
        return sum(paths(following) for _, following in model.steps(s)) or 1

    return paths(start)
