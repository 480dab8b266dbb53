"""One viewer's waiting line: bounded; what does not fit is dropped up to the next key frame, and said."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from beffroi.capture.client import LiveFragment
from beffroi.domain.gaps import GapCause
from beffroi.domain.text import Text
from beffroi.watch.ports import NotCapturedError

SLACK_FRAMES: Final = 75
"""Three seconds at 25 frames a second, beyond what a viewer is given when it joins."""

MAX_BYTES: Final = 16 << 20


@dataclass(frozen=True, slots=True)
class Start:
    """A run begins: codec and picture size, and its init segment."""

    run: str
    codec: str
    width: int
    height: int
    init: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """Words for the viewer, ready to send."""

    message: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Gone:
    """The recorder no longer captures this stream: another is to be found."""


Item = Start | LiveFragment | Note | Gone


LATE: Final = Note(
    {
        "type": "state",
        "state": "late",
        "cause": Text(
            fr="L'enregistreur ne transmet pas cette caméra pour l'instant : l'image revient seule dès que possible.",
            en="The recorder does not pass this camera on for now: the picture comes back by itself as soon as it can.",
        ).as_dict(),
    }
)
"""The recorder, or its door to this camera, is not reached: it is asked again."""


def _gap(cause: Text) -> Note:
    return Note({"type": "state", "state": "gap", "cause": cause.as_dict()})


NOT_PLAYED: Final = _gap(
    Text(
        fr="Le flux secondaire de cette caméra ne répond pas, et ce navigateur ne lit pas le principal (H.265). "
        "La caméra est enregistrée.",
        en="This camera's secondary stream does not answer, and this browser does not play the main one (H.265). "
        "The camera is recorded.",
    )
)
NOT_CAPTURED: Final = _gap(NotCapturedError().text)


def gap(cause: GapCause) -> Note:
    """The camera gives no pictures."""
    return _gap(cause.text)


def dropped(frames: int) -> Note:
    """So many pictures were not sent."""
    return Note({"type": "notice", "kind": "dropped", "frames": frames})


class ViewerQueue:
    """Filled by the hub, emptied by one viewer, in one event loop. Putting never waits."""

    def __init__(self) -> None:
        self._items: deque[Item] = deque()
        self._news = asyncio.Event()
        self._bytes = 0
        self._pictures = 0
        self._limit = SLACK_FRAMES
        self._lost = 0
        self._await_key = True

    def join(self, start: Start, pictures: Sequence[LiveFragment]) -> None:
        """What a viewer gets first: the run and the pictures since its last key frame."""
        self._limit = SLACK_FRAMES + len(pictures)
        self.put(start)
        for picture in pictures:
            self.put(picture)

    def put(self, item: Item) -> None:
        """Add one item."""
        if isinstance(item, LiveFragment):
            self._put_picture(item)
        else:
            if isinstance(item, Start):
                self._await_key = True
            self._items.append(item)
        self._news.set()

    def skip_to_key(self, lost: int = 0) -> None:
        """Forget the pictures that wait; the next one given is a key frame."""
        self._lost += lost + self._pictures
        self._items = deque(item for item in self._items if not isinstance(item, LiveFragment))
        self._pictures = self._bytes = 0
        self._await_key = True

    async def get(self) -> Item:
        """The next item, when there is one."""
        while not self._items:
            self._news.clear()
            await self._news.wait()
        item = self._items.popleft()
        if isinstance(item, LiveFragment):
            self._pictures -= 1
            self._bytes -= len(item.data)
        return item

    def _put_picture(self, picture: LiveFragment) -> None:
        if self._pictures >= self._limit or self._bytes + len(picture.data) > MAX_BYTES:
            self.skip_to_key()
            self._limit = SLACK_FRAMES
        if self._await_key:
            if not picture.key:
                self._lost += 1
                return
            self._await_key = False
            if self._lost:
                self._items.append(dropped(self._lost))
                self._lost = 0
        self._items.append(picture)
        self._pictures += 1
        self._bytes += len(picture.data)
