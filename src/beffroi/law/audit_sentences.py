"""Why a paper is at fault, told about people rather than to them, with the number of the paper."""

import re
from datetime import datetime
from typing import Final

from beffroi.domain.documents import Document, DocumentKind, DocumentStatus
from beffroi.domain.text import Text
from beffroi.law.documents import spec
from beffroi.law.sentences import day_text

_FEMININE: Final = frozenset({"désignation", "délégation", "mise", "lettre", "présence", "commune"})
_YOUR: Final = re.compile(r"\b([Vv])otre (\w+)")
_NAMES_YOU: Final = re.compile(r"\bvous (?=nomme|compte|désigne|couvre)")
_THEM: Final = (("pour lequel vous visionnez", "concerné"), ("for which you view", "concerned"))


def fault_of(document: Document | None, at: datetime, told: Text) -> Text:
    """What is wrong with a paper: its state at this instant, or what it does not say (``told``, the law's own words).

    A paper of which there is no version at all is told by the law's words too: they say which is missing.
    """
    if document is None:
        return in_third_person(told)
    name, zone = spec(document.kind).name, document.time_zone
    fr, en = f"{name.fr} n° {document.number}", f"{name.en} no. {document.number}"
    status = document.status_on(at)
    if status is not DocumentStatus.CONFIRMED:
        state = _STATES[status]
        return Text(fr=f"{fr}, {state.fr}", en=f"{en}, {state.en}")
    if at < document.begins:
        day = day_text(document.valid_from, zone)
        return Text(fr=f"{fr} ne commence que le {day.fr}", en=f"{en} begins only on {day.en}")
    if document.ends is not None and document.ends <= at and document.valid_until is not None:
        day = day_text(document.valid_until, zone)
        return Text(fr=f"{fr} a pris fin le {day.fr}", en=f"{en} ended on {day.en}")
    written = in_third_person(told)
    return Text(fr=f"{written.fr} (n° {document.number})", en=f"{written.en} (no. {document.number})")


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
    fr = _NAMES_YOU.sub("la ", _YOUR.sub(_article, fr))
    en = re.sub(r"\byour\b", "the", en)
    return Text(fr=fr, en=re.sub(r"\b(name|names|count|counts) you\b", r"\1 the person", en))


def _article(found: re.Match[str]) -> str:
    noun = found[2]
    if noun[0] in "aeiouyéèêh":
        return f"l'{noun}"
    return f"la {noun}" if noun in _FEMININE else f"le {noun}"


def missing_of(document: Document, labels: list[Text]) -> Text:
    """The fields that a paper leaves empty, in words."""
    name = spec(document.kind).name
    fr, en = ", ".join(f"« {one.fr} »" for one in labels), ", ".join(f"“{one.en}”" for one in labels)
    return Text(fr=f"{name.fr} n° {document.number} sans {fr}", en=f"{name.en} no. {document.number} without {en}")


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
    "commune_consent": Text(fr="accord de la commune d'implantation", en="consent of the commune"),
    "position": Text(fr="position écrite de la préfecture", en="written position of the préfecture"),
    "recorder_setting": Text(fr="réglage de l'enregistreur", en="setting of the recorder"),
}
_BY: Final = {
    "camera_placement": Text(fr="la commune", en="the commune"),
    "commune_consent": Text(fr="le conseil municipal", en="the municipal council"),
    "position": Text(fr="la préfecture", en="the préfecture"),
    "recorder_setting": Text(fr="le mainteneur", en="the maintainer"),
}
_OTHER: Final = Text(fr="pièce à fournir", en="paper to provide")
_OTHER_BY: Final = Text(fr="la commune", en="the commune")
