"""What the recorder does beside capturing: duties that go on for ever, each on its own."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog

from beffroi.base.files import FsyncFailedError
from beffroi.capture.alarms import Alarm
from beffroi.vault.journal import ActKind

_log = structlog.get_logger(__name__)

_RETRY_S: Final = 2.0

Duty = Callable[[], Awaitable[None]]
Post = Callable[[ActKind, dict[str, Any]], None]


async def keep(duty: Duty, post: Post) -> None:
    """Do a duty for ever. One that fails is shouted and taken up again: no fault here may stop the recording. Only a
    failed fsync ends the program, for its files' state is unknown until the next start has looked at them."""
    name = getattr(duty, "__qualname__", type(duty).__name__)
    while True:
        try:
            await duty()
        except FsyncFailedError:
            _log.exception("the disk did not confirm a write, the recorder ends")
            os._exit(70)
        except Exception as error:  # noqa: BLE001  whatever it is, see above
            _log.exception("a duty of the recorder failed", duty=name)
            post(ActKind.ALARM, {"what": Alarm.DUTY_FAILED.value, "duty": name, "error": type(error).__name__})
            await asyncio.sleep(_RETRY_S)
