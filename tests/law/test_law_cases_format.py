"""A case file that is wrong is refused with its line and what to write; whatever it holds, nothing else happens."""

import re
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from beffroi.domain.text import Text
from beffroi.law.cases.malformed import MalformedCaseError
from beffroi.law.cases.reading import check
from beffroi.law.cases.run import ask, questions
from beffroi.law.cases.source import MAX_BYTES, parse

GUIDE = Path(__file__).parents[2] / "docs" / "guide" / "case-files.md"
HEAD = "world: pooled-epci\ncases:\n"
GOOD = "  - {id: a, who: agentE, act: live, camera: cX, purpose: F5, expect: allow}\n"


def wrong(tmp_path: Path, text: str) -> str:
    """The English sentences of a refused file, without the folder."""
    path = tmp_path / "f.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(MalformedCaseError) as refused:
        questions([path])
    assert all(one.fr and one.en for one in refused.value.sentences)
    return refused.value.text.en.replace(str(tmp_path) + "/", "")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{id: a, who: agentE, act: live, camera: cX}", "f.yaml:3 (case “a”): “expect” is missing."),
        ("{id: a, who: agentE, act: lives, camera: cX, expect: allow}", "“act”: write 'live', 'replay'"),
        ("{id: a, who: agentE, act: live, camera: cX, expct: allow, expect: allow}", "unknown key “expct”: expect"),
        ("{id: a, who: agentE, act: live, camera: cX, expect: maybe}", "write 'allow', 'refuse', 'deny' or 'uns"),
        ("{id: a, who: agentF, act: live, camera: cX, expect: allow}", "this world has no person “agentF”: agent"),
        ("{id: a, who: agentE, act: live, camera: cQ, expect: allow}", "this world has no camera “cQ”: c"),
        ("{id: a, who: agentE, act: live, camera: cX, purpose: F99, expect: allow}", "“purpose”: write 'F1'"),
        ("{id: a, who: agentE, act: live, camera: cX, at: 2026-03-02T10:00:00, expect: allow}", "with its time zone"),
        ("{id: a, who: agentE, act: live, camera: cX, two_factor: perhaps, expect: allow}", "expects true or false"),
        ("{id: a, who: agentE, act: live, camera: cX, cure: agreement, expect: allow}", "only goes with a refusal"),
        ("{id: a b, who: agentE, act: live, camera: cX, expect: allow}", "“id” expects letters"),
        ("{id: a, who: agentE, act: live, camera: cX, second: nobody, expect: allow}", "no person “nobody”"),
        ("{id: a, who: agentE, act: live, camera: cX, documents: [agreement/E-Q], expect: allow}", "agreement/E-"),
    ],
)
def test_a_wrong_question_is_told_with_its_place(tmp_path: Path, line: str, said: str) -> None:
    told = wrong(tmp_path, f"{HEAD}  - {line}\n")
    assert said in told
    assert told.startswith("f.yaml:3 (case “")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("{end: agreement/E-X}", "“end” needs “on”"),
        ("{end: agreement/E-X, on: 2026-13-45}", "is no date"),
        ("{end: agreement/E-X, on: yesterday}", "is neither a day"),
        ("{end: agreement/E-Q, on: 2026-03-01}", "no document “agreement/E-Q”: agreement/E-"),
        ("{remove: convention/E-X}", "“convention” is not a kind of document: "),
        ("{remove: agreement}", "is written “kind/name”"),
        ("{remove: secondment/agentE}", "this world has no “secondment” document: add one"),
        ("{remove: agreement/E-X, end: agreement/E-Y, on: 2026-03-01}", "exactly one of"),
        ("{on: 2026-03-01}", "exactly one of"),
        ("{remove: agreement/E-X, on: 2026-03-01}", "“on” does not go with “remove”"),
        ("{set: prefect_order/X, to: 1}", "write DOCUMENT.FIELD"),
        ("{set: prefect_order/X.purpose, to: [F1]}", "no field “purpose”: purposes"),
        ("{set: prefect_order/X.status, to: lost}", "one of: proposed, confirmed"),
        ("{set: prefect_order/X.scope.cameras, to: [cQ]}", "no camera “cQ”"),
        ("{set: camera/cX.colour, to: red}", "no field “colour”"),
        ("{set: camera/cX.origin, to: z}", "“z” is not allowed here"),
        ("{set: prefect_order/X.purposes}", "“set” needs “to”"),
        ("{add: {point: row-19}}", "“add” needs “kind”"),
        ("{add: {kind: position, points: row-19}}", "no field “points”: point"),
        ("{add: {kind: agreement, bodies: [E, Q]}}", "no body “Q”"),
        ("{add: {kind: agreement, scope: X}}", "“scope” only holds"),
        ("remove", "expects keys and values"),
    ],
)
def test_a_wrong_change_is_told_with_its_place(tmp_path: Path, change: str, said: str) -> None:
    told = wrong(tmp_path, f"{HEAD}{GOOD[:-2]}, change:\n      [\n        {change}]}}\n")
    assert said in told
    assert re.match(r"f\.yaml:5( \(case “a”\))?: ", told)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "begins with “world:”"),
        ("- a\n", "begins with “world:”"),
        ("world: pooled-epci\n", "“cases” is missing"),
        ("world: pooled-epci\ncases: []\n", "at least one item"),
        (f"world: atlantis\ncases:\n{GOOD}", "f.yaml:1: There is no world “atlantis”: write one of these: pooled-"),
        (f"{HEAD}{GOOD}{GOOD}", "f.yaml:4 (case “a”): another case of this file has this id."),
        (f"{HEAD}{GOOD}world: smf\n", "f.yaml:4: the key “world” is written twice."),
        (f"{HEAD}  - {{id: a, id: b}}\n", "f.yaml:3: the key “id” is written twice."),
        (f"{HEAD}{GOOD}---\na: 1\n", "one YAML document to a file."),
        ("world: !!python/object/apply:os.system [ls]\n", "f.yaml:1: the tag"),
        ("world: !secret x\n", "the tag"),
        ("a: &x {<<: {b: 1}}\n", "“<<” is refused"),
        ("a: *nothing\n", "leads nowhere"),
        ("a: &x [*x]\n", "leads nowhere"),
        ("{[1]: 2}\n", "a key must be a word"),
        ("[" * 500, "levels"),
        ("a: [1\n", "malformed YAML"),
        ("a: \x07\n", "malformed YAML"),
    ],
)
def test_a_wrong_file_is_told(tmp_path: Path, text: str, said: str) -> None:
    assert said in wrong(tmp_path, text)


def test_one_change_alone_needs_no_list(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_text(f"{HEAD}{GOOD[:-2]}, change: {{remove: mask/cX}}}}\n", encoding="utf-8")
    assert "mask/cX" not in {one.id for one in questions([path])[0].facts.documents}


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    second = GOOD.replace("id: a", "id: b").replace("agentE", "agentQ")
    third = GOOD.replace("id: a", "id: c").replace("cX", "cQ")
    assert wrong(tmp_path, f"{HEAD}{GOOD}{second}{third}").count("this world has no") == 2


def test_a_bomb_of_aliases_is_refused_and_a_few_are_not() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 60))
    with pytest.raises(MalformedCaseError, match="too many aliases"):
        parse(bomb, "f")
    chain = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 3000))
    with pytest.raises(MalformedCaseError, match="too many aliases"):
        parse(chain, "f")
    assert parse("a: &x [1, 2]\nb: *x\n", "f").data == {"a": [1, 2], "b": [1, 2]}


def test_a_file_of_a_spreadsheet_user_is_read(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + f"{HEAD}{GOOD}".replace("\n", "\r\n").encode())
    assert [one.case.id for one in questions([path])] == ["a"]
    path.write_bytes("é".encode("latin-1"))
    with pytest.raises(MalformedCaseError, match="UTF-8"):
        questions([path])


def test_a_file_too_large_is_refused(tmp_path: Path) -> None:
    assert "split it" in wrong(tmp_path, HEAD + "#" * MAX_BYTES)


def test_what_yaml_would_misread_stays_what_is_written() -> None:
    data = parse("on: 1\n'01': 01\nhour: 22:00\nzero: 0\nten: 10\nno: yes\n", "f").data
    assert data == {"on": 1, "01": "01", "hour": "22:00", "zero": 0, "ten": 10, "no": True}


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from("abw: -[]{},&*!|>#'\"\n\t%@01<"), max_size=60))
@example("? a\n: b")
@example("{a: {b}}")
@example("&a *a")
def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    sentences: tuple[Text, ...] | None = None
    try:
        check(parse(text, "f"))
    except MalformedCaseError as error:
        sentences = error.sentences
    assert sentences is None or sentences


def test_the_examples_of_the_guide_hold(tmp_path: Path) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.S)
    assert len(blocks) >= 2
    for number, block in enumerate(blocks):
        path = tmp_path / f"{number}.yaml"
        path.write_text(block, encoding="utf-8")
        assert [one.case.id for one in ask(questions([path])) if not one.holds] == []
