"""Two towns that differ only in what one commune has: to whoever has no link with it, they are the same, byte for byte.

What is compared: every GET route, explanations, views refused, documents and cameras named, errors, headers, order,
counts, one's own acts, the words of a refused socket. Not compared: how long an answer takes.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from tests.support.centre import PASSWORD, Town, Variation, X, Z, account_name, running

from beffroi.capture.client import RecorderGoneError
from beffroi.cli.promises.client import Answer
from beffroi.cli.promises.client import Person as Client
from beffroi.domain.facts import PersonStatus
from beffroi.domain.ids import BodyId

WORDS = ("canaria", "canarib")
OUTSIDE: dict[BodyId, tuple[str, ...]] = {
    # E serves X and Y: its people are linked with X, not with Z.
    Z: ("agentE", "supervisorE", "adminE", "mayorX", "pmX", "electedX", "mayorY", "pmY"),
    X: ("mayorY", "pmY", "mayorZ", "pmZ"),
}
_OF_THE_INSTANT = frozenset({"date", "set-cookie", "x-beffroi-now-us"})
ADMINISTRATORS_SEE_ALL_ACCOUNTS = "/api/accounts"


class Streams:
    """A recorder that says how every camera of the town fares."""

    def __init__(self, town: Town) -> None:
        cameras = sorted(town.centre.registry.facts().cameras)
        self.rows = [
            {"camera": camera, "stream": "main", "state": "recording", "since_us": 1_700_000_000_000_000, "fps": 25.0}
            for camera in cameras
        ]

    async def streams(self) -> list[dict[str, Any]]:
        return self.rows

    async def close(self) -> None:
        """Nothing is open."""

    async def ping(self) -> int:
        return 1

    async def call(self, method: str, params: dict[str, Any]) -> Any:
        """What else is asked of a recorder: this one does not answer."""
        raise RecorderGoneError


@dataclass
class Pair:
    """Two towns, and what differs."""

    commune: BodyId
    towns: tuple[Town, Town]


@pytest.fixture(scope="module", params=[Z, X], ids=["no-member", "member"])
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    commune: BodyId = request.param
    variations = [Variation(commune, WORDS[0]), Variation(commune, WORDS[1], more=2)]
    folders = [tmp_path_factory.mktemp(word) / "data" for word in WORDS]
    with running(folders[0], variation=variations[0]) as one, running(folders[1], variation=variations[1]) as other:
        for town, variation in zip((one, other), variations, strict=True):
            town.centre.recorder = Streams(town)  # type: ignore[assignment]  # a recorder of the town, in memory
            live(town, variation)
        yield Pair(commune, (one, other))


def live(town: Town, variation: Variation) -> None:
    """The commune goes about its business, more in one town than in the other."""
    facts = town.centre.registry.facts()
    mayor = next(
        person.id
        for person in facts.persons.values()
        if person.commune == variation.commune and person.status is PersonStatus.MAYOR
    )
    client = town.person(str(mayor))
    for round_ in range(1 + 2 * variation.more):
        client.duty()
        with client.socket() as socket:
            client.open_view(socket.connection_id, "cx" if round_ % 2 else f"cz-{variation.word}")
        paper = f"commissioning/{variation.commune}-{variation.word}"
        client.post(f"/api/documents/{paper}/suspend", {"reason": f"{variation.word} {round_}"})
        case = client.post("/api/desk/cases", {"kind": "requisition"}).body["id"]
        client.post(f"/api/desk/cases/{case}/requisition", {"document": f"requisition/{variation.word}"})
        client.get(f"/api/desk/cases/{case}/onsite")
        asked = {"wish": "erasure", "channel": "paper", "received_on": "2026-03-02", "commune": variation.commune}
        entered = client.post("/api/subject/requests", {**asked, "place": variation.word})
        assert entered.status == 201, entered.body
        decided = {"outcome": "routed", "reason": variation.word}
        assert client.post(f"/api/subject/requests/{entered.body['request']['id']}/decide", decided).status == 200


Script = list[tuple[str, str, dict[str, Any] | None]]


def script(commune: BodyId, person: str) -> Script:
    """The calls of one person, the same in both towns: what exists in one of them, in the other, and in neither."""
    calls: Script = [
        ("GET", path, None)
        for path in (
            "/api/me", "/api/reasons", "/api/cameras", "/api/health/cameras", "/api/health/system", "/api/documents",
            "/api/documents/kinds", "/api/documents/names", "/api/persons", "/api/cameras/file", "/api/screen",
            "/api/reviews", "/api/announcements", "/api/accounts", "/api/register", "/api/account",
            "/api/register/checkpoint", "/api/openapi.json", "/api/nothing", "/x", "/api/tonight?who=all",
            "/api/registers", "/api/desk/cases", "/api/desk/cases/D-20260302-00000000/onsite",
            "/api/subject/requests", "/api/subject/communes", "/api/subject/requests/P-20260302-00000000", "/demande",
            "/demande/suivi", "/api/tonight?who=rostered", "/api/roster",
            "/api/tonight/cell?person=agentE&commune=X&act=live",
        )
        if (person, path) != ("adminE", ADMINISTRATORS_SEE_ALL_ACCOUNTS)
    ]  # fmt: skip
    low = commune.lower()
    for word in (*WORDS, "nowhere"):
        camera, paper = f"c{low}-{word}", f"commissioning/{commune}-{word}"
        calls += [
            ("GET", f"/api/registers/{register}?commune={place}&from=2026-03-01&to=2026-03-02", None)
            # not the refusals: an attempt of theirs on one's own camera is one's own matter, and is there
            for register in ("accesses", "extracts", "destructions", "former")
            for place in (own_commune(person), commune)
            if word == WORDS[0]
        ]
        calls += [
            ("POST", "/api/why", {"camera": camera, "act": act, "purpose": purpose})
            for act in ("live", "replay", "ptz", "read_register")
            for purpose in ("F5", None)
        ]
        calls += [("POST", f"/api/documents/{paper}/{act}", {"reason": "essai"}) for act in ("suspend", "withdraw")]
        calls += [
            ("POST", f"/api/documents/{paper}/confirm", {}),
            ("POST", f"/api/cameras/{camera}/confirm", {}),
            ("POST", "/api/views", {"connection": "none", "camera": camera, "act": "live", "reason": "x"}),
            ("POST", "/api/desk/safeguards", {"camera": camera, "reason": "watch"}),
            ("GET", f"/api/register?camera={camera}", None),
            ("GET", f"/api/account?camera={camera}", None),
            ("GET", f"/api/documents/{paper}", None),
            ("GET", f"/api/documents/{paper}/files/{'ab' * 32}", None),
            ("GET", f"/api/persons/pm{commune}-{word}", None),
            ("GET", f"/api/cameras/{camera}/file", None),
            ("POST", "/api/screens/none/present", {"person": f"pm{commune}-{word}"}),
            ("GET", f"/api/tonight/cell?person=pm{commune}-{word}&commune={commune}&act=live", None),
            ("POST", "/api/tonight/what-if", {"changes": [{"verb": "end", "document": paper}]}),
            ("POST", "/api/announcements/read", {"document": paper, "reason": "end"}),
        ]
        calls += [
            ("POST", "/api/documents", paper_body(person, **{kind: [name]}))
            for kind, name in (("cameras", camera), ("persons", f"pm{commune}-{word}"), ("systems", f"s{commune}"))
        ]
        calls += [("POST", "/api/documents", paper_body(f"{commune}-{word}", bodies=[own_commune(person)]))]
        for order in (f"prefect_order/{commune}-{word}", "prefect_order/" + ("X" if commune == Z else "Y")):
            calls += [("POST", "/api/cameras", camera_body(camera, order, place)) for place in ("X", "Y", commune)]
        calls += [
            ("POST", "/api/login", {"account": account_name(f"mayor{commune}-{word}"), "password": "no", "code": "1"})
        ]
    return [*calls, ("GET", "/api/cameras", None), ("GET", "/api/documents", None), ("GET", "/api/acts/mine", None)]


def own_commune(person: str) -> str:
    return person[-1] if person[-1] in "XYZ" else "X"


def paper_body(name: str, **scope: list[str]) -> dict[str, Any]:
    return {
        "kind": "commissioning",
        "name": name,
        "number": "1",
        "signed_on": "2026-01-02",
        "signatory": "maire",
        "valid_from": "2026-01-02",
        "fields": {"receipt": "R-9"},
        **scope,
    }


def camera_body(camera: str, order: str, commune: str) -> dict[str, Any]:
    return {
        "id": camera,
        "name": "Essai",
        "commune": commune,
        "origin": "v",
        "url": "rtsp://camera.example/1",
        "order": order,
    }


def heard(answer: Answer, town: Town) -> str:
    """All that a person can read of an answer, but for what is this run's own: its hour, its port."""
    headers = {name: value for name, value in answer.headers.items() if name.lower() not in _OF_THE_INSTANT}
    raw = re.sub(rb"\d{4}-\d\d-\d\dT[0-9:.]+Z", b"T", answer.raw)
    raw = re.sub(rb'"actor":"[0-9a-f]{32}"', b'"actor":"me"', raw)  # one's own pseudonym is drawn at random
    raw = re.sub(rb'"a-[0-9a-f]{24}"', b'"account"', raw)
    # a register's rows: the hour, an agent's number and an entry's reference are drawn from what is random
    raw = re.sub(rb"\b\d\d/\d\d/\d{4} \d\d:\d\d:\d\d\b", b"T", raw)
    raw = re.sub(rb"\b\d{4}-\d{4}\b|\b[0-9a-f]{16}\b", b"N", raw)
    headers.pop("content-length", None)
    return f"{answer.status} {headers} {len(raw)} {raw.decode()}".replace(str(town.port), "PORT")


def view_refusals(town: Town, person: str, commune: BodyId) -> list[str]:
    """Views asked for on real sockets, and what the socket then says."""
    client, told = town.person(person), []
    reason = client.get("/api/reasons").body[0]["id"]
    for word in (*WORDS, "nowhere"):
        for act in ("live", "replay"):
            with client.socket() as socket:
                asked: dict[str, Any] = {"reason": reason}
                if act == "replay":
                    asked |= {"from": "2026-03-01T08:00:00Z", "to": "2026-03-01T08:01:00Z"}
                answer = client.open_view(socket.connection_id, f"c{commune.lower()}-{word}", act, **asked)
                told.append(heard(answer, town))
                assert answer.status == 403
                socket.send({"type": "lease", "lease": f"c{commune.lower()}-{word}"})
                said = socket.receive(60)
                while socket.closed is None:
                    socket.receive(60)
                told.append(f"{json.dumps(said)} {socket.closed}")
    return told


def asked(client: Client, method: str, path: str, body: dict[str, Any] | None) -> Answer:
    """The answer; that of a matrix once it is drawn, as a console asks again: until then it tells how busy this machine
    is."""
    for _ in range(400):
        answer = client.call(method, path, body)
        if not (path.startswith("/api/tonight?") and answer.status == 200 and answer.body["drawing"]):
            return answer
    raise AssertionError(f"never drawn: {path}")


def everything_heard(town: Town, person: str, commune: BodyId) -> list[tuple[str, str]]:
    client, found = town.person(person), []
    for method, path, body in script(commune, person):
        town.forgive()
        found.append((f"{method} {path} {body}", heard(asked(client, method, path, body), town)))
    found += [("view", text) for text in view_refusals(town, person, commune)]
    found += [("acts", heard(client.get("/api/acts/mine"), town))]
    found += [("acts", heard(client.get("/api/acts/mine?before=3"), town))]
    found += [(f"account {act}", heard(client.post(f"/api/accounts/{stranger(town, commune)}/{act}"), town))
              for act in ("lock", "reset-factor") if person != "adminE"]  # fmt: skip
    return found


def stranger(town: Town, commune: BodyId) -> str:
    """The account of somebody of the commune that differs."""
    return next(str(id_) for seat, id_ in sorted(town.accounts.items()) if seat.startswith(f"pm{commune}"))


def test_what_a_commune_has_is_invisible_from_outside(pair: Pair) -> None:
    for person in OUTSIDE[pair.commune]:
        one, other = (everything_heard(town, person, pair.commune) for town in pair.towns)
        assert [call for call, _ in one] == [call for call, _ in other]
        for (call, here), (_, there) in zip(one, other, strict=True):
            assert here == there, f"{person} tells the towns apart by {call}"
        for call, here in one + other:
            assert not [word for word in WORDS if word in without_own_words(here, call)], f"{person}, {call}: {here}"


def without_own_words(heard_: str, call: str) -> str:
    """What one typed oneself may come back. One's own acts and views tell the id that one asked for."""
    # Entered by those outside themselves, under their own code: a paper, a camera.
    heard_ = re.sub(r"commissioning/[EXYZ]-[XZ]-canari[ab]|\b[xy]-c[xz]-canari[ab]", "", heard_)
    if call in {"view", "acts"} or call.startswith("GET /api/acts/mine"):
        return re.sub(r"\bc[xz]-canari[ab](?![\w-])", "", heard_)
    typed = re.findall(r"[\w./-]*canari[ab][\w./-]*", call)
    names = {name for one in typed for name in (one, one.rpartition("/")[2], *one.split("/"))}
    for name in sorted(names, key=len, reverse=True):
        heard_ = heard_.replace(name, "")
    return heard_


def test_the_comparison_can_fail(pair: Pair) -> None:
    """Somebody who is linked with the commune does see the difference."""
    one, other = (heard(town.person("inspector").get("/api/cameras"), town) for town in pair.towns)
    assert one != other
    assert WORDS[0] in one
    assert WORDS[1] in other


def test_a_foreign_account_cannot_be_told_from_none_at_the_door(pair: Pair) -> None:
    town = pair.towns[0]
    answers = set()
    for name in (f"mayor{pair.commune}-{WORDS[0]}", f"mayor{pair.commune}-{WORDS[1]}", "nobody-at-all"):
        town.forgive()
        town.identity_clock.advance(30)
        answers.add(heard(town.nobody().login(account_name(name), PASSWORD + "x", "123456"), town))
    assert len(answers) == 1
