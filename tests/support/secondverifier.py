"""The viewer's own verifier (TypeScript), run in Node: one process, one question a line, one answer a line."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.support.evidence import TRUST

from beffroi.evidence.verify import Trust, verify_package

ROOT: Final = Path(__file__).resolve().parents[2]
PROGRAM: Final = ROOT / "console" / "evidence" / "dist" / "verifier.mjs"


@dataclass(frozen=True, slots=True)
class Answer:
    """What it found: its verdict, (kind, where) of each finding, (kind, detail) of what is told besides."""

    verdict: str
    findings: frozenset[tuple[str, str]]
    told: tuple[tuple[str, str], ...]
    raw: dict[str, Any]


class SecondVerifier:
    """See `second_verifier`."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def ask(self, **question: str) -> dict[str, Any]:
        """One question, its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def verify(self, path: Path, trust: Trust) -> Answer:
        """Verify a folder or a zip file. It must answer: an exception of its own fails the test."""
        keys = {"evidence": trust.evidence.encode(), "register": trust.register.encode()}
        witnesses = " ".join(one.encode() for one in trust.witnesses)
        raw = self.ask(path=os.fspath(path), **keys, witnesses=witnesses)
        assert "crashed" not in raw, raw
        found = frozenset((one["kind"], one["where"]) for one in raw["findings"])
        told = tuple((one["kind"], one["detail"]) for one in raw["told"])
        return Answer(raw["verdict"], found, told, raw)


@contextmanager
def second_verifier() -> Iterator[SecondVerifier]:
    """The program, started; it must have been built (`make install`)."""
    assert PROGRAM.exists(), "build it first: make install"
    process = subprocess.Popen(
        ["bash", str(ROOT / "scripts" / "with-node.sh"), "node", str(PROGRAM)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield SecondVerifier(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=30)


def both(second: SecondVerifier, path: Path, trust: Trust = TRUST) -> str:
    """The verdict that the two agree on, and on every finding with its place, and on all that is told besides."""
    first, answer = verify_package(path, trust), second.verify(path, trust)
    findings = frozenset((one.kind.value, one.where) for one in first.findings)
    assert (answer.verdict, answer.findings) == (first.verdict.value, findings)
    assert answer.told == tuple((one.kind.value, one.detail) for one in first.told)
    return answer.verdict
