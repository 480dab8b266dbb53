"""The recorder needs nothing above the disk; what is above needs the recorder for pictures only, and waits for it."""

import time

import pytest
from tests.support.promises import tell

from beffroi.cli.house import House
from beffroi.cli.promises.client import KIND_FRAGMENT, ViewSocket
from beffroi.cli.promises.disk import RegisterOnDisk
from beffroi.cli.promises.recording import RecorderDoor, recording_needs_no_centre
from beffroi.cli.promises.register import CAMERA, on_duty
from beffroi.cli.promises.waiting import wait_until
from beffroi.ledger.entry import EntryKind

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

_DEADLINE_S = 60.0


def test_recording_goes_on_and_restarts_without_the_centre(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    tell(recording_needs_no_centre(house), capsys)


def test_a_view_asked_while_the_recorder_is_away_comes_by_itself_and_is_one_act(house: House) -> None:
    person, door = on_duty(house), RecorderDoor(house.data)
    register = RegisterOnDisk(house.data / "centre" / "ledger")
    size, before = register.size(), door.recording()
    house.children.stop("recorder")
    try:
        with person.socket() as socket:
            answer = person.obtain_view(socket.connection_id, CAMERA)
            assert answer.status == 201, answer.body
            socket.send({"type": "lease", "lease": answer.body["lease"]})
            assert received(socket, "state")["state"] == "late"
            house.start_recorder()
            assert received(socket, "init")
            assert pictures(socket)
            # what the register confirmed too late was ended at once, with these words, and showed nothing
            wait_until(
                lambda: register.views(EntryKind.VIEW_OPENED, size) - late(register, size) == {answer.body["view"]},
                "une seule vue",
                "one view",
            )
    finally:
        if "recorder" not in house.children.running:
            house.start_recorder()
    door.wait_recording(before)


def late(register: RegisterOnDisk, since: int) -> set[str]:
    """The views that the register's disk confirmed after the centre had refused them."""
    return {str(one.view) for one in register.records(since) if one.outcome == "register_late"}


def received(socket: ViewSocket, kind: str) -> dict[str, object]:
    """The next message of a kind."""
    deadline = time.monotonic() + _DEADLINE_S
    while socket.closed is None and (left_s := deadline - time.monotonic()) > 0:
        message = socket.receive(left_s)
        if isinstance(message, dict) and message["type"] == kind:
            return message
    raise AssertionError(f"no {kind}: {socket.closed}")


def pictures(socket: ViewSocket) -> bool:
    """Whether a picture comes."""
    deadline = time.monotonic() + _DEADLINE_S
    while socket.closed is None and (left_s := deadline - time.monotonic()) > 0:
        message = socket.receive(left_s)
        if isinstance(message, tuple) and message[0] == KIND_FRAGMENT:
            return True
    return False
