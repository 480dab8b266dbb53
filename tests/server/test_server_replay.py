"""`beffroi law replay` beside a running centre: what it decided is asked again, from its files alone."""

import re

from tests.support.centre import Town
from tests.support.registeracts import BY_HAND
from typer.testing import CliRunner

from beffroi.cli.law import app
from beffroi.ledger.reading import records


def test_what_a_centre_decided_is_asked_again_beside_it(town: Town) -> None:
    agent = town.session("agentE")
    agent.duty()
    for camera in ("cx", "cz"):
        with agent.socket() as socket:
            agent.open_view(socket.connection_id, camera)
    assert (town.centre.data / "centre" / "rules").is_dir()

    told = CliRunner().invoke(app, ["replay", "--data", str(town.centre.data)])

    assert told.exit_code == 0, told.output
    folder = town.centre.data / "centre"
    decided = [one.decision for one in records(folder / "ledger", town.centre.ledger.verifier) if one.decision]
    # Entries that other tests of this centre made by hand keep no circumstances: these alone cannot be asked again.
    by_hand = sum(decision.rule_set_hash == BY_HAND for decision in decided)
    counted = re.search(r"^(\d+) identique\(s\), (\d+) différente\(s\), (\d+) impossible\(s\)", told.output, re.M)
    assert counted is not None, told.output
    assert [int(count) for count in counted.groups()] == [len(decided) - by_hand, 0, by_hand]
    assert len(decided) - by_hand >= 2, "the two views of this test"


def test_a_folder_that_is_no_centre_is_said_to_be_none(town: Town) -> None:
    told = CliRunner().invoke(app, ["replay", "--data", str(town.centre.data / "nowhere")])
    assert told.exit_code != 0
    assert "--data" in str(told.exception)
