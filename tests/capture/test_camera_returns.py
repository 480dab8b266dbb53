"""A camera that was away for long is recorded again seconds after its return, whatever it was away by; one that refuses
our password is not hammered; two hundred away at once make no storm."""

import contextlib
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from tests.support.cameras import CameraSpec, SimulatedCameras, simulated_cameras
from tests.support.capturing import capturing
from tests.support.faultmatrix import record
from tests.support.ports import busy, wait_for

from beffroi.capture.backoff import Backoff
from beffroi.capture.ends import RunEnd
from beffroi.capture.health import StreamState
from beffroi.capture.stream import CONNECT_S

BAR_S = 3.0
CAMERAS = 200


@pytest.fixture(scope="module")
def sim() -> Iterator[SimulatedCameras]:
    with simulated_cameras([CameraSpec("rue-1", user="u", password="p"), CameraSpec("rue-2")]) as running:
        yield running


class Away:
    """The address of a camera that is away: it refuses, or answers nothing (its machine drops what comes), until `back`
    passes on to a camera that is there."""

    def __init__(self, *, answers: bool) -> None:
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._fillers: list[socket.socket] = []
        if not answers:
            self._listener.listen(0)
            for _ in range(4):  # a full queue: further calls are dropped, as by a machine that is off
                filler = socket.socket()
                filler.setblocking(False)
                filler.connect_ex(("127.0.0.1", self.port))
                self._fillers.append(filler)

    def back(self, port: int) -> None:
        self._listener.listen(16)
        for filler in self._fillers:
            filler.close()
        threading.Thread(target=self._serve, args=(port,), daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self, port: int) -> None:
        with contextlib.suppress(OSError):
            while True:
                outside = self._listener.accept()[0]
                inside = socket.create_connection(("127.0.0.1", port))
                for pair in ((outside, inside), (inside, outside)):
                    threading.Thread(target=_copy, args=pair, daemon=True).start()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("answers", [True, False], ids=["refused", "unanswered"])
def test_a_camera_that_was_away_is_recorded_seconds_after_its_return(sim: SimulatedCameras, *, answers: bool) -> None:
    away = Away(answers=answers)
    with contextlib.closing(away), capturing() as capture:
        kept = capture.add("rue-2", sim.url("rue-2").replace(f":{sim.port}", f":{away.port}"))
        stream = capture.streams["rue-2"]
        brisk = []

        def failed() -> bool:
            brisk.append(stream.calling)
            return len(kept.failed) >= 6

        wait_for(failed, timeout_s=120, what="six calls that reach nobody")
        assert set(kept.failed) == {RunEnd.REFUSED}, "not reached, whether it refused or kept silent"
        assert not any(brisk), "nobody's pictures wait on it: the loop keeps its slow tick"
        began_s, share = time.monotonic(), busy()
        away.back(sim.port)
        wait_for(lambda: stream.health.state is StreamState.RECORDING, timeout_s=60, what="its first picture")
        took_s = time.monotonic() - began_s
        capture.wait_frames("rue-2", 10)
    how = "refused" if answers else "answered nothing"
    record(
        "camera-returns", seen=f"a port that {how}: first picture {took_s:.1f} s after its return", runs=1, seed=None
    )
    assert took_s <= BAR_S * share


def test_a_password_that_is_refused_is_tried_less_and_less(
    sim: SimulatedCameras, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A camera locks an account after a few wrong passwords. The waits are those of the program, lived a hundred times
    as fast."""
    waits: list[float] = []
    real = Backoff.after

    def after(self: Backoff, good_s: float, unheard_s: float | None = None) -> float:
        waits.append(real(self, good_s, unheard_s))
        return waits[-1] / 100

    monkeypatch.setattr(Backoff, "after", after)
    with capturing() as capture:
        kept = capture.add("rue-1", sim.url("rue-1").replace("u:p@", "u:wrong@"))
        wait_for(lambda: len(waits) >= 9, timeout_s=60, what="nine refusals")
    assert set(kept.failed) == {RunEnd.UNAUTHORISED}
    for number, wait_s in enumerate(waits[:9]):
        step_s = min(60.0, 2.0**number)
        assert step_s / 2 <= wait_s <= step_s


@pytest.mark.parametrize("lasted_s", [0.0, CONNECT_S], ids=["refused", "unanswered"])
def test_two_hundred_cameras_away_at_once_are_called_evenly(lasted_s: float) -> None:
    """Reckoned on the waits of the program: all fail in the same moment, as when a switch dies, and stay away."""
    calls: Counter[int] = Counter()
    for camera in range(CAMERAS):
        backoff, at_s = Backoff(random.Random(camera)), 0.0  # noqa: S311  jitter, not a secret
        while at_s < 120:
            calls[int(at_s * 10)] += 1
            at_s += lasted_s + backoff.after(0.0, lasted_s)
    later = [calls[tenth] for tenth in range(300, 1200)]
    print(f"{sum(later) / 90:.0f} calls a second, at most {max(later)} in a tenth")  # noqa: T201
    assert sum(later) / 90 <= CAMERAS
    assert max(later) <= CAMERAS / 5, "no storm is left half a minute later"
