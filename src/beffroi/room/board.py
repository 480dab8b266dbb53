"""Tonight's matrices, drawn once and kept while nothing changes; the large one in the background.

A matrix covers the whole night: what stands at an instant is read from it, so it ages only when a fact changes or when
the morning comes. It opens nothing: each view is decided by itself.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import structlog

from beffroi.domain.clock import Clock, now
from beffroi.domain.facts import Facts
from beffroi.domain.ids import BodyId, PersonId
from beffroi.law.engine import LawEngine
from beffroi.law.tonight.matrix import Matrix, draw
from beffroi.law.tonight.moments import tonight
from beffroi.registry.store import Registry

KEPT: Final = 6
"""Matrices kept: a few persons look at a few filters."""

PATIENCE_S: Final = 4.0
"""How long a question waits for the background before it hears that drawing goes on: in a town it never does."""

_log = structlog.get_logger("beffroi.room")


class _StaleError(Exception):
    """The facts have changed, or the centre is closing: what is being drawn is of no use any more."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A matrix that is being drawn: so many communes of so many are done."""

    done: int
    of: int


_Key = tuple[frozenset[PersonId], frozenset[BodyId]]


class Board:
    """Thread-safe. One matrix is drawn at a time, so that live views keep their share of the processor."""

    def __init__(self, registry: Registry, law: LawEngine, clock: Clock) -> None:
        self._registry = registry
        self._law = law
        self._clock = clock
        self._kept: OrderedDict[_Key, Matrix] = OrderedDict()
        self._under_way: dict[_Key, Drawing] = {}
        self._lock = threading.Lock()
        self._progress = threading.Condition(self._lock)
        self._drawing = threading.Lock()
        self._closed = False

    def now(self, persons: Iterable[PersonId], communes: Iterable[BodyId]) -> Matrix:
        """The matrix of a few persons, drawn now if need be (two seconds for forty persons)."""
        key = (frozenset(persons), frozenset(communes))
        held = self._held(key)
        if held is not None:
            return held
        with self._drawing:
            return self._held(key) or self._draw(key, self._registry.facts())

    def soon(
        self, persons: Iterable[PersonId], communes: Iterable[BodyId], *, patience_s: float = PATIENCE_S
    ) -> Matrix | Drawing:
        """The matrix of everybody: ready, or still being drawn in the background. Ask again."""
        key = (frozenset(persons), frozenset(communes))
        held = self._held(key)
        if held is not None:
            return held
        nothing = Drawing(0, len(key[1]))
        with self._progress:
            if key not in self._under_way and not self._closed:
                self._under_way[key] = nothing
                threading.Thread(target=self._in_background, args=(key,), name="tonight", daemon=True).start()
            self._progress.wait_for(lambda: key not in self._under_way, patience_s)
            drawing = self._under_way.get(key, nothing)
        return self._held(key) or drawing

    def close(self) -> None:
        """Stop drawing."""
        self._closed = True

    def _held(self, key: _Key) -> Matrix | None:
        facts, at = self._registry.facts(), now(self._clock)
        with self._lock:
            matrix = self._kept.get(key)
            if matrix is None or not _current(matrix, facts, at):
                return None
            self._kept.move_to_end(key)
            return matrix

    def _draw(self, key: _Key, facts: Facts, *, background: bool = False) -> Matrix:
        def progress(done: int, of: int) -> None:
            if self._closed or self._registry.revision() != facts.revision:
                raise _StaleError
            with self._lock:
                self._under_way[key] = Drawing(done, of)

        persons, communes = sorted(key[0]), sorted(key[1])
        matrix = draw(
            self._law,
            facts,
            tonight(now(self._clock)),
            persons=persons,
            communes=communes,
            progress=progress if background else None,
        )
        with self._lock:
            self._kept[key] = matrix
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return matrix

    def _in_background(self, key: _Key) -> None:
        try:
            with self._drawing:
                self._draw(key, self._registry.facts(), background=True)
        except _StaleError:
            pass  # whoever asks again starts a new one
        except Exception:  # noqa: BLE001  a thread has nobody to raise to: the next question starts another one
            _log.exception("matrix_failed")
        finally:
            with self._progress:
                self._under_way.pop(key, None)
                self._progress.notify_all()


def _current(matrix: Matrix, facts: Facts, at: datetime) -> bool:
    return matrix.facts.revision == facts.revision and matrix.span.start <= at < matrix.span.end
