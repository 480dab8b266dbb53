"""What a document must contain before it may be entered or confirmed, by its kind.

Papers recorded earlier stay readable whatever they lack: the law reads every field defensively.
"""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from beffroi.domain.documents import Document, DocumentKind
from beffroi.domain.termrule import longest_minimum, minimum_fits
from beffroi.domain.text import Text
from beffroi.law.packs.fr.document_fields import fits, instant, is_filled, rule_of
from beffroi.law.packs.fr.document_types import COMMON, FieldSpec, KindSpec, Need, Span, kinds
from beffroi.law.packs.fr.reading import moment
from beffroi.law.packs.fr.statutes_check import wrong_statutes

_LAST_YEAR: Final = 2200
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


def validate(document: Document) -> list[Text]:
    """What is wrong with a document, one sentence each; an empty list: it may be entered and confirmed."""
    spec = kinds()[document.kind]
    if any(day is not None and day.year > _LAST_YEAR for day in (document.valid_from, document.valid_until)):
        return [
            Text(
                fr=f"Une date de la pièce « {spec.name.fr} » est trop lointaine : sans fin, laissez-la vide.",
                en=f"A date of the {spec.name.en} is too far away: without end, leave it empty.",
            )
        ]
    return [
        *_common(document, spec),
        *_dates(document, spec),
        *_fields(document, spec),
        *_together(document, spec),
        *wrong_statutes(document),
    ]


def remarks(document: Document) -> list[Text]:
    """What is missing and refuses nothing (an inquiry without date, CSI R.114-2), one sentence each."""
    spec = kinds()[document.kind]
    return [
        Text(
            fr=f"La pièce « {spec.name.fr} » ne dit pas « {one.label.fr} » : ajoutez-le dès que vous le savez.",
            en=f"The {spec.name.en} does not say “{one.label.en}”: add it as soon as you know.",
        )
        for one in spec.fields.values()
        if one.need is Need.EXPECTED and not is_filled(document.fields.get(one.name))
    ]


def asked_for(document: Document, spec: FieldSpec) -> bool:
    """Whether this field must be filled in this document, given what its other fields say."""
    if spec.need is not Need.CONDITIONAL:
        return spec.required
    if spec.since is not None and document.signed_on >= spec.since:
        return True
    if any(_says(document, field, values) for field, values in spec.when):
        return True
    return spec.unless is not None and not is_filled(document.fields.get(spec.unless))


def longest_end(document: Document) -> datetime | None:
    """The first instant (UTC) after the longest time that a document of its kind may last; None: no limit."""
    spec = kinds()[document.kind]
    return _later(document, _span(document, spec).months) if spec.longest else None


def holds_until(document: Document) -> datetime | None:
    """The first instant (UTC) at which a document no longer holds, whatever it says itself: its end, the longest time
    that its type may last, the recorded end of the event it was made for. None: no end."""
    ends = [end for end in (document.ends, longest_end(document)) if end is not None]
    if document.kind is DocumentKind.PREFECT_ORDER and is_filled(document.fields.get("event_ended_on")):
        # An end of event that cannot be read is no reason to go on.
        ends.append(moment(document, "event_ended_on", last=True) or document.begins)
    return min(ends, default=None)


def _span(document: Document, spec: KindSpec) -> Span:
    said = document.fields.get("type")
    return spec.longest.get(said if isinstance(said, str) else "", next(iter(spec.longest.values())))


def _says(document: Document, field: str, values: tuple[object, ...]) -> bool:
    said = document.fields.get(field)
    return is_filled(said) if "any" in values else said in values


def _common(document: Document, spec: KindSpec) -> list[Text]:
    wrong, name = [], spec.name
    for field, fr, en in (("number", "son numéro", "its number"), ("signatory", "son signataire", "its signatory")):
        if not getattr(document, field).strip():
            wrong.append(Text(fr=f"La pièce « {name.fr} » doit porter {fr}.", en=f"The {name.en} must bear {en}."))
    if document.file_sha256 is not None and not _SHA256.fullmatch(document.file_sha256):
        wrong.append(
            Text(
                fr="L'empreinte du fichier n'est pas une empreinte SHA-256 : déposez de nouveau le fichier.",
                en="The digest of the file is not a SHA-256: upload the file again.",
            )
        )
    for part in spec.scope:
        if not getattr(document.scope, part):
            wrong.append(
                Text(
                    fr=f"La pièce « {name.fr} » doit nommer {_PARTS[part].fr}.",
                    en=f"The {name.en} must name {_PARTS[part].en}.",
                )
            )
    if document.scope.bodies and len(document.scope.bodies) < spec.parties:
        wrong.append(
            Text(fr=f"La pièce « {name.fr} » doit nommer ses deux parties.", en=f"The {name.en} must name two parties.")
        )
    return wrong


_PARTS: Final = {
    "bodies": Text(fr="les organismes qu'elle concerne", en="the bodies it is about"),
    "cameras": Text(fr="les caméras qu'elle concerne", en="the cameras it is about"),
    "persons": Text(fr="la personne qu'elle concerne", en="the person it is about"),
}


def _dates(document: Document, spec: KindSpec) -> list[Text]:
    name, ends = spec.name, document.ends
    if ends is None:
        if spec.needs_end:
            return [Text(fr=f"La pièce « {name.fr} » doit porter une date de fin.", en=f"The {name.en} needs an end.")]
        return []
    if ends <= document.begins:
        return [
            Text(
                fr=f"La pièce « {name.fr} » finit avant de commencer : corrigez ses dates.",
                en=f"The {name.en} ends before it begins: correct its dates.",
            )
        ]
    longest = longest_end(document)
    if longest is not None and ends > longest:
        span = _span(document, spec).text
        return [
            Text(
                fr=f"La pièce « {name.fr} » ne peut durer plus de {span.fr}.",
                en=f"The {name.en} cannot last more than {span.en}.",
            )
        ]
    return []


def _later(document: Document, months: int) -> datetime:
    """Date to date, in the legal time of the document; a day that the month lacks gives the first of the next, so that
    the last of the month counts whole (as CPC 641 counts)."""
    zone = ZoneInfo(document.time_zone)
    begins = document.begins.astimezone(zone).replace(tzinfo=None)
    year, month = divmod(begins.year * 12 + begins.month - 1 + months, 12)
    try:
        later = begins.replace(year=year, month=month + 1)
    except ValueError:  # 31 of a short month, 29 February
        later = (begins.replace(year=year, month=month + 1, day=28) + timedelta(days=4)).replace(day=1)
    return later.replace(tzinfo=zone).astimezone(UTC)


def _fields(document: Document, spec: KindSpec) -> list[Text]:
    specs = (*spec.fields.values(), *COMMON)
    wrong = [
        Text(
            fr=f"La pièce « {spec.name.fr} » : « {one.label.fr} » (champ « {one.name} ») doit être {rule_of(one).fr}.",
            en=f"The {spec.name.en}: “{one.label.en}” (field “{one.name}”) must be {rule_of(one).en}.",
        )
        for one in specs
        if _is_wrong(document, one)
    ]
    names = {one.name for one in specs}
    wrong += [
        Text(
            fr=f"La pièce « {spec.name.fr} » n'a pas de champ « {unknown[:60]} » : corrigez son nom, ou retirez-le.",
            en=f"The {spec.name.en} has no field “{unknown[:60]}”: correct its name, or remove it.",
        )
        for unknown in sorted(set(document.fields) - names)
    ]
    return wrong


def _is_wrong(document: Document, spec: FieldSpec) -> bool:
    value = document.fields.get(spec.name)
    # A field left empty is wrong only when it is asked for; one that says something has to say it rightly.
    return asked_for(document, spec) if not is_filled(value) else not fits(spec, value)


def _together(document: Document, spec: KindSpec) -> list[Text]:
    """What two fields say of one another."""
    wrong, fields = [], document.fields
    least, most = fields.get("minimum_days"), fields.get("retention_days")
    if isinstance(least, int) and isinstance(most, int) and not minimum_fits(least, most):
        wrong.append(_too_close(spec, least, most))
    if least and fields.get("when_full") == "destroy_oldest":
        wrong.append(
            Text(
                fr=f"La pièce « {spec.name.fr} » fixe une durée minimale de conservation : elle ne peut pas aussi dire "
                "de détruire avant terme quand le disque est plein. Retirez l'une ou l'autre.",
                en=f"The {spec.name.en} sets a minimum retention: it cannot also say to destroy before the term when "
                "the disk is full. Remove one or the other.",
            )
        )
    for first, last in (("from", "to"), ("opened_at", "renewed_at"), ("opened_at", "closed_at")):
        begins, ends = instant(fields.get(first)), instant(fields.get(last))
        if first in spec.fields and begins is not None and ends is not None and ends < begins:
            wrong.append(
                Text(
                    fr=f"La pièce « {spec.name.fr} » : « {spec.fields[last].label.fr} » précède "
                    f"« {spec.fields[first].label.fr} ».",
                    en=f"The {spec.name.en}: “{spec.fields[last].label.en}” comes before "
                    f"“{spec.fields[first].label.en}”.",
                )
            )
    if document.kind is DocumentKind.PREFECT_ORDER and document.file_sha256 and not is_filled(fields.get("scan_date")):
        # Without it a slip in the year of an order could not be seen: two persons confirm when the two differ.
        wrong.append(
            Text(
                fr="Un fichier est joint à l'arrêté : lisez-y la date de signature et saisissez-la (champ "
                "« scan_date »).",
                en="A file goes with the order: read its date of signature on it and enter it (field “scan_date”).",
            )
        )
    if document.signed_on > _last_day(document):
        wrong.append(
            Text(
                fr=f"La pièce « {spec.name.fr} » est signée après sa fin : corrigez ses dates.",
                en=f"The {spec.name.en} is signed after its end: correct its dates.",
            )
        )
    return wrong


def _too_close(spec: KindSpec, least: int, most: int) -> Text:
    if least > most:
        return Text(
            fr=f"La pièce « {spec.name.fr} » : la durée minimale dépasse la durée de conservation.",
            en=f"The {spec.name.en}: the minimum retention is longer than the retention.",
        )
    longest = longest_minimum(most)
    return Text(
        fr=f"La pièce « {spec.name.fr} » : la durée minimale ({least} jours) et la conservation ({most} jours) "
        "sont à moins d'une heure l'une de l'autre, en tout cas pour le mois de février. Or les images sont détruites "
        "par heure entière, au plus tard à leur terme et jamais après un mois : aucune ne pourrait être à la fois "
        f"gardée et détruite à temps. Demandez à la préfecture une durée minimale de {longest} jours au plus.",
        en=f"The {spec.name.en}: the minimum retention ({least} days) and the retention ({most} days) are closer than "
        "an hour, in February at any rate. Images are destroyed by whole hours, at their term at the latest and never "
        "beyond a month: none could be both kept and destroyed in time. Ask the préfecture for a minimum of at most "
        f"{longest} days.",
    )


def _last_day(document: Document) -> date:
    return document.ends.astimezone(ZoneInfo(document.time_zone)).date() if document.ends is not None else date.max
