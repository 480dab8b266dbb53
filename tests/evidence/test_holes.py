"""Whatever is told or held, more than 0.3 s of a camera that is neither is found, and no less."""

from hypothesis import given
from hypothesis import strategies as st

from beffroi.domain.ranges import WallRange
from beffroi.evidence.holes import UNTOLD_US, length_us, uncovered, union, untold

STEP_US = 50_000
RANGES = st.lists(
    st.tuples(st.integers(0, 120), st.integers(1, 20)).map(
        lambda one: WallRange(one[0] * STEP_US, (one[0] + one[1]) * STEP_US)
    ),
    max_size=30,
)


def instants(ranges: list[WallRange]) -> set[int]:
    return {at for one in ranges for at in range(one.from_us, one.to_us, STEP_US)}


@given(asked=RANGES, known=RANGES)
def test_the_sum_of_what_is_untold_decides(asked: list[WallRange], known: list[WallRange]) -> None:
    missing = instants(asked) - instants(known)
    found = untold(asked, known)
    assert bool(found) == (len(missing) * STEP_US > UNTOLD_US)
    if found:
        long = [one for one in found if instants([one]) <= missing]
        rest = missing - instants(long)
        assert len(rest) * STEP_US <= UNTOLD_US or rest <= instants(found)


@given(asked=RANGES, known=RANGES)
def test_what_is_not_covered_is_told_once_and_in_order(asked: list[WallRange], known: list[WallRange]) -> None:
    for one in asked:
        holes = list(uncovered(one, known))
        assert instants(holes) == instants([one]) - instants(known)
        assert holes == sorted(holes)
        assert all(length_us(hole) > 0 for hole in holes)
    assert instants(union(known)) == instants(known)
