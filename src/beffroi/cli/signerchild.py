"""The register's signer as a child of `beffroi serve`: started, started again when it ends, ended with it."""

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Final

import structlog

from beffroi.cli.ledger_signer import SOCKET
from beffroi.ledger.remotesigner import RemoteSigner
from beffroi.ledger.signing import SignerGoneError

_log = structlog.get_logger(__name__)

START_S: Final = 20.0
AGAIN_S: Final = 0.5


class SignerChild:
    """One child. It ends when this process ends, however it ends: it follows the other end of its input."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self.socket = data / SOCKET
        self._stopping = threading.Event()
        self.process = self._start()
        self._thread = threading.Thread(target=self._watch, name="register-signer", daemon=True)
        self._thread.start()

    def signer(self) -> RemoteSigner:
        """The client, once the child answers.

        Raises:
            SignerGoneError: it does not, in `START_S` seconds.
        """
        ends_s = time.monotonic() + START_S
        while True:
            try:
                return RemoteSigner(self.socket)
            except SignerGoneError:
                if time.monotonic() > ends_s:
                    raise
                time.sleep(0.05)

    def stop(self) -> None:
        """End the child: it follows its input."""
        self._stopping.set()
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def _start(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-P", "-m", "beffroi.cli.main", "ledger", "signer", "--data", str(self._data)]
        return subprocess.Popen([*command, "--until-input-ends"], stdin=subprocess.PIPE)  # noqa: S603  our own module

    def _watch(self) -> None:
        while True:
            self.process.wait()
            if self._stopping.wait(AGAIN_S):
                return
            _log.error("the register's signer ended: started again", code=self.process.returncode)
            try:
                self.process = self._start()
            except OSError as error:  # no process, no memory: tried again, or no view would ever open again
                _log.critical("the register's signer cannot be started", error=error.strerror)
