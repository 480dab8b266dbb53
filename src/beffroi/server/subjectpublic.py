"""The public pages of filmed persons' requests: static HTML, French first, no script, no third party, nothing of the
centre: the person names place and time in words, and learns of no camera. Everything that was sent is escaped."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from html import escape
from importlib.resources import files
from string import Template
from typing import Final
from urllib.parse import parse_qsl

from beffroi.domain.errors import BadInputError
from beffroi.domain.text import Text
from beffroi.evidence.subjectrules import LAPSED, Outcome, Wish
from beffroi.evidence.subjectstore import Asked
from beffroi.server.body import check_storable
from beffroi.server.rendering import Json

POLICY: Final = (
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; sandbox "
    "allow-forms allow-same-origin"
)
"""Stricter than the console's: both are sent, a browser keeps to both. No script runs here, not even ours."""

_WISHES: Final = (
    (Wish.VIEWING, "Voir les images, en présence d'un agent"),
    (Wish.COPY, "Recevoir une copie, où les autres personnes sont masquées"),
    (Wish.RECTIFICATION, "Faire rectifier quelque chose"),
    (Wish.ERASURE, "Faire effacer des images"),
    (Wish.OBJECTION, "M'opposer au traitement"),
)
_SIZES: Final = {
    "wish": 16,
    "commune": 100,
    "place": 500,
    "day": 10,
    "from": 5,
    "to": 5,
    "recognise": 500,
    "contact": 300,
}
_SAID: Final = {
    "wish": "Choisissez votre demande.",
    "commune": "Indiquez la commune.",
    "place": "Indiquez le lieu.",
    "day": "Indiquez le jour, par exemple 2026-03-02.",
    "from": "L'heure de début s'écrit par exemple 09:30.",
    "to": "L'heure de fin s'écrit par exemple 10:00.",
    "contact": "Indiquez où vous répondre.",
}
_HOUR: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class BadFormError(Exception):
    """Fields of the form that lack or are wrong, each with its sentence; ``values`` as they were sent."""

    def __init__(self, wrong: Mapping[str, str], values: Mapping[str, str]) -> None:
        super().__init__(", ".join(wrong))
        self.wrong = wrong
        self.values = values


def fields_of(body: bytes, names: Sequence[str]) -> dict[str, str]:
    """The fields of a form, each once.

    Raises:
        BadInputError: not a form, a field twice or unknown, characters that nothing can hold.
    """
    try:
        pairs = parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=20
        )
        found = dict(pairs)
        check_storable(found)
    except ValueError as error:
        raise BadInputError(_UNREADABLE) from error
    if len(found) != len(pairs) or not set(found) <= set(names):
        raise BadInputError(_UNREADABLE)
    return {name: " ".join(found.get(name, "").split()) for name in names}


def asked_of(body: bytes) -> Asked:
    """What the form says.

    Raises:
        BadInputError: not this form. BadFormError: fields to correct.
    """
    values = fields_of(body, tuple(_SIZES))
    wrong = {name for name, size in _SIZES.items() if len(values[name]) > size}
    wrong |= {name for name in ("commune", "place", "contact") if not values[name]}
    wrong |= set() if values["wish"] in set(Wish) else {"wish"}
    wrong |= {name for name in ("from", "to") if values[name] and not _HOUR.fullmatch(values[name])}
    try:
        date.fromisoformat(values["day"])
    except ValueError:
        wrong.add("day")
    if wrong:
        raise BadFormError(
            {name: _SAID.get(name, "Ce texte est trop long.") for name in _SIZES if name in wrong}, values
        )
    hours = "-".join(one for one in (values["from"], values["to"]) if one)
    place, contact = values["place"], values["contact"]
    return Asked(Wish(values["wish"]), values["commune"], place, values["day"], hours, values["recognise"], contact)


def form_page(commission: str, bad: BadFormError | None = None) -> str:
    """The form; with what is to be corrected, told at its head and at each field."""
    values: Mapping[str, str] = bad.values if bad else dict.fromkeys(_SIZES, "")
    wrong: Mapping[str, str] = bad.wrong if bad else {}
    rows = "".join(f'<li><a href="#{name}">{escape(said)}</a></li>' for name, said in wrong.items())
    errors = f'<div class="errors" role="alert"><p>À corriger :</p><ul>{rows}</ul></div>' if rows else ""
    wishes = "".join(
        f'<p class="choice"><input type="radio" id="wish{number or ""}" name="wish" value="{wish.value}" required'
        f'{" checked" if values["wish"] == wish.value else ""}> <label for="wish{number or ""}">{words}</label></p>'
        for number, (wish, words) in enumerate(_WISHES)
    )
    body = _template("form").substitute(
        {name: escape(value) for name, value in values.items()},
        **{f"bad_{name}": ' aria-invalid="true"' if name in wrong else "" for name in _SIZES},
        errors=errors,
        wishes=wishes,
        commission=escape(f" : {commission}") if commission else "",
    )
    return _page("Vidéoprotection : demander à voir les images où vous êtes", body)


def received_page(reference: str, code: str, until: str) -> str:
    """The reference and the follow-up code, told once."""
    dashed = "-".join(code[at : at + 4] for at in range(0, len(code), 4))
    return _page(
        "Demande reçue",
        "<h1>Votre demande est reçue</h1><p>Notez ces deux lignes, ou imprimez cette page : le code n'est pas "
        f"conservé et ne sera plus affiché.</p><p>Numéro : <span class=code>{escape(reference)}</span></p>"
        f"<p>Code de suivi : <span class=code>{escape(dashed)}</span></p>"
        f"<p>La commune vous répond avant la fin du {escape(until)}, plus tôt si les images meurent avant.</p>",
    )


def follow_page(words: str = "", *, found: bool = True) -> str:
    """The page where a request is followed, with what is told of it."""
    kind = 'role="status"' if found else 'class="errors" role="alert"'
    told = f"<div {kind}><p>{escape(words)}</p></div>" if words else ""
    return _page(
        "Suivre une demande",
        f'<h1>Suivre une demande</h1>{told}<form method="post" action="/demande/suivi" accept-charset="utf-8">'
        '<p><label for="reference">Numéro de la demande</label><input id="reference" name="reference" maxlength="64" '
        'required autocomplete="off"></p><p><label for="code">Code de suivi</label><input id="code" name="code" '
        'maxlength="40" required autocomplete="off"></p><p><button type="submit">Voir où elle en est</button></p>'
        "</form>",
    )


def refused_page(words: str) -> str:
    """A page that says why a request was not taken."""
    return _page("Demande non enregistrée", f'<h1>Rien n\'a été enregistré</h1><p role="alert">{escape(words)}</p>')


def progress(told: Json, until: str) -> str:
    """Where a request stands, in a sentence: nothing of cameras, nothing of other people."""
    if told["closed"] == LAPSED:
        return (
            "Cette demande est close sans qu'une réponse ait été notée ; ce que vous aviez écrit est effacé. "
            "Vous pouvez la renouveler, ou saisir la commission départementale de vidéoprotection ou la CNIL."
        )
    if told["closed"]:
        return "Cette demande est close."
    if told["answered"]:
        return "La réponse vous a été envoyée."
    if told["outcome"]:
        return _DECIDED.get(Outcome(told["outcome"]), "") + " La lettre de réponse vous parvient."
    return f"Votre demande est à l'étude ; la réponse est due avant la fin du {until}."


_DECIDED: Final = {
    Outcome.VIEWING: "Le visionnage est accordé.",
    Outcome.COPY: "La copie, tiers masqués, est accordée.",
    Outcome.REFUSED: "La demande est refusée ; la lettre dit le motif et les recours.",
    Outcome.NO_IMAGE: "Aucun enregistrement ne peut être présenté ; la lettre dit pourquoi.",
    Outcome.ROUTED: "La demande a sa réponse.",
}
_UNREADABLE: Final = Text(
    fr="Ce formulaire est illisible : reprenez-le sur la page « /demande ».",
    en="This form cannot be read: take it again from the page “/demande”.",
)


def style() -> bytes:
    """The pages' style sheet."""
    return (files("beffroi.server") / "public" / "demande.css").read_bytes()


def _page(title: str, body: str) -> str:
    return _template("page").substitute(title=escape(title), body=body)


@lru_cache(maxsize=4)
def _template(name: str) -> Template:
    return Template((files("beffroi.server") / "public" / f"{name}.html").read_text(encoding="utf-8"))
