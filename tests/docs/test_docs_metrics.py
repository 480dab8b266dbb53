"""The page of figures, made from what the programs really tell."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from prometheus_client import Metric
from tests.support.centre import running
from tests.support.keys import key_world
from tests.support.metricstext import families

from beffroi.base.clock import SystemClock
from beffroi.base.metrics import open_metrics, text_of
from beffroi.capture.metrics import RecorderCollector, Sources
from beffroi.capture.paths import RecorderPaths
from beffroi.domain.gaps import GapCause
from beffroi.domain.ids import CameraId
from beffroi.domain.ranges import WallRange
from beffroi.vault.catalogue import Catalogue
from beffroi.vault.clockwatch import ClockWatch
from beffroi.vault.destruction import DestructionReport
from beffroi.vault.journal import Journal

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"
HEAD = """# Figures for Prometheus

Made by `BEFFROI_REGENERATE=1 pytest tests/docs/test_docs_metrics.py` from what the programs tell; do not edit.

Off unless asked for, and on this machine only: `beffroi recorder --metrics 127.0.0.1:9101`, `beffroi serve --metrics
127.0.0.1:9102`, or a Unix socket that the group may read (`unix:/var/lib/beffroi/run/metrics.sock`). Another address is
refused with a sentence. A tool on another machine comes through a tunnel or an agent here.

They are for those who look after the machine, not for those who watch: the console's own address has none. The centre
counts in all, never by person, camera or commune, so that a count tells nobody who watches what. The recorder names
cameras and authorities, as its folder does. Labels are bounded: cameras, streams, closed lists.

```yaml
scrape_configs:
  - job_name: beffroi
    static_configs: [{targets: ["127.0.0.1:9101", "127.0.0.1:9102"]}]
```
Worth an alert: `beffroi_recorder_stream_state{state="down"} == 1` for an hour,
`beffroi_recorder_disk_alarm_percent >= 90`, `beffroi_recorder_cameras_stopped_disk > 0`,
`beffroi_recorder_clock_doubt == 1`,
`beffroi_recorder_hour_keys_ahead_hours < 240`, `beffroi_recorder_journal_waiting_seconds > 600`,
`beffroi_recorder_part_up == 0`, `beffroi_centre_register_up == 0`.

"""


class Quiet:
    """A recorder that does nothing, and has something to tell in each family."""

    def __init__(self, folder: Path) -> None:
        paths = RecorderPaths(folder)
        paths.prepare()
        catalogue = Catalogue.open(paths.catalogue)
        catalogue.add_gap(CameraId("rue-1"), "main", WallRange(0, 1_000_000), GapCause.STREAM_CLOSED)
        catalogue.close()
        key_world(folder, SystemClock())
        self.journal = Journal.open(paths.journal)
        clock = SystemClock()
        disk: dict[str, Any] = {
            "known": True,
            "size": 1,
            "free": 1,
            "reserve": 0,
            "line": 0,
            "alarm": 0,
            "holds_days": 1.0,
        }
        disk |= {"short": False, "stopped": [], "refused": []}
        self.collector = RecorderCollector(
            Sources(
                paths=paths,
                clock=clock,
                watch=ClockWatch(clock),
                health=lambda: {("rue-1", "main"): {"state": "recording", "camera_offset_ms": 1.0}},
                disk=lambda: disk,
                destruction=DestructionReport,
                journal=lambda: self.journal,
                workers=list,
            )
        )


def table(found: Iterable[Metric]) -> str:
    """One line a family."""
    lines = ["| figure | kind | labels | tells |", "| --- | --- | --- | --- |"]
    for family in sorted(found, key=lambda one: one.name):
        labels = sorted({label for sample in family.samples for label in sample.labels} - {"le"})
        name = f"{family.name}_total" if family.type == "counter" else family.name
        shown = " ".join(f"`{one}`" for one in labels)
        lines.append(f"| `{name}` | {family.type} | {shown} | {family.documentation} |")
    return "\n".join(lines) + "\n"


def test_the_page_is_what_the_programs_tell(tmp_path: Path) -> None:
    quiet = Quiet(tmp_path / "recorder")
    recorder = families(text_of(quiet.collector))
    quiet.journal.close()
    with running(tmp_path / "centre") as town:
        town.person("agentE").call("GET", "/api/cameras")
        town.centre.supply.told.locked()
        _, decisions, *_ = town.app.state.collectors
        decisions.labels("live", "allow").inc()
        server = open_metrics("127.0.0.1:0", town.app.state.collectors)
        assert server is not None
        server.close()
        centre = families("".join(text_of(one) for one in town.app.state.collectors))
    made = f"{HEAD}## The recorder\n{table(recorder.values())}\n## The centre\n{table(centre.values())}"
    if os.environ.get("BEFFROI_REGENERATE"):
        PAGE.write_text(made, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == made, (
        "docs/reference/metrics.md is stale: BEFFROI_REGENERATE=1 pytest tests/docs/test_docs_metrics.py"
    )
    assert "beffroi_recorder_hour_keys_ahead_hours" in made
    assert "beffroi_centre_gate_decisions_total" in made
