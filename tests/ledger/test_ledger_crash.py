"""Stopped before any one operation on the disk: the register opens again, whole, at the old size or at the new."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.register import KEY, ORIGIN, quick_fsync, view_entry

from beffroi.ledger.entry import leaf_bytes
from beffroi.ledger.note import Verifier, sign
from beffroi.ledger.store import TileStore
from beffroi.ledger.verify import verify

VERIFIER = Verifier(ORIGIN, KEY.public_key())
OPERATIONS = ((os, "write"), (os, "open"), (Path, "replace"), (Path, "unlink"), (Path, "mkdir"), (Path, "rmdir"))


class _Crash(BaseException):
    """The power went."""


def leaves(first: int, count: int) -> list[bytes]:
    return [leaf_bytes(view_entry(n), time_us=n, actor="ab" * 16, bound=bytes(32)) for n in range(first, first + count)]


def grow(store: TileStore, count: int) -> None:
    staged = store.stage(leaves(store.size, count))
    edge = staged.edge.range
    head = type(store.head(ORIGIN))(ORIGIN, edge.size, edge.root())
    store.place(staged)
    store.publish(staged, sign(head, KEY))


def build(folder: Path, size: int) -> None:
    folder.mkdir()
    store = TileStore.create(folder, quick_fsync)
    store.publish(store.stage([]), sign(store.head(ORIGIN), KEY))
    if size:
        grow(store, size)


def crash_after(monkeypatch: pytest.MonkeyPatch, budget: int) -> Callable[[], int]:
    """Let ``budget`` operations happen, then none; returns how to know how many were asked for."""
    asked = 0

    def guarded(real: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*arguments: Any, **named: Any) -> Any:
            nonlocal asked
            asked += 1
            if asked > budget:
                raise _Crash
            return real(*arguments, **named)

        return wrapper

    for owner, name in OPERATIONS:
        monkeypatch.setattr(owner, name, guarded(getattr(owner, name)))
    return lambda: asked


@pytest.mark.parametrize(("size", "added"), [(0, 1), (3, 2), (255, 3), (256, 1)])
def test_stopped_before_any_operation(tmp_path: Path, size: int, added: int) -> None:
    build(tmp_path / "base", size)
    budget, sizes = 0, set()
    while True:
        folder = tmp_path / f"{budget}"
        shutil.copytree(tmp_path / "base", folder)
        with pytest.MonkeyPatch.context() as patch:
            store = TileStore.open(folder, VERIFIER, quick_fsync)
            asked = crash_after(patch, budget)
            crashed = False
            try:
                grow(store, added)
            except _Crash:
                crashed = True
            total = asked()
        again = TileStore.open(folder, VERIFIER, quick_fsync)
        sizes.add(again.size)
        assert again.size in {size, size + added}
        assert [again.entry(i) for i in range(again.size)] == leaves(0, again.size)
        assert verify(folder, VERIFIER).findings == ()
        grow(again, 1)
        assert verify(folder, VERIFIER).findings == ()
        shutil.rmtree(folder)
        if not crashed:
            assert total == budget
            break
        budget += 1
    assert sizes == {size, size + added}
    assert budget >= 10
