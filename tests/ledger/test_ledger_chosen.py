"""Entries chosen by kind, period, place and a reader's own condition: what is left out counts for nothing."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from unittest.mock import patch

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beffroi.domain.clock import ManualClock
from beffroi.domain.ids import AuthorityId, CameraId, PersonId, ViewId
from beffroi.domain.ranges import WallRange
from beffroi.ledger import choosing
from beffroi.ledger.choosing import Choice, TooDenseError, every
from beffroi.ledger.entry import Entry, EntryKind, Record
from beffroi.ledger.ledger import Ledger

CAMERAS = ("cx", "cy", None)
AUTHORITIES = ("maire/X", "maire/Y", None)
KINDS = (EntryKind.VIEW_OPENED, EntryKind.VIEW_REFUSED, EntryKind.REGISTER_READ)
ENTRIES, INSTANTS = 54, 5
REVIEWED_EACH = 3


@dataclass
class Book:
    """A register of a few dozen entries, many of one instant."""

    ledger: Ledger
    all: list[Record]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    folder = tmp_path_factory.mktemp("chosen") / "ledger"
    key = Ed25519PrivateKey.generate()
    ledger = Ledger.open(folder, ManualClock(), key, fsync=lambda _fd, _path: None)
    for number in range(ENTRIES):
        camera, authority = CAMERAS[number % 3], AUTHORITIES[number // 3 % 3]
        ledger.append(
            Entry(
                KINDS[number // 9 % 3],
                actor=PersonId("agent"),
                camera=None if camera is None else CameraId(camera),
                authority=None if authority is None else AuthorityId(authority),
                view=ViewId(f"view-{number}"),
                detail={"review": "person-in-danger"} if camera and number < REVIEWED_EACH * 3 else {},
                at_us=1_000 + number * 7 % INSTANTS,
            )
        )
    yield Book(ledger, [ledger.record(index) for index in range(ENTRIES)])
    ledger.close()


SOME = st.frozensets
CHOICES = st.builds(
    Choice,
    span=st.tuples(st.integers(999, 1_006), st.integers(0, 7)).map(lambda two: WallRange(two[0], two[0] + two[1])),
    kinds=SOME(st.sampled_from(KINDS), min_size=1),
    cameras=st.none() | SOME(st.sampled_from(["cx", "cy", "none"])),
    authorities=SOME(st.sampled_from(["maire/X", "maire/Y"])),
    limit=st.integers(1, ENTRIES + 3),
    placeless=st.booleans(),
)


def meets(one: Record, choice: Choice) -> bool:
    """The choice, in other words than the program's."""
    if one.kind not in choice.kinds or not choice.span.from_us <= one.happened_us < choice.span.to_us:
        return False
    if choice.cameras is None:
        return True
    return one.camera in choice.cameras if one.camera else choice.placeless or one.authority in choice.authorities


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(choice=CHOICES, wanted=SOME(st.integers(0, ENTRIES - 1)))
def test_the_limit_counts_what_is_wanted_and_nothing_else(book: Book, choice: Choice, wanted: frozenset[int]) -> None:
    ordered = sorted(book.all, key=lambda one: (one.happened_us, one.index))
    met = [one.index for one in ordered if meets(one, choice)]
    assert [one.index for one in book.ledger.chosen(choice)] == met[: choice.limit]
    own = [index for index in met if index in wanted][: choice.limit]
    assert [one.index for one in book.ledger.chosen(choice, lambda one: one.index in wanted)] == own


def test_no_more_is_read_than_what_fills_the_answer(book: Book) -> None:
    seen: list[int] = []

    def wanted(one: Record) -> bool:
        seen.append(one.index)
        return True

    choice = Choice(WallRange(0, 2_000), frozenset(KINDS), limit=5)
    assert len(book.ledger.chosen(choice, wanted)) == 5
    assert len(seen) == 5


def test_acts_to_review_of_one_place_are_not_hidden_by_those_of_another(book: Book) -> None:
    waiting = [one.index for one in book.all if "review" in one.detail and one.camera == "cy"]
    assert len(waiting) == REVIEWED_EACH
    for limit in range(1, REVIEWED_EACH + 1):
        told = book.ledger.to_review([CameraId("cy"), CameraId("none")], limit=limit)
        assert [one.index for one in told] == waiting[:limit]
    assert book.ledger.to_review([]) == []


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(choice=CHOICES)
def test_every_entry_is_had_once_in_parts_that_one_answer_holds_or_none_at_all(book: Book, choice: Choice) -> None:
    """The book has up to eleven entries of one instant: with less room than that nothing is drawn from it."""
    ordered = sorted(book.all, key=lambda one: (one.happened_us, one.index))
    met = [one for one in ordered if meets(one, choice)]
    with patch.object(choosing, "LEAST_US", 1):
        most = max(Counter(one.happened_us for one in met).values(), default=0)
        if most >= choice.limit:
            with pytest.raises(TooDenseError) as refused:
                list(every(book.ledger.chosen, choice))
            assert str(choice.limit) in refused.value.text.fr
        else:
            parts = list(every(book.ledger.chosen, choice))
            assert [one.index for part in parts for one in part] == [one.index for one in met]
            assert all(len(part) < choice.limit for part in parts)
