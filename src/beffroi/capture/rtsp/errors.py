"""How a session with a camera ends."""

from beffroi.capture.ends import RunEnd


class SourceError(Exception):
    """The session ended. Carries why and a closed word, never what the camera sent, its address or its password."""

    def __init__(self, end: RunEnd, kind: str = "") -> None:
        super().__init__(f"{end.value} {kind}".rstrip())
        self.end = end
        self.kind = kind


def unreadable(kind: str) -> SourceError:
    """What came is not a video session that this recorder understands."""
    return SourceError(RunEnd.UNREADABLE, kind)
