"""An act of a recorder as the register spells it: how it is taken in, and how both are compared afterwards."""

import hashlib
from typing import Any, Final

from beffroi.domain.ids import AuthorityId, CameraId
from beffroi.ledger.canonical import NotCanonicalError, dump, exact
from beffroi.ledger.entry import Entry, EntryKind, Record, Source
from beffroi.vault.signed import canonical

MAX_DETAIL: Final = 15 * 1024
"""A leaf has 16 KiB, an act up to 64: what is longer stands in the register by its hash."""


def entry_of(
    recorder: str, seq: int, wall_us: int, kind: str, fields: dict[str, Any], *, chain: str | None = None
) -> Entry:
    """The entry of an act. ``chain``: the journal's hash up to it (hex), with the last of a batch.

    Raises:
        ValueError: a hash that is none, a number that JSON has not. RecursionError: fields nested too deep.
    """
    camera, authority = fields.get("camera"), fields.get("authority")
    return Entry(
        EntryKind.DESTRUCTION if kind == "destruction" else EntryKind.RECORDER,
        camera=CameraId(camera) if isinstance(camera, str) else None,
        authority=AuthorityId(authority) if isinstance(authority, str) else None,
        outcome=kind,
        source=Source(recorder, seq, chain),
        at_us=wall_us,
        detail=_detail(fields),
    )


def _detail(fields: dict[str, Any]) -> dict[str, Any]:
    """What a leaf can hold of an act. One that the register refused would keep out every act after it, for ever."""
    detail: dict[str, Any] = exact(fields)
    try:
        if len(dump(detail)) <= MAX_DETAIL:
            return detail
    except NotCanonicalError:
        pass
    text = canonical(fields)
    what = fields.get("what")
    named = {"what": what} if isinstance(what, str) and what.isidentifier() and len(what) <= 64 else {}
    return {**named, "sha256": hashlib.sha256(text).hexdigest(), "bytes": len(text)}


def says_the_same(record: Record, entry: Entry) -> bool:
    """Whether an entry of the register says what the act says."""
    names = ("kind", "camera", "authority", "outcome", "at_us", "detail")
    return all(getattr(record, name) == getattr(entry, name) for name in names)
