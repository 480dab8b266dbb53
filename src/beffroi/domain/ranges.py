"""Half-open ranges of wall time."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class WallRange:
    """``[from_us, to_us)`` in microseconds since 1970, UTC."""

    from_us: int
    to_us: int

    def __post_init__(self) -> None:
        if self.to_us < self.from_us:
            raise ValueError("a range cannot end before it starts")

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return (self.to_us - self.from_us) / 1_000_000

    def overlaps(self, other: "WallRange") -> bool:
        """Whether the two share an instant."""
        return self.from_us < other.to_us and other.from_us < self.to_us

    def contains(self, other: "WallRange") -> bool:
        """Whether the other lies wholly inside."""
        return self.from_us <= other.from_us and other.to_us <= self.to_us
