"""Documents and facts: dates, versions, mandatory fields, terms, files written by hand, lists."""

import json
import string
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.worlds import NOW, mask, suspended, world

from beffroi.cli.law import app
from beffroi.domain.acts import Act
from beffroi.domain.documents import Document, DocumentKind, DocumentStatus, Scope
from beffroi.domain.errors import BadInputError
from beffroi.domain.facts import Facts, plain
from beffroi.domain.ids import BodyId, CameraId, DocumentId, PersonId
from beffroi.law.documents import mandatory_fields, type_name, validate
from beffroi.law.engine import LawEngine
from beffroi.law.facts_file import facts_of, load_facts
from beffroi.law.packs.fr.term import term_end
from beffroi.law.visible import register_scope, visible

ENGINE = LawEngine.load()
ORDER = world().versions(DocumentId("prefect_order/X"))[0]


def test_the_last_valid_day_is_inclusive_in_legal_time() -> None:
    summer = replace(ORDER, valid_from=date(2026, 6, 1), valid_until=date(2026, 6, 30))
    assert summer.begins == datetime(2026, 5, 31, 22, 0, tzinfo=UTC)
    assert summer.ends == datetime(2026, 6, 30, 22, 0, tzinfo=UTC)
    assert summer.holds(summer.ends - timedelta(microseconds=1))
    assert not summer.holds(summer.ends)
    assert summer.holds(summer.begins)
    assert not summer.holds(summer.begins - timedelta(microseconds=1))
    overseas = replace(summer, time_zone="Indian/Reunion")
    assert overseas.begins == datetime(2026, 5, 31, 20, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": DocumentId("agreement/X")},
        {"id": DocumentId("prefect_order/")},
        {"confirmed_by": None},
        {"valid_from": datetime(2026, 1, 1)},  # noqa: DTZ001  the point of the test
        {"valid_until": datetime(2026, 1, 1)},  # noqa: DTZ001
    ],
)
def test_documents_that_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadInputError):
        replace(ORDER, **wrong)


def test_the_fixture_documents_are_valid() -> None:
    for document in world().documents:
        assert validate(document) == [], document.id


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("retention_days", 32),
        ("retention_days", 45),
        ("retention_days", 0),
        ("retention_days", True),
        ("retention_days", "30"),
        ("purposes", ["F12"]),
        ("purposes", []),
        ("purposes", "F1"),
        ("viewers", ["everybody"]),
        ("acts", ["configure"]),
        ("acts", []),
        ("published_on", "2023-13-01"),
        ("controller", "  "),
    ],
)
def test_an_order_that_asks_too_much(field: str, value: Any) -> None:
    wrong = validate(replace(ORDER, fields={**ORDER.fields, field: value}))
    assert [field in one.fr and field in one.en for one in wrong] == [True]


def test_an_order_lasts_five_years_at_most() -> None:
    five = replace(ORDER, valid_from=date(2026, 3, 30), valid_until=date(2031, 3, 29))
    assert validate(five) == []  # the two midnights are not in the same offset
    assert validate(replace(five, valid_until=date(2031, 3, 30)))
    assert validate(replace(ORDER, valid_until=None))
    assert validate(replace(ORDER, valid_until=date(2020, 1, 1)))
    leap = replace(ORDER, valid_from=date(2024, 2, 29), valid_until=date(2029, 2, 28))
    assert validate(leap) == []


@pytest.mark.parametrize("kind", list(DocumentKind))
def test_every_mandatory_field_is_asked_for(kind: DocumentKind) -> None:
    empty = Document(
        id=DocumentId(f"{kind.value}/x"),
        kind=kind,
        number=" ",
        signed_on=date(2024, 1, 1),
        signatory="",
        valid_from=date(2024, 1, 1),
        valid_until=date(2024, 12, 31),
        file_sha256="not a digest",
    )
    wrong = " ".join(one.fr for one in validate(empty))
    assert all(f"« {field} »" in wrong for field in mandatory_fields(kind))
    assert "numéro" in wrong
    assert "signataire" in wrong
    assert "SHA-256" in wrong
    assert type_name(kind).fr in wrong


@settings(max_examples=80, deadline=None)
@given(
    fields=st.dictionaries(
        st.sampled_from(sorted(ORDER.fields)),
        st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists, max_leaves=4),
    )
)
def test_hostile_fields_are_answered_with_sentences_and_never_open(fields: dict[str, Any]) -> None:
    strange = replace(ORDER, fields=fields)
    assert all(one.fr and one.en for one in validate(strange))
    decision = ENGINE.decide(world().with_documents(strange), _live())
    assert not decision.allowed or "F5" in list(fields["purposes"])


def _live() -> Any:
    from tests.support.worlds import ask

    return ask("agentE", "cx")


@pytest.mark.parametrize(
    ("first", "days", "ends"),
    [
        ("2026-03-02T09:40:00+01:00", 15, "2026-03-17T09:00:00+01:00"),
        ("2026-01-31T09:00:00+01:00", 31, "2026-02-28T09:00:00+01:00"),
        ("2026-01-31T09:00:00+01:00", 20, "2026-02-20T09:00:00+01:00"),
        ("2026-12-15T12:10:00+01:00", 31, "2027-01-15T12:00:00+01:00"),
        ("2026-03-15T10:00:00+01:00", 30, "2026-04-14T10:00:00+02:00"),  # wall time is kept across the change
        ("2026-03-14T02:30:00+01:00", 15, "2026-03-29T01:00:00+01:00"),  # 02:00 does not exist: the earlier reading
        ("2026-10-10T02:30:00+02:00", 15, "2026-10-25T02:00:00+02:00"),  # 02:00 exists twice: the earlier one
        ("2024-01-30T00:00:00+01:00", 31, "2024-02-29T00:00:00+01:00"),
    ],
)
def test_terms(first: str, days: int, ends: str) -> None:
    assert term_end(datetime.fromisoformat(first), days, "Europe/Paris") == datetime.fromisoformat(ends)


@given(
    first=st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  bounds
    days=st.integers(0, 40),
)
def test_a_term_never_exceeds_one_month_nor_its_days(first: datetime, days: int) -> None:
    ends = term_end(first, days, "Europe/Paris")
    assert ends - first <= timedelta(days=min(days, 31), hours=1)
    assert ends <= term_end(first, days + 1, "Europe/Paris")


def test_versions_in_charge() -> None:
    facts, name = world(), ORDER.id
    second = replace(ORDER, version=2, valid_from=date(2026, 4, 1))
    both = facts.with_documents(second)
    april = datetime(2026, 4, 2, tzinfo=UTC)
    assert _version(both, name, NOW) == 1
    assert _version(both, name, april) == 2
    gone = both.with_documents(replace(second, status=DocumentStatus.WITHDRAWN))
    assert _version(gone, name, april) == 2
    refused = both.with_documents(replace(second, status=DocumentStatus.WITHDRAWN, confirmed_by=None))
    assert _version(refused, name, april) == 1
    assert facts.in_charge(DocumentId("prefect_order/none"), NOW) is None
    assert len(both.versions(name)) == 2
    assert both.revision == facts.revision + 1


def _version(facts: Facts, name: DocumentId, at: datetime) -> int:
    found = facts.in_charge(name, at)
    assert found is not None
    return found.version


def test_the_digest_follows_the_content_alone() -> None:
    facts = world()
    assert facts.digest() == replace(facts, revision=99).digest() == world().digest()
    assert suspended(facts, "mask/cx").digest() != facts.digest()
    assert facts.without_document(DocumentId("mask/cx")).digest() != facts.digest()
    with pytest.raises(ValueError, match="share an id"):
        Facts.of(documents=[ORDER, ORDER])


def _written(facts: Facts) -> dict[str, Any]:
    return {
        "persons": [plain(one) for one in facts.persons.values()],
        "bodies": [plain(one) for one in facts.bodies.values()],
        "cameras": [plain(one) for one in facts.cameras.values()],
        "documents": [plain(one) for one in facts.documents],
    }


def test_facts_written_by_hand_read_back(tmp_path: Path) -> None:
    facts = suspended(world(), "mask/cx", NOW)
    for name, text in (
        ("facts.yaml", yaml.safe_dump(_written(facts), allow_unicode=True)),
        ("facts.json", json.dumps(_written(facts))),
    ):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        assert load_facts(path).digest() == facts.digest()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "a: b: c",
        "persons: 3",
        "persons: [{id: x}]",
        "persons: [{id: x, status: king, employer: E}]",
        "cameras: [{id: '../x', commune: X, origin: v, system: s}]",
        "cameras: [{id: cx, commune: '', origin: v, system: s}]",
        "documents: [{id: mask/cx, valid_from: soon}]",
        "documents: [{id: mask/cx, valid_from: 2024-01-01, scope: all}]",
        "documents: [{id: mask/cx, valid_from: 2024-01-01, status: confirmed}]",
        "documents: [{id: mask/cx, valid_from: 2024-01-01, scope: {cameras: cx}}]",
        "documents: [{id: law/cx, valid_from: 2024-01-01}]",
        "!!python/object/apply:os.system ['true']",
        "a: &a [*a]",
    ],
)
def test_hostile_facts_files(tmp_path: Path, text: str) -> None:
    path = tmp_path / "facts.yaml"
    path.write_text(text, encoding="utf-8")
    if text == "a: &a [*a]":
        assert load_facts(path).digest() == Facts().digest()  # nothing of it is read
        return
    with pytest.raises(BadInputError):
        load_facts(path)


@settings(max_examples=100, deadline=None)
@given(raw=st.recursive(st.none() | st.text(string.printable, max_size=4) | st.integers(), st.lists, max_leaves=5))
def test_any_rubbish_is_a_sentence(raw: Any) -> None:
    for key in ("persons", "bodies", "cameras", "documents"):
        with suppress(BadInputError):
            assert isinstance(facts_of({key: raw}), Facts)


def test_binary_and_missing_files(tmp_path: Path) -> None:
    path = tmp_path / "facts.yaml"
    with pytest.raises(BadInputError):
        load_facts(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInputError):
        load_facts(path)


def test_lists() -> None:
    facts = world()
    listed = {one.camera.id: one.acts for one in visible(ENGINE, facts, PersonId("agentE"), NOW)}
    every = {Act.LIVE, Act.REPLAY, Act.PTZ}
    assert listed == {"cd": every, "cx": every, "cy": every}
    dark = facts.without_document(DocumentId("mask/cx"))
    assert {one.camera.id: one.acts for one in visible(ENGINE, dark, PersonId("agentE"), NOW)}[CameraId("cx")] == {
        Act.REPLAY
    }
    order = replace(ORDER, fields={**ORDER.fields, "purposes": ["F11"]})
    dumping = visible(ENGINE, facts.with_documents(order), PersonId("agentE"), NOW)
    assert next(one.acts for one in dumping if one.camera.id == "cx") == every
    assert visible(ENGINE, facts, PersonId("private"), NOW) == []
    assert [one.acts for one in visible(ENGINE, facts, PersonId("technician"), NOW)] == [frozenset()] * 4
    assert visible(ENGINE, facts, PersonId("agentE"), NOW, strong_auth=False)[0].acts == frozenset()


def test_registers() -> None:
    facts = world()
    assert register_scope(ENGINE, facts, PersonId("dpo"), NOW).whole
    assert register_scope(ENGINE, facts, PersonId("inspector"), NOW).whole
    mayor = register_scope(ENGINE, facts, PersonId("mayorX"), NOW)
    assert (mayor.whole, mayor.communes) == (False, frozenset({BodyId("X")}))
    agent = register_scope(ENGINE, facts, PersonId("agentE"), NOW)
    assert (agent.whole, agent.communes) == (False, frozenset())


def test_an_empty_scope_names_nothing() -> None:
    facts = world().with_documents(replace(mask("cx"), scope=Scope()))
    assert not ENGINE.decide(facts, _live()).allowed


@pytest.mark.parametrize(("person", "code", "words"), [("agentE", 0, "autorité"), ("technician", 3, "mire")])
def test_ask_on_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str], person: str, code: int, words: str) -> None:
    path = tmp_path / "facts.yaml"
    path.write_text(yaml.safe_dump(_written(world())), encoding="utf-8")
    call = ["ask", str(path), "--person", person, "--camera", "cx", "--purpose", "F5", "--at", NOW.isoformat()]
    with pytest.raises(SystemExit) as ended_with:
        app(args=call)
    assert ended_with.value.code == code
    assert words in capsys.readouterr().out
    with pytest.raises(SystemExit):
        app(args=[*call, "--json"])
    assert json.loads(capsys.readouterr().out)["person"] == person


def test_ask_refuses_an_instant_without_a_zone(tmp_path: Path) -> None:
    with pytest.raises(BadInputError):
        app(args=["ask", str(tmp_path), "--person", "a", "--camera", "c", "--at", "2026-03-02"])


def test_rules_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        app(args=["rules", "--json"])
    printed = json.loads(capsys.readouterr().out)
    assert printed["rule_set_hash"] == ENGINE.pack.hash
    assert {one["id"] for one in printed["rules"]} == set(ENGINE.pack.rules)
