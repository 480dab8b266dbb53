"""What the doctor may find: a closed list of codes; each has its entry in docs/guide/troubleshooting.md."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from beffroi.domain.text import Text


class Level(IntEnum):
    """How bad, and the exit code."""

    OK = 0
    WARN = 1
    BAD = 2


class Code(StrEnum):
    """What was looked at."""

    ALARMS = "alarms"
    BACKUP = "backup"
    CAMERA_CLOCK = "camera-clock"
    CAMERA_DOWN = "camera-down"
    CAMERA_LOSS = "camera-loss"
    CAMERAS = "cameras"
    CENTRE = "centre"
    CERTIFICATE = "certificate"
    CLOCK = "clock"
    CLOCK_DOUBT = "clock-doubt"
    CROSS = "cross"
    DESTRUCTION = "destruction"
    DISK = "disk"
    DISK_READ_ONLY = "disk-read-only"
    DISK_REFUSED = "disk-refused"
    DISK_SHORT = "disk-short"
    DISK_STOPPED = "disk-stopped"
    DISK_WRONG = "disk-wrong"
    DOCUMENTS = "documents"
    FOLDER = "folder"
    HOUR_KEYS = "hour-keys"
    JOURNAL = "journal"
    NO_ANSWER = "no-answer"
    RECORDER = "recorder"
    RESTORED = "restored"
    SERVICE = "service"
    SHEET_REFUSED = "sheet-refused"
    SHEETS = "sheets"
    VERSION = "version"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. ``about``: a camera, an authority, a file; "" for the machine."""

    code: Code
    level: Level
    text: Text
    about: str = ""


def ok(code: Code, fr: str, en: str, about: str = "") -> Finding:
    """All is well."""
    return Finding(code, Level.OK, Text(fr=fr, en=en), about)


def warn(code: Code, fr: str, en: str, about: str = "") -> Finding:
    """Something to see to."""
    return Finding(code, Level.WARN, Text(fr=fr, en=en), about)


def bad(code: Code, fr: str, en: str, about: str = "") -> Finding:
    """Something is wrong now."""
    return Finding(code, Level.BAD, Text(fr=fr, en=en), about)
