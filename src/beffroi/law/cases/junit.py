"""Outcomes as a JUnit report, for those who run cases in a continuous integration."""

from collections.abc import Iterable
from xml.etree import ElementTree as Tree

from beffroi.law.cases.run import Outcome


def junit(outcomes: Iterable[Outcome]) -> str:
    """The report, as XML text."""
    several = list(outcomes)
    failures = sum(not one.holds for one in several)
    suite = Tree.Element("testsuite", name="beffroi law cases", tests=str(len(several)), failures=str(failures))
    for one in several:
        attributes = {"classname": one.place.file, "name": one.case.id, "file": one.place.file}
        if one.place.line is not None:
            attributes["line"] = str(one.place.line)
        case = Tree.SubElement(suite, "testcase", attributes)
        if not one.holds:
            failure = Tree.SubElement(case, "failure", message="; ".join(text.fr for text in one.differences))
            failure.text = one.decision.sentence.fr
    return Tree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"
