"""What the register costs, with a real disk: ``python -m beffroi.ledger.bench [FOLDER]``."""

import json
import sys
import tempfile
import threading
import time
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beffroi.base.clock import SystemClock
from beffroi.base.files import write_durable
from beffroi.domain.acts import Act, Purpose, Verdict
from beffroi.domain.ids import AuthorityId, CameraId, PersonId, ViewId
from beffroi.ledger.entry import Entry, EntryKind, Trace
from beffroi.ledger.ledger import Ledger
from beffroi.ledger.verify import verify


def _entry(number: int) -> Entry:
    return Entry(
        EntryKind.VIEW_OPENED,
        actor=PersonId(f"person-{number % 20}"),
        session="0123456789abcdef",
        view=ViewId(f"{number:032x}"),
        camera=CameraId(f"camera-{number % 50}"),
        authority=AuthorityId("maire/99001"),
        act=Act.LIVE,
        purpose=Purpose.F5,
        decision=Trace(Verdict.ALLOW, "G1", ("R1", "R2", "R3"), ("CSI L.252-1",), ("a/1", "b/2"), "0" * 64, "0" * 64),
        outcome="allow",
        payload={"account": "bench", "reason": "bench", "address": "192.0.2.1"},
    )


def measure_appends(ledger: Ledger, *, count: int, threads: int) -> float:
    """Acknowledged entries a second, from this many threads that each wait for their answer."""
    numbers = iter(range(count))
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            ledger.append(_entry(number))

    workers = [threading.Thread(target=work) for _ in range(threads)]
    started = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return count / (time.perf_counter() - started)


def run(folder: Path) -> dict[str, float]:
    """Durable files a second (the yardstick), appends a second, entries verified a second."""
    started = time.perf_counter()
    for _ in range(200):
        write_durable(folder / "yardstick", bytes(1024))
    figures = {"durable files/s": 200 / (time.perf_counter() - started)}
    ledger = Ledger.open(folder / "ledger", SystemClock(), Ed25519PrivateKey.generate())
    for threads, count in ((1, 300), (16, 2000), (128, 10_000)):
        figures[f"appends/s, {threads} callers"] = measure_appends(ledger, count=count, threads=threads)
    ledger.close()
    started = time.perf_counter()
    report = verify(folder / "ledger", ledger.verifier)
    figures["entries verified/s"] = report.entries / (time.perf_counter() - started)
    figures["bytes an entry"] = sum(p.stat().st_size for p in (folder / "ledger").rglob("*") if p.is_file()) / (
        report.entries or 1
    )
    return {name: round(value) for name, value in figures.items()}


def main() -> None:
    """Measure in the folder given, or in a temporary one."""
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory(dir=where) as folder:
        sys.stdout.write(json.dumps(run(Path(folder)), indent=2) + "\n")


if __name__ == "__main__":
    main()
