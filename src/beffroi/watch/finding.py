"""Which stream a live view shows. A camera that gives nothing yet, or a recorder that starts again, is waited for in
that very view: one act in the register, however often the recorder is asked."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from itertools import chain, repeat

import structlog

from beffroi.domain.errors import BeffroiError
from beffroi.domain.ids import CameraId, StreamName
from beffroi.watch.choice import LIVE_ORDER, NotPlayableError, choose
from beffroi.watch.patience import SAID_EACH_S, patiently
from beffroi.watch.ports import BACKOFF_S, Captured, LiveCamera
from beffroi.watch.queue import LATE, NOT_CAPTURED, NOT_PLAYED, Note, gap

_log = structlog.get_logger(__name__)


async def find_stream(
    recorder: LiveCamera,
    camera: CameraId,
    say: Callable[[Note], Awaitable[None]],
    *,
    h265: bool,
    said_each_s: float = SAID_EACH_S,
) -> StreamName:
    """The stream that this browser gets, as soon as there is one; ``say`` is told, each time, that it is awaited, and
    each ``said_each_s`` seconds while the recorder does not answer.

    A recorder that has just started may know the large stream before the small one: from then on the small one is
    waited for as long as the first pauses last, unless it is known to be down.

    Raises:
        NotPlayableError: all streams run, and the browser plays none.
    """
    pauses, asked, offered, silent = _pauses(), 0, 0, False
    note = LATE

    async def told() -> None:
        await say(note)

    while True:
        try:
            captured = await patiently(recorder.captured(camera), told, each_s=said_each_s)
        except BeffroiError as error:
            if not silent:
                _log.warning("recorder not reached for a live view", camera=camera, error=error)
            silent, note = True, LATE
        else:
            stream, silent, asked = choose(captured.codecs, LIVE_ORDER, h265=h265), False, asked + 1
            if stream is not None:
                if offered >= len(BACKOFF_S) or not _better_begins(captured, stream):
                    return stream
                pauses = pauses if offered else _pauses()
                offered += 1
            elif captured.codecs and not captured.awaited:
                raise NotPlayableError
            note = _awaited(captured, note, known=asked <= len(BACKOFF_S))
        await say(note)
        await asyncio.sleep(next(pauses))


def _pauses() -> Iterator[float]:
    return chain(BACKOFF_S, repeat(BACKOFF_S[-1]))


def _better_begins(captured: Captured, stream: StreamName) -> bool:
    """Whether a stream that would be preferred is being connected to."""
    preferred = LIVE_ORDER[: LIVE_ORDER.index(stream)]
    return any(name in captured.awaited and captured.awaited[name] is None for name in preferred)


def _awaited(captured: Captured, before: Note, *, known: bool) -> Note:
    """What is said of a camera that gives nothing that can be shown. A cause stays said while the camera is tried
    again; ``known``: a recorder that has just started may not know its cameras yet."""
    if not captured.codecs and not captured.awaited:
        return LATE if known else NOT_CAPTURED
    cause = next((one for one in captured.awaited.values() if one), None)
    if captured.codecs:
        return NOT_PLAYED if cause else LATE
    return gap(cause) if cause else before if before is not NOT_CAPTURED else LATE
