"""What the register costs, with a real disk: ``python -m beffroi.ledger.bench [FOLDER]``."""

import json
import os
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
from beffroi.ledger.ledger import DEFAULT_ORIGIN, Ledger
from beffroi.ledger.note import open_note
from beffroi.ledger.proofs import Prover
from beffroi.ledger.remotesigner import RemoteSigner
from beffroi.ledger.sample import write_sample
from beffroi.ledger.signer import Desk, SignerServer
from beffroi.ledger.stretch import Stretch, verify_stretch
from beffroi.ledger.tiles import CHECKPOINT
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
    key = Ed25519PrivateKey.generate()
    (folder / "elsewhere").mkdir()
    socket = folder / "s.sock"
    server = SignerServer(Desk(folder / "memory", key, DEFAULT_ORIGIN), socket, users=frozenset({os.getuid()}))
    threading.Thread(target=server.serve, daemon=True).start()
    ledger = Ledger.open(folder / "ledger", SystemClock(), key)
    apart = Ledger.open(folder / "elsewhere" / "ledger", SystemClock(), RemoteSigner(socket))
    for threads, count in ((1, 300), (16, 2000), (128, 10_000)):
        figures[f"appends/s, {threads} callers"] = measure_appends(ledger, count=count, threads=threads)
        figures[f"appends/s, {threads} callers, signer apart"] = measure_appends(apart, count=count, threads=threads)
    apart.close()
    ledger.close()
    server.stop()
    started = time.perf_counter()
    report = verify(folder / "ledger", ledger.verifier)
    figures["entries verified/s"] = report.entries / (time.perf_counter() - started)
    figures["bytes an entry"] = sum(p.stat().st_size for p in (folder / "ledger").rglob("*") if p.is_file()) / (
        report.entries or 1
    )
    return {name: round(value) for name, value in figures.items()}


def measure_large(folder: Path, entries: int, *, proofs: int = 200) -> dict[str, float]:
    """Milliseconds for a proof (median, p99, worst), seconds for a day, on a sample of this many entries over a year.

    The proofs must hold and the day be clean: a wrong answer may be quick.
    """
    ends_us = SystemClock().wall_us()
    started = time.perf_counter()
    verifier = write_sample(folder / "large", entries, ends_us=ends_us)
    wrote_s = time.perf_counter() - started
    prover, took_ms, refused = Prover(folder / "large", entries), [], 0
    root = open_note((folder / "large" / CHECKPOINT).read_bytes(), verifier).root
    for number in range(proofs):
        started = time.perf_counter()
        proof = prover.inclusion(number * 7919 % entries)
        took_ms.append((time.perf_counter() - started) * 1000)
        refused += not proof.holds(root)
    took_ms.sort()
    started = time.perf_counter()
    day_us = 86_400_000_000
    report = verify_stretch(
        folder / "large", verifier, Stretch(from_us=ends_us - 100 * day_us, to_us=ends_us - 99 * day_us)
    )
    day_s = time.perf_counter() - started
    return {
        "sample written, s": wrote_s,
        "prove, ms, median": took_ms[proofs // 2],
        "prove, ms, p99": took_ms[proofs * 99 // 100],
        "prove, ms, worst": took_ms[-1],
        "proofs that do not hold": refused,
        "a day, s": day_s,
        "a day, entries": report.entries,
        "a day, findings": len(report.findings),
        "load": os.getloadavg()[0],
    }


def main() -> None:
    """Measure in the folder given, or in a temporary one."""
    where = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    with tempfile.TemporaryDirectory(dir=where) as folder:
        sys.stdout.write(json.dumps(run(Path(folder)), indent=2) + "\n")


if __name__ == "__main__":
    main()
