"""`beffroi camera`, run as a command: beside a running centre (which holds the register) and without one."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from tests.support.commands import run, run_answering
from tests.support.identities import CHEAP, GOOD_PASSWORD
from tests.support.worlds import paper, papers_of_commune

from beffroi.base.clock import SystemClock
from beffroi.base.db import open_engine
from beffroi.base.secrets import SecretBox, load_or_create_key, read_signing_key
from beffroi.cli.founding import parse_commune
from beffroi.cli.init import found_centre, prepare_folder
from beffroi.domain.clock import now
from beffroi.domain.documents import DocumentKind, DocumentStatus
from beffroi.domain.errors import BadInputError, NotFoundError
from beffroi.domain.ids import AuthorityId, CameraId, DocumentId, PersonId
from beffroi.domain.text import Text
from beffroi.identity import AccountId, Identity, NewAccount, Role
from beffroi.identity.totp import code_at
from beffroi.ledger.ledger import Ledger
from beffroi.registry.changes import LedgerRegister
from beffroi.registry.store import Registry
from beffroi.registry.streams import all_streams, set_share
from beffroi.vault.credentials import RecorderIdentity, open_credentials

SUPERVISOR, DPO, MAYOR = PersonId("p-supervisor"), PersonId("p-dpo"), PersonId("p-mayor-99001")
ORDER = DocumentId("prefect_order/bn")
CAMERA = CameraId("place-mairie")
CAMERA_PASSWORD = "Volet/Bleu@9:1"


@dataclass
class Centre:
    """A centre open in this process: it holds the register."""

    data: Path
    engine: Engine
    ledger: Ledger
    registry: Registry
    identity: Identity
    first_link: str = ""

    def close(self) -> None:
        self.ledger.close()
        self.engine.dispose()


def open_centre(data: Path) -> Centre:
    """The parts of a centre that this command meets."""
    clock, folder = SystemClock(), data / "centre"
    engine = open_engine(f"sqlite:///{folder / 'beffroi.sqlite'}")
    ledger = Ledger.open(folder / "ledger", clock, read_signing_key(folder / "secrets" / "register.key"))
    box = SecretBox(load_or_create_key(folder / "secrets" / "factors.key"))
    registry = Registry(engine, clock, register=LedgerRegister(ledger))
    return Centre(data, engine, ledger, registry, Identity(engine, box, clock, passwords=CHEAP))


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    """A commune whose mayor is recognised, with an order that names no camera yet."""
    data = tmp_path / "data"
    authorities = [AuthorityId("maire/99001")]
    prepare_folder(data, host="127.0.0.1", authorities=authorities, passphrase="x" * 12, cheap_keyrings=True)
    link = found_centre(data, [parse_commune("99001:Bourg-Neuf")], None)
    made = open_centre(data)
    made.first_link = link.token
    election = paper(DocumentKind.ELECTION, "m", bodies=("99001",), persons=(MAYOR,), fields={"function": "maire"})
    order = paper(
        DocumentKind.PREFECT_ORDER, "bn", bodies=("99001",), fields=dict(papers_of_commune("X", ())[0].fields)
    )
    order, election = (
        replace(one, valid_until=now(SystemClock()).date() + timedelta(days=400)) for one in (order, election)
    )
    made.registry.propose_all([election, order], by=SUPERVISOR)
    made.registry.confirm(election.id, by=DPO)
    yield made
    made.close()


def open_account(identity: Identity, link: str) -> tuple[AccountId, str]:
    """Go through a one-time link; the account and its factor's secret."""
    enrolment = identity.accept(link, GOOD_PASSWORD)
    account = identity.enrol(link, code_at(enrolment.secret, now(SystemClock())))
    return account.id, enrolment.secret


def add(data: Path, *more: str, stdin: str = CAMERA_PASSWORD) -> tuple[int, str]:
    """Bring the camera in."""
    done = run(
        "camera", "add", "--data", str(data), "--id", CAMERA, "--name", "Place de la Mairie", "--commune", "99001",
        "--url", "rtsp://192.0.2.10/stream1", "--user", "recorder", "--order", ORDER, "--password-file", "-", *more,
        stdin=stdin,
    )  # fmt: skip
    return done.code, done.output


def test_a_camera_comes_in_proposed_with_its_order_and_its_password_sealed(centre: Centre) -> None:
    centre.close()
    code, output = add(centre.data, "--sub-url", "rtsp://192.0.2.10/stream2")
    assert code == 0, output
    assert CAMERA_PASSWORD not in output
    again = open_centre(centre.data)
    facts = again.registry.facts()
    assert facts.cameras[CAMERA].placement_confirmed_by is None
    assert facts.cameras[CAMERA].system == "sX"
    order = facts.versions(ORDER)[-1]
    assert (order.version, order.status, order.scope.cameras) == (2, DocumentStatus.PROPOSED, frozenset({CAMERA}))
    held = all_streams(again.engine)[CAMERA]
    assert [(stream.name, stream.url) for stream in held.streams] == [
        ("main", "rtsp://192.0.2.10:554/stream1"),
        ("sub", "rtsp://192.0.2.10:554/stream2"),
    ]
    identity = RecorderIdentity.open_or_create(centre.data / "recorder")
    opened = open_credentials(identity, held.credentials, camera=CAMERA)
    assert (opened.user, opened.password) == ("recorder", CAMERA_PASSWORD)
    again.close()
    for path in centre.data.rglob("*"):
        if path.is_file():
            assert CAMERA_PASSWORD.encode() not in path.read_bytes(), path
    listed = run("camera", "list", "--data", str(centre.data))
    assert CAMERA in listed.output
    assert "emplacement à confirmer" in listed.output


def test_beside_a_running_centre_the_change_waits_for_its_register(centre: Centre) -> None:
    code, output = add(centre.data)
    assert code == 0, output
    assert "Le centre tourne" in output
    size = centre.ledger.size
    assert centre.registry.settle() == 2
    assert centre.ledger.size == size + 2


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--url", "rtsp://user:secret@192.0.2.10/x"), "refusée"),
        (("--url", "http://192.0.2.10/x"), "refusée"),
        (("--id", "Bad Name"), "identifiant"),
        (("--commune", "99999"), "n'est pas celui"),
        (("--order", "prefect_order/none"), "n'est pas enregistré"),
        (("--by", "nobody"), "n'est pas enregistrée"),
    ],
)
def test_a_wrong_camera_is_a_sentence_and_nothing_happens(centre: Centre, more: tuple[str, str], said: str) -> None:
    revision = centre.registry.revision()
    code, output = add(centre.data, *more)
    assert code == 1
    assert said in output
    assert "Traceback" not in output
    assert "secret" not in output
    assert centre.registry.revision() == revision
    assert all_streams(centre.engine) == {}


def test_what_a_camera_takes_of_the_disk_is_said_and_set(centre: Centre) -> None:
    code, output = add(centre.data, "--kbit-s", "4000", "--priority", "200")
    assert code == 0, output
    assert "Le disque" in output
    held = all_streams(centre.engine)[CAMERA]
    assert (held.priority, held.streams[0].kbit_s) == (200, 4000)
    share = ("camera", "share", "--data", str(centre.data), "--id", CAMERA)
    done = run(*share, "--priority", "50", "--kbit-s", "0")
    assert done.code == 0, done.output
    assert "priorité 50, main ? kbit/s" in done.output
    held = all_streams(centre.engine)[CAMERA]
    assert (held.priority, held.streams[0].kbit_s) == (50, 0)
    for wrong in (("--priority", "1000"), ("--sub-kbit-s", "400")):
        refused = run(*share, *wrong)
        assert refused.code == 1, wrong
        assert "Traceback" not in refused.output
    assert all_streams(centre.engine)[CAMERA] == held


@pytest.mark.parametrize("wrong", [{"priority": 0}, {"priority": 1000}, {"kbit_s": {"main": -1}}])
def test_a_share_outside_its_bounds_changes_nothing(centre: Centre, wrong: dict[str, Any]) -> None:
    with pytest.raises(BadInputError):
        set_share(centre.engine, CAMERA, **wrong)
    with pytest.raises(NotFoundError):
        set_share(centre.engine, CAMERA, priority=5)


def test_a_camera_is_brought_in_once(centre: Centre) -> None:
    assert add(centre.data)[0] == 0
    code, output = add(centre.data)
    assert code == 1
    assert "existe déjà" in output


def test_the_mayor_confirms_on_a_terminal_with_password_and_code(centre: Centre) -> None:
    add(centre.data)
    administrator, _ = open_account(centre.identity, centre.first_link)
    made = NewAccount("maire", MAYOR, Role.MAYOR, Text(fr="Maire", en="Mayor"))
    _, secret = open_account(centre.identity, centre.identity.invite(made, by=administrator).token)
    later = code_at(secret, now(SystemClock()) + timedelta(seconds=30))  # no code twice; it holds 30 s and more
    answers = [("password: ", GOOD_PASSWORD), ("Code : ", later)]
    arguments = ("--data", str(centre.data), "--id", CAMERA, "--account", "maire")
    code, output = run_answering("camera", "confirm", *arguments, answers=answers)
    assert code == 0, output
    assert GOOD_PASSWORD not in output
    centre.registry.settle()
    assert centre.registry.facts().cameras[CAMERA].placement_confirmed_by == MAYOR
    refused = run("camera", "confirm", "--data", str(centre.data), "--id", CAMERA, "--account", "maire")
    assert refused.code == 1
    assert "terminal" in refused.output
