"""A deployment as a page of text. Every verdict, sentence and count in it is the engine's."""

import re
import textwrap
from collections.abc import Iterator
from typing import Final
from zoneinfo import ZoneInfo

from beffroi.domain.acts import Act, Verdict
from beffroi.domain.documents import LEGAL_TIME_ZONE
from beffroi.domain.ids import CameraId
from beffroi.domain.text import Language, Text
from beffroi.law.documents import type_name
from beffroi.profiles.reading import TABLE_ACTS
from beffroi.profiles.report import Report
from beffroi.profiles.shape import Step, Variant

WIDTH: Final = 110
_TIED: Final = re.compile(r" (?=[;:?!»])|(?<=«) ")
_MARKS: Final = {
    Act.LIVE: Text(fr="D", en="L"),
    Act.REPLAY: Text(fr="R", en="R"),
    Act.PTZ: Text(fr="P", en="P"),
}
_VARIANTS: Final = {
    Variant.AS_DESCRIBED: Text(fr="tel que décrit", en="as described"),
    Variant.REGULARISED: Text(fr="régularisé", en="regularised"),
}


def page(report: Report, language: Language) -> Iterator[str]:
    """The page, line by line."""
    yield from _what_it_is(report, language)
    yield from _who_sees_what(report, language)
    yield from _refused(report, language)
    yield from _missing(report, language)
    yield from _way(report, language)


def _say(language: Language, fr: str, en: str) -> str:
    return fr if language == "fr" else en


def _number(number: int, language: Language) -> str:
    return f"{number:,}".replace(",", "\u202f" if language == "fr" else ",")


def _cameras(number: int, language: Language) -> str:
    word = _say(language, "caméra", "camera")
    return f"{_number(number, language)}\u00a0{word if number == 1 else f'{word}s'}"


def _colon(language: Language) -> str:
    return _say(language, " :", ":")


def _wrapped(text: str, indent: str = "  ", hang: str = "") -> list[str]:
    whole = _TIED.sub("\u00a0", text)  # a line never begins with a punctuation mark
    return textwrap.wrap(whole, WIDTH, initial_indent=indent, subsequent_indent=f"{indent}{hang}")


def _what_it_is(report: Report, language: Language) -> Iterator[str]:
    card, scene = report.card, report.scene
    title = card.title.in_(language)
    yield title if report.variant is None else f"{title} — {_VARIANTS[report.variant].in_(language)}"
    yield from _wrapped(card.summary.in_(language))
    yield ""
    ours = _say(language, " (hypothèse du profil)", " (hypothesis of the profile)")
    for figure in card.figures:
        yield from _wrapped(f"• {figure.text.in_(language)}{ours if figure.ours else ''}", hang="  ")
    for fact in card.network:
        yield from _wrapped(f"• {fact.in_(language)}", hang="  ")
    yield from _wrapped(f"{_say(language, 'Heures :', 'Hours:')} {card.hours.in_(language)}")
    yield from _wrapped(f"{_say(language, 'Conservation :', 'Retention:')} {card.retention.in_(language)}")
    facts = scene.facts
    communes, cameras = _number(report.communes, language), _number(report.cameras, language)
    persons, papers = len(facts.persons), len(facts.documents)
    counts = _say(
        language,
        f"{communes} communes, {cameras} caméras ; {persons} personnes et {papers} pièces dans les faits.",
        f"{communes} communes, {cameras} cameras; {persons} persons and {papers} documents in the facts.",
    )
    yield from _wrapped(f"{counts} {card.scale.in_(language)}")
    form = _say(language, "forme", "form")
    pools = [f"{one.name} ({form} {one.form.value})" for one in facts.bodies.values() if one.form is not None]
    if pools:
        yield from _wrapped(f"{_say(language, 'Organismes :', 'Bodies:')} {', '.join(pools)}")
    yield ""


def _who_sees_what(report: Report, language: Language) -> Iterator[str]:
    scene, facts = report.scene, report.scene.facts
    local = scene.at.astimezone(ZoneInfo(LEGAL_TIME_ZONE))
    when = _say(language, f"le {local:%d/%m/%Y à %H:%M}", f"on {local:%Y-%m-%d at %H:%M}")
    yield _say(language, f"Qui peut voir quoi, {when}", f"Who may see what, {when}")
    yield _say(
        language,
        "  D direct, R relecture, P pilotage ; ? à confirmer avec la préfecture ; · refusé",
        "  L live, R replay, P control; ? to be confirmed with the préfecture; · refused",
    )
    groups = _groups(report)
    for number, cameras in enumerate(groups, start=1):
        weight = _cameras(sum(scene.weight(camera) for camera in cameras), language)
        names = " ; ".join(facts.cameras[camera].name for camera in cameras)
        yield from _wrapped(f"[{number}] {names}{_colon(language)} {weight}", hang="    ")
    wide = max(len(facts.persons[person].label.in_(language)) for person in report.table)
    yield "  " + " " * wide + "".join(f"{f'[{number}]':>6}" for number in range(1, len(groups) + 1))
    for person, row in report.table.items():
        cells = "".join(f"{_cell(row[cameras[0]], language):>6}" for cameras in groups)
        yield f"  {facts.persons[person].label.in_(language):<{wide}}{cells}"
    yield ""


def _groups(report: Report) -> list[list[CameraId]]:
    """Cameras that everybody sees alike, together."""
    found: dict[tuple[Verdict, ...], list[CameraId]] = {}
    for camera in report.scene.facts.cameras:
        key = tuple(row[camera][act] for row in report.table.values() for act in TABLE_ACTS)
        found.setdefault(key, []).append(camera)
    return list(found.values())


def _cell(cell: dict[Act, Verdict], language: Language) -> str:
    if all(verdict is Verdict.DENY for verdict in cell.values()):
        return "·"
    marks = {
        act: _MARKS[act].in_(language) if verdict is Verdict.ALLOW else "?" if verdict is Verdict.UNSETTLED else "·"
        for act, verdict in cell.items()
    }
    shown = "".join(marks.values())
    return "?" if set(shown) == {"?"} else shown


def _refused(report: Report, language: Language) -> Iterator[str]:
    if not report.refusals:
        return
    yield _say(language, "Ce qui est refusé, et pourquoi (en direct)", "What is refused, and why (live)")
    for one in report.refusals:
        label = report.scene.facts.persons[one.person].label.in_(language)
        decision, cure = one.decision, one.decision.cure
        yield f"  {label} — {_cameras(one.stands_for, language)} [{decision.ground}]"
        yield from _wrapped(f"{decision.sentence.in_(language)} ({', '.join(decision.rules)})", "    ")
        if cure is not None:
            yield from _wrapped(f"→ {cure.text.in_(language)} — {cure.issuer.in_(language)}", "    ", "  ")
    yield ""


def _missing(report: Report, language: Language) -> Iterator[str]:
    if not report.missing:
        return
    yield _say(language, "Ce qui manque à ceux qui veilleraient pour tous", "What those who would watch for all lack")
    for one in report.missing:
        weight = _cameras(one.stands_for, language)
        yield from _wrapped(f"✗ {one.text.in_(language)} ({one.article}){_colon(language)} {weight}", hang="  ")
    yield ""


def _way(report: Report, language: Language) -> Iterator[str]:
    if not report.way:
        return
    yield _say(language, "Le chemin de l'un à l'autre", "The way from one to the other")
    yield from _wrapped(
        _say(
            language,
            "Après chaque étape, caméras ouvertes aux opérateurs du syndicat, en direct puis en relecture ; celles où "
            "la réponse est à confirmer ; conditions qui manquent encore.",
            "After each step: cameras open to the syndicat's operators, live then replay; those where the answer is to "
            "be confirmed; conditions still unmet.",
        )
    )
    heads = ("direct", "relect.", "à conf.", "manque") if language == "fr" else ("live", "replay", "to conf.", "unmet")
    yield "  " + " " * 62 + "".join(f"{head:>9}" for head in heads)
    for number, one in enumerate(report.way):
        figures = "".join(
            f"{_number(figure, language):>9}" for figure in (one.live, one.replay, one.unsettled, one.unmet)
        )
        if one.step is None:
            yield f"  {_say(language, 'au départ', 'at the start'):<62}{figures}"
            continue
        lines = textwrap.wrap(f"{number:>2}. {_title(one.step, language)}", 60, subsequent_indent="    ")
        for line in lines[:-1]:
            yield f"  {line}"
        yield f"  {lines[-1]:<62}{figures}"
        for paper in one.step.documents:
            yield from _wrapped(f"{type_name(paper.kind).in_(language)} ({paper.id}) — {paper.signatory}", "      ")


def _title(step: Step, language: Language) -> str:
    optional = _say(language, " (si la préfecture en décide ainsi)", " (if the préfecture so decides)")
    return f"{step.title.in_(language)}{optional if step.optional else ''}"
