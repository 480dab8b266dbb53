"""Rotation, back-off: small pure rules."""

import random

from hypothesis import given
from hypothesis import strategies as st

from beffroi.capture.backoff import Backoff
from beffroi.capture.rotation import CHUNK_US, HOUR_US, hour_of, rotate_at_us, stagger_us


@given(start=st.integers(0, 2 * 10**15), shift=st.integers(0, 599).map(lambda s: s * 1_000_000))
def test_a_file_lasts_at_most_ten_minutes_and_never_beyond_its_hour(start: int, shift: int) -> None:
    end = rotate_at_us(start, shift)
    assert start < end <= start + CHUNK_US
    assert hour_of(start) == hour_of(end - 1)
    aligned = (end - shift) % CHUNK_US == 0
    assert aligned or end % HOUR_US == 0


def test_streams_do_not_rotate_together() -> None:
    shifts = {stagger_us(f"rue-{number}", "main") for number in range(100)}
    assert len(shifts) > 80
    assert all(0 <= shift < CHUNK_US for shift in shifts)
    assert stagger_us("rue-1", "main") == stagger_us("rue-1", "main") != stagger_us("rue-1", "sub")


def test_a_camera_that_refuses_is_called_less_and_less_often_and_for_ever() -> None:
    backoff = Backoff(random.Random(1))  # noqa: S311  jitter, not a secret
    waits = [backoff.after(0) for _ in range(200)]
    for place, wait in enumerate(waits):
        step = min(60, 2**place)
        assert step / 2 <= wait <= step


def test_a_camera_that_is_not_heard_is_called_each_two_seconds_for_ever_and_forgets_no_refusal() -> None:
    backoff = Backoff(random.Random(1))  # noqa: S311  jitter, not a secret
    for _ in range(3):
        backoff.after(0)
    waits = [backoff.after(0, 0.01) for _ in range(2000)]
    assert all(0.99 <= wait <= 2 for wait in waits), "an hour of refused calls"
    assert max(waits) - min(waits) > 0.9, "not all cameras at once"
    assert all(0.5 <= backoff.after(0, 5.0) <= 1 for _ in range(100)), "that call took its time already"
    assert 4 <= backoff.after(0) <= 8, "it answers again, and refuses: the fourth time"


def test_a_lost_stream_is_called_again_within_a_second_even_after_failures() -> None:
    backoff = Backoff(random.Random(1))  # noqa: S311  jitter, not a secret
    for _ in range(8):
        backoff.after(0)
    assert backoff.after(5.0) <= 1.0
    assert backoff.after(0) > 20, "a short stream does not forget the failures"
    assert backoff.after(61.0) <= 1.0
    assert backoff.after(0) <= 2.0, "a good minute does"
