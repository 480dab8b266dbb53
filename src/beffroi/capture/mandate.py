"""What the recorder may capture now: one mandate per stream, drawn from the recording sheets."""

from collections.abc import Callable
from dataclasses import dataclass, field

from beffroi.capture.ends import RunEnd
from beffroi.domain.ids import AuthorityId, CameraId, StreamName


@dataclass(frozen=True, slots=True)
class StreamKey:
    """One stream of one camera."""

    camera: CameraId
    stream: StreamName

    def __str__(self) -> str:
        return f"{self.camera}/{self.stream}"


@dataclass(frozen=True, slots=True)
class Mandate:
    """The order's words for one stream, until ``until_us``.

    ``paused``: ordered, and yet not to be recorded for now: the disk is full. ``address`` is the camera's, without user
    and password. ``open_url`` unseals the address, password included: its result is to be used at once and kept
    nowhere."""

    key: StreamKey
    authority: AuthorityId
    term_days: int
    from_us: int
    until_us: int
    serial: int
    address: str
    paused: bool = False
    open_url: Callable[[], str] = field(repr=False, compare=False, kw_only=True)

    def same_recording(self, other: "Mandate") -> bool:
        """Whether the other only renews this one: same camera, address, authority and term."""
        mine = (self.key, self.address, self.authority, self.term_days)
        return mine == (other.key, other.address, other.authority, other.term_days)

    def in_force(self, now_us: int) -> bool:
        """Whether to record at this instant."""
        return not self.paused and self.from_us <= now_us < self.until_us

    def out_of_force(self) -> RunEnd:
        """Why, when it is not `in_force`."""
        return RunEnd.DISK if self.paused else RunEnd.SHEET
