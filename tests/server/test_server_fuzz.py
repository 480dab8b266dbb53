"""Whatever is sent, the answer is a sentence below 500: bodies drawn from the routes' own schemas, then spoilt."""

import http.client
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.centre import Town

from beffroi.capture.client import RecorderGoneError
from beffroi.cli.promises.client import Answer

NASTY = st.sampled_from(
    [
        "",
        "\x00",
        "\ud800",
        "é" * 40,
        "x" * 5000,
        "../../etc/passwd",
        "'; DROP TABLE account; --",
        "\u202e",
        "nan",
        "0",
        "a/b",
    ]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | NASTY,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
CALLERS = ("adminE", "supervisorE", "mayorX", "agentE", "dpo", "")
RAW = (
    b"", b"{", b"null", b"[]", b'"x"', b"{}", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 50_000, b'{"account": NaN}',
    b'{"account": 1e999}', b'{"account": ' + b"9" * 5000 + b"}", b"\x00" * 100, b'{"account": "\\ud800"}',
    b'{"account":"a","account":"b"}',
)  # fmt: skip
QUERIES = [
    "",
    "?before=1",
    "?before=-1",
    "?before=" + "9" * 30,
    "?day=0001-01-01",
    "?day=9999-12-31",
    "?camera=%00",
    "?camera=%ff",
    "?camera=cx&camera=cy",
]
PIECES = ["cx", "X", "mask", "..", "%00", "%ff", "a" * 300, "%2f", "%C3%A9", "0", "-1", "9" * 30, "2026-11", "requests"]
SKIPPED = {"/api/logout"}
"""It would end the sessions that the other calls need; its body is not read."""
ASKS_RECORDER = {("GET", "/api/account")}
"""No recorder runs beside this centre: these routes may say so, no other one."""
NO_RECORDER = {"code": "broken", "text": {"fr": RecorderGoneError().text.fr, "en": RecorderGoneError().text.en}}


def routes(town: Town) -> list[tuple[str, str, dict[str, Any] | None]]:
    """(method, path, schema of the body)."""
    described = town.nobody().get("/api/openapi.json").body
    schemas = described["components"]["schemas"]
    found = []
    for path, methods in sorted(described["paths"].items()):
        for method, operation in sorted(methods.items()):
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
            if path not in SKIPPED:
                found.append((method.upper(), path, schemas.get(name)))
    return found


KNOWN = st.sampled_from(["cx", "X", "prefect_order/X", "mask", "v", "rtsp://camera.example/1", "personne"])
SCALARS: dict[tuple[str | None, str | None], st.SearchStrategy[Any]] = {
    ("string", "date"): st.dates().map(str),
    ("string", "date-time"): st.datetimes().map(lambda at: at.isoformat() + "Z"),
    ("boolean", None): st.booleans(),
    ("number", None): st.integers() | st.floats(),
    ("null", None): st.none(),
}


def fitting(schema: dict[str, Any], schemas: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values that a schema allows, more or less: enough to pass the first door and reach the inside."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    kind = schema.get("type")
    if "enum" in schema:
        found: st.SearchStrategy[Any] = st.sampled_from(schema["enum"])
    elif "anyOf" in schema:
        found = st.one_of([fitting(one, schemas) for one in schema["anyOf"]])
    elif "properties" in schema:
        found = st.fixed_dictionaries({name: fitting(one, schemas) for name, one in schema["properties"].items()})
    elif kind == "object":
        found = st.dictionaries(st.text(max_size=8), ANYTHING, max_size=3)
    elif kind == "array":
        found = st.lists(fitting(schema.get("items", {}), schemas), max_size=3)
    elif kind == "string" and "format" not in schema:
        found = st.text(max_size=20) | NASTY | KNOWN
    else:
        found = SCALARS.get((kind, schema.get("format")), ANYTHING)
    return found


def filled(path: str, piece: Callable[[], str]) -> str:
    """A path with something in each of its places."""
    return re.sub(r"\{[^{}]*\}", lambda _: piece(), path)


def sound(answer: Answer, route: tuple[str, str], call: str) -> None:
    told = answer.status == 503 and route in ASKS_RECORDER and answer.body["error"] == NO_RECORDER
    assert answer.status < 500 or told, f"{call}: {answer.status} {answer.body}"
    if answer.status >= 400:
        text = answer.body["error"]["text"]
        assert set(text) == {"fr", "en"}, call
        assert all(text.values()), call


def test_each_route_that_may_miss_its_recorder_says_so(town: Town) -> None:
    assert {(method, path) for method, path, _ in routes(town)} >= ASKS_RECORDER
    for method, path in ASKS_RECORDER:
        answer = town.person("dpo").call(method, path, None)
        assert (answer.status, answer.body["error"]) == (503, NO_RECORDER)


@pytest.mark.parametrize("caller", CALLERS)
def test_every_route_bears_what_no_schema_allows(town: Town, caller: str) -> None:
    client = town.person(caller) if caller else town.nobody()
    for method, path, schema in routes(town):
        if schema is None:
            continue
        for raw in RAW:
            town.forgive()
            sound(_send(client, filled(path, lambda: "cx"), raw), (method, path), f"{method} {path} {raw[:40]!r}")


def _send(client: Any, path: str, raw: bytes) -> Answer:
    link = http.client.HTTPConnection("127.0.0.1", client.port, timeout=60)
    headers = {"Origin": client.origin, "X-Beffroi": "1", "Content-Type": "application/json"}
    if client.cookies:
        headers["Cookie"] = client.cookie_header()
    try:
        link.request("POST", path, raw, headers)
        response = link.getresponse()
        read = response.read()
        return Answer(response.status, json.loads(read), read, dict(response.headers.items()))
    finally:
        link.close()


@settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
@given(data=st.data())
def test_every_route_bears_whatever_its_schema_nearly_allows(town: Town, data: st.DataObject) -> None:
    schemas = town.nobody().get("/api/openapi.json").body["components"]["schemas"]
    method, path, schema = data.draw(st.sampled_from(routes(town)))
    caller = data.draw(st.sampled_from(CALLERS))
    body = None
    if schema is not None:
        body = data.draw(fitting(schema, schemas))
        if data.draw(st.booleans()):
            body[data.draw(st.sampled_from([*schema["properties"], "extra"]))] = data.draw(ANYTHING)
    route = method, path
    path = filled(path, lambda: data.draw(st.sampled_from(PIECES)))
    query = data.draw(st.sampled_from(QUERIES))
    town.forgive()
    client = town.person(caller) if caller else town.nobody()
    sound(client.call(method, path + query, body), route, f"{caller} {method} {path}{query} {body!r}"[:400])


def test_what_was_sent_is_never_told_back_by_a_refusal(town: Town) -> None:
    secret = "Canari-Secret-8841"
    client = town.person("adminE")
    bodies: list[tuple[str, Any]] = [
        ("/api/login", {"account": "x", "password": secret * 200, "code": "1"}),
        ("/api/login", {"account": secret, "password": [secret], "code": {secret: secret}}),
        ("/api/login", {secret: secret}),
        ("/api/login", secret),
        ("/api/invitations/accept", {"token": secret, "password": 12, secret: 1}),
        ("/api/invitations/accept", {"token": secret, "password": secret}),
        ("/api/cameras", {"id": "c", "password": {"a": secret}, "url": f"rtsp://u:{secret}@camera.example/1"}),
        ("/api/cameras", {"id": "x-new", "name": "n", "commune": "X", "origin": "v", "order": "prefect_order/X",
                          "url": f"rtsp://user:{secret}@camera.example/1"}),
        ("/api/cameras", {"id": "x-new", "name": "n", "commune": "X", "origin": "v", "order": "prefect_order/X",
                          "url": "rtsp://camera.example/1", "user": "u", "password": secret + "\x00"}),
    ]  # fmt: skip
    for path, body in bodies:
        town.forgive()
        answer = client.call("POST", path, body)
        assert answer.status >= 400
        assert secret not in answer.raw.decode(), (path, answer.body)
