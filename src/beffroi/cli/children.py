"""Child processes of the demo: started together, watched together, ended together."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from beffroi.domain.errors import BrokenError
from beffroi.domain.text import Text

_STOP_S: Final = 30.0
"""More than the 25 s that a recorder gives its workers to close their files."""


@dataclass
class Children:
    """Named processes whose output goes to one log file each, under ``logs``."""

    logs: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(
        self,
        name: str,
        arguments: list[str],
        *,
        environment: dict[str, str] | None = None,
        wrapper: list[str] | None = None,
    ) -> None:
        """Start this Python with these arguments, under ``wrapper`` when given (a fault injector).

        Secrets never go here: arguments are visible to all.
        """
        self.logs.mkdir(parents=True, exist_ok=True)
        with (self.logs / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(  # noqa: S603  our own interpreter and modules
                [*(wrapper or []), sys.executable, "-P", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )

    def wait_ready(self, name: str, ready: Callable[[], bool], *, timeout_s: float) -> float:
        """Wait until ``ready`` answers True; return the seconds it took.

        Raises:
            BrokenError: the process ended, or did not become ready in time; says where its log is.
        """
        began = time.monotonic()
        # Another program's port may answer in its place: a child that has ended is never ready.
        while not (ready() and self.running[name].poll() is None):
            ended = self.running[name].poll() is not None
            if ended or time.monotonic() - began > timeout_s:
                raise BrokenError(
                    Text(
                        fr=f"« {name} » n'a pas démarré : lisez {self.logs / f'{name}.log'}.",
                        en=f"“{name}” did not start: read {self.logs / f'{name}.log'}.",
                    )
                )
            time.sleep(0.05)
        return time.monotonic() - began

    def ended(self) -> str | None:
        """The name of a process that ended by itself, if any."""
        return next((name for name, child in self.running.items() if child.poll() is not None), None)

    def stop(self, name: str, *, kill: bool = False) -> None:
        """End one process: asked first, killed after `_STOP_S` (or at once)."""
        child = self.running[name]  # followed until it has ended: `kill_all` may come meanwhile
        if child.poll() is None:
            _send(child, signal.SIGKILL if kill else signal.SIGTERM)
            try:
                child.wait(timeout=_STOP_S)
            except subprocess.TimeoutExpired:
                _send(child, signal.SIGKILL)
                child.wait()
        self.running.pop(name, None)

    def stop_all(self) -> None:
        """End them in reverse order of start."""
        for name in reversed(list(self.running)):
            self.stop(name)

    def kill_all(self) -> None:
        """Kill what is left, now, and wait for nothing: a signal handler may call this while `stop_all` waits."""
        for child in list(self.running.values()):
            if child.returncode is None:
                _send(child, signal.SIGKILL)

    def forget(self, name: str) -> None:
        """A process that ended by itself is no longer followed."""
        self.running.pop(name, None)


def _send(child: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # it ended meanwhile
        os.killpg(child.pid, number)
