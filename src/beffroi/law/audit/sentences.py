"""Why a paper is at fault, told about people rather than to them, with the number of the paper."""

import re
from datetime import datetime
from typing import Final

from beffroi.domain.documents import Document, DocumentKind, DocumentStatus, JsonValue
from beffroi.domain.text import Text
from beffroi.law.documents import Need, asked_for, spec
from beffroi.law.sentences import day_text

_FEMININE: Final = frozenset({"désignation", "délégation", "mise", "lettre", "présence", "commune"})
_YOUR: Final = re.compile(r"\b([Vv])otre (\w+)")
_HIGH: Final = ("high", "élevé")
_NAMES_YOU: Final = re.compile(r"\bvous (?=nomme|compte|désigne|couvre)")
_ABSENT: Final = (
    (re.compile(r"n'est pas enregistrée?\b"), "n'est pas dans les pièces"),
    (re.compile(r"\bis not recorded\b"), "is not among the papers"),
)
_THEM: Final = (("pour lequel vous visionnez", "concerné"), ("for which you view", "concerned"))


def fault_of(document: Document | None, at: datetime, told: Text, *, in_place: bool = False) -> Text:
    """What is wrong with a paper: its state at this instant, or what it does not say (``told``, the law's own words).

    A paper of which there is no version at all is told by the law's words too: they say which is missing. ``in_place``:
    the paper is about nothing but the place, and about all of it: only what it leaves empty can be at fault.
    """
    if document is None:
        return in_third_person(told)
    return _state(document, at) or _lack(document, in_place=in_place) or _numbered(document, in_third_person(told))


def _named(document: Document) -> Text:
    name = spec(document.kind).name
    return Text(fr=f"{name.fr} n° {document.number}", en=f"{name.en} no. {document.number}")


def _numbered(document: Document, said: Text) -> Text:
    return Text(fr=f"{said.fr} (n° {document.number})", en=f"{said.en} (no. {document.number})")


def _state(document: Document, at: datetime) -> Text | None:
    """What keeps a paper from being in force; None when it is."""
    name, status = _named(document), document.status_on(at)
    if status is not DocumentStatus.CONFIRMED:
        state = _STATES[status]
        return Text(fr=f"{name.fr}, {state.fr}", en=f"{name.en}, {state.en}")
    if at < document.begins:
        day = day_text(document.valid_from, document.time_zone)
        return Text(fr=f"{name.fr} ne commence que le {day.fr}", en=f"{name.en} begins only on {day.en}")
    if document.ends is not None and document.ends <= at and document.valid_until is not None:
        day = day_text(document.valid_until, document.time_zone)
        return Text(fr=f"{name.fr} a pris fin le {day.fr}", en=f"{name.en} ended on {day.en}")
    return None


def _lack(document: Document, *, in_place: bool) -> Text | None:
    """What a paper in force leaves empty, or a risk that it leaves open; None when neither."""
    name = _named(document)
    if document.kind is DocumentKind.IMPACT_ASSESSMENT and document.fields.get("residual_risk") in _HIGH:
        return Text(
            fr=f"{name.fr} à risque résiduel élevé, sans réponse de la CNIL",
            en=f"{name.en} with a high residual risk, without the CNIL's answer",
        )
    decides = in_place or any(_is_empty(document.fields.get(field), "") for field in _DECIDING.get(document.kind, ()))
    empty = empty_fields(document, Need.MANDATORY)
    return missing_of(document, empty) if decides and empty else None


_DECIDING: Final = {
    DocumentKind.PREFECT_ORDER: ("purposes", "viewers", "acts", "retention_days"),
    DocumentKind.AGREEMENT: ("viewing_staff",),
    DocumentKind.STATE_AGREEMENT: ("feed_legal_basis",),
    DocumentKind.ACCREDITATION: ("departements", "employer"),
    DocumentKind.DESIGNATION: ("acts", "authority"),
    DocumentKind.DELIBERATION: ("object", "body", "pooling_body"),
    DocumentKind.STATUTES: ("form", "dlpd", "members"),
    DocumentKind.DELEGATION: ("function",),
}
"""Fields that the law reads in papers about more than a place: left empty, they are why such a paper does not serve."""


_STATES: Final = {
    DocumentStatus.PROPOSED: Text(fr="en attente de signature", en="not signed yet"),
    DocumentStatus.SUSPENDED: Text(fr="suspension en cours", en="suspended"),
    DocumentStatus.WITHDRAWN: Text(fr="retrait prononcé", en="withdrawn"),
}


def in_third_person(text: Text) -> Text:
    """A reason written for the person refused, turned to speak about that person."""
    fr, en = text.fr, text.en
    for mine, theirs in _THEM:
        fr, en = fr.replace(mine, theirs), en.replace(mine, theirs)
    (absent_fr, here_fr), (absent_en, here_en) = _ABSENT
    fr = absent_fr.sub(here_fr, _NAMES_YOU.sub("la ", _YOUR.sub(_article, fr)))
    en = absent_en.sub(here_en, re.sub(r"\byour\b", "the", en))
    return Text(fr=fr, en=re.sub(r"\b(name|names|count|counts) you\b", r"\1 the person", en))


def _article(found: re.Match[str]) -> str:
    noun = found[2]
    if noun[0] in "aeiouyéèêh":
        return f"l'{noun}"
    return f"la {noun}" if noun in _FEMININE else f"le {noun}"


def empty_fields(document: Document, need: Need) -> list[Text]:
    """What the fields that should be filled, and are not, are called; a clause that is not there counts as empty.
    ``need``: `Need.EXPECTED` for those whose absence refuses nothing, else those that are asked for."""
    wanted = (
        one
        for one in spec(document.kind).fields.values()
        if (one.need is need if need is Need.EXPECTED else asked_for(document, one))
    )
    return [one.label for one in wanted if _is_empty(document.fields.get(one.name), one.type)]


def _is_empty(value: JsonValue, field_type: str) -> bool:
    if isinstance(value, str):
        return not value.strip()
    return value in (None, []) or (field_type == "clause" and value is not True)


def missing_of(document: Document, labels: list[Text]) -> Text:
    """The fields that a paper leaves empty, in words."""
    name = _named(document)
    fr, en = ", ".join(f"« {one.fr} »" for one in labels), ", ".join(f"“{one.en}”" for one in labels)
    return Text(fr=f"{name.fr} sans {fr}", en=f"{name.en} without {en}")


def title_of(kind: str) -> Text:
    """What a kind of cure is called: a paper, or a gesture that no paper replaces."""
    if kind in _GESTURES:
        return _GESTURES[kind]
    return spec(DocumentKind(kind)).name if kind in set(DocumentKind) else _OTHER


def issuer_of(kind: str) -> Text:
    """Who cures it."""
    if kind in _BY:
        return _BY[kind]
    return spec(DocumentKind(kind)).issuer if kind in set(DocumentKind) else _OTHER_BY


_GESTURES: Final = {
    "camera_placement": Text(fr="place de la caméra", en="place of the camera"),
    "person_list": Text(fr="liste des personnes", en="list of persons"),
    "recorder_setting": Text(fr="réglage de l'enregistreur", en="setting of the recorder"),
}
_BY: Final = {
    "camera_placement": Text(fr="la commune", en="the commune"),
    "person_list": Text(fr="la commune", en="the commune"),
    "recorder_setting": Text(fr="le mainteneur", en="the maintainer"),
}
_OTHER: Final = Text(fr="pièce à fournir", en="paper to provide")
_OTHER_BY: Final = Text(fr="la commune", en="the commune")
