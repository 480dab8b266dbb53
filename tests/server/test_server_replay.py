"""`beffroi law replay` beside a running centre: what it decided is asked again, from its files alone."""

from tests.support.centre import Town
from typer.testing import CliRunner

from beffroi.cli.law import app


def test_what_a_centre_decided_is_asked_again_beside_it(town: Town) -> None:
    agent = town.session("agentE")
    agent.duty()
    for camera in ("cx", "cz"):
        with agent.socket() as socket:
            agent.open_view(socket.connection_id, camera)
    assert (town.centre.data / "centre" / "rules").is_dir()

    told = CliRunner().invoke(app, ["replay", "--data", str(town.centre.data)])

    assert told.exit_code == 0, told.output
    # Entries that other tests of this centre made by hand keep no circumstances: they can only be told.
    assert " 0 différente(s)," in told.output
    assert " 0 identique(s)" not in told.output
    assert not told.output.startswith("0 identique(s)")


def test_a_folder_that_is_no_centre_is_said_to_be_none(town: Town) -> None:
    told = CliRunner().invoke(app, ["replay", "--data", str(town.centre.data / "nowhere")])
    assert told.exit_code != 0
    assert "--data" in str(told.exception)
