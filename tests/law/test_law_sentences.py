"""What people read: sentences, articles and cures, in both languages; and the words of the pack."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from tests.law.cases import requests, variations
from tests.support.worlds import NOW, E, X, ask, ended, persons, proposed, suspended, world

from beffroi.domain.acts import Act, Purpose, Verdict
from beffroi.domain.facts import Facts
from beffroi.domain.ids import BodyId, CameraId, DocumentId
from beffroi.domain.text import Text
from beffroi.law.engine import LawEngine
from beffroi.law.sentences import day_text

ENGINE = LawEngine.load()


def test_an_ended_agreement() -> None:
    decision = ENGINE.decide(ended(world(), "agreement/E-X", date(2026, 3, 1)), ask("agentE", "cx"))
    assert decision.sentence == Text(
        fr="Vous ne pouvez pas voir cette caméra : la convention entre Val-Commun Agglo et Bourg-Neuf a pris fin le "
        "1er mars 2026.",
        en="You cannot view this camera: the agreement between Val-Commun Agglo and Bourg-Neuf ended on 1 March 2026.",
    )
    assert decision.verdict is Verdict.DENY
    assert decision.articles[0] == "CSI L.132-14 IV"
    assert decision.ground == "row-13"
    assert decision.cure is not None
    assert decision.cure.kind == "agreement"
    assert decision.cure.issuer.fr == "Val-Commun Agglo et Bourg-Neuf"
    assert [one.id for one in decision.conditions if not one.met] == ["agreement"]
    # the other member is not touched
    assert ENGINE.decide(ended(world(), "agreement/E-X", date(2026, 3, 1)), ask("agentE", "cy")).allowed


def _awaiting(facts: Facts) -> Facts:
    order = facts.versions(DocumentId("agreement/E-X"))[0]
    return proposed(facts.with_documents(replace(order, awaiting=X)), order.id)


@pytest.mark.parametrize(
    ("facts", "end"),
    [
        (world().without_document(DocumentId("agreement/E-X")), "Bourg-Neuf n'est pas enregistrée."),
        (_awaiting(world()), "n'a pas encore été confirmée par Bourg-Neuf."),
        (proposed(world(), "agreement/E-X"), "confirmée par la personne désignée par la commune."),
        (
            suspended(world(), "accreditation/agentE", NOW),
            "est suspendu depuis le 2 mars 2026 à 10 h 00.",
        ),
        (suspended(world(), "accreditation/agentE"), "votre agrément est suspendu."),
        (
            world().without_document(DocumentId("mask/cx")),
            "de cette caméra n'est pas enregistré.",
        ),
    ],
)
def test_states_of_papers(facts: Facts, end: str) -> None:
    assert ENGINE.decide(facts, ask("agentE", "cx")).sentence.fr.endswith(end)


def test_a_proposal_is_cured_by_its_confirmation() -> None:
    cure = ENGINE.decide(_awaiting(world()), ask("agentE", "cx")).cure
    assert cure is not None
    assert cure.text.fr == "la confirmation de cette pièce par Bourg-Neuf"
    assert cure.issuer.fr == "Bourg-Neuf"


def test_a_paper_that_begins_later() -> None:
    facts = world()
    paper = facts.versions(DocumentId("state_agreement/E"))[0]
    later = facts.with_documents(replace(paper, valid_from=date(2026, 4, 1)))
    assert ENGINE.decide(later, ask("agentE", "cx")).sentence.fr.endswith("ne prend effet que le 1er avril 2026.")


@pytest.mark.parametrize(
    ("act", "purpose", "end"),
    [
        (Act.EXTRACT, Purpose.F5, "aucune réquisition ni demande en vigueur ne couvre cette caméra"),
        (Act.RELAY, Purpose.F5, "votre désignation par le maire de Bourg-Neuf n'ouvre pas cet acte."),
        (Act.LIVE, Purpose.F4, "la constatation des infractions routières est réservée à la police."),
        (Act.LIVE, Purpose.F11, "ce motif ne correspond à aucune finalité de l'arrêté préfectoral."),
        (Act.LIVE, None, "aucun motif n'est donné ; choisissez-en un."),
    ],
)
def test_requests_that_lack_something(act: Act, purpose: Purpose | None, end: str) -> None:
    assert end in ENGINE.decide(world(), ask("agentE", "cx", act, purpose=purpose)).sentence.fr


def test_a_viewer_is_told_of_the_title_only_where_the_row_is_open() -> None:
    closed = ended(world(), "agreement/E-X", date(2026, 2, 1))
    assert "convention" in ENGINE.decide(closed, ask("agentE", "cx", Act.EXTRACT)).sentence.fr
    assert "mire" in ENGINE.decide(world(), ask("technician", "cx", Act.EXTRACT)).sentence.fr


@pytest.mark.parametrize(
    ("person", "ground", "article"),
    [
        ("mayorY", "row-02", "CSI R.253-3 II 2°"),
        ("electedX", "row-05", "CSI R.253-3"),
        ("dgsX", "row-05", "CSI R.253-3"),
        ("dpo", "row-05", "CSI R.253-3"),
        ("asvpY", "row-12", "CSI L.132-14, L.132-14-1"),
        ("carrier", "row-20", "CSI L.132-14 I"),
        ("presidentE", "row-21", "CSI R.253-3"),
        ("gendarme", "row-26", "CSI R.253-3"),
        ("private", "row-30", "CSI R.253-3 II, L.613-13"),
        ("presidentD", "row-22", "CSI R.253-3 II 4°"),
        ("agentD", "row-24", "CSI R.253-3 II 4°"),
        ("technician", "row-39", "CSI R.253-3"),
        ("press", "row-42", "CSI R.253-3"),
    ],
)
def test_rows_that_refuse(person: str, ground: str, article: str) -> None:
    for act in (Act.LIVE, Act.REPLAY, Act.PTZ, Act.EXTRACT, Act.RELAY):
        decision = ENGINE.decide(world(), ask(person, "cx", act))
        assert (decision.verdict, decision.ground, decision.articles) == (Verdict.DENY, ground, (article,))


def test_row_14_a_commune_that_is_no_member() -> None:
    decision = ENGINE.decide(world(), ask("agentE", "cz"))
    assert (decision.ground, decision.articles) == ("row-14", ("CSI L.132-14 I",))
    assert not decision.disclosable
    assert decision.authority is None


@pytest.mark.parametrize(
    ("person", "camera", "ground"),
    [("mayorX", "cx", "row-01"), ("pmX", "cx", "row-06"), ("agentE", "cx", "row-13"), ("agentE", "cd", "row-15")],
)
def test_rows_that_permit(person: str, camera: str, ground: str) -> None:
    decision = ENGINE.decide(world(), ask(person, camera))
    assert (decision.verdict, decision.ground, decision.authority) == (Verdict.ALLOW, ground, "maire/X")
    assert all(one.met for one in decision.conditions)
    assert decision.cure is None
    assert "prefect_order/X" in decision.documents
    assert f"mask/{camera}" in decision.documents
    assert decision.sentence.fr == "Vous voyez cette caméra sous l'autorité du maire de Bourg-Neuf."


def test_documents_relied_upon_are_those_that_the_act_needs() -> None:
    live, replay = (ENGINE.decide(world(), ask("agentE", "cx", act)) for act in (Act.LIVE, Act.REPLAY))
    assert "designation/agentE-X" in set(replay.documents) - set(live.documents)
    assert "mask/cx" in set(live.documents) - set(replay.documents)


def test_registers_and_settings() -> None:
    facts = world()
    readers = {one.id for one in persons() if ENGINE.decide(facts, ask(one.id, "cx", Act.READ_REGISTER)).allowed}
    settings = {one.id for one in persons() if ENGINE.decide(facts, ask(one.id, "cx", Act.CONFIGURE)).allowed}
    assert readers == {"dpo", "inspector", "mayorX"}
    assert settings == {"technician"}


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Le Plessis", "du maire du Plessis"),
        ("Orville", "du maire d'Orville"),
        ("Les Ulis", "du maire des Ulis"),
        ("Évry", "du maire d'Évry"),
        ("Bourg-Neuf", "du maire de Bourg-Neuf"),
    ],
)
def test_french_elisions(name: str, words: str) -> None:
    facts = world()
    commune = replace(facts.bodies[X], name=name)
    renamed = replace(facts, bodies={**facts.bodies, X: commune})
    assert words in ENGINE.decide(renamed, ask("agentE", "cx")).sentence.fr


def test_days_as_people_write_them() -> None:
    assert day_text(date(2026, 3, 1), "Europe/Paris") == Text(fr="1er mars 2026", en="1 March 2026")
    midnight = datetime(2026, 2, 28, 23, 0, tzinfo=UTC)
    assert day_text(midnight, "Europe/Paris").fr == "1er mars 2026"
    assert day_text(midnight + timedelta(minutes=90), "Europe/Paris").fr == "1er mars 2026 à 01 h 30"


def test_every_sentence_is_whole() -> None:
    """No hole, no doubled space, one full stop, in both languages, in every variation."""
    for _, facts in list(variations())[::9]:
        for request in requests():
            decision = ENGINE.decide(facts, request)
            texts = [decision.sentence, *(one.text for one in decision.conditions)]
            texts += [decision.cure.text, decision.cure.issuer] if decision.cure else []
            for text in texts:
                for words in (text.fr, text.en):
                    assert not re.search(r"[{}]|  |None|\.\.", words), words
            assert decision.sentence.fr.endswith(".")
            assert decision.articles


def test_a_name_with_braces_is_a_name() -> None:
    facts = world()
    odd = replace(facts, bodies={**facts.bodies, E: replace(facts.bodies[E], name="{commune} {0}")})
    decision = ENGINE.decide(odd.without_document(DocumentId("agreement/E-X")), ask("agentE", "cx"))
    assert "{commune} {0}" in decision.sentence.fr


def test_rules_are_dated_cited_and_used() -> None:
    pack = ENGINE.pack
    cited = {rule.id for one in pack.conditions.values() for rule in one.rules}
    cited |= {rule for row in pack.rows for rule in row.rules}
    cited |= {one.rule.id for one in pack.refusals.all()}
    cited |= {ENGINE.policies.source[name]["annotations"]["rule"] for name in ENGINE.policies.limits}
    assert cited == set(pack.rules)
    names = [name for rule in pack.rules.values() for name in (rule.id, *rule.aliases)]
    assert len(names) == len(set(names))


def test_before_the_rules_were_law() -> None:
    before = datetime(2023, 5, 20, 21, 59, 59, tzinfo=UTC)
    assert not ENGINE.decide(world(), ask("dpo", "cx", Act.READ_REGISTER, at=before)).allowed
    assert ENGINE.decide(world(), ask("dpo", "cx", Act.READ_REGISTER, at=before + timedelta(seconds=1))).allowed


def test_unknown_person() -> None:
    decision = ENGINE.decide(world(), ask("nobody", "cx"))
    assert not decision.allowed
    assert not decision.disclosable
    assert BodyId("X") not in str(decision.sentence)


def test_a_card_tells_only_what_has_an_object_for_the_act() -> None:
    """No title for a live view, no recipient for a replay; what narrows nothing is told only when it stops."""
    engine, facts = ENGINE, world()
    live, replay = (engine.decide(facts, ask("agentE", "cx", act)) for act in (Act.LIVE, Act.REPLAY))
    assert live.allowed
    assert replay.allowed
    told = {one.id for one in live.conditions}
    assert told.isdisjoint({"footage-term", "extract-title", "extract-second", "relay-recipient", "order-hours"})
    assert {"mask", "accreditation", "order"} <= told
    assert "CPP-REQ" not in live.rules
    assert {"footage-term", "designation-beyond-live"} <= {one.id for one in replay.conditions}
    assert "mask" not in {one.id for one in replay.conditions}
    order = facts.versions(DocumentId("prefect_order/X"))[0]
    narrowed = facts.with_documents(replace(order, fields={**order.fields, "hours": "22:00-06:00"}))
    refused = engine.decide(narrowed, ask("agentE", "cx"))
    assert [one.id for one in refused.conditions if not one.met] == ["order-hours"]


def test_an_ended_order_that_names_the_camera_is_told_as_ended_beside_another_in_force() -> None:
    engine, facts = ENGINE, ended(world(), "prefect_order/X", date(2026, 2, 1))
    order = facts.versions(DocumentId("prefect_order/X"))[0]
    scope = replace(order.scope, cameras=frozenset({CameraId("another")}))
    other = replace(order, id=DocumentId("prefect_order/X2"), scope=scope, valid_until=date(2027, 12, 31))
    refused = engine.decide(facts.with_documents(other), ask("agentE", "cx"))
    assert not refused.allowed
    assert "a pris fin le 1er février 2026" in refused.sentence.fr
