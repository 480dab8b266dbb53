"""A thousand recorded decisions, asked again after the rules changed: the recorded answers, by the rules of the day."""

import asyncio
import contextlib
import random
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support import worlds
from tests.support.centre_db import sqlite_centre
from tests.support.register import KEY, ORIGIN, open_ledger
from tests.support.town import AGENT, DPO, MAYOR_X, manual_clock, reopened

from beffroi.domain.acts import Act, Purpose, Verdict
from beffroi.domain.clock import ManualClock
from beffroi.domain.decision import ActRequest
from beffroi.domain.errors import BrokenError
from beffroi.domain.ids import ConnectionId, DocumentId, PersonId
from beffroi.gate.answers import GateRefusedError
from beffroi.gate.gate import Gate
from beffroi.law import archive
from beffroi.law.engine import LawEngine
from beffroi.law.pack import hash_of
from beffroi.ledger.entry import Record
from beffroi.ledger.ledger import Ledger
from beffroi.ledger.note import Verifier
from beffroi.ledger.payloads import Payloads
from beffroi.ledger.reading import records
from beffroi.registry.decider import RegistryDecider
from beffroi.registry.recorded import Outcome, Replayer
from beffroi.registry.store import Registry

DECISIONS = 1000
PEOPLE = (*("agentE", "pmX", "mayorX") * 3, "mayorY", "electedX", "technician", "dpo", "press", "asvpX")
CAMERAS = ("cx", "cx", "cx", "cy", "cz", "cd")
ACTS = (Act.LIVE, Act.LIVE, Act.REPLAY, Act.EXTRACT, Act.PTZ, Act.RELAY)


@dataclass
class Past:
    """A register full of decisions, and what is needed to ask them again."""

    folder: Path
    registry: Registry
    names: dict[str | None, PersonId]
    payloads: Payloads
    old: str
    new: str

    def records(self) -> list[Record]:
        return [one for one in records(self.folder / "ledger", Verifier(ORIGIN, KEY.public_key())) if one.decision]

    def replayer(self, *, rules: str | None = None) -> Replayer:
        """``rules``: by these rules whatever the entry says."""
        return Replayer(
            self.registry.facts_at,
            lambda name: archive.engine_of(self.folder / "rules", rules or name),
            self.names.get,
            lambda record: self.payloads.read(record.commitment),
        )


def other_rules(folder: Path) -> str:
    """The archive of a later law: officers no longer need the mayor's designation, agents may find traffic offences."""
    copy = folder / "next"
    shutil.copytree(folder / archive.keep(folder), copy)
    table = copy / "rows.yaml"
    text = table.read_text(encoding="utf-8")
    changed = text.replace("POLICE, designation, order-viewer", "POLICE, order-viewer")
    changed = changed.replace("designation-beyond-live, purpose-of-status", "designation-beyond-live")
    assert changed != text
    table.write_text(changed, encoding="utf-8")
    name = hash_of(copy)
    copy.rename(folder / name)
    return name


async def fill(ledger: Ledger, registry: Registry, clock: ManualClock, engines: list[LawEngine], seed: int) -> None:
    draw = random.Random(seed)  # noqa: S311  drawing test questions
    for engine in engines:
        gate = Gate(RegistryDecider(engine, registry), ledger, KEY, clock)
        for number in range(DECISIONS // len(engines)):
            if number == 200:
                registry.suspend(DocumentId("accreditation/agentE"), by=DPO, reason="urgence")
            if number == 300:
                renew(registry)
            asked = question(draw, clock)
            with contextlib.suppress(GateRefusedError):
                await gate.open(asked, ConnectionId("c"), {"reason": "essai"})
            clock.advance(1.0)


def renew(registry: Registry) -> None:
    facts = registry.facts()
    registry.propose(facts.versions(DocumentId("accreditation/agentE"))[-1], by=AGENT)
    registry.confirm(DocumentId("accreditation/agentE"), by=MAYOR_X)


def question(draw: random.Random, clock: ManualClock) -> ActRequest:
    asked = worlds.ask(
        draw.choice(PEOPLE),
        draw.choice(CAMERAS),
        draw.choice(ACTS),
        purpose=draw.choice([Purpose.F5, Purpose.F5, Purpose.F4, Purpose.F11, None]),
        strong_auth=draw.random() < 0.9,
    )
    others = frozenset({PersonId("pmX")}) if draw.random() < 0.1 else frozenset[PersonId]()
    second = PersonId("pmX") if draw.random() < 0.5 else None
    return ActRequest(
        asked.person,
        asked.act,
        asked.camera,
        asked.purpose,
        asked.at,
        asked.footage,
        asked.strong_auth,
        recipient="gendarmerie" if asked.act is Act.RELAY else None,
        second=second,
        post=draw.choice([None, "poste-1"]),
        present=others,
    )


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory, town_file: Path) -> Iterator[Past]:
    folder = tmp_path_factory.mktemp("recorded")
    shutil.copy(town_file, folder / "beffroi.sqlite")
    clock = manual_clock()
    old = archive.keep(folder / "rules")
    new = other_rules(folder / "rules")
    with sqlite_centre(folder) as engine:
        registry, _ = reopened(engine, clock)
        ledger = open_ledger(folder, clock=clock)
        later = archive.engine_of(folder / "rules", new)
        assert later is not None
        asyncio.run(fill(ledger, registry, clock, [LawEngine.load(), later], seed=7))
        ledger.close()
        payloads = Payloads(folder / "payloads.sqlite", read_only=True)
        names: dict[str | None, PersonId] = {payloads.pseudonym(one): one for one in registry.facts().persons}
        yield Past(folder, registry, names, payloads, old, new)
        payloads.close()


def outcomes(past: Past, replayer: Replayer) -> Counter[Outcome]:
    return Counter(one.outcome for record in past.records() if (one := replayer.replay(record)) is not None)


def test_a_thousand_decisions_are_replayed_by_the_rules_of_their_day(past: Past) -> None:
    kept = past.records()
    rules = Counter(record.decision.rule_set_hash for record in kept if record.decision)
    assert rules == {past.old: DECISIONS // 2, past.new: DECISIONS // 2}
    verdicts = Counter(record.decision.verdict for record in kept if record.decision)
    assert min(verdicts[Verdict.ALLOW], verdicts[Verdict.DENY]) > DECISIONS // 20, verdicts
    assert outcomes(past, past.replayer()) == {Outcome.SAME: DECISIONS}


def test_by_the_rules_of_another_day_some_answers_differ(past: Past) -> None:
    assert outcomes(past, past.replayer(rules=past.old))[Outcome.DIFFERS] > 0
    assert outcomes(past, past.replayer(rules=past.new))[Outcome.DIFFERS] > 0


def test_a_rule_set_that_was_changed_is_never_run(past: Past, tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    shutil.copytree(past.folder / "rules" / past.new, folder / past.new)
    links = folder / past.new / "links.py"
    links.write_text(links.read_text() + "\nraise SystemExit('run')\n")
    with pytest.raises(BrokenError, match="were changed: they are not read"):
        archive.engine_of(folder, past.new)


def test_rules_that_are_not_in_the_archive_are_said_to_be_missing(past: Past, tmp_path: Path) -> None:
    assert archive.engine_of(tmp_path, past.new) is None
    assert archive.engine_of(tmp_path, "../" + past.new) is None
    replayer = Replayer(past.registry.facts_at, lambda _: None, past.names.get, lambda _: {})
    assert outcomes(past, replayer) == {Outcome.IMPOSSIBLE: DECISIONS}


def test_an_erased_person_makes_a_replay_impossible_not_different(past: Past) -> None:
    replayer = Replayer(past.registry.facts_at, lambda _: LawEngine.load(), lambda _: None, lambda _: {})
    assert outcomes(past, replayer) == {Outcome.IMPOSSIBLE: DECISIONS}


def test_other_facts_are_noticed(past: Past) -> None:
    facts = past.registry.facts().without_document(DocumentId("agreement/E-X"))
    replayer = Replayer(
        lambda _: facts,
        lambda name: archive.engine_of(past.folder / "rules", name),
        past.names.get,
        lambda record: past.payloads.read(record.commitment),
    )
    assert outcomes(past, replayer) == {Outcome.DIFFERS: DECISIONS}
