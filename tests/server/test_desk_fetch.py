"""Fetching a delivery: what was made in order does not leave once the right to it is gone, and never unannounced."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message
from tests.server.test_desk_delivery import SECOND, delivered
from tests.support.clips import clip
from tests.support.desktown import AGENT, DeskTown, desk_town
from tests.support.register import silent

from beffroi.domain.ids import DocumentId, PersonId
from beffroi.identity.accounts import SessionsEnded
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
    told = outcomes(place)
    assert told.index("fetch_begun") < told.index("fetched")

    with silent(place.town.centre.ledger):
        status, raw = fetch()
        assert status == 503, "the register does not write: nothing leaves"
        assert whole[:64] not in raw

    asyncio.run(cut_on_the_way(place, case, name, monkeypatch))
    status, raw = fetch()
    assert status == 403, "the requisition is withdrawn: what was made of it leaves no more"
    assert len(raw) < 2_000
    assert "fetch_refused" in outcomes(place)


async def cut_on_the_way(place: DeskTown, case: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The session ends, then the right goes, each while a block is on its way: no other block follows."""
    deliveries: Deliveries = place.town.app.state.deliveries
    centre = place.town.centre
    monkeypatch.setattr(desksending, "_BLOCK", 1000)
    account = next(one for one in centre.identity.accounts() if one.person == AGENT)
    caller = Caller(account, "a" * 64, strong=True)
    fetch, path = Fetch(deliveries, caller, None, case, name), package_path(centre, name)
    row = fetch.permitted()

    async def blocks(happens: Any) -> int:
        piece = desksending.Piece(path, row.size_bytes or 0)
        answer = desksending.PieceAnswer(fetch, piece, span=Span(0, 9000, partial=True), headers={})
        sizes: list[int] = []

        async def send(message: Message) -> None:
            sizes.append(len(message.get("body", b"")))
            if sum(sizes) == 2000:
                happens()

        async def receive() -> Message:
            return {"type": "http.disconnect"}

        await answer({"type": "http"}, receive, send)
        return sum(sizes)

    def logged_out() -> None:
        centre.bus.publish(SessionsEnded(account=account.id, person=account.person, keys=frozenset({caller.session})))

    def withdrawn() -> None:
        centre.registry.suspend(PAPER, by=PersonId("mayorX"), reason="essai")
        monkeypatch.setattr(desksending, "AGAIN_S", 0.0)  # the second and a half is over

    assert await blocks(lambda: None) == 9000
    assert await blocks(logged_out) == 2000
    assert await blocks(withdrawn) == 2000
