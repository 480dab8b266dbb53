"""Hold against destruction: every interleaving of the protocol, and proof that the explorer would see a wrong one."""

import os
import random
import sys

import pytest
from tests.support.faultmatrix import record, run_seed, seeds
from tests.support.holdmodel import WRONG, Model, explore, walk

WALKS = int(os.environ.get("BEFFROI_INTERLEAVINGS", "3000"))


@pytest.fixture(autouse=True)
def _deep() -> None:
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 20_000))


def test_no_interleaving_loses_a_held_image_or_keeps_an_unheld_one() -> None:
    seen = explore(Model())
    assert seen.broken == "", seen.trace
    assert seen.outlived > 0, "the model must reach what it is about"
    assert seen.interleavings > 10**6
    figures = f"{seen.states} states, {seen.transitions} steps, {seen.interleavings:.1e} interleavings: none breaks"
    record("hold-model", seen=figures, runs=seen.states, seed=None)


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_order_is_found(wrong: str) -> None:
    seen = explore(Model(wrong=wrong), count=False)
    assert seen.broken, f"{WRONG[wrong]}: not found in {seen.states} states"
    assert seen.trace


def test_random_interleavings_with_more_crashes_and_requests() -> None:
    """Deeper than what is explored whole: five crashes, four requests. A million in `make soak`."""
    model = Model(crashes=5, asks=4)
    longest, walks = 0, seeds("hold-walks", WALKS)
    for seed in walks:
        wrong, steps = walk(model, random.Random(seed).randrange)  # noqa: S311  a schedule, not a secret
        assert not wrong, f"seed {seed}: {wrong}: {steps}"
        longest = max(longest, len(steps))
    figures = f"{len(walks)} random interleavings of up to {longest} steps, 5 crashes each: none breaks"
    record("hold-walks", seen=figures, runs=len(walks), seed=run_seed())
