"""The audit report on a terminal: the verdict in one page of 60 lines, then the detail."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any, Final

WIDTH: Final = 96
PAGE_LINES: Final = 60
_FOOT_LINES: Final = 4


def screen_of(sheet: dict[str, Any]) -> str:
    """The whole report as text. Its first page ends with a form feed, so that it prints on a sheet of its own."""
    return "\n".join([*first_page(sheet), "\f", *_detail(sheet)]) + "\n"


def first_page(sheet: dict[str, Any]) -> list[str]:
    """The verdict: at most 60 lines; findings that do not fit are counted, and told in the detail."""
    fr, counts = sheet["language"] == "fr", sheet["counts"]
    commune = sheet["commune"]
    named = commune["name"] if commune["name"] == commune["insee"] else f"{commune['name']} ({commune['insee']})"
    lines = [
        f"{sheet['title']} — {named}, {sheet['day']}",
        "",
        *textwrap.wrap(sheet["verdict"], WIDTH),
        (
            f"{counts['cameras']} caméra(s), {counts['persons']} personne(s), {counts['papers']} pièce(s) lue(s), "
            f"{counts['deadlines']} échéance(s) dans l'année."
            if fr
            else f"{counts['cameras']} camera(s), {counts['persons']} person(s), {counts['papers']} paper(s) read, "
            f"{counts['deadlines']} deadline(s) within a year."
        ),
        "",
    ]
    told = 0
    for finding in sheet["findings"]:
        block = _short(finding)
        if len(lines) + len(block) > PAGE_LINES - _FOOT_LINES - 1:
            break
        lines += block
        told += 1
    left = len(sheet["findings"]) - told
    if left:
        lines.append(f"… et {left} autre(s) : voir le détail." if fr else f"… and {left} more: see the detail.")
    foot = f"{'Règles' if fr else 'Rules'} {sheet['rule_set_hash'][:16]}. {sheet['not_advice']}"
    return [*lines, "", *textwrap.wrap(foot, WIDTH)]


def _short(finding: dict[str, Any]) -> list[str]:
    head = f"{finding['number']:>2}. [{finding['gravity_label']}] "
    told = textwrap.wrap(finding["headline"], WIDTH, initial_indent=head, subsequent_indent="    ")
    cure = f"{finding['article']} → {finding['cure']} — {finding['issuer']}"
    return [*told, *textwrap.wrap(cure, WIDTH, initial_indent="    ", subsequent_indent="    ")]


def _detail(sheet: dict[str, Any]) -> Iterator[str]:
    fr = sheet["language"] == "fr"
    yield "Ce qui serait refusé aujourd'hui" if fr else "What would be refused today"
    heads = (
        ("Qualité", "Acte", "Pers.", "Ouvertes", "Refusées", "Par la loi", "Anomalies")
        if fr
        else ("Quality", "Act", "Pers.", "Open", "Refused", "By the law", "Faults")
    )
    yield from _table(
        heads,
        [
            (
                row["status_label"],
                row["act_label"],
                str(row["persons"]),
                str(row["open"]),
                str(row["refused"]),
                str(row["closed_by_law"]),
                ", ".join(map(str, row["findings"])),
            )
            for row in sheet["access"]
        ],
    )
    yield ""
    yield "Caméras et personnes de chaque anomalie" if fr else "Cameras and persons of each fault"
    for finding in sheet["findings"]:
        cameras = finding["camera_names"]
        if finding["everywhere"]:
            cameras = ["toutes les caméras" if fr else "all cameras"]
        names = ", ".join([*finding["person_names"], *cameras]) or "–"
        yield from textwrap.wrap(f"{finding['number']:>2}. {names}", WIDTH, subsequent_indent="    ")
    yield ""
    yield "Ce qui finit, et quand" if fr else "What ends, and when"
    for one in sheet["deadlines"]:
        told = f"  {one['on']} ({one['stage_label']}) {one['text']}. {one['task']}"
        yield from textwrap.wrap(told, WIDTH, subsequent_indent="    ")
    if not sheet["deadlines"]:
        yield "  rien dans les douze mois" if fr else "  nothing within twelve months"
    yield ""
    yield "Liste de contrôle" if fr else "Checklist"
    for row in sheet["checklist"]:
        note = f" ({row['note']})" if row["note"] else ""
        yield f"  {row['code']:<4}{row['state_label']:<16}{row['name']}{note}"


def _table(heads: Sequence[str], rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(len(row[place]) for row in [tuple(heads), *rows]) for place in range(len(heads))]
    for row in [tuple(heads), *rows]:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
