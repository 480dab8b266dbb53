"""The account of a real recorder: at work, after kills and restarts, stopped; and with a file taken out."""

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.support.cameras import CameraSpec, simulated_cameras
from tests.support.recorder import recorder


def test_a_recorder_at_work_killed_and_stopped_adds_up(tmp_path: Path) -> None:
    names = ["rue-1", "rue-2"]
    with simulated_cameras([CameraSpec(name) for name in names]) as sim, recorder(tmp_path, sim, cores=1) as rec:
        rec.wait_all(*names, frames=30)
        at_work = asked(rec.ask)
        assert at_work["adds_up"], json.dumps(at_work, indent=1)
        assert {(line["camera"], line["stream"]) for line in at_work["days"]} >= {(name, "main") for name in names}
        assert at_work["whole_us"] is None  # the daily look comes two minutes after the start
        rec.crash_worker("rue-1")
        rec.wait_all(*names, frames=20)
        after_kill = asked(rec.ask)
        assert after_kill["adds_up"], json.dumps(after_kill, indent=1)
        rec.kill()
        rec.start()
        rec.wait_all(*names, frames=20)
        assert rec.stop() == 0
        code, found = command(rec.data)
        assert code == 0, json.dumps(found, indent=1)
        for line in found["days"]:
            told = line["recorded_us"] + line["gaps_us"] + line["pending_us"]
            assert line["mandated_us"] + line["beyond_us"] == told
            assert line["recorded_us"] == line["held_us"]
        assert len(found["days"]) >= len(names)
        assert sum(line["recorded_us"] for line in found["days"]) > len(names) * 3_000_000, "midnight or not"
        for name in names:
            code, found = command(rec.data, "--camera", name)
            assert (code, found["whole"]) == (0, []), json.dumps(found, indent=1)
            assert {line["camera"] for line in found["days"]} == {name}
        file = sorted((rec.paths.root / "streams" / "rue-2").rglob("*.mp4"))[0]
        file.rename(tmp_path / "aside")
        code, found = command(rec.data, "--camera", "rue-2")
        assert code == 1
        names_of_wrong = [one["name"] for line in found["days"] for one in line["wrong"]]
        assert str(file.relative_to(rec.paths.root)) in names_of_wrong


def asked(ask: Any) -> dict[str, Any]:
    today = datetime.now(ZoneInfo("Europe/Paris")).date().isoformat()
    found: dict[str, Any] = ask("account", **{"from": today, "to": today})
    return found


def command(data: Path, *more: str) -> tuple[int, dict[str, Any]]:
    done = subprocess.run(
        [
            *(sys.executable, "-c", "from beffroi.cli.main import main; main()"),
            *("vault", "account", "--data", str(data), "--json", *more),
        ],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.stdout, done.stderr.decode()
    return done.returncode, json.loads(done.stdout)
