"""The whole house that a folder of tests shares, and what its tests await."""

import pytest
from tests.support.ports import wait_for

from beffroi.cli.house import House
from beffroi.cli.promises.recording import RecorderDoor
from beffroi.ledger.entry import Record
from beffroi.ledger.note import parse_verifier
from beffroi.ledger.reading import records

RUNNING: pytest.StashKey[House] = pytest.StashKey()
"""In the run's stash, while there is one."""


def register_acts(house: House) -> list[Record]:
    """The acts of the recorder that the register holds, in the register's order."""
    folder = house.data / "centre"
    verifier = parse_verifier((folder / "ledger.vkey").read_text())
    return [one for one in records(folder / "ledger", verifier) if one.source is not None]


def journal_taken_in(house: House) -> int:
    """Wait until the register holds what the recorder's journal has now; the number of its last act."""
    last = RecorderDoor(house.data).journal()[-1].seq

    def caught_up() -> bool:
        return max((one.source.seq for one in register_acts(house) if one.source), default=0) >= last

    wait_for(caught_up, timeout_s=60, what="the register to take the journal in")
    return last
