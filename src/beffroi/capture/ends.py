"""Why a run of pictures ended: a closed list, and how each is told as the cause of a gap."""

from enum import StrEnum


class RunEnd(StrEnum):
    """Why the continuous capture of one stream ended."""

    CLOSED = "closed"
    """The camera closed the connection."""
    STALLED = "stalled"
    """No packet within the time-out."""
    REFUSED = "refused"
    """The camera could not be reached, or refused."""
    UNAUTHORISED = "unauthorised"
    """The camera refused the user name or the password."""
    UNREADABLE = "unreadable"
    """What came is not a video stream that this recorder understands."""
    TIMESTAMP = "timestamp"
    """Media time stood still, went back or leapt by more than 10 s."""
    DRIFT = "drift"
    """Media time and wall time parted by more than 5 s."""
    PARAMETERS = "parameters"
    """New SPS, PPS or VPS: another picture format."""
    CLOCK_STEP = "clock_step"
    """The recorder's own clock was set to another time."""
    STOPPED = "stopped"
    """The recorder was told to stop."""
    SHEET = "sheet"
    """The recording sheet ended or was revoked."""
    DISK = "disk"
    """The disk is full: the camera is not recorded until there is room."""
