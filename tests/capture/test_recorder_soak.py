"""A recorder at work for a long time, its files dying at their term: memory flat, files bounded, nothing missing.

``make soak`` runs the hour: 32 sub streams, a term of five minutes. Every test run does it in short: the harness holds.
"""

import os
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.cameras import CameraSpec, simulated_cameras
from tests.support.recorder import RunningRecorder
from tests.support.shortterm import short_term_recorder

from beffroi.cli.benchclip import QUALITIES, bench_clip
from beffroi.cli.benchproc import family, pss_mib
from beffroi.vault.journal import ActKind

SOAK_S = float(os.environ.get("BEFFROI_SOAK_S", "3600"))
GROWTH_AN_HOUR = 0.05


@dataclass(frozen=True, slots=True)
class Sample:
    """The recorder at one instant."""

    at_s: float
    pss_mib: float
    files: int
    bytes: int


def test_files_die_at_their_term_while_recording_goes_on(tmp_path: Path) -> None:
    samples = _live(tmp_path, cameras=4, hour_s=3.0, term_s=6.0, lasts_s=18.0, each_s=1.0)
    assert samples[-1].pss_mib < 2 * samples[len(samples) // 2].pss_mib, "the harness measures something that is flat"


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_memory_is_flat_and_files_are_bounded_for_an_hour(tmp_path: Path) -> None:
    samples = _live(tmp_path, cameras=32, hour_s=60.0, term_s=300.0, lasts_s=SOAK_S, each_s=10.0)
    warm = [sample for sample in samples if sample.at_s > min(600.0, SOAK_S / 3)]
    slope = statistics.linear_regression([one.at_s / 3600 for one in warm], [one.pss_mib for one in warm]).slope
    mean = statistics.fmean(one.pss_mib for one in warm)
    sys.stderr.write(f"PSS {mean:.1f} MiB, {slope:+.2f} MiB an hour ({slope / mean:+.1%})\n")
    assert slope / mean < GROWTH_AN_HOUR


def _live(folder: Path, *, cameras: int, hour_s: float, term_s: float, lasts_s: float, each_s: float) -> list[Sample]:
    clip = bench_clip(QUALITIES["sub"])
    names = [f"rue-{number}" for number in range(cameras)]
    specs = [CameraSpec(name, clip=clip, sub_clip=clip, offset_s=0.37 * place) for place, name in enumerate(names)]
    with (
        simulated_cameras(specs) as sim,
        short_term_recorder(folder, sim, hour_s=hour_s, term_s=term_s, lasts_s=lasts_s + 120) as rec,
    ):
        rec.start()
        rec.wait_all(*names, stream="sub", timeout_s=60)
        samples = _sampled(rec, lasts_s, each_s)
        assert rec.stop() == 0
    gaps = Counter(entry.fields["cause"] for entry in rec.journal() if entry.kind is ActKind.GAP)
    destroyed = [entry.fields for entry in rec.journal() if entry.kind is ActKind.DESTRUCTION]
    # A file lasts an hour of these; it is closed up to a group late, and a pass comes each half hour.
    most = cameras * (round(term_s / hour_s) + 3)
    top = max(sample.files for sample in samples)
    sys.stderr.write(
        f"\n{cameras} streams, {lasts_s:.0f} s, term {term_s:.0f} s: {len(destroyed)} files destroyed, "
        f"at most {top} held (bound {most}), {samples[-1].bytes >> 20} MiB at the end, "
        f"PSS {samples[0].pss_mib:.1f} → {samples[-1].pss_mib:.1f} MiB, gaps {dict(gaps)}\n"
    )
    # A simulator that a busy machine holds up stalls like a camera: that gap is the camera's, and is told as such.
    assert set(gaps) <= {"stream_stalled", "stream_closed", "camera_unreachable"}
    assert top <= most
    assert len(destroyed) >= cameras * (int((lasts_s - term_s) / hour_s) - 2) > 0
    assert {fields["cause"] for fields in destroyed} == {"term"}
    return samples


def _sampled(rec: RunningRecorder, lasts_s: float, each_s: float) -> list[Sample]:
    """Look again and again, as long as the recorder answers."""
    assert rec.process is not None
    began_s, samples = time.monotonic(), []
    while (at_s := time.monotonic() - began_s) < lasts_s:
        rec.ask("ping")
        sizes = []
        for path in (rec.paths.root / "streams").rglob("*.mp4"):
            try:
                sizes.append(path.stat().st_size)
            except FileNotFoundError:
                continue  # it died meanwhile
        samples.append(Sample(at_s, pss_mib(family(rec.process.pid)), len(sizes), sum(sizes)))
        time.sleep(each_s)  # a soak is made of time
    return samples
