"""The workers of a recorder when what must come before their restart fails."""

import asyncio
import os
import signal
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from tests.support.sheets import good_sheet

from beffroi.base.clock import SystemClock
from beffroi.capture import crew as crew_module
from beffroi.capture import duties
from beffroi.capture.crew import Crew
from beffroi.capture.handle import StreamId
from beffroi.capture.health import StreamHealth, stream_row
from beffroi.capture.messages import assignments_of
from beffroi.capture.paths import RecorderPaths
from beffroi.vault.catalogueschema import CatalogueError
from beffroi.vault.journal import ActKind


async def test_a_worker_whose_files_cannot_be_finished_is_shouted_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew_module, "_AGAIN_S", 0.2)
    monkeypatch.setattr(duties, "_RETRY_S", 0.1)
    asked: list[Collection[StreamId]] = []
    shouted: list[str] = []

    def recover(streams: Collection[StreamId]) -> None:
        asked.append(streams)
        if len(asked) < 3:
            raise CatalogueError("database or disk is full")

    def post(kind: ActKind, fields: dict[str, Any]) -> None:
        shouted.append(f"{kind.value} {fields['what']}")

    paths = RecorderPaths(tmp_path)
    paths.prepare()
    crew = Crew(paths, recover=recover)
    crew.prepare(1)
    first = crew.figures()[0]["pid"]
    os.kill(round(first), signal.SIGKILL)
    watching = asyncio.create_task(duties.keep(crew.watch, post))
    try:
        async with asyncio.timeout(60):
            while crew.figures()[0]["pid"] in {0, first}:
                await asyncio.sleep(0.02)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await crew.stop()
    assert len(asked) == 3
    assert shouted == ["alarm duty_failed"] * 2


async def test_a_stream_whose_worker_has_told_nothing_yet_is_shown_with_every_field(tmp_path: Path) -> None:
    paths = RecorderPaths(tmp_path)
    paths.prepare()
    sheet = good_sheet(SystemClock().wall_us())
    wanted = {(item.camera, item.stream): item for item in assignments_of(sheet, on_trust=False)}
    crew = Crew(paths, recover=lambda _: None)
    try:
        crew.assign(wanted)
        shown = crew.health()
    finally:
        await crew.stop()
    assert shown.keys() == wanted.keys()
    for key, row in shown.items():
        assert row.items() >= stream_row(key, StreamHealth()).items()
