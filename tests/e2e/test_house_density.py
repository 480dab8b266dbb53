"""Forty-eight cameras at once: every picture on disk, and what each costs beside one ffmpeg for each."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.promises import tell

from beffroi.cli.benchrecord import measure
from beffroi.cli.house import House
from beffroi.cli.promises.report import Figure, kept

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

STREAMS = int(os.environ.get("BEFFROI_STREAMS", "48"))
SECONDS = 10.0


@pytest.fixture
def free_machine(request: pytest.FixtureRequest) -> Iterator[None]:
    """The house of the other tests, if there is one, stands still meanwhile: two cores are measured."""
    if not any("house" in getattr(item, "fixturenames", ()) for item in request.session.items):
        yield
        return
    house: House = request.getfixturevalue("house")
    house.stop()
    yield
    house.start()


@pytest.mark.usefixtures("free_machine")
def test_every_picture_of_many_streams_is_recorded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = measure(tmp_path, streams=STREAMS, seconds=SECONDS)
    ours, peer = found["beffroi"], found["ffmpeg"]
    assert found["frames_recorded"] >= STREAMS * SECONDS * 25
    tell(
        kept(
            f"{STREAMS} flux de 25 images/s à {found['kbit_s_per_stream'] / 1000:.1f} Mbit/s, {SECONDS:g} s",
            Figure("images", found["frames_recorded"], ""),
            Figure("images manquantes", found["frames_missing"], "", 0, timing=False),
            Figure("coupures", found["gaps"], "", 0, timing=False),
            Figure("processeur, rapport à ffmpeg -c copy", found["cpu_ratio"], "×"),
            Figure("mémoire, rapport à ffmpeg -c copy", found["pss_ratio"], "×"),
            Figure("processeur par flux", ours["cpu_ms_per_s_per_stream"], "ms/s"),
            Figure("processeur de ffmpeg par flux", peer["cpu_ms_per_s_per_stream"], "ms/s"),
            Figure("générateur par flux", ours["generator_cpu_ms_per_s_per_stream"], "ms/s"),
            Figure("mémoire par flux (PSS)", ours["pss_mib_per_stream"], "Mio"),
            Figure("cœurs", found["cores"], ""),
        ),
        capsys,
    )
