"""Whatever is told or held, more than 0.3 s of a camera that is neither is found, and no less."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from beffroi.domain.ranges import WallRange
from beffroi.evidence.holes import UNKNOWN, UNTOLD_US, caused, length_us, uncovered, union, untold

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


@given(hole=RANGES.filter(bool), known=RANGES, causes=st.lists(st.sampled_from("abc"), min_size=30, max_size=30))
def test_a_hole_is_told_whole_each_stretch_with_its_own_cause(
    hole: list[WallRange], known: list[WallRange], causes: list[str]
) -> None:
    named = list(zip(known, causes, strict=False))
    told = caused(hole[0], named)
    assert told[0][0].from_us == hole[0].from_us
    assert told[-1][0].to_us == hole[0].to_us
    assert all(one.to_us == after.from_us for (one, _), (after, _) in pairwise(told))
    for span, cause in told:
        assert length_us(span) > 0
        own = instants([one for one, name in named if name == cause])
        # all but the rounding at its two ends is known to have this cause, or no cause
        wrong = instants([span]) - (instants([hole[0]]) - instants(known) if cause == UNKNOWN else own)
        assert len(wrong) * STEP_US <= (0 if cause == UNKNOWN else 2 * UNTOLD_US)


def test_a_second_without_network_is_no_word_on_the_hour() -> None:
    hole, second = WallRange(0, 3_600_000_000), WallRange(10_000_000, 11_000_000)
    assert [(cause, length_us(span)) for span, cause in caused(hole, [(second, "camera_unreachable")])] == [
        (UNKNOWN, 10_000_000),
        ("camera_unreachable", 1_000_000),
        (UNKNOWN, 3_589_000_000),
    ]
    assert caused(hole, [(WallRange(100_000, 3_599_900_000), "disk_full")]) == [(hole, "disk_full")]
