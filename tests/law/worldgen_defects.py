"""Random worlds: what goes wrong with a paper, in its dates, its status, its scope, one of its fields, its versions."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, Final

from tests.law.worldgen_shape import PLACER

from beffroi.domain.documents import Document, DocumentStatus, Scope
from beffroi.domain.facts import Facts
from beffroi.domain.ids import BodyId, CameraId, PersonId

TICK: Final = timedelta(microseconds=1)
JUNK: Final[tuple[Any, ...]] = (None, True, False, 0, -1, 10**9, "", "élevé", [], [None], {}, {"a": 1}, "live", ["X"])

WRONG: Final[dict[str, tuple[tuple[str, tuple[Any, ...]], ...]]] = {
    "prefect_order": (
        ("purposes", (["F1"], [], ["F5"])),
        ("viewers", ([], ["mayor"], ["municipal_police", "epci_agent"])),
        ("acts", (["live"], ["replay", "extract"], [])),
        ("retention_days", (0, 1, 2, 40, "30", True)),
        ("type", ("provisional", "event", "")),
        ("event_ended_on", ("2020-01-01", "2020-01-01T00:00:00+00:00", "hier", 3)),
        ("recipients", ([], ["gendarmerie"], None)),
        ("recipient_terms", ("", None)),
        ("hours", ("09:00-11:00", "11:00-09:00", "23:00-05:00", "toujours", 8)),
        ("posts", (["csu-1"], ["csu-9"], [])),
        ("agent_acts", (["replay"], [], ["live", "replay", "ptz", "extract", "relay"])),
    ),
    "impact_assessment": (
        ("residual_risk", ("high", "élevé", "Élevé")),
        ("cnil_consultation", ("", "C-1", None)),
        ("dpo_opinion", ("", None)),
    ),
    "cnil_commitment": (("receipt", ("", "  ", None)),),
    "processing_record": (("retention_days", (0, 1, None, 5)),),
    "agreement": (("viewing_staff", (0, -1, True, "6")), ("hours", ("09:00-11:00", "20:00-05:00", "nuit"))),
    "state_agreement": (("feed_legal_basis", ("", None)),),
    "accreditation": (
        ("departements", (["98"], [], [""], ["98", "99"])),
        ("also_for", ([], ["S"], ["E"])),
        ("employer", ("S", "Z", None)),
    ),
    "designation": (
        ("authority", ("maire/X", "maire/Y", "controller/X", "controller/hosp", "president-cd/D", "")),
        ("acts", (["live"], ["replay"], ["ptz", "extract"], [])),
    ),
    "deliberation": (
        ("object", ("commune_consent", "members_consent", "joining", "dlpd")),
        ("body", ("X", "Y", "S")),
        ("pooling_body", ("E", "S", "K")),
    ),
    "coordination": (("night_clause", (True, False, "oui", None)),),
    "statutes": (
        ("form", ("C", "D", "E", "A", "G")),
        ("dlpd", (False, "oui")),
        ("members", (["Y"], ["E"], ["X"], ["X", "R"], [])),
        (
            "natures",
            (
                {"X": "commune", "Y": "other"},
                {"X": "commune", "Y": "epci"},
                {"E": "epci_dlpd", "Z": "region"},
                {"X": "commune", "Y": "commune", "D": "departement", "D2": "departement", "D3": "departement"},
                {"X": "commune", "Y": "commune", "E": "epci_dlpd", "Z": "commune"},
                {},
            ),
        ),
        ("adjoining", (False, None)),
        ("president_mandate", ("departmental", "other", "")),
    ),
    "delegation": (("function", ("voirie", "")),),
    "police_pooling": (("title", ("L512-1", "L512-1-2", "L512-2", "L512-3", "")),),
    "service_designation": (("acts", (["live"], ["replay"], [])),),
    "common_parts_agreement": (("mayor_signed", (False, None)), ("commission_sent_on", ("", None))),
    "alert_record": (
        ("opened_at", (None, "2020-01-01T00:00:00+00:00", "hier")),
        ("closed_at", ("2020-01-01T00:00:00+00:00", "hier")),
    ),
    "requisition": (
        ("frame", ("flagrance", "information", "curiosité", "")),
        ("from", ("2039-01-01T00:00:00+00:00", "hier", None)),
        ("to", ("2010-01-01T00:00:00+00:00", None)),
        ("onsite_viewing", (True, False, "oui")),
        ("article", ("", None)),
        ("service", ("",)),
        ("opj", ("",)),
    ),
    "administrative_request": (("to", ("2010-01-01T00:00:00+00:00", None)), ("from", (None,))),
    "subject_request": (("decision", ("refused", "")), ("blurred", (False, None)), ("to", (None,))),
    "mission_letter": (
        ("images", (True, False)),
        ("reference", ("",)),
        ("from", ("2026-03-02T08:00:00+01:00", "bientôt", 7)),
        ("to", ("2026-03-02T08:00:00+01:00", "bientôt", 7)),
    ),
    "command_presence": (("crisis_reference", ("", None)),),
    "service_contract": (("cnaps", (False, "oui")),),
    "prefecture_position": (
        ("point", ("row-19", "row-22", "row-33", "row-43b", "row-03", "")),
        ("answer", ("open", "closed")),
    ),
}


def damage(draw: Random, facts: Facts, document: Document, at: datetime) -> Facts:
    """One thing wrong (or nearly wrong) with one document."""
    how: Callable[[Random, Facts, Document, datetime], Facts] = draw.choice(
        [_missing, _dates, _dates, _status, _status, _scope, _field, _field, _field, _version]
    )
    return how(draw, facts, document, at)


def _missing(draw: Random, facts: Facts, document: Document, at: datetime) -> Facts:
    return facts.without_document(document.id)


def _dates(draw: Random, facts: Facts, document: Document, at: datetime) -> Facts:
    return facts.with_documents(redated(draw, document, at))


def redated(draw: Random, document: Document, at: datetime) -> Document:
    """Ended or not yet begun, by a day, by a tick, or not quite."""
    day, long_ago = at.date(), date(2011, 1, 1)
    instants = (at, at + TICK, at - TICK, at + timedelta(hours=1))
    days = (day, day + timedelta(days=1), day - timedelta(days=1), day - timedelta(days=60))
    if draw.random() < 0.6:
        return replace(document, valid_until=draw.choice((*instants, *days)))
    return replace(document, valid_from=draw.choice((*instants, *days, long_ago)))


def _status(draw: Random, facts: Facts, document: Document, at: datetime) -> Facts:
    return facts.with_documents(restated(draw, document, at))


def restated(draw: Random, document: Document, at: datetime) -> Document:
    """Suspended, withdrawn, proposed or confirmed, from an instant near this one."""
    status = draw.choice(list(DocumentStatus))
    when = draw.choice([None, at, at - TICK, at + TICK, at - timedelta(days=3), at + timedelta(hours=2)])
    unsigned = status is DocumentStatus.PROPOSED or (status is DocumentStatus.WITHDRAWN and draw.random() < 0.4)
    return replace(document, status=status, status_at=when, confirmed_by=None if unsigned else PLACER)


def _scope(draw: Random, facts: Facts, document: Document, at: datetime) -> Facts:
    scope = document.scope
    changes = (
        Scope(),
        replace(scope, bodies=frozenset({BodyId(draw.choice("XYZES"))})),
        replace(scope, bodies=scope.bodies | {BodyId(draw.choice("XYZES"))}),
        replace(scope, cameras=frozenset({CameraId(draw.choice(["cv", "cd", "cvz", "ce"]))})),
        replace(scope, cameras=frozenset()),
        replace(scope, systems=frozenset({draw.choice(["sX", "sY", "s-ce"])})),
        replace(scope, persons=frozenset({PersonId(draw.choice(["pmX", "agentE", "mayorX", "nobody"]))})),
        replace(scope, persons=frozenset()),
    )
    return facts.with_documents(replace(document, scope=draw.choice(changes)))


def _field(draw: Random, facts: Facts, document: Document, at: datetime) -> Facts:
    return facts.with_documents(refielded(draw, document))


def refielded(draw: Random, document: Document) -> Document:
    """One field says something else, something senseless, or nothing."""
    known = WRONG.get(document.kind.value, ())
    fields = dict(document.fields)
    if known and draw.random() < 0.8:
        name, values = draw.choice(known)
        fields[name] = draw.choice(values)
    elif fields:
        name = draw.choice(sorted(fields))
        if draw.random() < 0.5:
            del fields[name]
        else:
            fields[name] = draw.choice(JUNK)
    return replace(document, fields=fields)


def _version(draw: Random, facts: Facts, document: Document, at: datetime) -> Facts:
    """A second version, or a second document beside the first."""
    second = replace(document, version=2)
    if draw.random() < 0.3:
        second = replace(document, id=type(document.id)(f"{document.id}-bis"))
        facts = facts.with_documents(refielded(draw, document))
    kind = draw.randrange(4)
    if kind == 0:
        second = redated(draw, second, at)
    elif kind == 1:
        second = restated(draw, second, at)
    elif kind == 2:
        second = refielded(draw, second)
    else:
        second = restated(draw, refielded(draw, second), at)
    return facts.with_documents(second)
