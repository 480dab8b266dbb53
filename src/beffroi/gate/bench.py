"""What it costs to open a view, with a real disk: ``python -m beffroi.gate.bench [FOLDER]``.

The yardstick is one durable file (`base.files.write_durable`: two fsyncs) on the same disk in the same run. The law
here answers from memory at once: its own cost comes on top.
"""

import asyncio
import itertools
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beffroi.base.clock import SystemClock
from beffroi.base.files import write_durable
from beffroi.domain.acts import Act, Purpose, Verdict
from beffroi.domain.decision import ActRequest, Decider, Decision
from beffroi.domain.ids import AuthorityId, CameraId, ConnectionId, PersonId
from beffroi.domain.text import Text
from beffroi.gate.gate import Gate
from beffroi.ledger.ledger import Ledger
from beffroi.ledger.signing import Signer


@dataclass(frozen=True, slots=True)
class Figures:
    """Milliseconds."""

    p50_ms: float
    p99_ms: float
    most_ms: float

    @classmethod
    def of(cls, seconds: list[float]) -> "Figures":
        cuts = statistics.quantiles(seconds, n=100)
        return cls(round(cuts[49] * 1e3, 2), round(cuts[98] * 1e3, 2), round(max(seconds) * 1e3, 2))


class _AlwaysAllow:
    def revision(self) -> int:
        return 1

    def decide(self, request: ActRequest) -> Decision:
        return Decision(
            verdict=Verdict.ALLOW,
            request=request,
            authority=AuthorityId("maire/99001"),
            ground="bench",
            rules=("bench",),
            articles=(),
            documents=(),
            conditions=(),
            sentence=Text(fr="Mesure.", en="Bench."),
            cure=None,
            disclosable=True,
            rule_set_hash="0" * 64,
            facts_hash="0" * 64,
        )


async def measure_open(
    folder: Path,
    *,
    count: int = 1000,
    at_once: int = 1,
    decider: Decider | None = None,
    requests: Sequence[ActRequest] = (),
) -> Figures:
    """Open ``count`` views, ``at_once`` at a time, on a register in ``folder`` with the real fsync.

    With a ``decider`` (a real law) and the ``requests`` that it allows, the law's own cost is in the figure.
    """
    key = Ed25519PrivateKey.generate()
    return Figures.of(await time_open(folder, key, count=count, at_once=at_once, decider=decider, requests=requests))


async def time_open(
    folder: Path,
    key: Ed25519PrivateKey | Signer,
    *,
    count: int,
    at_once: int = 1,
    decider: Decider | None = None,
    requests: Sequence[ActRequest] = (),
) -> list[float]:
    """Seconds of each opening; ``key`` signs the register, here or in a process of its own."""
    clock = SystemClock()
    ledger = Ledger.open(folder / "ledger", clock, key)
    gate = Gate(decider or _AlwaysAllow(), ledger, Ed25519PrivateKey.generate(), clock)
    own = ActRequest(PersonId("bench"), Act.LIVE, CameraId("bench"), Purpose.F5, datetime.now(UTC))
    asked = itertools.cycle(requests or (own,))
    taken: list[float] = []

    async def opener() -> None:
        while len(taken) < count:
            started = time.perf_counter()
            await gate.open(next(asked), ConnectionId("bench"), {"name": "bench", "reason": "bench"})
            taken.append(time.perf_counter() - started)

    await asyncio.gather(*(opener() for _ in range(at_once)))
    await asyncio.to_thread(ledger.close)
    return taken


def measure_disk(folder: Path, *, count: int = 300) -> Figures:
    """The yardstick: one small durable file."""
    return Figures.of(time_disk(folder, count=count))


def time_disk(folder: Path, *, count: int) -> list[float]:
    """Seconds of each durable file."""
    taken: list[float] = []
    for _ in range(count):
        started = time.perf_counter()
        write_durable(folder / "yardstick", bytes(1024))
        taken.append(time.perf_counter() - started)
    return taken


def run(folder: Path) -> dict[str, dict[str, float]]:
    """All figures, in milliseconds, and their ratio to the yardstick."""
    disk = measure_disk(folder)
    found = {"durable file": disk}
    for at_once in (1, 16):
        inner = folder / f"at-once-{at_once}"
        inner.mkdir()
        found[f"open, {at_once} at once"] = asyncio.run(measure_open(inner, at_once=at_once))
    return {
        name: {
            "p50_ms": figures.p50_ms,
            "p99_ms": figures.p99_ms,
            "most_ms": figures.most_ms,
            "p50_ratio": round(figures.p50_ms / disk.p50_ms, 1),
        }
        for name, figures in found.items()
    }


def main() -> None:
    """Measure in the folder given, or in a temporary one."""
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory(dir=where) as folder:
        sys.stdout.write(json.dumps(run(Path(folder)), indent=2) + "\n")


if __name__ == "__main__":
    main()
