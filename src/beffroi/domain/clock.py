"""The clock interface. Real clocks live in `beffroi.base.clock`; tests use `ManualClock`."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Clock(Protocol):
    """Wall time and monotonic time. Durations always come from ``monotonic_s``."""

    def wall_us(self) -> int:
        """Microseconds since 1970-01-01T00:00Z, by the machine's clock."""
        ...

    def monotonic_s(self) -> float:
        """Seconds since an unknown origin; never goes back within a boot."""
        ...


def instant(wall_us: int) -> datetime:
    """The aware UTC datetime of a wall time in microseconds."""
    return _EPOCH + timedelta(microseconds=wall_us)


def to_wall_us(at: datetime) -> int:
    """Microseconds since 1970 of an aware datetime.

    Raises:
        ValueError: when ``at`` carries no time zone.
    """
    if at.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return (at - _EPOCH) // timedelta(microseconds=1)


def now(clock: Clock) -> datetime:
    """The present instant by this clock, aware, UTC."""
    return instant(clock.wall_us())


@dataclass
class ManualClock:
    """A clock that moves only when told: for tests and simulations."""

    wall: int = field(default_factory=lambda: to_wall_us(datetime(2026, 3, 2, 9, 0, tzinfo=UTC)))
    monotonic: float = 0.0

    def wall_us(self) -> int:
        return self.wall

    def monotonic_s(self) -> float:
        return self.monotonic

    def advance(self, seconds: float) -> None:
        """Let time pass: both clocks move."""
        self.wall += round(seconds * 1_000_000)
        self.monotonic += seconds

    def step(self, seconds: float) -> None:
        """The wall clock is set to another time; the monotonic one does not move."""
        self.wall += round(seconds * 1_000_000)
