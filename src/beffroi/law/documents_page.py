"""The page of documents (docs/reference/documents.md), written from the types of the pack."""

from typing import Final

from beffroi.domain.text import Text
from beffroi.law.documents import COMMON, FieldSpec, KindSpec, Need
from beffroi.law.packs.fr.document_choices import CHOICES
from beffroi.law.packs.fr.document_fields import FIELD_TYPES
from beffroi.law.packs.fr.document_types import kinds

_HEAD: Final = """# Documents and their fields

Generated from the document types of the French pack; do not edit.
`BEFFROI_REGENERATE=1 pytest tests/law/test_law_documents_page.py` writes it.

Every document has: `id` (`kind/name`), `number`, `signed_on`, `signatory`, `valid_from`, `valid_until` (a date is the
last valid day, inclusive, in legal time; an instant is the first at which it no longer holds), a scope (`bodies`,
`cameras`, `systems`, `persons`), `file_sha256` (its scan) and a version. What a kind must name is its *scope* below.

A field is asked for unless its line says otherwise. A field that is *expected* may be missing: it is told, and refuses
nothing. A field that the kind does not have is refused, so that a slip in a name cannot drop a restriction. Papers
recorded before a field was asked for stay readable; it is asked for when a version is entered or confirmed.
"""

_PARTS: Final = {"bodies": "`bodies`", "cameras": "`cameras`", "persons": "`persons`", "systems": "`systems`"}


def page() -> str:
    """The whole page, Markdown."""
    lines = [_HEAD, "| code | kind | in French | closed without it |", "| --- | --- | --- | --- |"]
    ordered = sorted(kinds().values(), key=_order)
    lines += [f"| {one.code} | [`{one.kind}`](#{_anchor(one)}) | {one.name.fr} | {one.blocks.en} |" for one in ordered]
    for one in ordered:
        lines += ["", *_section(one)]
    lines += ["", "## Fields that any document may carry", "", *_table(COMMON)]
    lines += ["", "## Types of fields", "", "| type | takes |", "| --- | --- |"]
    lines += [f"| `{name}` | {words.en} |" for name, (_, words) in FIELD_TYPES.items()]
    lines += ["", "## Values of the lists", ""]
    for name, choices in CHOICES.items():
        lines += [f"- `{name}`: " + "; ".join(f"`{one.value}` {one.label.en}" for one in choices)]
    return "\n".join(lines) + "\n"


def _section(kind: KindSpec) -> list[str]:
    facts = [
        f"Issued by {kind.issuer.en}. Must name {', '.join(_PARTS[part] for part in kind.scope)}"
        + (" (two parties)." if kind.parties > 1 else "."),
        f"Closed without it: {_lower(kind.blocks)}",
    ]
    if kind.longest:
        spans = "; ".join(f"`{value}`: {span.text.en}" for value, span in kind.longest.items())
        facts.append(f"Longest duration: {spans}.")
    if kind.needs_end:
        facts.append("It must have an end.")
    if kind.short:
        facts.append("It serves once or for a moment: its end is not announced.")
    return [f"## {kind.code} {kind.name.en}", "", f"*{kind.name.fr}* · `{kind.kind}`", "", " ".join(facts), "",
            *_table(tuple(kind.fields.values()))]  # fmt: skip


def _table(fields: tuple[FieldSpec, ...]) -> list[str]:
    rows = [f"| `{one.name}` | `{one.type}` | {one.label.fr} / {one.label.en} | {_asked(one)} |" for one in fields]
    return ["| field | type | label | asked for |", "| --- | --- | --- | --- |", *rows]


def _asked(spec: FieldSpec) -> str:
    words = {Need.MANDATORY: "yes", Need.EXPECTED: "expected", Need.OPTIONAL: "no", Need.CONDITIONAL: "when "}
    conditions = [
        f"`{field}` is filled"
        if "any" in values
        else f"`{field}` is {' or '.join(f'`{_said(one)}`' for one in values)}"
        for field, values in spec.when
    ]
    if spec.unless is not None:
        conditions.append(f"`{spec.unless}` is empty")
    if spec.since is not None:
        conditions.append(f"signed from {spec.since}")
    asked = words[spec.need] + ", or ".join(conditions)
    inline = spec.type in {"choice", "choices", "natures"}
    return asked + (": " + ", ".join(f"`{one.value}`" for one in spec.choices) if inline else "")


def _said(value: object) -> str:
    if value is None:
        return "empty"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _order(kind: KindSpec) -> tuple[int, str]:
    number = kind.code.removeprefix("D")
    return (int(number), "") if number.isdigit() else (1_000, kind.code)


def _anchor(kind: KindSpec) -> str:
    title = f"{kind.code} {kind.name.en}".lower()
    return "".join(char if char.isalnum() or char == "-" else "-" if char == " " else "" for char in title)


def _lower(text: Text) -> str:
    return text.en[0].lower() + text.en[1:]
