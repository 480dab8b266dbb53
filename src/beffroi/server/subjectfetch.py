"""Whether a derived copy may leave the centre, asked at each download and again while it goes, as for a delivery: made
in order once is not enough, the access or the person's right may be gone since. The entry comes before the first byte.
"""

import zipfile
from dataclasses import dataclass
from typing import Final

from beffroi.domain.clock import instant
from beffroi.domain.errors import RefusedError
from beffroi.evidence.derived import FILM
from beffroi.evidence.subjectrules import COPY_US, HANDED_US
from beffroi.evidence.subjectstore import RequestFile, minutes_of_copy
from beffroi.registry.subjecttables import SubjectCopyRow
from beffroi.server.byterange import Span
from beffroi.server.centre import Centre
from beffroi.server.deskfetch import check_law
from beffroi.server.desksending import Piece
from beffroi.server.posts import Post
from beffroi.server.session import Caller
from beffroi.server.subjectcopy import NOT_READY, Copies

_LOCAL_HEADER: Final = 30
"""Bytes of a zip file's local header (APPNOTE 4.3.7) before the name; the lengths of name and extra field end it."""


@dataclass(frozen=True, slots=True)
class CopyFetch:
    """One caller, one derived copy of a request, from one workstation: the second person to look at it, the preparer
    once that is done."""

    copies: Copies
    caller: Caller
    post: Post | None
    request: str
    copy: str

    @property
    def centre(self) -> Centre:
        """The centre that it leaves."""
        return self.copies.centre

    def permitted(self) -> SubjectCopyRow:
        """The copy, when it may leave now. Blocking.

        Raises:
            NotFoundError: not a copy of a request that this person may read. RefusedError: another person's, not
                looked over, destroyed; the access was withdrawn; the law lets this person extract it under no purpose.
        """
        request = self._found()
        row, other = request.copy(self.copy), request.copy(self.copy).prepared_by
        self.copies.check_title(request, row)
        if self.caller.person != row.second:
            self.copies.only(self.caller, row.prepared_by)
            other = row.second
            if row.checked_us is None:
                raise RefusedError(NOT_READY)
        self.copies.file(row)
        check_law(
            self.centre,
            self.caller,
            minutes_of_copy(row),
            other=other,
            post=self.post,
            held_until=instant(_end_us(row)),  # what leaves was copied within the images' term, and has its own
        )
        return row

    def piece(self, row: SubjectCopyRow, *, film: bool) -> Piece:
        """What is sent: the whole zip file, or the masked film in it. Blocking."""
        path = self.copies.path(row.id)
        if not film:
            return Piece(path, row.size_bytes or 0)
        with zipfile.ZipFile(path) as archive:
            info = archive.getinfo(FILM)
        with path.open("rb") as file:
            file.seek(info.header_offset + _LOCAL_HEADER - 4)
            name, extra = (int.from_bytes(file.read(2), "little") for _ in range(2))
        offset = info.header_offset + _LOCAL_HEADER + name + extra
        return Piece(path, info.file_size, offset, "video/mp4")  # stored as it is: `beffroi.evidence.derived.pack`

    async def refused(self, why: RefusedError) -> None:
        """A refusal is an entry."""
        told = {"copy": self.copy, "why": type(why).__name__}
        await self.copies.subjects.enter("subject_copy_refused", self._found(), self.caller, told)

    async def begin(self, span: Span, *, film: bool) -> None:
        """The entry of what is about to leave.

        Raises:
            BrokenError: the register does not write: nothing leaves.
        """
        told = {"copy": self.copy, "from": span.start, "to": span.end, "film": film}
        await self.copies.subjects.enter("subject_copy_begun", self._found(), self.caller, told)

    async def left(self, sent: int) -> None:
        """So many bytes left: an entry, also of a part."""
        request = self.copies.subjects.store.request(self.request)  # also when it is no longer this person's to read
        await self.copies.subjects.enter(
            "subject_copy_fetched", request, self.caller, {"copy": self.copy, "bytes": sent}
        )

    def _found(self) -> RequestFile:
        return self.copies.subjects.request(self.caller, self.request)


def _end_us(row: SubjectCopyRow) -> int:
    kept = (row.built_us or 0) + COPY_US
    return kept if row.handed_us is None else min(kept, row.handed_us + HANDED_US)
