"""A town whose recorder holds: real chunk files, the recorder's own methods (holds too) on its socket, a real register.

The clock stands at `worlds.NOW` and can be moved; `minute` does what recorder and keyrings do each minute.
"""

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from tests.support.centre import CLERK, Town, running
from tests.support.chunks import header_for
from tests.support.clips import gops

from beffroi.base.secrets import read_signing_key
from beffroi.capture.control import ControlServer
from beffroi.capture.handle import StreamId
from beffroi.capture.holding import Holding
from beffroi.capture.leases import LeaseChecker
from beffroi.capture.methods import Methods
from beffroi.capture.paths import RecorderPaths
from beffroi.cli.promises.client import Answer
from beffroi.domain.clock import instant, to_wall_us
from beffroi.domain.ids import AuthorityId, CameraId, PersonId
from beffroi.media.codec import CodecConfig
from beffroi.media.frame import Frame
from beffroi.server import deskround, subjectround
from beffroi.vault.catalogue import Catalogue
from beffroi.vault.chunk import ChunkWriter, CloseReason
from beffroi.vault.clockwatch import ClockWatch
from beffroi.vault.destruction import Destroyer
from beffroi.vault.journal import ActKind, Journal
from beffroi.vault.publichours import PublicHours
from beffroi.vault.sealing import chunk_info, hour_of, seal_content_key
from beffroi.vault.tell import tell_untold

BEGIN_US: Final = to_wall_us(datetime(2026, 3, 2, 8, 40, tzinfo=UTC))
COMMUNE_OF: Final = {"cx": "X", "cy": "Y", "cd": "X"}
AGENT: Final = "agentE"
DAY_S: Final = 86_400.0
CALL: Final = {"caller": "OPJ de permanence", "service": "gendarmerie", "callback": "01 00 00 00 17", "verified": True}


class _Quiet:
    def health(self) -> dict[StreamId, dict[str, Any]]:
        return {}

    def reload(self) -> None:
        return


@dataclass
class DeskTown:
    """The town, its recorder's parts, its keyrings."""

    town: Town
    catalogue: Catalogue
    journal: Journal
    holding: Holding
    destroyer: Destroyer
    hours: PublicHours
    watch: ClockWatch

    @property
    def root(self) -> Path:
        """The recorder's folder."""
        return self.town.centre.data / "recorder"

    def record(
        self, camera: str, source: tuple[CodecConfig, tuple[Frame, ...]], *, at_s: float = 0.0, run: str = "a1" * 16
    ) -> tuple[Frame, ...]:
        """Write a closed file that begins so many seconds after `BEGIN_US`, and tell it as a recorder does."""
        config, frames = source
        authority = f"maire/{COMMUNE_OF[camera]}"
        key, start_us = os.urandom(16), BEGIN_US + round(at_s * 1e6)
        header = replace(
            header_for(config, wall_start_us=start_us, camera=CameraId(camera), run=run),
            authority=authority,
            term_days=30,
        )
        public = self.hours.public_for(authority, 30, header.hour)
        header = replace(header, sealed_key=seal_content_key(public, key, info=chunk_info(header)))
        writer = ChunkWriter.create(self.root, header, config, key, self.catalogue)
        groups = gops(frames)
        for number, group in enumerate(groups):
            following = groups[number + 1][0].dts_90k if number + 1 < len(groups) else None
            writer.write_gop(group, start_us + group[0].dts_90k * 100 // 9, next_dts_90k=following)
        writer.close(CloseReason.ROTATED)
        tell_untold(self.root / "catalogue.sqlite", self.root / "journal.sqlite", self._post)
        return frames

    def _post(self, kind: ActKind, fields: dict[str, Any], *, once: str) -> None:
        self.journal.append(kind, fields, wall_us=self.town.clock.wall_us(), once=once)

    def open_case(self, who: str = AGENT, kind: str = "requisition") -> str:
        """A new case."""
        answer = self.town.person(who).post("/api/desk/cases", {"kind": kind})
        assert answer.status == 201, answer.body
        return str(answer.body["id"])

    def hold(
        self,
        case: str,
        lines: dict[str, tuple[float, float]],
        *,
        who: str = AGENT,
        frame: str = "flagrance",
        **more: Any,
    ) -> Answer:
        """The phone call: minutes as so many seconds after `BEGIN_US`."""
        cameras = [{"camera": camera, **span(*ends)} for camera, ends in lines.items()]
        body = {**CALL, "frame": frame, "cameras": cameras, **more}
        return self.town.person(who).post(f"/api/desk/cases/{case}/hold", body)

    def pieces(self) -> list[Path]:
        """What the recorder holds apart."""
        return sorted((self.root / "frozen").glob("*/*.piece"))

    def days_pass(self, seconds: float) -> None:
        """Time passes, and two persons say that the clocks are right (a jump of the clock alone would be doubted)."""
        self.town.clock.advance(seconds)
        self.watch.settle()
        for keeper in self.town.centre.supply.keepers.values():
            keeper.watch.settle()
        self.minute()

    def minute(self) -> None:
        """What the recorder and the keyrings do each minute."""
        for keeper in self.town.centre.supply.keepers.values():
            keeper.once()
        self.destroyer.run()
        self.holding.freezer.once()


def span(from_s: float, to_s: float) -> dict[str, str]:
    """A range as the routes take it."""
    return {
        "from": instant(BEGIN_US + round(from_s * 1e6)).isoformat(),
        "to": instant(BEGIN_US + round(to_s * 1e6)).isoformat(),
    }


@contextmanager
def desk_town(folder: Path) -> Iterator[DeskTown]:
    """A running centre with its recorder's answers, without footage yet. Its own rounds of the desk and of filmed
    persons' requests stand still: a test's round is in another loop, and two at once would each find what the other has
    half done."""
    with (
        patch.object(deskround, "PERIOD_S", 3_600.0),
        patch.object(subjectround, "PERIOD_S", 3_600.0),
        running(folder) as town,
    ):
        root, clock = town.centre.data / "recorder", town.clock
        paths = RecorderPaths(town.centre.data)
        paths.prepare()
        catalogue, journal = Catalogue.open(root / "catalogue.sqlite"), Journal.open(root / "journal.sqlite")
        sheet_key = read_signing_key(town.centre.data / "centre" / "secrets" / "sheet.key")
        hours, first = PublicHours.load(root / "hours", [sheet_key.public_key()]), hour_of(BEGIN_US) - 1
        for commune in ("X", "Y"):
            ring = town.centre.supply.keepers[AuthorityId(f"maire/{commune}")].keyring
            ring.prepare(30, first, 6)
            hours.install(ring.public_bundle(30, first, 6, sheet_key), now_us=clock.wall_us())
        watch = ClockWatch(clock)
        holding = Holding(paths, catalogue=catalogue, journal=lambda: journal, clock=clock, watch=watch)
        destroyer = Destroyer(
            root,
            catalogue=catalogue,
            journal=journal,
            clock=clock,
            watch=watch,
            legal_tz=hours.legal_tz,
            freezer=holding.freezer,
            min_days=lambda _: 0,
        )
        methods = Methods(
            root=root,
            catalogue=catalogue,
            journal=lambda: journal,
            leases=LeaseChecker(root / "trust" / "gate.pub", clock),
            recorder=_Quiet(),
            clock=clock,
            more=holding.methods(),
        )
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        server = ControlServer(methods)
        asyncio.run_coroutine_threadsafe(server.start(town.centre.recorder_socket), loop).result(10)
        try:
            yield DeskTown(town, catalogue, journal, holding, destroyer, hours, watch)
        finally:
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result(60)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(5)
            catalogue.close()
            journal.close()


__all__ = ["AGENT", "BEGIN_US", "CLERK", "DAY_S", "DeskTown", "PersonId", "desk_town", "span"]
