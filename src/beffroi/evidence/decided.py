"""Whether the register shows the decisions by which a package was handed over: for those cameras and minutes, on the
grounds that its statement gives. Whoever holds the evidence key alone cannot invent them."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from itertools import accumulate

from beffroi.domain.acts import Act
from beffroi.domain.ids import CameraId
from beffroi.domain.ranges import WallRange
from beffroi.evidence.findings import Finding, Kind
from beffroi.evidence.manifest import MANIFEST, Grounds, Manifest
from beffroi.ledger.entry import EntryKind, Record


def check_decided(manifest: Manifest, records: Mapping[int, Record]) -> Iterator[Finding]:
    """Each of the minutes asked lies within an extract that the register shows as opened; the entry that the statement
    names is one of these, and was decided on the grounds that it gives.

    Args:
        manifest: the statement.
        records: entries that are proven to be in the register.
    """
    opened = {index: one for index, one in records.items() if _is_extract(one)}
    covering = _Covering((one.camera, one.footage) for one in opened.values() if one.footage is not None)
    for asked in manifest.asked:
        if not covering.has(CameraId(asked.camera), asked.range):
            yield Finding(Kind.DECISION_SILENT, asked.camera)
    found = opened.get(manifest.decision.entry)
    if manifest.decision.entry not in records:
        yield Finding(Kind.REGISTER_SILENT, MANIFEST)
    elif found is None:
        yield Finding(Kind.DECISION_SILENT, MANIFEST)
    elif _grounds(found) != manifest.decision:
        yield Finding(Kind.STATEMENT_WRONG, MANIFEST, "decision")


def _is_extract(record: Record) -> bool:
    return record.kind is EntryKind.VIEW_OPENED and record.act is Act.EXTRACT


def _grounds(record: Record) -> Grounds | None:
    trace = record.decision
    return None if trace is None else Grounds(trace.rules, trace.documents, trace.rule_set_hash, record.index)


class _Covering:
    """Whether one of these ranges has another one wholly inside, by camera: asked often, of many."""

    def __init__(self, ranges: Iterable[tuple[CameraId | None, WallRange]]) -> None:
        found: dict[CameraId | None, list[WallRange]] = {}
        for camera, one in ranges:
            found.setdefault(camera, []).append(one)
        self._by = {camera: sorted(several) for camera, several in found.items()}
        self._ends = {
            camera: list(accumulate((one.to_us for one in several), max)) for camera, several in self._by.items()
        }

    def has(self, camera: CameraId, asked: WallRange) -> bool:
        begun = bisect_right(self._by.get(camera, []), asked.from_us, key=lambda one: one.from_us)
        return begun > 0 and self._ends[camera][begun - 1] >= asked.to_us
