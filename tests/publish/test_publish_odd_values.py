"""Whatever stands in a cell or a field, the audit answers, or refuses in a sentence with its line: never a trace."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.publish import commune

from beffroi.domain.errors import BadInputError
from beffroi.publish.audit_screen import screen_of
from beffroi.publish.audit_sheet import sheet_of

ODD: st.SearchStrategy[Any] = st.sampled_from(
    [
        "",
        "x",
        None,
        [],
        ["x"],
        {"a": "b"},
        [["a"]],
        "2026-02-30",
        "31/12/2025",
        "99999999999",
        "-1",
        "true",
        "=1+1",
        "F5",
    ]
)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_an_odd_value_is_told_or_refused(data: st.DataObject) -> None:
    rows, papers = commune.small()
    where = data.draw(st.sampled_from(["cell", "field", "column", "scope", "person", "body"]))
    odd = data.draw(ODD)
    if where == "cell":
        row = data.draw(st.sampled_from(rows))
        row[data.draw(st.sampled_from(sorted(row)))] = str(odd)
    else:
        document = data.draw(st.sampled_from(papers["documents"]))
        entry = {
            "field": document["fields"],
            "column": document,
            "scope": document["scope"],
            "person": data.draw(st.sampled_from(papers["persons"])),
            "body": data.draw(st.sampled_from(papers["bodies"])),
        }[where]
        entry[data.draw(st.sampled_from(sorted(entry)))] = odd
    said = "ligne"
    try:
        sheet = sheet_of(commune.audited(rows, papers), "fr")
        assert sheet["commune"]["name"] in screen_of(sheet)
    except BadInputError as error:
        said = error.text.fr
    assert "ligne" in said.lower()
