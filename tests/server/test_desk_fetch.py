"""Fetching a delivery: what was made in order does not leave once the right to it is gone, and never unannounced."""

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.types import Message
from tests.server.test_desk_delivery import SECOND, delivered
from tests.server.test_server_extracts import Slow
from tests.support.clips import clip
from tests.support.desktown import AGENT, DeskTown, desk_town
from tests.support.ports import wait_for
from tests.support.register import silent

from beffroi.domain.ids import DocumentId, PersonId
from beffroi.server import desksending
from beffroi.server.byterange import Span
from beffroi.server.deskbuild import package_path
from beffroi.server.deskdelivery import Deliveries
from beffroi.server.deskfetch import Fetch
from beffroi.server.session import Caller

PAPER = DocumentId("requisition/one")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[DeskTown]:
    with desk_town(tmp_path / "data") as one:
        one.record("cx", clip(count=250, b_frames=2))
        yield one


def outcomes(place: DeskTown) -> list[str | None]:
    ledger = place.town.centre.ledger
    return [ledger.record(index).outcome for index in range(ledger.size)]


def test_no_byte_after_a_withdrawal_and_none_without_the_register(
    place: DeskTown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, name, path = delivered(place, tmp_path)
    url = f"/api/desk/cases/{case}/packages/{name}/remise.zip"
    whole = path.read_bytes()

    def fetch(who: str = AGENT) -> tuple[int, bytes]:
        answer = place.town.person(who).call("GET", url)
        return answer.status, answer.raw

    assert fetch(SECOND) == (200, whole), "the second person may fetch it too"
    wait_for(lambda: len(fetched(place)) == 2, what="the entries of both, which follow the last byte of each")
    told = outcomes(place)
    assert told.index("fetch_begun") < told.index("fetched")

    with silent(place.town.centre.ledger):
        status, raw = fetch()
        assert status == 503, "the register does not write: nothing leaves"
        assert whole[:64] not in raw

    left_on_the_way(place, case, name)
    asyncio.run(cut_on_the_way(place, case, name, monkeypatch))
    status, raw = fetch()
    assert status == 403, "the requisition is withdrawn: what was made of it leaves no more"
    assert len(raw) < 2_000
    assert "fetch_refused" in outcomes(place)


def session_of(place: DeskTown, who: str) -> tuple[str, Caller]:
    """A session of its own, through the front door: its token, and the caller that the routes make of it."""
    (token,) = place.town.session(who).cookies.values()
    live = place.town.centre.identity.session(token)
    assert live is not None
    return token, Caller(live.account, live.key, live.strong, live.expires_at)


def fetched(place: DeskTown) -> list[int]:
    """How many bytes the register says were handed over, download by download."""
    ledger = place.town.centre.ledger
    records = (ledger.record(index) for index in range(ledger.size))
    return [int(one.detail["bytes"]) for one in records if one.outcome == "fetched"]


def left_on_the_way(place: DeskTown, case: str, name: str) -> None:
    """A large delivery whose client leaves after a megabyte: the register does not say that it has the whole."""
    deliveries: Deliveries = place.town.app.state.deliveries
    path, large = package_path(place.town.centre, name), 64 * 1024 * 1024
    os.truncate(path, large)  # more than the buffers between two ends of a connection hold
    deliveries.desk.store.change(case, lambda found, _: setattr(found.package(name), "size_bytes", large))
    before = fetched(place)
    slow = Slow(place.town.person(AGENT), f"/api/desk/cases/{case}/packages/{name}/remise.zip")
    slow.read_some(1_000_000)
    slow.link.close()
    wait_for(lambda: len(fetched(place)) > len(before), what="the entry of what left")
    told = fetched(place)[-1]
    figures = f"left after {len(slow.got)} of {large} bytes, headers among them; {told} in the register"
    assert len(slow.got) - 2_000 < told < large / 2, figures


async def cut_on_the_way(place: DeskTown, case: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Client, session or right are gone while a block is on its way, or before the first one: no other block."""
    deliveries: Deliveries = place.town.app.state.deliveries
    centre = place.town.centre
    monkeypatch.setattr(desksending, "_BLOCK", 1000)

    async def blocks(
        happens: Callable[[str, asyncio.Event], object] = lambda *_: None, after: int = 2000
    ) -> tuple[int, int]:
        """How many bytes were sent, and how many the register says, when that happens after so many of 9000."""
        token, caller = session_of(place, AGENT)
        fetch, gone = Fetch(deliveries, caller, None, case, name), asyncio.Event()
        piece = desksending.Piece(package_path(centre, name), fetch.permitted().size_bytes or 0)
        answer = desksending.PieceAnswer(fetch, piece, span=Span(0, 9000, partial=True), headers={})
        sizes: list[int] = []

        async def send(message: Message) -> None:
            sizes.append(len(message.get("body", b"")))
            if sum(sizes) == after > 0:
                happens(token, gone)

        async def receive() -> Message:
            await gone.wait()
            return {"type": "http.disconnect"}

        if not after:
            happens(token, gone)
        await answer({"type": "http"}, receive, send)
        return sum(sizes), fetched(place)[-1]

    def left(_: str, gone: asyncio.Event) -> None:
        gone.set()  # from now on what is sent goes nowhere, and nothing says so but this

    def logged_out(token: str, _: asyncio.Event) -> None:
        centre.identity.logout(token)

    def withdrawn(*_: object) -> None:
        centre.registry.suspend(PAPER, by=PersonId("mayorX"), reason="essai")
        monkeypatch.setattr(desksending, "AGAIN_S", 0.0)  # the second and a half is over

    assert await blocks() == (9000, 9000)
    for happens in (left, logged_out):
        assert await blocks(happens, after=0) == (0, 0), happens
        assert await blocks(happens) == (2000, 2000), happens
    assert await blocks(withdrawn) == (2000, 2000)
