"""Forty-eight cameras at once: every picture on disk, and what each costs beside one ffmpeg for each.

By its name the first of the folder: the house of the others is not there yet.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.houses import RUNNING
from tests.support.promises import tell

from beffroi.cli.benchbars import DENSITY
from beffroi.cli.benchrecord import measure
from beffroi.cli.promises.report import Figure, kept

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

STREAMS = int(os.environ.get("BEFFROI_STREAMS", "48"))
SECONDS = 8.0
SETTLE_S = 2.0
"""Processor time is told here and held to nothing: `make bench` waits longer for what it compares, and holds it. Memory
is no timing: its ratio is held here too."""

PSS = next(bar for bar in DENSITY if bar.key == "pss_ratio")


@pytest.fixture
def free_machine(pytestconfig: pytest.Config) -> Iterator[None]:
    """The house of the other tests, if it runs, stands still meanwhile: two cores are measured."""
    house = pytestconfig.stash.get(RUNNING, None)
    if house is not None:
        house.stop()
    yield
    if house is not None:
        house.start()


@pytest.mark.usefixtures("free_machine")
def test_every_picture_of_many_streams_is_recorded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = measure(tmp_path, streams=STREAMS, seconds=SECONDS, settle_s=SETTLE_S)
    ours, peer = found["beffroi"], found["ffmpeg"]
    assert found["frames_recorded"] >= STREAMS * SECONDS * 25
    tell(
        kept(
            f"{STREAMS} flux de 25 images/s à {found['kbit_s_per_stream'] / 1000:.1f} Mbit/s, {SECONDS:g} s",
            Figure("images", found["frames_recorded"], ""),
            Figure("images manquantes", found["frames_missing"], "", 0, timing=False),
            Figure("coupures", found["gaps"], "", 0, timing=False),
            Figure("processeur, rapport à ffmpeg -c copy", found["cpu_ratio"], "×"),
            Figure("mémoire, rapport à ffmpeg -c copy", found["pss_ratio"], "×", PSS.bound, timing=False),
            Figure("processeur par flux", ours["cpu_ms_per_s_per_stream"], "ms/s"),
            Figure("processeur de ffmpeg par flux", peer["cpu_ms_per_s_per_stream"], "ms/s"),
            Figure("générateur par flux", ours["generator_cpu_ms_per_s_per_stream"], "ms/s"),
            Figure("mémoire par flux (PSS)", ours["pss_mib_per_stream"], "Mio"),
            Figure("cœurs", found["cores"], ""),
        ),
        capsys,
    )
