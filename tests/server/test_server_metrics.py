"""The centre's figures: in all, for the machine's operators, telling nothing of a person, a camera or a commune."""

from collections.abc import Iterator

import pytest
from tests.support.centre import Town
from tests.support.metricstext import families, scrape, value

from beffroi.base.metrics import open_metrics


@pytest.fixture
def port(town: Town) -> Iterator[int]:
    server = open_metrics("127.0.0.1:0", town.app.state.collectors)
    assert server is not None
    yield server.port
    server.close()


def test_answers_and_delays_are_counted_by_pattern(town: Town, port: int) -> None:
    person = town.person("agentE")
    person.call("GET", "/api/cameras")
    person.call("GET", "/api/nowhere/at-all")
    least = town.centre.ledger.size
    found = families(scrape(port))
    assert value(found, "beffroi_centre_request_seconds_count", route="/api/cameras", status="2xx") >= 1
    assert value(found, "beffroi_centre_register_up") == 1
    assert least <= value(found, "beffroi_centre_register_entries_total") <= town.centre.ledger.size
    assert value(found, "beffroi_centre_views", act="live") == 0
    routes = {sample.labels["route"] for sample in found["beffroi_centre_request_seconds"].samples}
    assert not any("nowhere" in route for route in routes), "an address that somebody typed is no label"


def test_the_gate_is_counted_by_verdict(town: Town, port: int) -> None:
    before = _decisions(port)
    town.person("agentE").call("POST", "/api/views", {"camera": "cx", "act": "live", "connection": "none"})
    town.person("pmZ").call("POST", "/api/views", {"camera": "cx", "act": "live", "connection": "none"})
    after = _decisions(port)
    assert after >= before
    found = families(scrape(port))
    assert value(found, "beffroi_centre_gate_decision_seconds_count") == after


def _decisions(port: int) -> float:
    family = families(scrape(port))["beffroi_centre_gate_decisions"]
    return sum(sample.value for sample in family.samples if sample.name.endswith("_total"))


def test_nobody_and_nothing_is_named(town: Town, port: int) -> None:
    for person in ("agentE", "mayorX", "technician"):
        for path in ("/api/cameras", "/api/health/cameras", "/api/cameras/cx"):
            town.person(person).call("GET", path)
    text = scrape(port)
    names = [*town.centre.registry.facts().cameras, *town.centre.registry.facts().persons, *town.accounts]
    assert len(names) > 15
    assert not [name for name in names if f'"{name}"' in text or f"/{name}" in text]


def test_the_consoles_address_has_no_figures(town: Town) -> None:
    assert b"beffroi_centre_" not in town.person("adminE").call("GET", "/metrics").raw
