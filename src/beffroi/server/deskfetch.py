"""Whether a delivery may leave the centre, asked at each download and again while it goes: made in order once is not
enough, the requisition or the person's right may be gone since. The entry is durable before the first byte."""

from dataclasses import dataclass, replace
from datetime import datetime

from beffroi.domain.acts import Act, Purpose
from beffroi.domain.clock import instant
from beffroi.domain.errors import RefusedError
from beffroi.domain.ids import CameraId, PersonId
from beffroi.domain.ranges import WallRange
from beffroi.evidence.deskrules import Minutes, NoTitleError, check_scope
from beffroi.gate.restored import ShutWhileRestored
from beffroi.registry.desktables import DeskPackageRow
from beffroi.server.asking import question
from beffroi.server.byterange import Span
from beffroi.server.centre import Centre
from beffroi.server.deskbuild import holding
from beffroi.server.deskdelivery import Deliveries
from beffroi.server.posts import Post
from beffroi.server.session import Caller


@dataclass(frozen=True, slots=True)
class Fetch:
    """One caller, one delivery of a case, from one workstation."""

    deliveries: Deliveries
    caller: Caller
    post: Post | None
    case: str
    package: str

    def permitted(self) -> DeskPackageRow:
        """The delivery, when it may leave now. Blocking.

        Raises:
            NotFoundError: not a delivery of a case of this person. RefusedError: not made, or destroyed; no requisition
                in force has all of it; the law lets this person extract a line of it under no purpose.
        """
        case = self.deliveries.desk.store.case(self.case, self.caller.person)
        row, titles = self.deliveries.file(case, self.package), self.deliveries.titles(case)
        asked = [Minutes(CameraId(one), WallRange(begin, end)) for one, begin, end in row.asked]
        if not titles:
            raise NoTitleError
        check_scope(asked, titles)
        other = row.prepared_by if self.caller.person == row.second else row.second
        for one in asked:
            hold = holding(case, one)
            until = None if hold is None else instant(hold.until_us)
            check_law(self.centre, self.caller, one, other=other, post=self.post, held_until=until)
        return row

    async def refused(self, why: RefusedError) -> None:
        """A refusal is an entry."""
        told = {"package": self.package, "why": type(why).__name__}
        await self.deliveries.desk.enter("fetch_refused", self.case, self.caller, told)

    async def begin(self, span: Span) -> None:
        """The entry of what is about to leave.

        Raises:
            BrokenError: the register does not write: nothing leaves.
        """
        told = {"package": self.package, "from": span.start, "to": span.end}
        await self.deliveries.desk.enter("fetch_begun", self.case, self.caller, told)

    @property
    def centre(self) -> Centre:
        """The centre that it leaves."""
        return self.deliveries.centre

    async def left(self, sent: int) -> None:
        """So many bytes left: an entry, also of a part."""
        await self.deliveries.fetched(self.case, self.package, sent, self.caller)


def check_law(
    centre: Centre, caller: Caller, asked: Minutes, *, other: str, post: Post | None, held_until: datetime | None
) -> None:
    """Whether the law lets this person extract these minutes now, under one purpose at least; ``other`` is the second
    of the two persons, ``held_until`` the end of what was copied of them.

    Raises:
        RefusedError: it does not.
    """
    request = question(
        centre,
        caller,
        asked.camera,
        Act.EXTRACT,
        Purpose.F5,
        footage=asked.range,
        second=PersonId(other),
        post=post,
        held_until=held_until,
    )
    decider = ShutWhileRestored(centre.decider, centre.restored)
    first = decider.decide(request)
    if not first.allowed and not any(decider.decide(replace(request, purpose=one)).allowed for one in Purpose):
        raise RefusedError(first.sentence)
