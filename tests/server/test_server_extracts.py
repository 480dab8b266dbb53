"""Any range as one MP4 by HTTP Range: packet by packet what was recorded, and nothing after the right is withdrawn."""

import http.client
import io
import json
import random
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import av
import pytest
from tests.support.centre import account_name
from tests.support.clips import clip
from tests.support.faultmatrix import record
from tests.support.footagetown import BEGIN_US, REQUISITION, TAKER, FootageTown, footage_town, long_clip
from tests.support.held import held_back
from tests.support.ports import wait_for

from beffroi.cli.promises.client import Person
from beffroi.domain.acts import Act
from beffroi.domain.ids import PersonId, ViewId
from beffroi.gate.gate import Gate
from beffroi.ledger.entry import EntryKind, Record, Sent
from beffroi.media.frame import Frame
from beffroi.server.viewing import screen_id
from beffroi.watch.rangeview import RangeView


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FootageTown]:
    with footage_town(tmp_path_factory.mktemp("extracts") / "data") as one:
        yield one


@pytest.fixture(scope="module")
def film(place: FootageTown) -> tuple[Frame, ...]:
    """Two runs with B-frames, ten seconds each, five apart; then a run of other settings; then a long one."""
    frames = place.record(clip(count=250, b_frames=2))
    place.record(clip(count=250, b_frames=2), at_s=15, run="b2" * 16)
    place.record(clip(count=50, width=320, height=180), at_s=30, run="c3" * 16)
    place.record(long_clip(), at_s=100, run="d4" * 16)
    return frames


@pytest.fixture(scope="module")
def extract(place: FootageTown, film: tuple[Frame, ...]) -> tuple[Person, dict[str, Any]]:
    """One open extract, and who may fetch it."""
    del film
    return place.opened(3.0, 3.5)


def get(who: Person, url: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    answer = who.call("GET", url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.raw


def packets(data: bytes) -> list[tuple[bytes, int, bool]]:
    with av.open(io.BytesIO(data), "r") as container:
        return [(bytes(item), item.pts or 0, item.is_keyframe) for item in container.demux(video=0) if item.size]


def test_it_is_for_one_session_with_a_second_persons_own_word(place: FootageTown, film: tuple[Frame, ...]) -> None:
    del film
    who = place.town.session(TAKER)
    assert place.ask(who, 4, 5).status == 403, "named, and did not agree"
    assert place.ask(who, 4, 5, second=None).status == 403
    assert place.agree(4, 5, second="pmX", person=TAKER).status == 200
    assert place.ask(who, 4, 5, second="pmX").status == 403, "one's own agreement is none"
    assert place.agree(4, 5, second="pmZ").status == 200
    assert place.ask(who, 4, 5, second="pmZ").status == 403, "somebody who may not view this territory"
    assert place.agree(4, 4.5).status == 200
    assert place.ask(who, 4, 5).status == 403, "agreed for less"
    who, told = place.opened(4, 5)
    for stranger in (place.town.session(TAKER), place.town.person("mayorX"), place.town.person("pmZ")):
        assert get(stranger, told["url"])[0] == 404
        assert stranger.call("DELETE", f"/api/extracts/{told['id']}").status == 404
    assert get(place.town.nobody(), told["url"])[0] == 401
    assert get(who, told["url"])[0] == 200


def test_random_ranges_make_the_very_file_packet_by_packet(place: FootageTown, film: tuple[Frame, ...]) -> None:
    who, told = place.opened(0, 27)
    status, headers, whole = get(who, told["url"])
    assert (status, len(whole)) == (200, told["size"])
    assert headers["etag"] == told["etag"]
    assert headers["content-type"] == "video/mp4"
    assert headers["accept-ranges"] == "bytes"
    assert headers["cache-control"] == "no-store"
    expected = [(f.data, f.pts_90k - film[0].pts_90k, f.key) for f in film]
    second = [(data, pts + 15 * 90_000, key) for data, pts, key in expected]
    assert packets(whole) == expected + second
    assert told["frames"] == 500
    assert [gap["from"] for gap in told["gaps"]] == [BEGIN_US + 10_000_000, BEGIN_US + 25_000_000]

    seeded = random.Random(20260302)  # noqa: S311  a repeatable choice is wanted, not a secret
    cuts = sorted({0, told["size"], *(seeded.randrange(told["size"]) for _ in range(25))})
    got = bytearray(told["size"])
    for start, end in seeded.sample(list(pairwise(cuts)), len(cuts) - 1):
        status, headers, part = get(who, told["url"], Range=f"bytes={start}-{end - 1}")
        assert (status, headers["content-range"]) == (206, f"bytes {start}-{end - 1}/{told['size']}")
        got[start:end] = part
    assert bytes(got) == whole
    assert who.call("DELETE", f"/api/extracts/{told['id']}").body["bytes"] == 2 * told["size"]


def test_resumed_by_if_range_also_from_another_view(place: FootageTown, film: tuple[Frame, ...]) -> None:
    del film
    who, first = place.opened(2.5, 7.2)
    _, _, whole = get(who, first["url"])
    who.call("DELETE", f"/api/extracts/{first['id']}")
    assert get(who, first["url"])[0] == 404, "given back"

    who, again = place.opened(2.5, 7.2)
    assert (again["etag"], again["id"] == first["id"]) == (first["etag"], False)
    status, _, rest = get(who, again["url"], Range="bytes=5000-", If_Range=first["etag"])
    assert (status, rest) == (206, whole[5000:])
    for stale in ('"another"', f"W/{first['etag']}", "Mon, 02 Mar 2026 09:00:00 GMT"):
        status, _, body = get(who, again["url"], Range="bytes=5000-", If_Range=stale)
        assert (status, body) == (200, whole), stale
    assert again["lead_in_us"] == 500_000
    shown = [pts for _, pts, _ in packets(whole) if pts >= 0]
    assert min(shown) < 3600, "the first picture shown is that of the instant asked for"


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("bytes=0-0", 206), ("bytes=-1", 206), ("BYTES=5-", 206), ("bytes=0-999999999999999999", 206),
        ("bytes= 3-4 ", 206), ("bytes=-999999999999999999", 206),
        ("bytes=999999999999999999-", 416), ("bytes=-0", 416),
        ("bytes=5-3", 200), ("bytes=a-b", 200), ("bytes=-", 200), ("bytes=0-1,4-5", 200), ("bytes=0-0," * 200, 200),
        ("lines=0-1", 200), ("bytes=1e3-", 200), ("bytes=٣-٤".encode().decode("latin-1"), 200),
        ("bytes=--5", 200), ("bytes=0-1-2", 200), ("bytes=+1-2", 200), ("bytes=" + "9" * 4000 + "-", 200),
    ],
)  # fmt: skip
def test_hostile_range_headers(extract: tuple[Person, dict[str, Any]], header: str, status: int) -> None:
    who, told = extract
    got, headers, body = get(who, told["url"], Range=header)
    assert got == status
    if status == 200:
        assert len(body) == told["size"]
    elif status == 416:
        assert headers["content-range"] == f"bytes */{told['size']}"
        assert set(json.loads(body)["error"]["text"]) == {"fr", "en"}


def test_a_change_of_settings_is_told_with_the_ranges(place: FootageTown, film: tuple[Frame, ...]) -> None:
    del film
    who = place.town.person(TAKER)
    place.agree(20, 32)
    answer = place.ask(who, 20, 32)
    assert answer.status == 422
    assert "2026-03-02 08:40:25.000" in answer.body["error"]["text"]["fr"]
    assert "2026-03-02 08:40:30.000" in answer.body["error"]["text"]["fr"]
    place.agree(60, 61)
    assert place.ask(who, 60, 61).status == 404, "nothing is held there"
    place.agree(0, 13 * 3600)
    assert place.ask(who, 0, 13 * 3600).status in {403, 422}, "longer than one file may be, and in the future"


def test_the_register_says_what_really_left(place: FootageTown, film: tuple[Frame, ...]) -> None:
    del film
    who, told = place.opened(0.0, 6.0)
    _, _, some = get(who, told["url"], Range="bytes=0-40000")
    who.call("DELETE", f"/api/extracts/{told['id']}")
    records = place.town.centre.ledger.entries_of_view(ViewId(told["id"]))
    assert [(one.kind, one.act) for one in records] == [
        (EntryKind.VIEW_OPENED, Act.EXTRACT),
        (EntryKind.VIEW_ENDED, Act.EXTRACT),
    ]
    ended = records[-1]
    assert ended.sent is not None
    assert ended.sent.bytes == len(some) == 40_001
    assert 0 < ended.sent.frames < told["frames"]
    assert ended.sent.footage is not None
    assert ended.sent.footage.from_us == BEGIN_US
    assert ended.sent.footage.to_us < BEGIN_US + 6_000_000
    assert ended.outcome == "ended"


def ended_of(place: FootageTown, view: str) -> Record | None:
    """The entry that says how a view ended."""
    records = place.town.centre.ledger.entries_of_view(ViewId(view))
    return next((one for one in records if one.kind is EntryKind.VIEW_ENDED), None)


def handed_over(place: FootageTown, view: str) -> int:
    """How many bytes the register says were handed to the connection, once the view has ended."""
    sent = wait_for(lambda: ended_of(place, view), what="the end entry").sent
    assert sent is not None
    return sent.bytes


class Slow:
    """A client that reads when told, with a small receive buffer."""

    def __init__(self, who: Person, url: str) -> None:
        self.link = socket.socket()
        self.link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32_768)
        self.link.connect(("127.0.0.1", who.port))
        self.link.settimeout(10)
        lines = [f"GET {url} HTTP/1.1", f"Host: 127.0.0.1:{who.port}", f"Cookie: {who.cookie_header()}", "", ""]
        self.link.sendall("\r\n".join(lines).encode())
        self.got = b""

    def read_some(self, size: int) -> None:
        while len(self.got) < size:
            self.got += self.link.recv(16_384)

    def read_to_the_end(self) -> int:
        try:
            while part := self.link.recv(65_536):
                self.got += part
        except ConnectionError:
            pass
        self.link.close()
        return len(self.got) - self.got.index(b"\r\n\r\n") - 4


def test_a_right_withdrawn_in_the_middle_gives_no_more_bytes(place: FootageTown, film: tuple[Frame, ...]) -> None:
    """The client goes on reading after the withdrawal, and gets only what had been handed to its connection before."""
    del film
    who, told = place.opened(100, 119)
    slow = Slow(who, told["url"])
    slow.read_some(200_000)
    try:
        place.withdraw()
        wait_for(lambda: get(who, told["url"])[0] == 403, what="the withdrawal")
        counted = handed_over(place, told["id"])
        time.sleep(1.0)
        received = slow.read_to_the_end()
        again = place.ask(who, 100, 119)
    finally:
        restore(place)
    assert received <= counted < told["size"]
    seen = f"{received} of {told['size']} bytes received, {counted} in the register"
    record("withdrawn-in-a-range", seen=seen, runs=1, seed=None)
    assert again.status == 403
    refused = who.call("GET", told["url"])
    assert (refused.status, set(refused.body["error"]["text"])) == (403, {"fr", "en"})


def restore(place: FootageTown) -> None:
    registry = place.town.centre.registry
    paper = registry.facts().versions(REQUISITION)[-1]
    registry.propose(paper, by=PersonId("clerkE"))
    registry.confirm_all([REQUISITION], by=PersonId("mayorX"))


def test_a_session_that_ends_takes_its_files_with_it(place: FootageTown, film: tuple[Frame, ...]) -> None:
    del film
    who = place.town.session(TAKER)
    place.agree(100, 119)
    told = place.ask(who, 100, 119).body
    slow = Slow(who, told["url"])
    slow.read_some(100_000)
    assert who.post("/api/logout").status == 200
    counted = handed_over(place, told["id"])
    assert slow.read_to_the_end() <= counted < told["size"]


@pytest.mark.parametrize(("owner", "step"), [(Gate, "open"), (RangeView, "prepare")])
def test_a_session_that_ends_while_its_file_is_opened_gets_none(
    place: FootageTown, film: tuple[Frame, ...], owner: type, step: str
) -> None:
    """The register had the view already, and the file was not in anybody's hands yet."""
    del film
    who, extracts, ledger = place.town.session(TAKER), place.town.app.state.extracts, place.town.centre.ledger
    place.agree(0, 5)
    begun = ledger.size
    with ThreadPoolExecutor(1) as pool, held_back(owner, step, done=True) as held:
        asked = pool.submit(place.ask, who, 0, 5)
        held.begun()
        assert who.post("/api/logout").status == 200
        held.go()
        assert asked.result(60).status == 401
    records = [ledger.record(index) for index in range(begun, ledger.size)]
    (view,) = [one.view for one in records if one.kind is EntryKind.VIEW_OPENED]
    assert view is not None
    ended = wait_for(lambda: ended_of(place, view), what="the end entry")
    assert (ended.outcome, ended.sent) == ("disconnected", Sent(0, 0, None))
    assert view not in extracts._open
    assert all(screen_id(caller.session) != ended.session for caller, _ in extracts.viewing.others.values())


def test_who_comes_before_the_screen_stops_a_file_too(place: FootageTown, film: tuple[Frame, ...]) -> None:
    """A visitor who may see nothing: the question of an open file changes with who is there, as that of any view."""
    del film
    who = place.town.session(TAKER)
    place.agree(100, 119)
    told = place.ask(who, 100, 119).body
    assert get(who, told["url"], Range="bytes=0-99")[0] == 206
    supervisor = place.town.person("supervisorE")
    with who.socket():  # a screen is listed while it has a view socket
        screens = supervisor.get("/api/screens").body
        name = next(one["id"] for one in screens if one["account"] == account_name(TAKER))
        path = f"/api/screens/{name}/present"
        assert supervisor.post(path, {"person": "~visiteur"}).status == 200
        assert get(who, told["url"], Range="bytes=0-99")[0] == 403
        assert supervisor.call("DELETE", f"{path}/~visiteur").status == 200
    assert get(who, told["url"], Range="bytes=0-99")[0] == 403, "a file that was cut does not come back"
    assert handed_over(place, told["id"]) == 100


def test_a_file_nobody_asks_for_is_over(place: FootageTown, film: tuple[Frame, ...]) -> None:
    del film
    extracts = place.town.app.state.extracts
    who, told = place.opened(1, 2)
    before, extracts.idle_s = extracts.idle_s, 0.2
    try:
        ended = wait_for(lambda: ended_of(place, told["id"]), what="the end entry")
    finally:
        extracts.idle_s = before
    assert ended.sent == Sent(0, 0, None)
    assert get(who, told["url"])[0] == 404


def test_so_many_files_at_once_and_no_more(place: FootageTown, film: tuple[Frame, ...]) -> None:
    del film
    who = place.town.session(TAKER)
    place.agree(0, 9)
    opened = [place.ask(who, n, n + 1) for n in range(9)]
    assert [one.status for one in opened] == [201] * 8 + [422]
    for one in opened[:8]:
        who.call("DELETE", f"/api/extracts/{one.body['id']}")


def test_a_truncated_answer_is_never_taken_for_a_whole(place: FootageTown, film: tuple[Frame, ...]) -> None:
    """A fragment that the disk has changed: what is before it leaves, then the connection ends short of its length."""
    del film
    who, told = place.opened(100, 119)
    path = max((place.root / "streams" / "cx" / "main").glob("*-d4d4d4d4-*.mp4"))
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte[0] ^ 1]))
    try:
        with pytest.raises(http.client.IncompleteRead) as cut:
            get(who, told["url"])
        assert 0 < len(cut.value.partial) < told["size"]
    finally:
        with path.open("r+b") as file:
            file.seek(path.stat().st_size // 2)
            file.write(byte)
    assert len(get(who, told["url"])[2]) == told["size"]
