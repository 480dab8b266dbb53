"""`beffroi documents`, `person` and `body`, run as commands on a prepared folder."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.support.commands import run
from tests.support.papermaking import complete

from beffroi.base.clock import SystemClock
from beffroi.base.db import open_engine
from beffroi.base.secrets import read_signing_key
from beffroi.cli.founding import parse_commune, parse_epci
from beffroi.cli.init import found_centre, prepare_folder
from beffroi.domain.clock import now
from beffroi.domain.documents import Document, DocumentKind, DocumentStatus, Scope
from beffroi.domain.facts import BodyKind, Facts, PersonStatus
from beffroi.domain.ids import AuthorityId, BodyId, DocumentId, PersonId
from beffroi.ledger.ledger import Ledger
from beffroi.registry.changes import LedgerRegister
from beffroi.registry.papers_out import to_csv, to_yaml
from beffroi.registry.store import Registry

SUPERVISOR, DPO, MAYOR = PersonId("p-supervisor"), PersonId("p-dpo"), PersonId("p-mayor-99001")
TOWN, POOL = BodyId("99001"), BodyId("200099999")
COMMITMENT, ELECTION = DocumentId("cnil_commitment/bn"), DocumentId("election/bn")


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("documents") / "data"
    authorities = [AuthorityId("maire/99001")]
    prepare_folder(data, host="127.0.0.1", authorities=authorities, passphrase="x" * 12, cheap_keyrings=True)
    found_centre(data, [parse_commune("99001:Bourg-Neuf")], parse_epci("200099999:Agglo"))
    return data


def registry_of(data: Path) -> Iterator[Registry]:
    """The registry, open as a running centre has it."""
    folder, clock = data / "centre", SystemClock()
    engine = open_engine(f"sqlite:///{folder / 'beffroi.sqlite'}")
    ledger = Ledger.open(folder / "ledger", clock, read_signing_key(folder / "secrets" / "register.key"))
    try:
        yield Registry(engine, clock, register=LedgerRegister(ledger))
    finally:
        ledger.close()
        engine.dispose()


def facts_of(data: Path) -> Facts:
    engine = open_engine(f"sqlite:///{data / 'centre' / 'beffroi.sqlite'}")
    try:
        return Registry(engine, SystemClock(), register=None).facts()
    finally:
        engine.dispose()


def legal_day() -> date:
    """Today in France: between 22:00 and midnight UTC it is tomorrow already."""
    return now(SystemClock()).astimezone(ZoneInfo("Europe/Paris")).date()


def papers() -> list[Document]:
    """An election and a commitment that ends in twenty days."""
    today = legal_day()
    election = complete(DocumentKind.ELECTION, id=ELECTION, valid_until=None)
    commitment = complete(DocumentKind.CNIL_COMMITMENT, id=COMMITMENT, valid_until=today + timedelta(days=20))
    return [
        replace(election, scope=Scope(bodies=frozenset({TOWN}), persons=frozenset({MAYOR}))),
        replace(commitment, scope=Scope(bodies=frozenset({TOWN}))),
    ]


def bring_in(data: Path, file: Path, *more: str) -> tuple[int, str]:
    done = run("documents", "import", str(file), "--data", str(data), "--by", SUPERVISOR, *more)
    return done.code, done.output


def test_documents_come_in_are_confirmed_end_and_go_out_again(founded: Path, tmp_path: Path) -> None:
    file, begun = tmp_path / "pièces.csv", legal_day()
    file.write_bytes(to_csv(papers()))
    code, output = bring_in(founded, file, "--dry-run")
    assert code == 0, output
    assert "rien n'a été saisi" in output
    assert facts_of(founded).documents == ()
    code, output = bring_in(founded, file)
    assert code == 0, output
    assert "2 pièce(s) saisie(s)" in output
    assert {one.status for one in facts_of(founded).documents} == {DocumentStatus.PROPOSED}
    for registry in registry_of(founded):
        registry.confirm(ELECTION, by=DPO)
        registry.confirm(COMMITMENT, by=MAYOR)
        beside, output = bring_in(founded, file)  # while the centre holds the register
        assert beside == 0, output
        assert "déjà là" in output
        assert "0 pièce(s) saisie(s)" in output

    listed = run("documents", "list", "--data", str(founded))
    assert "confirmée" in listed.output
    assert "D10" in listed.output
    assert COMMITMENT not in run("documents", "list", "--data", str(founded), "--commune", "99002").output
    due = run("documents", "deadlines", "--data", str(founded), "--commune", "99001")
    assert "20 j" in due.output or legal_day() > begun, "or midnight came"
    assert COMMITMENT in due.output
    assert "premier enregistrement" in due.output

    out = tmp_path / "out.yaml"
    assert run("documents", "export", "--data", str(founded), "--output", str(out)).code == 0
    again, output = bring_in(founded, out)
    assert again == 0, output
    assert "0 pièce(s) saisie(s)" in output
    refused = run("documents", "export", "--data", str(founded), "--output", str(out))
    assert refused.code == 1
    assert "existe déjà" in refused.output


def test_a_wrong_line_is_told_with_its_number_and_nothing_enters(founded: Path, tmp_path: Path) -> None:
    before = facts_of(founded).revision
    good = papers()[1]
    wrong = replace(good, id=DocumentId("cnil_commitment/other"), fields={**good.fields, "receipt": ""})
    file = tmp_path / "pièces.yaml"
    file.write_bytes(to_yaml([replace(good, number="autre"), wrong]))
    for more in ((), ("--dry-run",)):
        code, output = bring_in(founded, file, *more)
        assert code == 1
        assert "cnil_commitment/other" in output
        assert "receipt" in output
        assert "aucune pièce n'a été saisie" in output
        assert "Traceback" not in output
    assert facts_of(founded).revision == before


@pytest.mark.parametrize("name", ["none.csv", "folder.csv", "sheet.xlsx"])
def test_a_file_that_cannot_be_read_is_a_sentence(founded: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "sheet.xlsx").write_bytes(b"PK\x03\x04")
    code, output = bring_in(founded, tmp_path / name)
    assert code == 1
    assert "Traceback" not in output


def test_a_file_is_attached_to_a_document(founded: Path, tmp_path: Path) -> None:
    file = tmp_path / "récépissé.pdf"
    file.write_bytes(b"%PDF-1.7\n")
    arguments = ("--data", str(founded), "--by", SUPERVISOR)
    for registry in registry_of(founded):
        if not registry.facts().versions(COMMITMENT):
            registry.propose_all(papers(), by=SUPERVISOR)
    done = run("documents", "attach", COMMITMENT, str(file), *arguments)
    assert done.code == 0, done.output
    for registry in registry_of(founded):
        (held,) = registry.attachments(COMMITMENT)
        assert (held.name, held.file.media_type) == ("récépissé.pdf", "application/pdf")
    unknown = run("documents", "attach", "mask/none", str(file), *arguments)
    assert unknown.code == 1


def test_persons_and_bodies_are_added_after_the_centre_was_prepared(founded: Path) -> None:
    folder = ("--data", str(founded))
    added = run(
        "body", "add", *folder, "--id", "99003", "--kind", "commune", "--name", "Orville", "--departement", "99"
    )
    assert added.code == 0, added.output
    assert run("body", "members", *folder, "--id", POOL, "--member", "99001", "--member", "99003").code == 0
    person = ("--id", "p-mayor-99003", "--status", "mayor", "--employer", "99003", "--commune", "99003")
    made = run("person", "add", *folder, *person, "--label", "Maire d'Orville", "--label-en", "Mayor of Orville")
    assert made.code == 0, made.output
    facts = facts_of(founded)
    assert facts.bodies[BodyId("99003")].kind is BodyKind.COMMUNE
    assert facts.bodies[POOL].members == {"99001", "99003"}
    mayor = facts.persons[PersonId("p-mayor-99003")]
    assert (mayor.status, mayor.commune, mayor.label.en) == (PersonStatus.MAYOR, "99003", "Mayor of Orville")
    assert "p-mayor-99003" in run("person", "list", *folder).output
    assert "Orville" in run("body", "list", *folder).output
    for registry in registry_of(founded):
        kinds = [change.kind.value for change in registry.changes(limit=1000) if change.ledger_index is not None]
        assert kinds[-3:] == ["body_added", "members_set", "person_added"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("person", "add", "--id", "p-dpo", "--status", "dpo", "--employer", "99001", "--label", "x"),
        ("person", "add", "--id", "p-x", "--status", "dpo", "--employer", "nobody", "--label", "x"),
        ("person", "add", "--id", "../x", "--status", "dpo", "--employer", "99001", "--label", "x"),
        ("person", "add", "--id", "p-x", "--status", "dpo", "--employer", "99001", "--label", " "),
        ("person", "add", "--id", "p-x", "--status", "dpo", "--employer", "99001", "--label", "x", "--by", "nobody"),
        ("body", "add", "--id", "99001", "--kind", "commune", "--name", "x"),
        ("body", "add", "--id", "a b", "--kind", "commune", "--name", "x"),
        ("body", "add", "--id", "99009", "--kind", "epci", "--name", "x", "--member", "nowhere"),
        ("body", "members", "--id", "99009"),
    ],
)
def test_a_wrong_person_or_body_is_a_sentence_and_nothing_happens(founded: Path, arguments: tuple[str, ...]) -> None:
    before = facts_of(founded).revision
    done = run(*arguments, "--data", str(founded))
    assert done.code == 1
    assert "Traceback" not in done.output
    assert facts_of(founded).revision == before
