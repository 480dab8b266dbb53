"""A good recording sheet to start from, for the tests of whatever records."""

from dataclasses import replace
from typing import Any

from beffroi.domain.acts import Origin, Purpose
from beffroi.domain.ids import AuthorityId, BodyId, CameraId, DocumentId
from beffroi.vault.sheet import RecordingSheet, SheetStream

DAY_US = 86_400_000_000


def good_sheet(now_us: int, camera: str = "cam-1", **changes: Any) -> RecordingSheet:
    """A sheet valid from a minute ago for 31 days less a minute; ``changes`` replace fields."""
    sheet = RecordingSheet(
        camera=CameraId(camera),
        authority=AuthorityId("maire/99001"),
        commune=BodyId("99001"),
        term_days=30,
        min_days=0,
        priority=1,
        streams=(
            SheetStream("main", "rtsp://127.0.0.1:8554/main", "h264"),
            SheetStream("sub", "rtsp://127.0.0.1:8554/sub", ""),
        ),
        credentials="",
        origin=Origin.PUBLIC_WAY,
        order=DocumentId("prefect_order/A-1"),
        purposes=(Purpose.F1,),
        legal_tz="Europe/Paris",
        issued_us=now_us - 60_000_000,
        valid_from_us=now_us - 60_000_000,
        valid_until_us=now_us - 60_000_000 + 31 * DAY_US,
        serial=1,
    )
    return replace(sheet, **changes)
