"""Minutes of a delivery leave under the question that is asked of any view: also with who is before the screen."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.server.test_desk_delivery import reason
from tests.server.test_desk_leftovers import agreed
from tests.support.centre import account_name
from tests.support.desktown import AGENT, DeskTown, desk_town
from tests.support.held import held_back

from beffroi.gate.registrar import Registrar
from beffroi.server.deskbuild import package_path


@pytest.fixture
def place(tmp_path: Path) -> Iterator[DeskTown]:
    with desk_town(tmp_path / "data") as one:
        yield one


def test_who_comes_while_the_register_writes_keeps_a_delivery_from_being_made(place: DeskTown) -> None:
    """A visitor who may see nothing, between the decision and the view."""
    case, name = agreed(place)
    agent, supervisor = place.town.person(AGENT), place.town.person("supervisorE")
    step, body = f"/api/desk/cases/{case}/packages/{name}/build", {"reason": reason(place)}
    with agent.socket(), ThreadPoolExecutor(1) as pool:  # a screen is listed while it has a view socket
        screens = supervisor.get("/api/screens").body
        screen = next(one["id"] for one in screens if one["account"] == account_name(AGENT))
        path = f"/api/screens/{screen}/present"
        with held_back(Registrar, "durable", done=True) as held:
            making = pool.submit(agent.post, step, body)
            held.begun()
            assert supervisor.post(path, {"person": "~visiteur"}).status == 200
            held.go()
            answer = making.result(60)
        assert answer.status == 403, answer.body
        assert not package_path(place.town.centre, name).exists()
        assert supervisor.call("DELETE", f"{path}/~visiteur").status == 200
        assert agent.post(step, body).status == 200, "once they have gone"
