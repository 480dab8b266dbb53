"""An hour without the centre, on the injected clock; then the register takes in what was done, whole and once."""

import asyncio
from pathlib import Path

import pytest
from tests.support.faultmatrix import record
from tests.support.register import open_ledger
from tests.support.timelab import LabCamera, LabClock, Stack, stack

from beffroi.capture.client import RecorderClient
from beffroi.capture.control import ControlServer
from beffroi.capture.handle import StreamId
from beffroi.capture.leases import LeaseChecker
from beffroi.capture.methods import Methods
from beffroi.ledger.ledger import Ledger
from beffroi.server import intake as intake_module
from beffroi.server.intake import JournalIntake

START_US = 1_772_442_000_000_000
NAME = "recorder-1"


class Nobody:
    """The rest of a recorder: no stream is asked about here."""

    def health(self) -> dict[StreamId, dict[str, object]]:
        return {}

    def reload(self) -> None:
        raise NotImplementedError


def door(lab: Stack) -> ControlServer:
    """The recorder's own control socket, on its journal."""
    root = lab.world.data / "recorder"
    leases = LeaseChecker(root / "trust" / "gate.pub", lab.clock)
    return ControlServer(
        Methods(
            root=root,
            catalogue=lab.catalogue,
            journal=lab.journal.reader,
            leases=leases,
            recorder=Nobody(),
            clock=lab.clock,
        )
    )


def taken(ledger: Ledger) -> list[tuple[int, str | None]]:
    found = [ledger.record(index) for index in range(ledger.size)]
    return [(one.source.seq, one.outcome) for one in found if one.source is not None]


async def test_an_hour_without_the_centre_is_taken_in_whole_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "BATCH", 40)
    clock = LabClock(START_US)
    holes = tuple((60.0 * n + 20, 60.0 * n + 25) for n in range(60))  # something to tell each minute
    with stack(tmp_path / "recorder", clock) as lab:
        lab.send(LabCamera(jitter_us=5_000, holes=holes, clock_off_us=1_400_000, seed=7), 3600)
        lab.stop()
        acts = lab.acts()
        assert len(acts) > 120
        kept = sum(gop.frames for _, gop in lab.groups())
        assert kept == len(lab.sent), "no picture missing"
        path = tmp_path / "recorder.sock"
        served = door(lab)
        await served.start(path)
        try:
            # The centre comes back, is killed between taking in and acknowledging, comes back with its index lost.
            (tmp_path / "centre").mkdir()
            ledger = open_ledger(tmp_path / "centre", clock=clock)
            async with RecorderClient(path) as client:

                async def dies(_seq: int) -> None:
                    raise ConnectionError("killed")

                monkeypatch.setattr(client, "journal_ack", dies)
                with pytest.raises(ConnectionError):
                    await JournalIntake(client, ledger, name=NAME).once()
            ledger.close()
            assert len(taken_after := [act.seq for act in acts][:40]) == 40
            (tmp_path / "centre" / "ledger-index.sqlite").unlink()
            ledger = open_ledger(tmp_path / "centre", clock=clock)
            assert [seq for seq, _ in taken(ledger)] == taken_after
            async with RecorderClient(path) as client:
                journal = JournalIntake(client, ledger, name=NAME)
                await asyncio.gather(journal.once(), journal.once())  # an eager one, twice at a time
                assert await journal.once() == 0
            assert taken(ledger) == [(act.seq, act.kind.value) for act in acts]
            assert lab.journal.reader().acked() == acts[-1].seq
            ledger.close()
        finally:
            await served.stop()
    record(
        "hour-alone",
        seen=f"{kept} pictures, 0 missing; {len(acts)} acts taken in, each once",
        runs=1,
        seed=None,
    )
