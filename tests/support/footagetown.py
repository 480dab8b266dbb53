"""A town whose camera has footage: real chunk files, the recorder's own methods on its socket, and a requisition.

The centre's clock stands at `worlds.NOW`; the recorder's process would live in the present, so its methods run here.
"""

import asyncio
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tests.support import worlds
from tests.support.centre import CLERK, Town, running
from tests.support.chunks import header_for
from tests.support.clips import gops
from tests.support.oddclips import odd_clip

from beffroi.base.secrets import read_signing_key
from beffroi.capture.control import ControlServer
from beffroi.capture.handle import StreamId
from beffroi.capture.leases import LeaseChecker
from beffroi.capture.methods import Methods
from beffroi.cli.promises.client import Answer, Person
from beffroi.domain.clock import instant, to_wall_us
from beffroi.domain.documents import DocumentKind
from beffroi.domain.ids import AuthorityId, CameraId, DocumentId, PersonId
from beffroi.media.codec import CodecConfig, config_from_parameter_sets
from beffroi.media.frame import Frame
from beffroi.vault.catalogue import Catalogue
from beffroi.vault.chunk import ChunkWriter, CloseReason
from beffroi.vault.journal import Journal
from beffroi.vault.publichours import PublicHours
from beffroi.vault.sealing import chunk_info, hour_of, seal_content_key

CAMERA: Final = CameraId("cx")
AUTHORITY: Final = "maire/X"
REQUISITION: Final = DocumentId("requisition/cx")
BEGIN_US: Final = to_wall_us(datetime(2026, 3, 2, 8, 40, tzinfo=UTC))
TAKER, SECOND = "pmX", "mayorX"


class _Quiet:
    def health(self) -> dict[StreamId, dict[str, Any]]:
        return {}

    def reload(self) -> None:
        return


@dataclass
class FootageTown:
    """The town, and what its camera recorded."""

    town: Town
    catalogue: Catalogue
    hours: PublicHours

    @property
    def root(self) -> Path:
        """The recorder's folder."""
        return self.town.centre.data / "recorder"

    def record(
        self, source: tuple[CodecConfig, tuple[Frame, ...]], *, at_s: float = 0.0, run: str = "a1" * 16
    ) -> tuple[Frame, ...]:
        """Write a closed chunk that begins so many seconds after `BEGIN_US`."""
        config, frames = source
        key, start_us = os.urandom(16), BEGIN_US + round(at_s * 1e6)
        header = replace(
            header_for(config, wall_start_us=start_us, camera=CAMERA, run=run), authority=AUTHORITY, term_days=30
        )
        public = self.hours.public_for(AUTHORITY, 30, header.hour)
        header = replace(header, sealed_key=seal_content_key(public, key, info=chunk_info(header)))
        writer = ChunkWriter.create(self.root, header, config, key, self.catalogue)
        groups: Sequence[Sequence[Frame]] = gops(frames)
        for number, group in enumerate(groups):
            following = groups[number + 1][0].dts_90k if number + 1 < len(groups) else None
            writer.write_gop(group, start_us + group[0].dts_90k * 100 // 9, next_dts_90k=following)
        writer.close(CloseReason.ROTATED)
        return frames

    def ask(self, who: Person, from_s: float, to_s: float, *, second: str | None = SECOND, **more: Any) -> Answer:
        """Ask for a range, as so many seconds after `BEGIN_US`."""
        body = {"camera": str(CAMERA), **span(from_s, to_s), "reason": self.reason(who), "second": second, **more}
        return who.post("/api/extracts", body)

    def agree(self, from_s: float, to_s: float, *, second: str = SECOND, person: str = TAKER) -> Answer:
        """The second person says yes."""
        body = {"camera": str(CAMERA), **span(from_s, to_s), "person": person}
        return self.town.person(second).post("/api/extracts/agree", body)

    def opened(self, from_s: float, to_s: float, **more: Any) -> tuple[Person, dict[str, Any]]:
        """A file ready to be fetched, and who has it."""
        who = self.town.person(TAKER)
        assert self.agree(from_s, to_s).status == 200
        answer = self.ask(who, from_s, to_s, **more)
        assert answer.status == 201, answer.body
        return who, answer.body

    @staticmethod
    def reason(who: Person) -> str:
        """A reason that this person may give: offences on the public way (F5)."""
        reasons = who.get("/api/reasons").body
        return str(next(one["id"] for one in reasons if one["purpose"] == "F5"))

    def withdraw(self) -> None:
        """The requisition is suspended: the law no longer allows the extract."""
        self.town.centre.registry.suspend(REQUISITION, by=PersonId("mayorX"), reason="essai")


def span(from_s: float, to_s: float) -> dict[str, str]:
    """A range as the route takes it."""
    return {
        "from": instant(BEGIN_US + round(from_s * 1e6)).isoformat(),
        "to": instant(BEGIN_US + round(to_s * 1e6)).isoformat(),
    }


@contextmanager
def footage_town(folder: Path) -> Iterator[FootageTown]:
    """A running centre with its recorder's answers, without footage yet."""
    with running(folder) as town:
        registry = town.centre.registry
        fields: Any = {"opj": "OPJ", "service": "gendarmerie", "frame": "flagrance", "article": "60-1"}
        fields |= {"from": "2026-03-02T07:00:00+01:00", "to": "2026-03-02T10:00:00+01:00"}
        registry.propose(worlds.paper(DocumentKind.REQUISITION, "cx", cameras=("cx",), fields=fields), by=CLERK)
        registry.confirm_all([REQUISITION], by=PersonId("mayorX"))
        root = town.centre.data / "recorder"
        catalogue = Catalogue.open(root / "catalogue.sqlite")
        journal = Journal.open(root / "journal.sqlite")
        sheet_key = read_signing_key(town.centre.data / "centre" / "secrets" / "sheet.key")
        hours, first = PublicHours.load(root / "hours", [sheet_key.public_key()]), hour_of(BEGIN_US) - 1
        ring = town.centre.supply.keepers[AuthorityId(AUTHORITY)].keyring
        ring.prepare(30, first, 6)
        hours.install(ring.public_bundle(30, first, 6, sheet_key), now_us=town.clock.wall_us())
        methods = Methods(
            root=root,
            catalogue=catalogue,
            journal=lambda: journal,
            leases=LeaseChecker(root / "trust" / "gate.pub", town.clock),
            recorder=_Quiet(),
            clock=town.clock,
        )
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        town.centre.recorder_socket.parent.mkdir(parents=True, exist_ok=True)
        server = ControlServer(methods)
        asyncio.run_coroutine_threadsafe(server.start(town.centre.recorder_socket), loop).result(10)
        try:
            yield FootageTown(town, catalogue, hours)
        finally:
            asyncio.run_coroutine_threadsafe(server.stop(), loop).result(60)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(5)
            catalogue.close()
            journal.close()


def long_clip() -> tuple[CodecConfig, tuple[Frame, ...]]:
    """Twenty seconds, some ten megabytes: more than the buffers between two ends of a connection hold."""
    odd = odd_clip(count=40, gop=4, fps=2, width=1280, height=720, noise=120)
    frames = tuple(
        Frame(picture.stored("h264"), picture.key, picture.sent_90k, picture.shown_90k, 0, 0, None)
        for picture in odd.pictures
    )
    return config_from_parameter_sets("h264", odd.sets), frames
