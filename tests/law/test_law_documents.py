"""Documents D1 to D23 and the others: what each must hold, how long it may last, what it says together."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.papermaking import complete, sample

from beffroi.domain.documents import Document, DocumentKind, Scope
from beffroi.domain.ids import BodyId, DocumentId
from beffroi.law.documents import (
    COMMON,
    Need,
    asked_for,
    blocks,
    code,
    form,
    holds_until,
    issuer,
    longest_end,
    mandatory_fields,
    remarks,
    scope_parts,
    spec,
    type_name,
    validate,
)

KINDS = list(DocumentKind)
ORDER = complete(DocumentKind.PREFECT_ORDER)


def said(document: Document) -> str:
    """All that is wrong, in French."""
    return " ".join(one.fr for one in validate(document))


def with_fields(document: Document, **fields: Any) -> Document:
    return replace(document, fields={**document.fields, **fields})


def test_the_codes_are_those_of_the_files_of_the_prefecture() -> None:
    codes = [code(kind) for kind in KINDS]
    assert len(set(codes)) == len(codes)
    assert {f"D{number}" for number in range(1, 24)} <= set(codes)
    assert code(DocumentKind.PREFECT_ORDER) == "D2"
    assert code(DocumentKind.MASK) == "D23"


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_told_in_both_languages(kind: DocumentKind) -> None:
    for text in (type_name(kind), blocks(kind), issuer(kind), *(one.label for one in form(kind))):
        assert text.fr.strip()
        assert text.en.strip()
    assert blocks(kind).fr.endswith(".")
    assert set(scope_parts(kind)) <= {"bodies", "cameras", "persons"}
    names = [one.name for one in form(kind)]
    assert len(names) == len(set(names))
    assert set(mandatory_fields(kind)) <= set(names)


@pytest.mark.parametrize("kind", KINDS)
def test_a_complete_document_is_accepted(kind: DocumentKind) -> None:
    assert validate(complete(kind)) == []
    assert validate(replace(complete(kind), fields=dict(complete(kind, everything=True).fields))) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("empty", [None, "", "  ", [], {}])
def test_each_field_asked_for_is_missed_alone(kind: DocumentKind, empty: Any) -> None:
    document = complete(kind)
    for one in spec(kind).fields.values():
        if not asked_for(document, one):
            continue
        without = dict(document.fields)
        del without[one.name]
        for lacking in (replace(document, fields=without), with_fields(document, **{one.name: empty})):
            wrong = [text for text in validate(lacking) if f"« {one.name} »" in text.fr]
            assert len(wrong) == 1, one.name
            assert one.label.fr in wrong[0].fr
            assert one.label.en in wrong[0].en


@pytest.mark.parametrize("kind", KINDS)
def test_a_field_of_the_wrong_type_is_refused_even_when_it_is_optional(kind: DocumentKind) -> None:
    document = complete(kind, everything=True)
    for one in form(kind):
        for wrong in ({"a": ["b"]}, [1], -1, "\x00" * 30_000, [["live"]], ["live", "live", ""], 1.5):
            assert f"« {one.name} »" in said(with_fields(document, **{one.name: wrong})), (one.name, wrong)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_kind_must_name_is_asked_for(kind: DocumentKind) -> None:
    nothing = replace(complete(kind), scope=Scope())
    assert len([text for text in validate(nothing) if "doit nommer" in text.fr]) == len(scope_parts(kind))
    if spec(kind).parties > 1:
        assert "deux parties" in said(replace(complete(kind), scope=Scope(bodies=frozenset({BodyId("X")}))))


def test_a_slip_in_the_name_of_a_restriction_is_not_let_through() -> None:
    assert "event_ended" in said(with_fields(ORDER, event_ended="2026-03-01"))
    assert validate(with_fields(ORDER, event_ended_on="2026-03-01")) == []


def test_what_is_expected_is_told_and_refuses_nothing() -> None:
    accreditation = complete(DocumentKind.ACCREDITATION)
    assert "inquiry_on" not in accreditation.fields
    assert validate(accreditation) == []
    assert "enquête" in remarks(accreditation)[0].fr
    assert remarks(with_fields(accreditation, inquiry_on="2023-09-01")) == []


def test_the_joint_request_is_asked_for_from_the_circular_on() -> None:
    before = complete(DocumentKind.ACCREDITATION, signed_on=date(2024, 4, 25), valid_until=date(2026, 1, 1))
    assert "joint_request" not in before.fields
    assert validate(before) == []
    assert "joint_request" in said(replace(before, signed_on=date(2024, 4, 26)))


@pytest.mark.parametrize(
    ("kind", "says", "asks"),
    [
        (DocumentKind.PREFECT_ORDER, {"type": "normal"}, "commission_opinion_on"),
        (DocumentKind.PREFECT_ORDER, {"recipients": ["gendarmerie"]}, "recipient_terms"),
        (DocumentKind.APPLICATION, {"case": "merchant"}, "merchant_zone"),
        (DocumentKind.APPLICATION, {"case": "public_way"}, "impact_assessment"),
        (DocumentKind.APPLICATION, {"case": "open_place", "impact_assessment": ""}, "purposes_report"),
        (DocumentKind.DELIBERATION, {"object": "commune_consent"}, "pooling_body"),
        (DocumentKind.STATUTES, {"dlpd": True}, "dlpd_proof"),
        (DocumentKind.STATUTES, {"form": "D"}, "natures"),
        (DocumentKind.STATUTES, {"form": "E"}, "president_mandate"),
        (DocumentKind.SUBJECT_REQUEST, {"decision": "granted"}, "blurred"),
        (DocumentKind.SUBJECT_REQUEST, {"decision": "refused"}, "refusal_ground"),
    ],
)
def test_one_field_asks_for_another(kind: DocumentKind, says: dict[str, Any], asks: str) -> None:
    document = with_fields(complete(kind), **says)
    lacking = replace(document, fields={name: value for name, value in document.fields.items() if name != asks})
    assert f"« {asks} »" in said(lacking)
    assert spec(kind).fields[asks].need is Need.CONDITIONAL


def test_one_field_does_not_ask_for_another_in_other_cases() -> None:
    for kind, says in (
        (DocumentKind.PREFECT_ORDER, {"type": "event"}),
        (DocumentKind.APPLICATION, {"case": "open_place"}),
        (DocumentKind.DELIBERATION, {"object": "dlpd"}),
        (DocumentKind.STATUTES, {"form": "C", "dlpd": False}),
        (DocumentKind.SUBJECT_REQUEST, {"decision": "pending"}),
    ):
        assert validate(complete(kind, fields=says)) == [], kind


@pytest.mark.parametrize(
    ("kind", "first", "last", "too_late"),
    [
        ("normal", date(2024, 1, 1), date(2028, 12, 31), date(2029, 1, 1)),
        ("normal", date(2024, 2, 29), date(2029, 2, 28), date(2029, 3, 1)),
        ("provisional", date(2026, 3, 15), date(2026, 7, 14), date(2026, 7, 15)),
        ("event", date(2025, 10, 31), date(2026, 2, 28), date(2026, 3, 1)),  # 31 February: the 28th counts whole
        ("event", date(2025, 9, 1), date(2025, 12, 31), date(2026, 1, 1)),
    ],
)
def test_an_order_lasts_no_longer_than_its_type(kind: str, first: date, last: date, too_late: date) -> None:
    order = with_fields(
        replace(ORDER, valid_from=first, valid_until=last), type=kind, commission_opinion_on="2023-12-01"
    )
    assert validate(order) == []
    assert "ne peut durer plus de" in said(replace(order, valid_until=too_late))
    assert longest_end(order) == replace(order, valid_until=last).ends


def test_an_order_of_before_keeps_its_five_years() -> None:
    old = with_fields(replace(ORDER, valid_until=date(2028, 12, 31)), type="arrêté initial")
    assert longest_end(old) == datetime(2028, 12, 31, 23, 0, tzinfo=UTC)
    assert longest_end(complete(DocumentKind.AGREEMENT)) is None


def test_an_order_holds_no_longer_than_its_event_whatever_its_end() -> None:
    event = with_fields(ORDER, type="event")
    assert holds_until(event) == event.ends
    assert holds_until(with_fields(event, event_ended_on="2024-02-10")) == datetime(2024, 2, 10, 23, tzinfo=UTC)
    at_ten = with_fields(event, event_ended_on="2024-02-10T10:00:00+01:00")
    assert holds_until(at_ten) == datetime(2024, 2, 10, 9, tzinfo=UTC)
    assert holds_until(with_fields(event, event_ended_on="bientôt")) == event.begins
    assert holds_until(replace(event, valid_until=date(2030, 1, 1))) == datetime(2024, 4, 30, 22, tzinfo=UTC)


def test_a_date_beyond_reason_is_a_sentence() -> None:
    for far in (date(9999, 12, 31), datetime(9999, 12, 31, 23, tzinfo=UTC)):
        assert "trop lointaine" in said(replace(ORDER, valid_until=far))
        assert "trop lointaine" in said(replace(ORDER, valid_from=far, valid_until=None))


def test_dates_that_contradict_one_another() -> None:
    assert "finit avant de commencer" in said(replace(ORDER, valid_until=date(2023, 12, 31)))
    assert "signée après sa fin" in said(replace(ORDER, signed_on=date(2024, 5, 1)))
    assert "date de fin" in said(replace(ORDER, valid_until=None))
    asked = complete(DocumentKind.REQUISITION)
    late = {"from": "2026-03-02T10:00:00+01:00", "to": "2026-03-02T08:59:59Z"}
    assert "précède" in said(with_fields(asked, **late))
    assert "durée minimale" in said(with_fields(ORDER, minimum_days=31, retention_days=30))
    assert "à moins d'une heure" in said(with_fields(ORDER, minimum_days=30, retention_days=30))
    assert "27 jours au plus" in said(with_fields(ORDER, minimum_days=28, retention_days=30)), "February has 28 days"
    assert validate(with_fields(ORDER, minimum_days=27, retention_days=30)) == []
    assert validate(with_fields(ORDER, minimum_days=14, retention_days=15)) == []
    assert validate(with_fields(ORDER, when_full="destroy_oldest")) == []
    assert "disque est plein" in said(with_fields(ORDER, when_full="destroy_oldest", minimum_days=7))
    assert "disque plein" in said(with_fields(ORDER, when_full="burn"))


def test_a_scanned_order_says_what_date_is_on_the_scan() -> None:
    scanned = replace(ORDER, file_sha256="0" * 64)
    assert "scan_date" in said(scanned)
    assert validate(with_fields(scanned, scan_date="2023-12-20")) == []


@pytest.mark.parametrize("days", [0, 32, 45, True, "30", 30.0, -1])
def test_no_order_keeps_images_longer_than_a_month(days: Any) -> None:
    assert "retention_days" in said(with_fields(ORDER, retention_days=days))


@pytest.mark.parametrize("hours", ["24:00-06:00", "6:00-22:00", "06:00–22:00", "06:00-22:00 ", "6h-22h"])
def test_hours_are_written_in_one_way(hours: str) -> None:
    assert "hours" in said(with_fields(ORDER, hours=hours))


@pytest.mark.parametrize("instant", ["2026-03-02T10:00:00", "2026-03-02", "demain", 5])
def test_an_instant_has_its_time_zone(instant: Any) -> None:
    assert "opened_at" in said(with_fields(complete(DocumentKind.ALERT_RECORD), opened_at=instant))


def test_an_agreement_without_its_clause_of_authority_is_none() -> None:
    assert "authority_clause" in said(with_fields(complete(DocumentKind.AGREEMENT), authority_clause=False))


def statutes(form: str, natures: dict[str, str], **more: Any) -> Document:
    return complete(
        DocumentKind.STATUTES, fields={"form": form, "natures": natures, "members": sorted(natures), **more}
    )


def test_csi_l132_14_iii_a_syndicat_with_a_region_is_refused_and_the_member_is_named() -> None:
    good = {"X": "commune", "E2": "epci_dlpd", "D": "departement"}
    assert validate(statutes("E", good)) == []
    wrong = said(statutes("E", good | {"REG": "region", "E3": "epci"}))
    assert "REG" in wrong
    assert "E3" in wrong
    assert "L.132-14 III" in wrong
    assert "forme G" in wrong
    assert validate(statutes("G", good | {"REG": "region"}, dlpd=False)) == []


@pytest.mark.parametrize(
    ("form", "natures", "more", "word"),
    [
        ("D", {"X": "commune", "D": "departement"}, {}, "L.132-14 II)"),
        ("E", {"X": "commune"}, {}, "un ou deux départements"),
        ("E", {"X": "commune"} | {f"D{n}": "departement" for n in range(3)}, {}, "un ou deux départements"),
        ("E", {"X": "commune", "D": "departement"}, {"adjoining": False}, "limitrophes"),
        ("E", {"X": "commune", "D": "departement"}, {"president_mandate": "departmental"}, "président"),
        ("E", {"X": "commune", "D": "departement"}, {"president_mandate": "other"}, "président"),
        ("D", {"X": "commune"}, {"members": ["X", "Y"]}, "nature de ces membres manque : Y"),
    ],
)
def test_statutes_that_do_not_fit_their_form(
    form: str, natures: dict[str, str], more: dict[str, Any], word: str
) -> None:
    assert word in said(statutes(form, natures, **more))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["D", "E", "normal"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=6,
)


@settings(max_examples=150, deadline=None)
@given(kind=st.sampled_from(KINDS), data=st.data())
def test_hostile_fields_are_answered_with_sentences(kind: DocumentKind, data: st.DataObject) -> None:
    names = st.sampled_from([one.name for one in form(kind)]) | st.text(max_size=6)
    document = replace(complete(kind), fields=data.draw(st.dictionaries(names, JSON, max_size=12)))
    assert all(one.fr and one.en for one in [*validate(document), *remarks(document)])
    assert longest_end(document) is None or kind is DocumentKind.PREFECT_ORDER


@given(kind=st.sampled_from(KINDS), data=st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_fits_alone_is_not_blamed(kind: DocumentKind, data: st.DataObject) -> None:
    several = data.draw(st.sets(st.sampled_from([one.name for one in form(kind)])))
    fields = {one.name: sample(one) for one in form(kind) if one.name in several}
    assert validate(complete(kind, fields=fields)) == []


def test_common_fields_belong_to_every_kind() -> None:
    assert {one.name for one in COMMON} == {"scan_date", "scan_from", "scan_until", "source_link"}
    assert DocumentId("mask/made") == complete(DocumentKind.MASK, everything=True).id
