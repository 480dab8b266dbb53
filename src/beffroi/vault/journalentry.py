"""An act of a recorder as the register spells it: how it is taken in, and how both are compared afterwards."""

from typing import Any

from beffroi.domain.ids import AuthorityId, CameraId
from beffroi.ledger.canonical import exact
from beffroi.ledger.entry import Entry, EntryKind, Record, Source


def entry_of(
    recorder: str, seq: int, wall_us: int, kind: str, fields: dict[str, Any], *, chain: str | None = None
) -> Entry:
    """The entry of an act. ``chain``: the journal's hash up to it (hex), with the last of a batch.

    Raises:
        ValueError: a hash that is none. RecursionError: fields nested too deep.
    """
    camera, authority = fields.get("camera"), fields.get("authority")
    return Entry(
        EntryKind.DESTRUCTION if kind == "destruction" else EntryKind.RECORDER,
        camera=CameraId(camera) if isinstance(camera, str) else None,
        authority=AuthorityId(authority) if isinstance(authority, str) else None,
        outcome=kind,
        source=Source(recorder, seq, chain),
        at_us=wall_us,
        detail=exact(fields),
    )


def says_the_same(record: Record, entry: Entry) -> bool:
    """Whether an entry of the register says what the act says."""
    names = ("kind", "camera", "authority", "outcome", "at_us", "detail")
    return all(getattr(record, name) == getattr(entry, name) for name in names)
