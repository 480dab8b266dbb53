"""The live socket and the control socket: nothing without a lease, nothing after it, the same pictures for all."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

import av
import pytest
from tests.support.cameras import CameraSpec, SimulatedCameras, simulated_cameras
from tests.support.recorder import RunningRecorder, recorder

from beffroi.base.clock import SystemClock
from beffroi.capture.client import (
    LiveClient,
    LiveFragment,
    LiveInfo,
    LiveInit,
    LiveMessage,
    LiveNotice,
    RecorderClient,
    RecorderGoneError,
)
from beffroi.domain.acts import Act
from beffroi.domain.errors import BadInputError, NotFoundError, RefusedError

pytestmark = pytest.mark.asyncio


@dataclass
class House:
    """A running recorder, shared by the tests."""

    sim: SimulatedCameras
    rec: RunningRecorder

    def live(self, camera: str = "rue-1", **changes: object) -> str:
        return self.rec.world.lease(camera, Act.LIVE, **changes)  # type: ignore[arg-type]  # names are the lease's

    @property
    def socket(self) -> str:
        return str(self.rec.paths.live(0))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with (
        simulated_cameras([CameraSpec("rue-1"), CameraSpec("rue-2", codec="h265")]) as sim,
        recorder(tmp_path_factory.mktemp("data"), sim) as rec,
    ):
        rec.wait_all("rue-1", "rue-2", frames=50)
        yield House(sim, rec)


async def watch(
    client: LiveClient, enough: Callable[[list[LiveFragment]], bool] = lambda _: False
) -> tuple[list[LiveMessage], list[LiveFragment]]:
    """Messages, and the pictures among them, until they are enough or the recorder closes."""
    got: list[LiveMessage] = []
    pictures: list[LiveFragment] = []
    async with asyncio.timeout(30):
        async for message in client:
            got.append(message)
            if isinstance(message, LiveFragment):
                pictures.append(message)
                if enough(pictures):
                    break
    return got, pictures


@contextlib.asynccontextmanager
async def renewed(client: LiveClient, house: House, camera: str = "rue-1") -> AsyncIterator[None]:
    """The view's lease is renewed for the time of the block."""

    async def renew() -> None:
        while True:
            await asyncio.sleep(0.5)
            client.renew(house.live(camera))

    renewing = asyncio.create_task(renew())
    try:
        yield
    finally:
        renewing.cancel()


async def test_a_view_begins_with_the_group_of_pictures_and_decodes(house: House) -> None:
    client = await LiveClient.open(house.socket, "rue-1", "main", house.live())
    stream = aiter(client)
    info, joined_us = await anext(stream), SystemClock().wall_us()
    init, first = await anext(stream), await anext(stream)
    assert isinstance(info, LiveInfo)
    assert info.fields["codec_string"].startswith("avc1.")
    assert isinstance(init, LiveInit)
    assert isinstance(first, LiveFragment)
    assert first.key
    assert first.wall_us <= joined_us, "it does not wait for the next key frame"
    async with renewed(client, house):
        _, more = await watch(client, lambda pictures: len(pictures) > 30)
    await client.close()
    pictures = [first, *more]
    assert all(after.wall_us > before.wall_us for before, after in itertools.pairwise(pictures))
    with av.open(_File(init.data + b"".join(item.data for item in pictures)), "r", format="mp4") as decoder:
        assert sum(1 for _ in decoder.decode(video=0)) == len(pictures)


async def test_two_viewers_get_the_same_bytes(house: House) -> None:
    clients = [await LiveClient.open(house.socket, "rue-1", "main", house.live()) for _ in range(2)]
    until_us = SystemClock().wall_us() + 1_500_000  # from here on both are there, however late the second came
    async with renewed(clients[0], house), renewed(clients[1], house):
        both = await asyncio.gather(*(watch(one, lambda got: got[-1].wall_us > until_us) for one in clients))
    first, second = ({item.wall_us: item.data for item in pictures} for _, pictures in both)
    shared = first.keys() & second.keys()
    assert len(shared) > 15
    assert all(first[wall_us] == second[wall_us] for wall_us in shared)
    for client in clients:
        await client.close()


async def test_nothing_is_sent_once_the_last_lease_has_expired(house: House) -> None:
    issued_us = SystemClock().wall_us()
    ends_us = issued_us + 3_000_000  # the longest: opening the socket takes its part
    lease = house.live(issued_us=issued_us, life_us=3_000_000)
    client = await LiveClient.open(house.socket, "rue-1", "main", lease)
    _, pictures = await watch(client)
    assert SystemClock().wall_us() > ends_us - 50_000, "and not before"
    assert len(pictures) > 10
    assert pictures[-1].wall_us < ends_us + 100_000, "a picture's time is right to a tenth of a second"


async def test_a_renewed_lease_goes_on(house: House) -> None:
    issued_us = SystemClock().wall_us()
    client = await LiveClient.open(house.socket, "rue-1", "main", house.live(issued_us=issued_us, life_us=3_000_000))
    async with renewed(client, house):
        _, pictures = await watch(client, lambda pictures: pictures[-1].wall_us > issued_us + 3_500_000)
    assert pictures[-1].wall_us > issued_us + 3_500_000
    await client.close()


@pytest.mark.parametrize(
    "lease",
    ["other camera", "replay", "expired", "too long", "forged", "other authority", "", "none"],
)
async def test_without_a_fitting_lease_nothing_but_a_refusal(house: House, lease: str) -> None:
    good = house.live()
    now_us = SystemClock().wall_us()
    token = {
        "other camera": house.live("rue-2"),
        "replay": house.rec.world.lease("rue-1", Act.REPLAY),
        "expired": house.live(issued_us=now_us - 4_000_000),
        "too long": house.live(life_us=60_000_000),
        "forged": good[:-8] + ("A" * 8),
        "other authority": house.live(authority="maire/99002"),
        "": "",
    }.get(lease)
    client = await LiveClient.open(house.socket, "rue-1", "main", token)  # type: ignore[arg-type]  # hostile client
    got, _ = await watch(client)
    assert [type(item) for item in got] == [LiveNotice]
    assert isinstance(got[0], LiveNotice)
    assert got[0].fields["notice"] == "refused"


async def test_a_renewal_for_another_view_ends_it(house: House) -> None:
    client = await LiveClient.open(house.socket, "rue-1", "main", house.live())
    await watch(client, bool)  # it has begun
    client.renew(house.live(connection="connection-2"))
    got, _ = await watch(client)
    assert isinstance(got[-1], LiveNotice)
    assert got[-1].fields["why"] == "other view"


@pytest.mark.parametrize("junk", [b"\n", b"[]\n", b"{\n", b"[" * 9000 + b"\n", b"x" * 20_000, b'{"camera":1}\n', b""])
async def test_junk_on_the_live_socket_is_refused(house: House, junk: bytes) -> None:
    reader, writer = await asyncio.open_unix_connection(house.socket)
    writer.write(junk)
    writer.write_eof()
    answer = await asyncio.wait_for(reader.read(), 30)
    assert b"mdat" not in answer
    writer.close()


async def test_a_camera_that_drops_out_is_told_and_comes_back_in_the_same_view(house: House) -> None:
    client = await LiveClient.open(house.socket, "rue-2", "main", house.live("rue-2"))
    got: list[LiveMessage] = []
    closed: list[bool] = []

    async def until_it_is_back() -> None:
        async for message in client:
            if not isinstance(message, LiveFragment):
                got.append(message)
            elif len(got) == 2 and not closed:
                closed.append(True)
                house.sim.fault("rue-2", "close")
            if len(got) == 5:
                return

    async with renewed(client, house, "rue-2"):
        await asyncio.wait_for(until_it_is_back(), 30)
    kinds = [type(item).__name__ for item in got]
    assert kinds == ["LiveInfo", "LiveInit", "LiveNotice", "LiveInfo", "LiveInit"]
    notice = next(item for item in got if isinstance(item, LiveNotice))
    assert notice.fields == {"notice": "gap", "cause": "stream_closed"}
    await client.close()


async def test_calendar_chunks_and_bytes_need_a_footage_lease(house: House) -> None:
    now_us = SystemClock().wall_us()
    start_us = now_us - 60_000_000
    rec = house.rec

    def footage(camera: str = "rue-1", act: Act = Act.REPLAY, start: int = start_us, end: int = now_us) -> str:
        return rec.world.lease(camera, act, from_us=start, to_us=end)

    async with RecorderClient(rec.paths.control) as client:
        assert abs(await client.ping() - SystemClock().wall_us()) < 2_000_000
        chunks = await client.chunks("rue-1", "main", start_us, now_us, footage())
        chunk = max(chunks, key=lambda one: len(one["gops"]))  # two, when a file has just been turned over
        head = await client.read(chunk["id"], 0, chunk["head_length"], footage(act=Act.EXTRACT))
        assert head[4:8] == b"ftyp"
        gop = chunk["gops"][0]
        raw = await client.read(chunk["id"], gop["offset"], gop["length"], footage())
        assert raw[4:8] == b"moof"
        calendar = await client.calendar("rue-1", "main", start_us, now_us, footage())
        assert calendar["gaps"] == []
        for bad in (
            footage("rue-2"),
            footage(start=start_us + 30_000_000),
            house.live(),
            rec.world.lease("rue-1", Act.REPLAY, from_us=start_us, to_us=now_us, life_us=1),
            "",
        ):
            with pytest.raises(RefusedError):
                await client.calendar("rue-1", "main", start_us, now_us, bad)
            with pytest.raises(RefusedError):
                await client.chunks("rue-1", "main", start_us, now_us, bad)
        narrow = footage(start=gop["wall_us"], end=gop["wall_us"] + 1)
        later = chunk["gops"][3]
        assert await client.read(chunk["id"], gop["offset"], gop["length"], narrow)
        with pytest.raises(RefusedError):
            await client.read(chunk["id"], later["offset"], later["length"], narrow)
        with pytest.raises(RefusedError):
            await client.read(chunk["id"], 0, later["offset"], narrow)
        with pytest.raises(NotFoundError):
            await client.read(99_999, 0, 10, footage())
        with pytest.raises(BadInputError):
            await client.read(chunk["id"], 0, 1 << 40, footage())
        assert await client.ping(), "the connection survives refusals"


async def test_the_journal_is_read_and_acknowledged(house: House) -> None:
    async with RecorderClient(house.rec.paths.control) as client:
        entries = await client.journal(0)
        assert entries[0]["kind"] == "recorder_started"
        await client.journal_ack(entries[0]["seq"])
        with pytest.raises(BadInputError):
            await client.journal_ack(1_000_000)


async def test_junk_on_the_control_socket_is_answered_by_an_error(house: House) -> None:
    reader, writer = await asyncio.open_unix_connection(str(house.rec.paths.control))
    for junk in (b"{}", b"[]", b"null", b'{"id":[],"method":"ping"}', b'{"id":1,"method":"no"}', b"[" * 5000):
        writer.write(junk + b"\n")
        answer = json.loads(await asyncio.wait_for(reader.readline(), 30))
        assert answer["error"]["kind"] == "bad"
    writer.write(b'{"id":7,"method":"calendar","params":{"camera":"../..","stream":"main","from_us":-1,"to_us":2}}\n')
    assert json.loads(await reader.readline())["error"]["kind"] == "bad"
    writer.close()


async def test_nobody_there_is_a_sentence(house: House) -> None:
    async with RecorderClient(house.rec.paths.run / "nothing.sock") as client:
        with pytest.raises(RecorderGoneError):
            await client.ping()


class _File:
    """Bytes as PyAV wants a file that cannot be searched."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def read(self, size: int) -> bytes:
        piece = self._data[self._at : self._at + size]
        self._at += len(piece)
        return piece
