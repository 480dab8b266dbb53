"""The recorder's figures, read as a supervision tool reads them."""

import os
import signal
import socket
import sqlite3
import urllib.error
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from tests.support.cameras import CameraSpec, simulated_cameras
from tests.support.commands import run
from tests.support.metricstext import families, scrape, value
from tests.support.ports import free_port, wait_for
from tests.support.recorder import RunningRecorder, recorder

from beffroi.base.metrics import MetricsServer
from beffroi.capture.health import StreamState
from beffroi.capture.metrics import RecorderCollector, Sources
from beffroi.capture.paths import RecorderPaths
from beffroi.domain.clock import ManualClock
from beffroi.domain.errors import BadInputError
from beffroi.vault.catalogue import Catalogue
from beffroi.vault.clockwatch import ClockWatch
from beffroi.vault.destruction import DestructionReport
from beffroi.vault.journal import ActKind, Journal


def test_the_figures_of_a_recorder_are_those_of_its_streams(tmp_path: Path) -> None:
    port = free_port()
    with (
        simulated_cameras([CameraSpec("rue-1", user="u", password="Canari-Camera-5528"), CameraSpec("rue-2")]) as sim,
        recorder(tmp_path, sim, more=("--metrics", f"127.0.0.1:{port}")) as rec,
    ):
        rec.wait_all("rue-1", "rue-2", frames=30)
        sim.fault("rue-2", "close")
        wait_for(lambda: rec.streams()["rue-2", "main"]["runs"] > 1, what="another run of rue-2")
        wait_for(lambda: [one for one in rec.journal() if one.kind is ActKind.GAP], what="the gap to be settled")
        before = rec.streams()["rue-1", "main"]
        text = scrape(port)
        after = rec.streams()["rue-1", "main"]
        found = families(text)
        stream = {"camera": "rue-1", "stream": "main"}
        frames = value(found, "beffroi_recorder_stream_frames_total", **stream)
        assert before["frames"] <= frames <= after["frames"]
        assert value(found, "beffroi_recorder_stream_bytes_total", **stream) > 30 * 100
        states = {state: value(found, "beffroi_recorder_stream_state", **stream, state=state) for state in StreamState}
        assert states[StreamState.RECORDING] == 1
        assert sum(states.values()) == 1
        gap = {"camera": "rue-2", "stream": "main", "cause": "stream_closed"}
        assert value(found, "beffroi_recorder_stream_gap_seconds_total", **gap) > 0
        assert abs(value(found, "beffroi_recorder_camera_clock_offset_seconds", **stream)) < 5
        assert 0 < value(found, "beffroi_recorder_disk_free_bytes") < value(found, "beffroi_recorder_disk_size_bytes")
        assert value(found, "beffroi_recorder_clock_doubt") == 0
        assert value(found, "beffroi_recorder_hour_keys_ahead_hours", authority="maire/99001") > 0
        assert value(found, "beffroi_recorder_journal_waiting_acts") > 0
        assert value(found, "beffroi_recorder_open_files") > 10
        assert value(found, "beffroi_recorder_syncs_total") > 0
        assert all(sample.value == 1 for sample in found["beffroi_recorder_part_up"].samples)
        assert "Canari" not in text
        assert "rtsp" not in text
        assert families(rec.ask("metrics")["text"]).keys() == found.keys()
        with pytest.raises(urllib.error.HTTPError):
            scrape(port, "/")
        sums_over_the_death_of_a_worker(rec, port)
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=2)


def sums_over_the_death_of_a_worker(rec: RunningRecorder, port: int) -> None:
    """What a worker had counted is not forgotten with it: a sum that falls is read as a restart of the recorder."""

    def sums() -> tuple[float, float]:
        found = families(scrape(port))
        return value(found, "beffroi_recorder_syncs_total"), value(found, "beffroi_recorder_sync_seconds_total")

    def counts_again() -> bool:
        seen.append(sums())
        return rec.streams()["rue-1", "main"]["worker_restarts"] == 1 and seen[-1] > killed

    killed = sums()
    seen = [killed]
    os.kill(rec.streams()["rue-1", "main"]["pid"], signal.SIGKILL)
    wait_for(counts_again, timeout_s=60, what="the new worker's figures")
    for one, after in pairwise(seen):
        assert one[0] <= after[0], seen
        assert one[1] <= after[1], seen


@pytest.mark.parametrize("harm", ["no table", "no database"])
def test_a_catalogue_that_cannot_be_read_takes_no_other_figure_with_it(tmp_path: Path, harm: str) -> None:
    paths, clock = RecorderPaths(tmp_path), ManualClock()
    paths.prepare()
    with closing(Catalogue.open(paths.catalogue)), closing(sqlite3.connect(paths.catalogue)) as db:
        db.execute("DROP TABLE gap")
    if harm == "no database":
        paths.catalogue.write_bytes(b"\x5a" * 8192)
    with closing(Journal.open(paths.journal)) as journal:
        sources = Sources(
            paths=paths,
            clock=clock,
            watch=ClockWatch(clock),
            health=lambda: {},
            disk=lambda: {"known": False},
            destruction=DestructionReport,
            journal=lambda: journal,
            workers=lambda: [{"pid": 0, "restarts": 0, "syncs": 3}],
        )
        registry = CollectorRegistry()
        registry.register(RecorderCollector(sources))
        found = families(generate_latest(registry).decode())
    up = {one.labels["part"]: one.value for one in found["beffroi_recorder_part_up"].samples}
    assert {part for part, answers in up.items() if not answers} == {"gaps", "disk", "keys"}
    assert value(found, "beffroi_recorder_syncs_total") >= 3
    assert "beffroi_recorder_journal_acts" in found


ELSEWHERE = ["0.0.0.0:9101", "192.0.2.7:9101", "[::]:9101", "localhost:9101", "9101", "", "127.0.0.1:x", "unix:rel"]


@pytest.mark.parametrize("where", [*ELSEWHERE, "127.0.0.1:99999"])
def test_figures_leave_by_no_other_address_than_this_machines_own(where: str) -> None:
    with pytest.raises(BadInputError) as refused:
        MetricsServer(where, CollectorRegistry())
    assert "cette machine" in refused.value.text.fr or "choisissez" in refused.value.text.fr


def test_figures_on_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "metrics.sock"
    server = MetricsServer(f"unix:{path}", CollectorRegistry())
    try:
        assert path.stat().st_mode & 0o007 == 0
        with socket.socket(socket.AF_UNIX) as link:
            link.connect(str(path))
            link.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
            assert b"200 OK" in link.recv(4096)
    finally:
        server.close()
    assert not path.exists()


def test_a_recorder_told_to_show_figures_elsewhere_says_so_and_does_not_begin(tmp_path: Path) -> None:
    done = run("recorder", "--data", str(tmp_path), "--metrics", "0.0.0.0:9101")
    assert done.code == 1
    assert "sur cette machine" in done.output
    assert "Traceback" not in done.output
    journal = Journal.open(RecorderPaths(tmp_path).journal)
    assert journal.read_after(0) == []
    journal.close()
