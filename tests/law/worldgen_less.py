"""Ways to have less: a document lost, an order narrowed. And the documents whose loss may rightly open something."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from beffroi.domain.documents import Document, DocumentKind, DocumentStatus
from beffroi.domain.facts import Facts

NARROWING_LISTS = ("purposes", "viewers", "acts", "recipients", "agent_acts")


def closes_something(document: Document) -> str:
    """Why the loss of this document may open something: a reason, or nothing for all the others."""
    fields = document.fields
    if document.kind is DocumentKind.PREFECTURE_POSITION and fields.get("answer") == "closed":
        return "the préfecture wrote that a row of interpretation is closed (rows 3, 15, 18)"
    if document.kind is DocumentKind.POLICE_POOLING and fields.get("title") in ("L512-2", "L512-1-2"):
        return "police recruited by an EPCI or a syndicat: L.512-1 may not be combined with it (row 7)"
    if document.kind is DocumentKind.DELIBERATION and fields.get("object") == "commune_consent":
        return "a pooled commune needs the agreement with the State for relays and for the forces (rows 25, relays)"
    return ""


def losses(draw: Random, facts: Facts, document: Document, at: datetime) -> Iterator[tuple[str, Facts]]:
    """The world without this document, in every way in which one can be lost: all its versions at once."""
    several = facts.versions(document.id)
    yield "removed", facts.without_document(document.id)
    yield "expired", facts.with_documents(*(replace(one, valid_until=date(2011, 1, 1)) for one in several))
    yield "ends now", facts.with_documents(*(_shortened(one, at) for one in several))
    status, when = draw.choice([DocumentStatus.SUSPENDED, DocumentStatus.WITHDRAWN]), draw.choice([None, at])
    held = [one for one in several if one.confirmed_by is not None and one.was_confirmed(at)]
    yield status.value, facts.with_documents(*(replace(one, status=status, status_at=when) for one in held))
    unsigned = (replace(one, status=DocumentStatus.PROPOSED, confirmed_by=None) for one in several)
    yield "proposed", facts.with_documents(*unsigned)


def _shortened(document: Document, at: datetime) -> Document:
    return document if document.ends is not None and document.ends <= at else replace(document, valid_until=at)


def narrowed(draw: Random, order: Document, at: datetime) -> Iterator[tuple[str, Document]]:
    """The order with one thing less: a word of a list, days, hours, posts, or its event over."""
    fields: dict[str, Any] = dict(order.fields)
    for name in NARROWING_LISTS:
        value = fields.get(name)
        if isinstance(value, list) and value:
            gone = draw.randrange(len(value))
            yield name, replace(order, fields={**fields, name: value[:gone] + value[gone + 1 :]})
    days = fields.get("retention_days")
    if type(days) is int and days > 0:
        yield "retention_days", replace(order, fields={**fields, "retention_days": draw.randint(1, min(days, 31))})
    if fields.get("hours") is None:
        yield "hours", replace(order, fields={**fields, "hours": draw.choice(["08:00-12:00", "22:00-04:00"])})
    if not fields.get("posts"):
        yield "posts", replace(order, fields={**fields, "posts": [draw.choice(["csu-1", "csu-2"])]})
    if fields.get("event_ended_on") is None:
        yield "event", replace(order, fields={**fields, "event_ended_on": (at - timedelta(days=1)).date().isoformat()})
        yield "event", replace(order, fields={**fields, "event_ended_on": at.isoformat()})
    yield "provisional", replace(order, fields={**fields, "type": "provisional"})
