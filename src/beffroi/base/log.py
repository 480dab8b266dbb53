"""Structured logs whose every value passes through a scrubber: no password, token or camera URL secret gets out."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final, TextIO, cast

import structlog

_URL_SECRET: Final = re.compile(
    r"(?P<scheme>\b[a-z][a-z0-9+.-]*://)(?P<user>[^\s:/@]*):(?P<secret>[^\s@/]*(?:@(?=[^\s/]*@)[^\s@/]*)*)@",
    re.I,
)
_HEADER: Final = re.compile(r"(?i)\b(authorization|cookie|set-cookie)\b(\s*[:=]\s*)[^\r\n]+")
_SECRET_KEYS: Final = re.compile(
    r"(?i)pass(word|phrase)?$|secret|token|lease|otp|totp|cookie|authorization|private|credential"
)


def scrub(text: str) -> str:
    """The text without the passwords of URLs and without credential headers."""
    text = _URL_SECRET.sub(lambda m: f"{m['scheme']}***@", text)
    return _HEADER.sub(lambda m: f"{m[1]}{m[2]}***", text)


def _scrub_value(value: Any) -> Any:
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if isinstance(value, dict):
        return {key: _scrub_item(str(key), item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_scrub_value(item) for item in value]
    if isinstance(value, BaseException):
        return scrub(f"{type(value).__name__}: {value}")
    return value


def _scrub_item(key: str, value: Any) -> Any:
    if _SECRET_KEYS.search(key) and not isinstance(value, bool | int | float | type(None)):
        return "***"
    return _scrub_value(value)


def _scrubber(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in list(event):
        event[key] = _scrub_item(key, event[key])
    return event


class _StandardError:
    """What standard error is at the moment of writing: it may be another than when logging was set up."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def configure(*, json: bool = True, level: str = "INFO") -> None:
    """Set up logging for a program: to standard error, one line an event, scrubbed last."""
    renderer: Any = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _scrubber,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(file=cast("TextIO", _StandardError())),
        cache_logger_on_first_use=True,
    )
