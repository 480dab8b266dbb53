"""Who is silent, and who only was not listened to."""

from beffroi.capture.listening import Listening


def _listen(to: Listening, from_s: float, until_s: float) -> float:
    """Ask ten times a second; the last answer."""
    silent_s = 0.0
    for tenth in range(round(from_s * 10) + 1, round(until_s * 10) + 1):
        silent_s = to.silent_s(tenth / 10)
    return silent_s


def test_silence_is_counted_while_we_listen() -> None:
    worker = Listening(0.0)
    assert _listen(worker, 0.0, 3.0) == 3.0
    assert not worker.heard
    worker.hear(3.0)
    assert worker.heard
    assert _listen(worker, 3.0, 8.5) == 5.5


def test_a_pause_of_the_machine_is_nobodys_silence() -> None:
    worker = Listening(0.0)
    worker.hear(1.0)
    assert _listen(worker, 0.0, 2.0) == 1.0
    assert worker.silent_s(62.0) <= 1.0, "we stood still for a minute: what it said is not heard yet"
    assert _listen(worker, 62.0, 68.0) >= 6.0, "one that stays silent afterwards is stuck"


def test_a_word_heard_during_a_late_look_is_not_in_the_future() -> None:
    worker = Listening(0.0)
    worker.hear(9.9)
    assert worker.silent_s(10.0) == 0.0
    assert _listen(worker, 10.0, 16.0) == 6.0
