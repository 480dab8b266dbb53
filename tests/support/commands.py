"""Runs `beffroi` the way a person does: from its entry point, with or without a terminal."""

import io
import os
import pty
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from typing import Final

from beffroi.cli.main import main

_COMMAND: Final = [sys.executable, "-c", "from beffroi.cli.main import main; main()"]


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended and what it wrote, on both outputs."""

    code: int
    output: str


def run(*arguments: str, stdin: str = "") -> Done:
    """The command without a terminal, in this process (its imports take seconds on a busy machine)."""
    written, before = io.StringIO(), (sys.argv, sys.stdin)
    sys.argv, sys.stdin = ["beffroi", *arguments], io.StringIO(stdin)
    code: object = 0
    try:
        with redirect_stdout(written), redirect_stderr(written):
            main()
    except SystemExit as ended:
        code = ended.code
    finally:
        sys.argv, sys.stdin = before
    return Done(code if isinstance(code, int) else 1 if code else 0, written.getvalue())


def run_answering(*arguments: str, answers: list[tuple[str, str]]) -> tuple[int, str]:
    """The command on a terminal of its own; each answer is typed once its prompt is seen. Exit code and output."""
    master, slave = pty.openpty()
    child = subprocess.Popen(
        [*_COMMAND, *arguments],
        stdin=slave,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # no controlling terminal: the prompt goes to the one given
    )
    os.close(slave)
    seen = b""
    try:
        assert child.stdout is not None
        for prompt, answer in answers:
            while prompt.encode() not in seen:
                piece = os.read(child.stdout.fileno(), 4096)
                if not piece:
                    return child.wait(timeout=60), seen.decode(errors="replace")
                seen += piece
            os.write(master, answer.encode() + b"\n")
        while piece := os.read(child.stdout.fileno(), 4096):
            seen += piece
        return child.wait(timeout=60), seen.decode(errors="replace")
    finally:
        child.kill()
        os.close(master)
