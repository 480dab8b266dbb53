"""Whether the members that statutes list may pool cameras at all (CSI L.132-14 II and III)."""

from typing import Final

from beffroi.domain.acts import Form
from beffroi.domain.documents import Document, DocumentKind, JsonValue
from beffroi.domain.text import Text

_MEMBERS: Final = frozenset({"commune", "epci_dlpd"})
_PRESIDENTS: Final = frozenset({"mayor", "epci_president"})
_MOST_DEPARTEMENTS: Final = 2


def wrong_statutes(document: Document) -> list[Text]:
    """Why these statutes are not those of the form they claim, one sentence each; nothing for any other document.

    A syndicat that fits neither II nor III is entered as a technical carrier (form G), which views nothing.
    """
    if document.kind is not DocumentKind.STATUTES:
        return []
    form, natures = document.fields.get("form"), document.fields.get("natures")
    if form not in (Form.D, Form.E) or not isinstance(natures, dict):
        return []
    wrong = _unlisted(document, natures) + _outsiders(form, natures)
    if form == Form.E:
        wrong += _restricted(document, natures)
    return wrong


def _unlisted(document: Document, natures: dict[str, JsonValue]) -> list[Text]:
    members = document.fields.get("members")
    missing = [one for one in members if one not in natures] if isinstance(members, list) else []
    if not missing:
        return []
    several = ", ".join(str(one) for one in missing)
    return [Text(fr=f"La nature de ces membres manque : {several}.", en=f"The nature of these is missing: {several}.")]


def _outsiders(form: JsonValue, natures: dict[str, JsonValue]) -> list[Text]:
    allowed = _MEMBERS | ({"departement"} if form == Form.E else set())
    strangers = sorted(body for body, nature in natures.items() if str(nature) not in allowed)
    if not strangers:
        return []
    several, article = ", ".join(strangers), "L.132-14 II" if form == Form.D else "L.132-14 III"
    return [
        Text(
            fr=f"Ces membres ne peuvent entrer dans un tel syndicat (CSI {article}) : {several}. Saisissez-le comme "
            "porteur technique (forme G), sans droit de vue.",
            en=f"These members may not belong to such a syndicat (CSI {article}): {several}. Enter it as a technical "
            "carrier (form G), without viewing rights.",
        )
    ]


def _restricted(document: Document, natures: dict[str, JsonValue]) -> list[Text]:
    wrong = []
    if not 1 <= list(natures.values()).count("departement") <= _MOST_DEPARTEMENTS:
        wrong.append(
            Text(
                fr="Un syndicat mixte ouvert restreint compte un ou deux départements (CSI L.132-14 III).",
                en="A restricted open syndicat mixte has one or two départements (CSI L.132-14 III).",
            )
        )
    if document.fields.get("adjoining") is False:
        wrong.append(
            Text(
                fr="Les départements du syndicat doivent être limitrophes (CSI L.132-14 III).",
                en="The départements of the syndicat must adjoin one another (CSI L.132-14 III).",
            )
        )
    mandate = document.fields.get("president_mandate")
    if isinstance(mandate, str) and mandate not in _PRESIDENTS:
        wrong.append(
            Text(
                fr="Le président du syndicat doit être maire d'une commune membre ou président d'un EPCI membre "
                "(CSI L.132-14 III).",
                en="The president must be the mayor of a member commune or the president of a member EPCI "
                "(CSI L.132-14 III).",
            )
        )
    return wrong
