"""Which stream a live view shows. A camera that gives nothing yet, or a recorder that starts again, is waited for in
that very view: one act in the register, however often the recorder is asked."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import chain, repeat

import structlog

from beffroi.domain.errors import BeffroiError
from beffroi.domain.gaps import GapCause
from beffroi.domain.ids import CameraId, StreamName
from beffroi.watch.choice import LIVE_ORDER, NotPlayableError, choose
from beffroi.watch.ports import BACKOFF_S, Captured, LiveCamera
from beffroi.watch.queue import LATE, Note, gap

_log = structlog.get_logger(__name__)


async def find_stream(
    recorder: LiveCamera, camera: CameraId, say: Callable[[Note], Awaitable[None]], *, h265: bool
) -> StreamName:
    """The stream that this browser gets, as soon as there is one; ``say`` is told, each time, that it is awaited.

    A recorder that has just started may know the large stream before the small one: the small one is waited for as long
    as the first pauses last, unless it is known to be down.

    Raises:
        NotPlayableError: all streams run, and the browser plays none.
    """
    cause: GapCause | None = None
    for asked, pause_s in enumerate(chain(BACKOFF_S, repeat(BACKOFF_S[-1]))):
        try:
            captured = await recorder.captured(camera)
        except BeffroiError as error:
            _log.warning("recorder not reached for a live view", camera=camera, error=error)
            await say(LATE)
        else:
            stream = choose(captured.codecs, LIVE_ORDER, h265=h265)
            if stream is not None and (asked >= len(BACKOFF_S) or not _better_begins(captured, stream)):
                return stream
            if stream is None and captured.codecs and not captured.awaited:
                raise NotPlayableError
            cause = next((known for known in captured.awaited.values() if known), cause)
            await say(gap(cause) if cause else LATE)
        await asyncio.sleep(pause_s)
    raise AssertionError("it is asked for ever")


def _better_begins(captured: Captured, stream: StreamName) -> bool:
    """Whether a stream that would be preferred is being connected to."""
    preferred = LIVE_ORDER[: LIVE_ORDER.index(stream)]
    return any(name in captured.awaited and captured.awaited[name] is None for name in preferred)
