"""What a requisition lengthened and none in force speaks of any more: over once the images' own term is. Pure.

The image's own term is the order's, plus the frame's seven days where the caller gave one: what it would have had, had
no requisition ever come. Before that a paper that is withdrawn, suspended or expired shortens nothing.
"""

from collections.abc import Sequence
from datetime import datetime

from beffroi.domain.clock import instant, to_wall_us
from beffroi.domain.documents import LEGAL_TIME_ZONE
from beffroi.domain.facts import Facts
from beffroi.domain.ids import CameraId
from beffroi.domain.ranges import WallRange
from beffroi.evidence.deskrules import LONGEST_TERM_US, Minutes, Title, beyond_us, within
from beffroi.evidence.deskstore import CaseFile, minutes_of
from beffroi.registry.desktables import DeskHoldRow, DeskPackageRow
from beffroi.registry.sheets import term_days_of
from beffroi.vault.sealing import hour_of
from beffroi.vault.term import hour_term_end_us


def term_days_then(facts: Facts, minutes: Minutes, at: datetime) -> int | None:
    """How many days these images live: by the order of the day on which they were filmed (their keys were made for that
    term, whatever is in force since), by today's where there was none; None without any."""
    camera = facts.cameras.get(minutes.camera)
    several = (
        [] if camera is None else [term_days_of(facts, camera, one) for one in (instant(minutes.range.from_us), at)]
    )
    return next((one for one in several if one is not None), None)


def own_end_us(case: CaseFile, minutes: Minutes, facts: Facts, at: datetime) -> int:
    """When the last of these images would be gone without any requisition, wall time in microseconds."""
    days, beyond = term_days_then(facts, minutes, at), beyond_us(case.kind, case.call, paper=False)
    if days is None:
        return minutes.range.to_us + LONGEST_TERM_US + beyond
    return hour_term_end_us(hour_of(minutes.range.to_us - 1), days, LEGAL_TIME_ZONE) + beyond


def lapsed_holds(case: CaseFile, titles: Sequence[Title], facts: Facts, at: datetime) -> list[DeskHoldRow]:
    """The lengthened holds that no title speaks of, past their images' own end."""
    standing = [one for one in case.holds if one.lengthened and one.ended_us is None]
    without = [one for one in standing if not within([minutes_of(one)], titles)]
    return [one for one in without if own_end_us(case, minutes_of(one), facts, at) <= to_wall_us(at)]


def lapsed_packages(case: CaseFile, titles: Sequence[Title], facts: Facts, at: datetime) -> list[DeskPackageRow]:
    """The copies on the centre's disk that have a line which no title covers, past its images' own end."""

    def over(line: Minutes) -> bool:
        return not any(one.covers(line) for one in titles) and own_end_us(case, line, facts, at) <= to_wall_us(at)

    made = [one for one in case.packages if one.built_us is not None and one.destroyed_us is None]
    return [one for one in made if any(over(line) for line in lines_of(one))]


def lines_of(package: DeskPackageRow) -> list[Minutes]:
    """The minutes of a delivery."""
    return [Minutes(CameraId(camera), WallRange(from_us, to_us)) for camera, from_us, to_us in package.asked]
