"""Who may call what: every role, and nobody, on every route, for one's own commune, another's, what is not there."""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from fastapi.routing import APIRoute, APIWebSocketRoute
from tests.support.centre import Town, account_name, running
from tests.support.probes_desk import PROBES_DESK
from tests.support.probes_registers import PROBES_REGISTERS
from tests.support.probes_subject import PROBES_SUBJECT
from tests.support.probes_tonight import PROBES_TONIGHT
from websockets.exceptions import ConnectionClosed

from beffroi.cli.promises.client import Answer
from beffroi.domain.documents import DocumentKind
from beffroi.domain.facts import Facts
from beffroi.domain.ids import DocumentId, PersonId
from beffroi.identity import AccountId
from beffroi.identity.roles import Role
from beffroi.server.access import RouteFact
from beffroi.server.routepage import page

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "routes.md"
OBJECTS = ("own", "foreign", "unknown")
CALLERS: dict[str, Role | None] = {
    "nobody": None,
    "agentE": Role.OPERATOR,
    "supervisorE": Role.ROOM_SUPERVISOR,
    "pmX": Role.MUNICIPAL_POLICE,
    "mayorX": Role.MAYOR,
    "electedX": Role.ELECTED,
    "technician": Role.TECHNICIAN,
    "dpo": Role.DPO,
    "inspector": Role.INSPECTOR,
    "adminE": Role.ADMINISTRATOR,
}
SEES_ALL = {"technician", "dpo", "inspector"}


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with running(tmp_path_factory.mktemp("matrix") / "data") as one:
        yield one


@dataclass
class Cell:
    """One call of the matrix."""

    town: Town
    caller: str
    what: str
    number: int

    def pick(self, own: str, foreign: str) -> str:
        """The object of this cell."""
        return {"own": own, "foreign": foreign, "unknown": f"nothing-{self.number}"}[self.what]

    @property
    def camera(self) -> str:
        return self.pick("cx", "cz")

    @property
    def paper(self) -> str:
        return "commissioning/" + self.pick("X", "Z")

    @property
    def visible(self) -> bool:
        """The rule in plain terms: one's own is there; another's is there for those who serve or control all."""
        return self.what == "own" or (self.what == "foreign" and self.caller in SEES_ALL)


Probe = Callable[[Cell], tuple[str, dict[str, Any] | None, int]]
"""What a call sends for a cell: path, body, and the status expected once the rule has admitted the caller."""


def plain(path: str, body: dict[str, Any] | None = None, status: int = 200) -> Probe:
    return lambda _: (path, body, status)


def confirm_paper(cell: Cell) -> tuple[str, dict[str, Any] | None, int]:
    # Confirmed already: whoever may know of it is told so.
    return f"/api/documents/{cell.paper}/confirm", {}, 422 if cell.visible else 404


def suspend_paper(cell: Cell) -> tuple[str, dict[str, Any] | None, int]:
    paper = sacrifice(cell)
    return f"/api/documents/{paper}/suspend", {"reason": "essai"}, 422 if cell.visible else 404  # never confirmed


def withdraw_paper(cell: Cell) -> tuple[str, dict[str, Any] | None, int]:
    return f"/api/documents/{sacrifice(cell)}/withdraw", {"reason": "essai"}, 200 if cell.visible else 404


def sacrifice(cell: Cell) -> str:
    """A paper proposed for this cell alone."""
    if cell.what == "unknown":
        return cell.paper
    registry = cell.town.centre.registry
    facts: Facts = registry.facts()
    model = facts.versions(DocumentId(cell.paper))[-1]
    name = DocumentId(f"{model.id}-{cell.number}")
    registry.propose(replace(model, id=name), by=PersonId("agentE"))
    return str(name)


def propose(cell: Cell) -> tuple[str, dict[str, Any] | None, int]:
    body = {
        "kind": DocumentKind.MASK.value,
        "name": f"m{cell.number}",
        "number": "1",
        "signed_on": "2026-01-02",
        "signatory": "installateur",
        "valid_from": "2026-01-02",
        "cameras": [cell.camera],
        "fields": {"author": "technician", "reference_picture": "sha256:1"},
    }
    return "/api/documents", body, 201 if cell.visible else 404


def add_camera(cell: Cell) -> tuple[str, dict[str, Any] | None, int]:
    body = {
        "id": f"{cell.caller.lower()}-{cell.number}",
        "name": "Essai",
        "commune": cell.pick("X", "Z"),
        "origin": "v",
        "url": "rtsp://camera.example/1",
        "order": "prefect_order/" + cell.pick("X", "Z"),
    }
    return "/api/cameras", body, 201 if cell.visible else 404


def confirm_place(cell: Cell) -> tuple[str, dict[str, Any] | None, int]:
    speaks = cell.caller == "mayorX"
    return f"/api/cameras/{cell.camera}/confirm", {}, (200 if speaks else 403) if cell.visible else 404


def invite(cell: Cell) -> tuple[str, dict[str, Any] | None, int]:
    body = {"account": f"essai.{cell.number}", "person": cell.pick("clerkX", "clerkZ"), "role": "elected"}
    return "/api/accounts", body, 404 if cell.what == "unknown" else 201


def account_of(cell: Cell) -> str:
    town = cell.town
    if cell.what == "unknown":
        return "a-nothing"
    account = town.accounts["pmY" if cell.what == "own" else "pmZ"]
    town.centre.identity.unlock(account, by=town.accounts["adminE"])
    return str(account)


def keeps(cell: Cell) -> bool:
    """The administrator and the DPO keep all accounts; the room supervisor those of the communes served."""
    return cell.what == "own" or (cell.what == "foreign" and cell.caller in {"adminE", "dpo"})


def on_account(action: str) -> Probe:
    return lambda cell: (f"/api/accounts/{account_of(cell)}/{action}", {}, 200 if keeps(cell) else 404)


def invite_again(cell: Cell) -> tuple[str, dict[str, Any] | None, int]:
    """These accounts are open already: whoever may invite is told so, of those they keep."""
    return f"/api/accounts/{account_of(cell)}/invite", {}, 403 if keeps(cell) else 404


def approve(cell: Cell) -> tuple[str, dict[str, Any] | None, int]:
    if cell.what == "unknown":
        return "/api/resets/r-nothing/approve", {}, 404
    town = cell.town
    other = "dpo" if cell.caller == "adminE" else "adminE"
    account = account_of(cell)
    reset = town.centre.identity.request_reset(AccountId(account), by=town.accounts[other])
    return f"/api/resets/{reset.id}/approve", {}, 200 if keeps(cell) else 404


def login(cell: Cell) -> tuple[str, dict[str, Any] | None, int]:
    cell.town.forgive()
    account = account_name(cell.pick("pmX", "pmZ"))
    return "/api/login", {"account": account, "password": "Tilleul-Ardoise-48", "code": "000000"}, 401


def add_person(cell: Cell) -> tuple[str, dict[str, Any] | None, int]:
    body = {
        "id": f"essai{cell.number}",
        "function": "agent d'essai",
        "status": "municipal_police",
        "employer": cell.pick("X", "Z"),
        "commune": cell.pick("X", "Z"),
    }
    return "/api/persons", body, 201 if cell.visible else 404


def on_file(cell: Cell) -> tuple[str, dict[str, Any] | None, int]:
    # What is sent is no PDF and no picture: whoever may know of the document is told so.
    return f"/api/documents/{cell.paper}/files?name=essai", {}, 422 if cell.visible else 404


def of_person(cell: Cell) -> tuple[str, dict[str, Any] | None, int]:
    return f"/api/persons/{cell.pick('pmX', 'pmZ')}", None, 200 if cell.visible else 404


def of_camera(cell: Cell) -> tuple[str, dict[str, Any] | None, int]:
    return f"/api/cameras/{cell.camera}/file", None, 200 if cell.visible else 404


def of_document(cell: Cell) -> tuple[str, dict[str, Any] | None, int]:
    return f"/api/documents/{cell.paper}", None, 200 if cell.visible else 404


def on_footage(cell: Cell, **more: str) -> dict[str, str]:
    return {"camera": cell.camera, "from": "2026-03-02T09:40:00+01:00", "to": "2026-03-02T09:41:00+01:00", **more}


def declare_post(cell: Cell) -> tuple[str, dict[str, Any] | None, int]:
    return "/api/posts", {"name": f"poste {cell.number}"}, 201


PROBES: dict[tuple[str, str], Probe] = {
    ("GET", "/api/openapi.json"): plain("/api/openapi.json"),
    ("POST", "/api/login"): login,
    ("POST", "/api/logout"): plain("/api/logout", {}),
    ("GET", "/api/me"): plain("/api/me"),
    ("POST", "/api/me/language"): plain("/api/me/language", {"language": "fr"}),
    ("GET", "/api/reasons"): plain("/api/reasons"),
    ("POST", "/api/duty"): plain("/api/duty", {"reason": "no such reason"}, 422),
    ("DELETE", "/api/duty"): plain("/api/duty"),
    ("GET", "/api/cameras"): plain("/api/cameras"),
    ("POST", "/api/why"): lambda cell: ("/api/why", {"camera": cell.camera, "act": "live"}, 200),
    ("GET", "/api/health/cameras"): plain("/api/health/cameras"),
    ("GET", "/api/health/system"): plain("/api/health/system"),
    ("POST", "/api/cameras"): add_camera,
    ("POST", "/api/cameras/{camera}/confirm"): confirm_place,
    ("GET", "/api/documents"): plain("/api/documents"),
    ("POST", "/api/documents"): propose,
    ("POST", "/api/documents/{kind}/{name}/confirm"): confirm_paper,
    ("POST", "/api/documents/{kind}/{name}/suspend"): suspend_paper,
    ("POST", "/api/documents/{kind}/{name}/withdraw"): withdraw_paper,
    ("GET", "/api/documents/kinds"): plain("/api/documents/kinds"),
    ("GET", "/api/documents/names"): plain("/api/documents/names"),
    ("GET", "/api/documents/{kind}/{name}"): of_document,
    ("POST", "/api/documents/{kind}/{name}/files"): on_file,
    ("GET", "/api/documents/{kind}/{name}/files/{sha256}"): lambda cell: (
        f"/api/documents/{cell.paper}/files/{'ab' * 32}",
        None,
        404,
    ),
    ("POST", "/api/documents/import"): plain("/api/documents/import?name=essai.txt", {}, 422),
    ("GET", "/api/announcements"): plain("/api/announcements"),
    ("POST", "/api/announcements/read"): lambda cell: (
        "/api/announcements/read",
        {"document": cell.paper, "reason": "review"},
        404,
    ),
    ("GET", "/api/persons"): plain("/api/persons"),
    ("GET", "/api/persons/{person}"): of_person,
    ("POST", "/api/persons"): add_person,
    ("GET", "/api/cameras/file"): plain("/api/cameras/file"),
    ("GET", "/api/cameras/{camera}/file"): of_camera,
    ("GET", "/api/screen"): plain("/api/screen"),
    ("GET", "/api/screens"): plain("/api/screens"),
    ("POST", "/api/screens/{screen_name}/present"): lambda cell: (
        "/api/screens/none/present",
        {"person": cell.pick("pmX", "pmZ")},
        404,
    ),
    ("DELETE", "/api/screens/{screen_name}/present/{person}"): lambda cell: (
        f"/api/screens/none/present/{cell.pick('pmX', 'pmZ')}",
        None,
        404,
    ),
    ("GET", "/api/reviews"): plain("/api/reviews"),
    ("POST", "/api/reviews/{view}"): plain("/api/reviews/none", {}, 404),
    ("GET", "/api/posts"): plain("/api/posts"),
    ("POST", "/api/posts"): declare_post,
    ("POST", "/api/posts/enrol"): plain("/api/posts/enrol", {"code": "AAAAAAAAAA"}, 404),
    ("POST", "/api/posts/{post}/revoke"): plain("/api/posts/none/revoke", {}, 404),
    ("GET", "/api/tonight"): plain("/api/tonight"),
    ("GET", "/api/tonight/cell"): lambda cell: (
        f"/api/tonight/cell?person={cell.pick('pmX', 'pmZ')}&commune={cell.pick('X', 'Z')}",
        None,
        200 if cell.visible else 404,
    ),
    ("POST", "/api/tonight/what-if"): plain("/api/tonight/what-if", {"changes": []}, 422),
    ("GET", "/api/roster"): plain("/api/roster"),
    ("POST", "/api/roster"): lambda cell: (
        "/api/roster",
        {
            "person": cell.pick("clerkX", "pmZ"),
            "communes": [cell.pick("X", "Z")],
            "starts": "2026-03-03T10:00:00+01:00",
            "ends": "2026-03-03T12:00:00+01:00",
        },
        # Whoever may be named is refused there with what lacks: an elected member without delegation never watches.
        422 if cell.visible else 404,
    ),
    ("GET", "/api/roster/{shift}/candidates"): plain("/api/roster/none/candidates", None, 404),
    ("POST", "/api/roster/{shift}/replace"): plain("/api/roster/none/replace", {"person": "pmX"}, 404),
    ("POST", "/api/roster/{shift}/cancel"): plain("/api/roster/none/cancel", {}, 404),
    ("GET", "/api/acts/mine"): plain("/api/acts/mine"),
    ("GET", "/api/register"): lambda cell: (f"/api/register?camera={cell.camera}", None, 200),
    ("GET", "/api/register/checkpoint"): plain("/api/register/checkpoint"),
    ("GET", "/api/account"): lambda cell: (f"/api/account?camera={cell.camera}", None, 503 if cell.visible else 404),
    ("POST", "/api/invitations/accept"): plain("/api/invitations/accept", {"token": "x", "password": "y"}, 403),
    ("POST", "/api/invitations/enrol"): plain("/api/invitations/enrol", {"token": "x", "code": "000000"}, 403),
    ("GET", "/api/accounts"): plain("/api/accounts"),
    ("POST", "/api/accounts"): invite,
    ("POST", "/api/accounts/{account}/invite"): invite_again,
    ("POST", "/api/accounts/{account}/lock"): on_account("lock"),
    ("POST", "/api/accounts/{account}/unlock"): on_account("unlock"),
    ("POST", "/api/accounts/{account}/reset-factor"): on_account("reset-factor"),
    ("POST", "/api/resets/{reset}/approve"): approve,
    # Without a socket of one's own there is nothing to show a view on, whatever the camera.
    ("POST", "/api/views"): lambda cell: (
        "/api/views",
        {"connection": "none", "camera": cell.camera, "act": "live", "reason": "patrol"},
        404,
    ),
    # Agreeing says nothing back; taking needs a title and a second person, whatever the camera.
    ("POST", "/api/extracts/agree"): lambda cell: ("/api/extracts/agree", on_footage(cell, person="pmX"), 200),
    ("POST", "/api/extracts"): lambda cell: ("/api/extracts", on_footage(cell, reason="watch", second="mayorX"), 403),
    ("GET", "/api/extracts/{extract}/video.mp4"): plain("/api/extracts/none/video.mp4", None, 404),
    ("DELETE", "/api/extracts/{extract}"): plain("/api/extracts/none", None, 404),
    ("GET", "/{path}"): plain("/assets/nothing.js", None, 404),
    **PROBES_TONIGHT,
    **PROBES_REGISTERS,
    **PROBES_DESK,
    **PROBES_SUBJECT,
}


def expected(fact: RouteFact, cell: Cell, admitted: int) -> int:
    """The rule in plain terms: nobody is told to log in, another role is refused, the others get their answer."""
    if fact.rule.roles is None:
        return admitted
    role = CALLERS[cell.caller]
    if role is None:
        return 401
    return admitted if role in fact.rule.roles else 403


NUMBERS = count(1)


def cells(town: Town, fact: RouteFact) -> Iterator[tuple[Cell, Answer, int]]:
    probe = PROBES[fact.method, fact.path]
    for caller in CALLERS:
        for what in OBJECTS:
            cell = Cell(town, caller, what, next(NUMBERS))
            path, body, admitted = probe(cell)
            if caller == "nobody":
                client = town.nobody()
            else:
                client = town.session(caller) if fact.path == "/api/logout" else town.person(caller)
            yield cell, client.call(fact.method, path, body), expected(fact, cell, admitted)


def both_languages(answer: Answer) -> bool:
    text = answer.body["error"]["text"]
    return set(text) == {"fr", "en"} and all(value.strip() for value in text.values())


def test_every_role_on_every_route_for_every_commune(town: Town) -> None:
    reasons = town.person("agentE").get("/api/reasons").body
    PROBES["POST", "/api/views"] = lambda cell: (
        "/api/views",
        {"connection": "none", "camera": cell.camera, "act": "live", "reason": reasons[0]["id"]},
        404,
    )
    wrong, count = [], 0
    outside: dict[tuple[str, str, str], dict[str, str]] = {}
    table: list[RouteFact] = town.app.state.route_table
    for fact in table:
        if fact.method == "WEBSOCKET":
            continue
        for cell, answer, status in cells(town, fact):
            count += 1
            if cell.what != "own" and cell.caller not in SEES_ALL | {"adminE"} and fact.path != "/api/logout":
                outside.setdefault((fact.method, fact.path, cell.caller), {})[cell.what] = quoted_away(answer)
            line = f"{fact.method} {fact.path} by {cell.caller}, {cell.what}: {answer.status}, not {status}"
            if answer.status != status:
                wrong.append(f"{line}: {answer.body}")
            elif status >= 400 and not both_languages(answer):
                wrong.append(f"{line}: one language is missing: {answer.body}")
    assert not wrong, "\n".join(wrong)
    for call, answers in outside.items():
        assert answers["foreign"] == answers["unknown"], f"what is another's is told from what is not there: {call}"
    assert count == (len(table) - 1) * len(CALLERS) * len(OBJECTS)


def quoted_away(answer: Answer) -> str:
    """The answer without the name that the caller typed and without the time that it is."""
    return re.sub(r"« [^»]* »|“[^”]*”|'\d{4}-\d\d-\d\dT[^']*'", "…", f"{answer.status} {answer.body}")


def test_the_socket_is_for_those_logged_in(town: Town) -> None:
    with town.person("agentE").socket() as socket:
        assert socket.connection_id
    with pytest.raises((ConnectionClosed, KeyError)), town.nobody().socket():
        pass


def walked(routes: Iterable[Any]) -> Iterator[Any]:
    """Routes, also those of included routers."""
    for route in routes:
        inner = getattr(route, "original_router", None)
        yield from walked(inner.routes) if inner is not None else [route]


def test_no_route_without_a_rule(town: Town) -> None:
    told = {(fact.method, fact.path) for fact in town.app.state.route_table}
    found = set()
    for route in walked(town.app.routes):
        if isinstance(route, APIWebSocketRoute):
            found.add(("WEBSOCKET", route.path))
        elif isinstance(route, APIRoute):
            found |= {(method, route.path.replace(":path}", "}")) for method in route.methods or ()}
        else:
            pytest.fail(f"a route of another kind has no rule: {type(route)}")
    assert found == told
    assert told - {("WEBSOCKET", "/ws/view")} == set(PROBES), "say in PROBES what the new route answers to whom"


def test_openapi_tells_the_rule_of_each_route(town: Town) -> None:
    described = town.nobody().get("/api/openapi.json").body["paths"]
    for fact in town.app.state.route_table:
        if fact.method == "WEBSOCKET" or fact.path == "/{path}":
            continue
        operation = described[fact.path][fact.method.lower()]
        assert operation["x-access"] == fact.rule.name
        assert operation["summary"] == fact.summary


def test_the_page_of_routes_is_fresh(town: Town) -> None:
    wanted = page(town.app.state.route_table)
    if os.environ.get("BEFFROI_REGENERATE"):
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(wanted, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == wanted, (
        "docs/reference/routes.md is stale: BEFFROI_REGENERATE=1 pytest tests/server/test_server_routes.py"
    )
