"""The recorder needs nothing above the disk, and tells nobody a password."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.support.cameras import CameraSpec, simulated_cameras
from tests.support.ports import busy, wait_for
from tests.support.recorder import header_of, prepare_recorder, recorder

from beffroi.domain.ids import CameraId
from beffroi.vault.journal import ActKind
from beffroi.vault.sheet import SheetSigner

BLOCKER = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"sqlalchemy", "fastapi", "starlette", "uvicorn", "cedarpy", "alembic"}:
            raise ImportError(name + " is hidden from the recorder")

sys.meta_path.insert(0, Absent())
"""
CANARY = "kanari-Zq7!x@é:/"


def test_it_records_without_the_centre_and_waits_for_sheets_it_can_believe(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text(BLOCKER)
    data = tmp_path / "data"
    environment = {"PYTHONPATH": str(hidden)}
    proof = subprocess.run(
        [sys.executable, "-c", "import sqlalchemy"], env={**os.environ, **environment}, capture_output=True, check=False
    )
    assert b"hidden from the recorder" in proof.stderr
    with (
        simulated_cameras([CameraSpec("rue-1")]) as sim,
        prepare_recorder(data, sim, environment=environment) as rec,
    ):
        (data / "centre").rename(tmp_path / "elsewhere")  # no keyring, no centre: only public halves remain
        trust = rec.paths.sheet_trust.read_bytes()
        rec.paths.sheet_trust.unlink()
        rec.start()
        wait_for(lambda: "sheet refused" in rec.log, what="the log to say that no sheet can be believed")
        assert rec.streams() == {}
        rec.paths.sheet_trust.write_bytes(trust)
        (rec.paths.sheets / "faux.json").write_text("{}")
        rec.wait_recording("rue-1", frames=25)
        assert not (data / "centre").exists()
        assert rec.stop() == 0
    assert len({header_of(path).run for path in rec.chunks("rue-1")}) == 1, "one run, whatever the hour turns meanwhile"
    assert "Traceback" not in rec.log
    assert any(entry.kind is ActKind.SHEET_REFUSED for entry in rec.journal())


def test_a_password_is_nowhere(tmp_path: Path) -> None:
    """One right, one wrong, faults, a crash, logs at their most talkative: then search everything that was written or
    can be seen from outside."""
    forms = {CANARY, quote(CANARY, safe=""), quote(CANARY), CANARY.encode().hex()}
    specs = [
        CameraSpec("rue-1", user="beffroi", password=CANARY),
        CameraSpec("rue-2", user="beffroi", password="another"),
        CameraSpec("rue-3", user="beffroi", password=CANARY),
    ]
    with (
        simulated_cameras(specs) as sim,
        recorder(tmp_path, sim, passwords={"rue-2": CANARY}, log_level="DEBUG") as rec,
    ):
        rec.wait_all("rue-1", "rue-3")
        sim.fault("rue-1", "close")
        sim.fault("rue-3", "refuse")
        rec.wait_state("rue-2", "down")
        rec.wait_state("rue-3", "down")
        rec.crash_worker("rue-1", number=signal.SIGSEGV)  # a crash inside a library
        rec.wait_all("rue-1")
        sim.stop()
        rec.wait_state("rue-1", "down")
        outside = [_processes(), str(rec.ask("streams")), str(rec.ask("journal", after=0, limit=1000))]
        outside += [str(rec.calendar(name)) for name in ("rue-1", "rue-2", "rue-3")]
        assert rec.stop() == 0
    for path in tmp_path.rglob("*"):
        if path.is_file():
            outside.append(path.read_bytes().decode("latin-1"))
    assert len(outside) > 15
    for form in forms:
        for text in outside:
            assert form not in text
            assert form.encode().decode("latin-1") not in text
    assert not list(Path.cwd().glob("core*"))


def _processes() -> str:
    """Command line and environment of every process that can be read, but for this one and the simulator, which
    must know the passwords."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            found += [(folder / name).read_bytes().decode("latin-1") for name in ("cmdline", "environ")]
    return "\n".join(found)


def test_a_signed_revocation_stops_the_recording_without_the_centre(tmp_path: Path) -> None:
    """Put down by whoever holds one, on a stick if need be; one that is not signed stops nothing."""
    with simulated_cameras([CameraSpec("rue-1"), CameraSpec("rue-2")]) as sim, prepare_recorder(tmp_path, sim) as rec:
        (tmp_path / "centre").rename(tmp_path / "elsewhere")
        rec.start()
        rec.wait_all("rue-1", "rue-2")
        now_us = time.time_ns() // 1000
        forged = SheetSigner(Ed25519PrivateKey.generate())
        for signer, camera in ((forged, "rue-2"), (SheetSigner(rec.world.sheet_key), "rue-1")):
            notice = signer.revoke(CameraId(camera), up_to_serial=1000, issued_us=now_us, reason="arrêté annulé")
            (rec.paths.sheets / f"{camera}.revoked").write_bytes(notice)
        rec.wait_state("rue-1", "stopped")
        rec.wait_recording("rue-2", frames=10)
        assert not (tmp_path / "centre").exists()
        assert rec.stop() == 0
        ended = [act.fields for act in rec.journal() if act.kind is ActKind.SHEET_ENDED]
        assert [(one["camera"], one["cause"]) for one in ended] == [("rue-1", "revoked")]
        assert any(act.kind is ActKind.SHEET_REFUSED for act in rec.journal()), "the forged one is told"


def test_a_sheet_that_ends_stops_the_recording_by_itself(tmp_path: Path) -> None:
    with simulated_cameras([CameraSpec("rue-1"), CameraSpec("rue-2")]) as sim:
        with prepare_recorder(tmp_path, sim) as rec:
            rec.start()
            rec.wait_all("rue-1", "rue-2")
            until_us = time.time_ns() // 1000 + 6_000_000  # the recorder reads it well before
            rec.write_sheet("rue-1", {"main": sim.url("rue-1")}, valid_until_us=until_us)  # the order is shortened
            rec.ask("reload")
            rec.wait_state("rue-1", "stopped")
            assert rec.streams()["rue-1", "main"]["cause"] == "no_order"
            rec.wait_recording("rue-2", frames=10)
            ordered_again_us = time.time_ns() // 1000
            rec.write_sheet("rue-1", {"main": sim.url("rue-1")})
            rec.ask("reload")
            rec.wait_recording("rue-1", frames=10)
            assert rec.stop() == 0
        ended = [frame.arrival_us for _, frame in rec.frames("rue-1") if frame.arrival_us < ordered_again_us]
        assert until_us - 1_500_000 < max(ended) < until_us + 50_000 * busy(), "to the picture"
        causes = [entry.fields["cause"] for entry in rec.journal() if entry.kind is ActKind.GAP]
        assert "no_order" in causes


def test_the_time_between_a_revocation_and_another_sheet_says_that_there_was_no_order(tmp_path: Path) -> None:
    with simulated_cameras([CameraSpec("rue-1")]) as sim, recorder(tmp_path, sim) as rec:
        rec.wait_recording("rue-1", frames=10)
        now_us = time.time_ns() // 1000
        notice = SheetSigner(rec.world.sheet_key).revoke(
            CameraId("rue-1"), up_to_serial=1, issued_us=now_us, reason="fin"
        )
        (rec.paths.sheets / "rue-1.revoked").write_bytes(notice)
        rec.ask("reload")
        rec.wait_state("rue-1", "stopped")
        time.sleep(1.5)  # what is awaited is a gap that can be seen
        rec.write_sheet("rue-1", {"main": sim.url("rue-1")})
        rec.ask("reload")
        rec.wait_recording("rue-1", frames=10)
        assert rec.stop() == 0
        gaps = [entry.fields for entry in rec.journal() if entry.kind is ActKind.GAP]
        assert {gap["cause"] for gap in gaps} == {"no_order"}
        assert sum(gap["to_us"] - gap["from_us"] for gap in gaps) > 1_500_000
