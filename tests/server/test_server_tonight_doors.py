"""The routes of the night and of the roster: every role, and nobody, for one's own commune, another's, none."""

from collections.abc import Callable, Iterator

import pytest
from tests.server.test_server_routes import CALLERS, OBJECTS, SEES_ALL, Cell, expected, quoted_away
from tests.support.centre import Town, running
from tests.support.probes_tonight import PROBES_TONIGHT, Probed


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with running(tmp_path_factory.mktemp("doors") / "data") as one:
        yield one


@pytest.mark.parametrize("route", PROBES_TONIGHT)
def test_who_may_call_what(town: Town, route: tuple[str, str]) -> None:
    (fact,) = [one for one in town.app.state.route_table if (one.method, one.path) == route]
    answers: dict[tuple[str, str], str] = {}
    for number, (caller, what) in enumerate((caller, what) for caller in CALLERS for what in OBJECTS):
        offset = 100 * list(PROBES_TONIGHT).index(route)
        cell = Cell(town, caller, what, offset + number)
        probe: Callable[[Cell], Probed] = PROBES_TONIGHT[route]
        path, body, admitted = probe(cell)
        client = town.nobody() if caller == "nobody" else town.person(caller)
        answer = client.call(fact.method, path, body)
        assert answer.status == expected(fact, cell, admitted), (caller, what, answer.body)
        answers[caller, what] = quoted_away(answer)
    for caller in CALLERS:
        if caller not in SEES_ALL:
            assert answers[caller, "foreign"] == answers[caller, "unknown"], caller
