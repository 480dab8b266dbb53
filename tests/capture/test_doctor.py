"""`beffroi doctor` on real folders: a recorder that runs, hangs, is stopped; a read-only disk; a centre alone."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.support.cameras import CameraSpec, simulated_cameras
from tests.support.disk import loop_disk
from tests.support.ports import busy, wait_for
from tests.support.recorder import RunningRecorder, prepare_recorder, recorder

from beffroi.base.clock import SystemClock
from beffroi.base.db import open_engine
from beffroi.cli.doctor.look import look
from beffroi.cli.init import prepare_folder
from beffroi.cli.tls import make_certificates
from beffroi.domain.ids import AuthorityId
from beffroi.registry.migrate import upgrade
from beffroi.vault.diskmark import Mark
from beffroi.vault.journal import ActKind, Journal

CANARY = "Canari-Camera-5528"
MAIN = [sys.executable, "-c", "from beffroi.cli.main import main; main()"]
LEVELS = {"ok": 0, "warn": 1, "bad": 2}


@dataclass
class Told:
    """What one run of the command said."""

    code: int
    text: str
    findings: list[dict[str, Any]]
    took_s: float

    def level(self, code: str, about: str = "") -> str:
        """The worst level of a finding; "" when it is not there."""
        levels = [one["level"] for one in self.findings if one["code"] == code and about in one["about"]]
        return max(levels, key=LEVELS.__getitem__, default="")

    def says(self, code: str) -> str:
        return " ".join(one["text"]["fr"] for one in self.findings if one["code"] == code)


def command(data: Path) -> Told:
    """The command, as a person runs it."""
    began_s = time.monotonic()
    done = subprocess.run(
        [*MAIN, "doctor", "--data", str(data), "--json"], capture_output=True, text=True, check=False, timeout=200
    )
    assert done.stdout.startswith("{"), done.stderr
    said = json.loads(done.stdout)
    assert done.returncode == LEVELS[said["worst"]]
    return _told(done.stdout + done.stderr, said["findings"], time.monotonic() - began_s)


def doctor(data: Path) -> Told:
    """The same without a process of its own."""
    began_s = time.monotonic()
    findings = [
        {"code": one.code.value, "level": one.level.name.lower(), "about": one.about, "text": one.text.as_dict()}
        for one in look(data)
    ]
    return _told(json.dumps(findings), findings, time.monotonic() - began_s)


def _told(text: str, findings: list[dict[str, Any]], took_s: float) -> Told:
    for one in findings:
        assert one["text"]["fr"].endswith((".", ")."))
        assert one["text"]["en"].endswith((".", ")."))
    return Told(max((LEVELS[one["level"]] for one in findings), default=0), text, findings, took_s)


def tree(data: Path) -> set[str]:
    return {str(path) for path in data.rglob("*") if not path.name.endswith(("-shm", "-wal"))}


def test_a_recorder_that_runs_then_hangs_then_is_stopped(tmp_path: Path) -> None:
    cameras = [CameraSpec("rue-1", user="u", password=CANARY), CameraSpec("rue-2")]
    with simulated_cameras(cameras) as sim, recorder(tmp_path, sim) as rec:
        rec.wait_all("rue-1", "rue-2")
        sim.fault("rue-2", "refuse")
        wait_for(lambda: rec.streams()["rue-2", "main"]["state"] == "down", timeout_s=60, what="rue-2 to be down")
        told = command(tmp_path)
        assert told.level("recorder") == "ok"
        assert "1 flux enregistrés sur 2" in told.says("cameras")
        assert told.level("camera-down", "rue-2") == "warn"
        assert told.level("camera-down", "rue-1") == ""
        assert told.level("disk") in LEVELS
        assert told.level("disk-short") in LEVELS
        assert told.level("version") == "ok"
        assert told.level("clock") in {"ok", "warn"}
        assert told.level("clock-doubt") in {"ok", ""}
        assert told.level("no-answer") == ""
        assert CANARY not in told.text

        assert rec.process is not None
        os.kill(rec.process.pid, signal.SIGSTOP)
        try:
            hung = command(tmp_path)
        finally:
            os.kill(rec.process.pid, signal.SIGCONT)
        assert hung.level("recorder") == "bad"
        assert "ne répond pas" in hung.says("recorder")
        assert hung.level("hour-keys") in LEVELS, "the others still say what they have to say"
        assert hung.took_s < 30 * busy()
        rec.stop()
        before = tree(tmp_path)
        stopped = doctor(tmp_path)
        assert "est arrêté" in stopped.says("recorder")
        assert stopped.code == 2
        assert tree(tmp_path) == before, "nothing is written"
        print(f"doctor: running {told.took_s:.1f} s, hung {hung.took_s:.1f} s")  # noqa: T201  the figure


def test_what_is_about_to_end_and_what_rang(tmp_path: Path) -> None:
    with simulated_cameras([CameraSpec("rue-1")]) as sim:
        rec = prepare_recorder(tmp_path, sim)
    rec.paths.prepare()
    _alarms(rec)
    (rec.paths.sheets / "zz.json").write_bytes(b"{}")
    told = doctor(tmp_path)
    assert told.level("sheets", "rue-1") == "bad", "it ends within a day"
    assert told.level("sheet-refused") == "warn"
    assert told.level("hour-keys", "maire/99001") in {"warn", "bad"}
    assert told.level("alarms", "disk_90") == "warn"
    assert told.level("alarms", "disk_80") == "", "an alarm that was cleared is not told"
    assert "2 fois en 24 h" in told.says("alarms")
    assert told.level("alarms", "disk_95") == "", "older than a day"


def _alarms(rec: RunningRecorder) -> None:
    journal, now_us = Journal.open(rec.paths.journal), SystemClock().wall_us()
    for what, state, at_us in (
        ("disk_90", "raised", now_us),
        ("disk_90", "raised", now_us - 10_000_000),
        ("disk_80", "cleared", now_us),
        ("disk_95", "raised", now_us - 25 * 3_600_000_000),
    ):
        journal.append(ActKind.ALARM, {"what": what, "state": state}, wall_us=at_us)
    journal.close()


def test_a_read_only_disk_is_told_with_the_recorder_stopped(tmp_path: Path) -> None:
    with loop_disk(tmp_path, size_mib=32) as disk:
        (disk.at / "data" / "recorder").mkdir(parents=True)
        assert doctor(disk.at / "data").level("disk-read-only") == ""
        subprocess.run(["mount", "-o", "remount,ro", str(disk.at)], check=True)
        assert doctor(disk.at / "data").level("disk-read-only") == "bad"
        subprocess.run(["mount", "-o", "remount,rw", str(disk.at)], check=True)
        disk.fill(leave=2 << 20)
        full = doctor(disk.at / "data")
        assert full.level("disk") == "bad"
        assert re.search(r"plein à 9\d %", full.says("disk"))


def test_another_disk_under_the_files_is_told(tmp_path: Path) -> None:
    root = tmp_path / "recorder"
    (root / "streams").mkdir(parents=True)
    assert doctor(tmp_path).level("disk-wrong") == ""
    ours = Mark(vault=bytes(16), recorder=bytes(32), opened=1)
    ours.write(root)
    assert doctor(tmp_path).level("disk-wrong") == "bad", "nothing is mounted there"
    Mark(vault=b"x" * 16, recorder=bytes(32), opened=1).write(root / "streams")
    assert doctor(tmp_path).level("disk-wrong") == "bad"
    (root / "streams" / "vault.mark").unlink()
    ours.write(root / "streams")
    assert doctor(tmp_path).level("disk-wrong") == ""
    (root / "streams" / "vault.mark").write_bytes(b"torn")
    assert doctor(tmp_path).level("disk-wrong") == "bad"


def test_a_centre_alone_without_its_passphrase(tmp_path: Path) -> None:
    prepare_folder(
        tmp_path,
        host="csu.example.fr",
        authorities=[AuthorityId("maire/99001")],
        passphrase=CANARY,
        cheap_keyrings=True,
    )
    secrets, database = tmp_path / "centre" / "secrets", tmp_path / "centre" / "beffroi.sqlite"
    engine = open_engine(f"sqlite:///{database}")
    upgrade(engine)
    engine.dispose()
    good = doctor(tmp_path)
    assert good.level("certificate") == "ok"
    assert good.level("documents") == "ok"
    at = datetime.now(UTC) - timedelta(days=800)
    _certify(tmp_path, at)
    assert doctor(tmp_path).level("certificate") == "warn"
    _certify(tmp_path, at - timedelta(days=100))
    late = doctor(tmp_path)
    assert late.level("certificate") == "bad"
    (tmp_path / "centre" / "tls" / "server.pem").write_bytes(b"not a certificate")
    assert "illisible" in doctor(tmp_path).says("certificate")
    assert good.level("backup") == "warn"
    assert good.level("restored") == ""
    last = tmp_path / "centre" / "last-backup.json"
    for days, level in ((0, "ok"), (3, "warn"), (20, "bad")):
        last.write_text(json.dumps({"at_us": SystemClock().wall_us() - days * 86_400_000_000}))
        assert doctor(tmp_path).level("backup") == level
    (tmp_path / "centre" / "restored.json").write_bytes(b"torn")
    assert doctor(tmp_path).level("restored") == "bad"
    database.write_bytes(b"not a database" * 400)
    assert doctor(tmp_path).level("centre") == "warn"
    for path in secrets.iterdir():
        assert path.name not in good.text
    assert CANARY not in late.text


def _certify(data: Path, at: datetime) -> None:
    """The server's certificate, made that day."""
    folder = data / f"made-{at:%Y%m%d}"
    folder.mkdir()
    make_certificates(folder, folder, "csu.example.fr", at)
    (folder / "server.pem").replace(data / "centre" / "tls" / "server.pem")


def test_a_journal_that_the_register_does_not_take(tmp_path: Path) -> None:
    (tmp_path / "centre").mkdir()
    recorder_folder = tmp_path / "recorder"
    recorder_folder.mkdir()
    journal = Journal.open(recorder_folder / "journal.sqlite")
    hours_ago_us = SystemClock().wall_us() - 3 * 3_600_000_000
    for _ in range(3):
        journal.append(ActKind.RECORDER_STARTED, {}, wall_us=hours_ago_us)
    told = doctor(tmp_path)
    assert told.level("journal") == "warn"
    assert "3 actes" in told.says("journal")
    journal.ack(3)
    assert doctor(tmp_path).level("journal") == "ok"
    journal.close()


@pytest.mark.parametrize("content", [b"", b"garbage", b"SQLite format 3\x00" + bytes(4000)])
def test_damaged_files_are_findings_not_crashes(tmp_path: Path, content: bytes) -> None:
    folder = tmp_path / "recorder"
    for name in ("sheets", "hours", "trust"):
        (folder / name).mkdir(parents=True)
    for name in ("journal.sqlite", "clock.json", "trust/sheet.pub", "sheets/a.json", "hours/a.json", "armed.json"):
        (folder / name).write_bytes(content)
    assert doctor(tmp_path).code == 2


def test_no_folder_at_all(tmp_path: Path) -> None:
    told = doctor(tmp_path / "nowhere")
    assert (told.code, told.level("folder")) == (2, "bad")


def test_a_check_that_hangs_is_a_finding_and_the_others_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "recorder").mkdir()
    monkeypatch.setattr("beffroi.cli.doctor.disk.disk", lambda _: time.sleep(3600))
    found = {one.code.value for one in look(tmp_path, within_s=2.0)}
    assert "no-answer" in found
    assert "recorder" in found


def test_it_is_readable_by_a_person(tmp_path: Path) -> None:
    (tmp_path / "recorder").mkdir()
    with sqlite3.connect(tmp_path / "recorder" / "journal.sqlite"):
        pass
    done = subprocess.run([*MAIN, "doctor", "--data", str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "BAD  recorder" in done.stdout
    assert done.stdout.index("BAD") < done.stdout.index("ok  ")
