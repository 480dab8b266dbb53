"""A joint session shows the requisition's minutes and no other, whatever is asked in what order: the real socket."""

import sys
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.support.clips import clip
from tests.support.desktown import BEGIN_US, desk_town
from tests.support.onsitetown import OnsiteTown, onsite_town

from beffroi.cli.promises.client import KIND_FRAGMENT, ViewSocket
from beffroi.media.clear import parse_alone

FROM_S, TO_S = 7.3, 41.6
"""Neither lies on a key frame: they come each second."""

Seconds = st.floats(-30, 90, allow_nan=False).map(lambda at: round(at, 2))
Order = tuple[str, float]
Orders = st.lists(st.tuples(st.sampled_from(["seek", "position"]), Seconds), max_size=8)


def wall(at_s: float) -> int:
    return BEGIN_US + round(at_s * 1e6)


def left(socket: ViewSocket, lease: str, orders: list[Order], end_s: float) -> list[Any]:
    """All that leaves under these orders, until the last seek has come to the end."""
    socket.send({"type": "lease", "lease": lease})
    for number, (kind, at_s) in enumerate([*orders, ("seek", -30.0), ("position", end_s)]):
        seek = {"seek": number, "speed": 1} if kind == "seek" else {}
        socket.send({"type": kind, "at_us": wall(at_s), **seek})
    found: list[Any] = []
    while True:
        message = socket.receive(60)
        assert message is not None, "the socket closed"
        found.append(message)
        if isinstance(message, dict) and message["type"] == "end" and message["seek"] == len(orders):
            return found


def shown(message: tuple[int, bytes]) -> tuple[int, int]:
    """The wall time of a fragment's pictures: from its head, and from the durations of its samples."""
    data = message[1]
    begins = int.from_bytes(data[:8], "big")
    samples = parse_alone(data[17:]).samples
    return begins, begins + sum(one.duration_90k for one in samples) * 100 // 9


def spans(message: dict[str, Any]) -> list[tuple[int, int]]:
    """Every range that a message tells."""
    found = [(message["from"], message["to"])] if "from" in message else []
    found += [(a, b) for a, b in message.get("recorded", [])]
    return found + [(one["from"], one["to"]) for key in ("gaps", "destroyed") for one in message.get(key, [])]


def test_nothing_outside_is_seen_whatever_the_order_of_seeks(tmp_path: Path) -> None:
    with desk_town(tmp_path / "data") as place:
        place.record("cx", clip(count=300, gop=5, fps=5))
        place.record("cy", clip(count=300, gop=5, fps=5))
        here = onsite_town(place, from_s=FROM_S, to_s=TO_S)
        name = here.begin()
        told = {"opened": 0, "refused": 0, "fragments": 0}

        @settings(max_examples=60, deadline=None)
        @given(st.sampled_from(["cx", "cx", "cx", "cy", "cz"]), Seconds, st.floats(0.05, 60), Orders)
        @example("cx", 25.0, 10.0, [])
        def one(camera: str, from_s: float, length_s: float, orders: list[Order]) -> None:
            # Half of the questions lie on the requisition's own edges.
            inside = from_s > 20
            begin, end = (FROM_S, TO_S) if inside else (from_s, round(from_s + length_s, 2))
            allowed = camera == "cx" and begin >= FROM_S and end <= TO_S
            told["opened" if allowed else "refused"] += 1
            sent = _asked(here, (name, camera), (begin, end), orders)
            assert (sent is not None) is allowed
            told["fragments"] += sent or 0

        one()
        sys.stdout.write(f"joint session: {told}\n")
        assert told["opened"] >= 1
        assert told["refused"] >= 1
        assert told["fragments"] >= 1


def _asked(here: OnsiteTown, what: tuple[str, str], asked: tuple[float, float], orders: list[Order]) -> int | None:
    """How many fragments left, each within what was asked; None when it was refused."""
    (name, camera), (begin, end), fragments = what, asked, 0
    with here.agent.socket() as socket:
        answer = here.open(name, socket.connection_id, begin, end, camera)
        if answer.status != 201:
            assert answer.status == 403
            return None
        messages = left(socket, answer.body["lease"], orders, end)
    for message in messages:
        if isinstance(message, dict):
            assert all(wall(begin) <= a <= b <= wall(end) for a, b in spans(message)), message
        elif message[0] == KIND_FRAGMENT:
            begins, ends = shown(message)
            assert wall(begin) <= begins
            assert ends <= wall(end)
            fragments += 1
    return fragments
