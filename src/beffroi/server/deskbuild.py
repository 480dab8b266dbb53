"""Building a delivery: each line under a view of the gate (act extract), pieces from the recorder, keys from the rings.

Runs in a thread with a connection of its own; each read and each key asks for the lease of the moment, so a right that
is withdrawn half-way ends the building, and nothing is left of it.
"""

import asyncio
import hashlib
import shutil
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from beffroi import __version__
from beffroi.base.files import fsync_dir, fsync_fd
from beffroi.capture.client import RecorderClient
from beffroi.domain.clock import now
from beffroi.domain.documents import LEGAL_TIME_ZONE, Document
from beffroi.domain.facts import Facts
from beffroi.domain.ids import CameraId
from beffroi.domain.lease import LeaseRefusedError
from beffroi.domain.ranges import WallRange
from beffroi.evidence.build import Materials, Spec, build
from beffroi.evidence.deskrules import Minutes, check_scope, titles_of
from beffroi.evidence.deskstore import CaseFile, minutes_of
from beffroi.evidence.heldsource import HeldSource
from beffroi.evidence.holes import UNKNOWN, caused, uncovered
from beffroi.evidence.manifest import Asked, CameraFacts, Case, GapNote, Grounds, Manifest
from beffroi.gate.answers import OpenedView
from beffroi.gate.gate import Gate
from beffroi.law.packs.fr.links import authority_of
from beffroi.ledger.entry import Record
from beffroi.registry.desktables import DeskHoldRow, DeskPackageRow
from beffroi.server.centre import Centre, authority_name, commune_name
from beffroi.server.deskpapers import papers
from beffroi.server.deskproof import PAUSES, Closings, register_proof
from beffroi.server.deskstamp import Stamping
from beffroi.server.heldpieces import HeldPieces, best_stream
from beffroi.vault.rangeerrors import DamagedFootageError

_FOLDER: Final = "packages"
_UNHELD: Final = {"damaged": "lost", "past_term": "past_term"}
"""Files that no hold will ever have, and the cause that a delivery tells."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a delivery: its minutes, the hold that has them, the open view that lets them leave."""

    minutes: Minutes
    hold: DeskHoldRow
    view: OpenedView


@dataclass(frozen=True, slots=True)
class _Part:
    """What there is of a line: pieces, where it is ``known`` why there is none; ``torn``: a copy of which no more than
    that can be told, its file being gone."""

    line: Line
    stream: str
    found: list[HeldSource]
    known: list[tuple[WallRange, str]]
    torn: bool

    def sound(self) -> "_Part":
        """The same without what is torn inside of the pieces."""
        looked = [one.sound() for one in self.found]
        known = self.known + [(span, _UNHELD["damaged"]) for _, torn in looked for span in torn]
        return replace(self, found=[one for one, _ in looked if one is not None], known=known)


@dataclass(frozen=True, slots=True)
class Built:
    """A delivery on the centre's disk. ``stamp``: what became of its time stamp."""

    size_bytes: int
    sha256: str
    manifest_sha256: str
    manifest: Manifest
    stamp: Mapping[str, str]


def packages_folder(centre: Centre) -> Path:
    """Where deliveries wait for their receipt."""
    return centre.data / "centre" / _FOLDER


def package_path(centre: Centre, package: str) -> Path:
    """The zip file of a delivery."""
    return packages_folder(centre) / f"{package}.zip"


class Building:
    """One delivery being built. Call `run` in a thread."""

    pauses: Iterable[float] = PAUSES

    def __init__(self, centre: Centre, gate: Gate, case: CaseFile, package: DeskPackageRow) -> None:
        self._centre = centre
        self._gate = gate
        self._case = case
        self._package = package
        self._stamping = Stamping(centre.data / "centre")

    def run(self, lines: Sequence[Line]) -> Built:
        """Build the folder, then its zip file; the folder goes.

        Raises:
            LeaseRefusedError: the right was withdrawn. NoFootageError: no picture. RefusedError: the register is
            behind. BeffroiError: recorder or keyring.
            OSError: the disk refuses. Nothing is left in each case.
        """
        folder = packages_folder(self._centre)
        folder.mkdir(mode=0o700, exist_ok=True)
        out, path = folder / f"{self._package.id}.making", package_path(self._centre, self._package.id)
        shutil.rmtree(out, ignore_errors=True)
        loop = asyncio.new_event_loop()
        try:
            self._loop, self._client = loop, RecorderClient(self._centre.recorder_socket)
            parts = [self._part(line) for line in lines]
            try:
                manifest = self._build(parts, out)
            except DamagedFootageError:  # what is torn stays behind, told as a hole; the rest is owed all the same
                manifest = self._build([one.sound() for one in parts], out)
            size, digest = _zip(out, path)
            raw = (out / "manifest.json").read_bytes()
            return Built(size, digest, hashlib.sha256(raw).hexdigest(), manifest, self._stamping.told)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        finally:
            loop.run_until_complete(self._client.close())
            loop.close()
            shutil.rmtree(out, ignore_errors=True)

    def _build(self, parts: Sequence[_Part], out: Path) -> Manifest:
        sources: dict[tuple[CameraId, str], list[HeldSource]] = {}
        gaps: list[GapNote] = []
        lines = [one.line for one in parts]
        for part in parts:
            sources.setdefault((part.line.minutes.camera, part.stream), []).extend(part.found)
            gaps += self._gaps(part)
        begun: dict[CameraId, dict[str, int]] = {}
        for (camera, _), found in sources.items():
            told = {one.chunk.root.hex(): one.chunk.header.wall_start_us for one in found}
            begun.setdefault(camera, {}).update(told)
        ledger, clock = self._centre.ledger, self._centre.clock
        closed = Closings(ledger, clock, self._journal, self.pauses).of(begun)
        indexes = [record.index for record in closed] + [line.view.ledger_index for line in lines]
        facts = self._centre.registry.facts()
        witnessing = self._centre.witnessing
        proof = register_proof(ledger, indexes, witnessing.covering)
        keys = [ledger.verifier.encode(), *witnessing.vkeys()]
        materials = Materials(dict(sources), proof, keys, papers(proof.note), self._stamping.ask)
        return build(out, self._spec(facts, lines, gaps, closed, clock.wall_us()), materials, self._centre.evidence_key)

    def _journal(self, after: int, limit: int) -> list[dict[str, Any]]:
        return self._loop.run_until_complete(self._client.journal(after, limit))

    def _lease(self, line: Line) -> str:
        """The lease of the moment, while a requisition of this very case lets the line leave: the law is content with
        any that covers it."""
        titles = titles_of(self._centre.registry.facts(), self._names(), now(self._centre.clock))
        check_scope([line.minutes], titles)
        lease = self._gate.current_lease(line.view.id)
        if lease is None:
            raise LeaseRefusedError("withdrawn")
        return lease

    def _part(self, line: Line) -> _Part:
        """The pieces of a line, of the best stream that has any, and why others are not held."""
        held = HeldPieces(self._centre, self._loop, self._client, line.hold, partial(self._lease, line))
        listed = held.listed()
        pieces = [one for one in listed if one["state"] == "sealed"]
        others = [one for one in listed if one["state"] in _UNHELD]
        stream = best_stream(pieces)
        known = [
            (WallRange(one["from_us"], one["to_us"]), _UNHELD[one["state"]])
            for one in others
            if one.get("stream") == stream and one["from_us"] < one["to_us"]
        ]
        found = [held.source(one) for one in pieces if one["stream"] == stream]
        return _Part(line, stream, found, known, any("stream" not in one for one in others))

    def _gaps(self, part: _Part) -> list[GapNote]:
        """Where a line has no picture, with the cause that the recorder knows of at each instant."""
        line = part.line
        camera, asked = line.minutes.camera, line.minutes.range
        entries = [entry for one in part.found for entry in one.entries]
        held = [WallRange(one.wall_us, max(one.wall_us, one.end_us)) for one in entries]
        calendar = self._loop.run_until_complete(
            self._client.calendar(camera, part.stream, asked.from_us, asked.to_us, self._lease(line))
        )
        gone = _UNHELD["damaged" if part.torn else "past_term"]
        known = [(WallRange(int(a), int(b)), gone) for a, b, _ in calendar["destroyed"]]
        known += [(WallRange(int(a), int(b)), str(cause)) for a, b, cause in calendar["gaps"]]
        known += [(WallRange(int(a), int(b)), "lost") for a, b in calendar["lost"]]
        told: list[tuple[WallRange, str]] = []
        for hole in uncovered(asked, held):
            # What its own pieces say first: the calendar says "destroyed" of each file, also of one that is held.
            for span, cause in caused(hole, part.known):
                told += caused(span, known) if cause == UNKNOWN else [(span, cause)]
        return [GapNote(camera, span.from_us, span.to_us, cause) for span, cause in told]

    def _spec(
        self, facts: Facts, lines: Sequence[Line], gaps: Sequence[GapNote], closed: Sequence[Record], now_us: int
    ) -> Spec:
        first, names = lines[0].view, sorted({line.minutes.camera for line in lines})
        decision = first.decision
        authorities = sorted({line.view.authority for line in lines})
        return Spec(
            made_us=now_us,
            software=f"beffroi {__version__}",
            case=self._stated(facts),
            requested_by=self._case.row.service,
            made_by=self._package.prepared_by,
            agreed_by=self._package.second,
            authority=", ".join(authorities),
            decision=Grounds(decision.rules, tuple(decision.documents), decision.rule_set_hash, first.ledger_index),
            cameras=tuple(_camera(facts, name, closed) for name in names),
            asked=tuple(Asked(one.minutes.camera, one.minutes.range.from_us, one.minutes.range.to_us) for one in lines),
            gaps=tuple(gaps),
            zone=LEGAL_TIME_ZONE,
            note=self._stamping.note,
        )

    def _stated(self, facts: Facts) -> Case:
        at = now(self._centre.clock)
        papers_of = [facts.in_charge(title.document, at) for title in titles_of(facts, self._names(), at)]
        found: list[Document] = [one for one in papers_of if one is not None]

        def several(name: str) -> str:
            return ", ".join(dict.fromkeys(str(one.fields.get(name, "")) for one in found if one.fields.get(name)))

        row = self._case.row
        return Case(
            id=row.id,
            kind=row.kind,
            article=several("article"),
            number=", ".join(dict.fromkeys(one.number for one in found)),
            service=several("service") or row.service,
            frame=several("frame") or row.frame,
            date=", ".join(dict.fromkeys(one.signed_on.isoformat() for one in found)),
        )

    def _names(self) -> list[str]:
        return [one.document for one in self._case.papers]


def holding(case: CaseFile, asked: Minutes) -> DeskHoldRow | None:
    """The hold of a case that has all of these minutes."""
    for row in case.holds:
        held = minutes_of(row)
        if row.ended_us is None and held.camera == asked.camera and held.range.contains(asked.range):
            return row
    return None


def _camera(facts: Facts, name: CameraId, closed: Sequence[Record]) -> CameraFacts:
    camera = facts.cameras[name]
    commune = commune_name(facts, camera.commune)
    placed = camera.latitude_deg is not None and camera.longitude_deg is not None
    told = [one.detail.get("camera_offset_ms") for one in closed if one.camera == name]
    offsets = [round(float(one)) for one in told if isinstance(one, int | str)]  # decimals are text in the register
    return CameraFacts(
        id=name,
        name=camera.name,
        place=f"{camera.latitude_deg:.5f}, {camera.longitude_deg:.5f}" if placed else camera.name,
        commune=commune,
        authority=authority_name(facts, authority_of(camera), commune).fr,
        clock_offset_ms=offsets[-1] if offsets else None,
    )


def _zip(folder: Path, path: Path) -> tuple[int, str]:
    """The folder as a zip file, stored, confirmed by the disk; its size and SHA-256."""
    making = path.with_suffix(".part")
    with ExitStack() as stack:
        stack.callback(lambda: making.unlink(missing_ok=True))
        with zipfile.ZipFile(making, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
            for one in sorted(folder.rglob("*")):
                if one.is_file():
                    archive.write(one, one.relative_to(folder).as_posix())
        making.chmod(0o600)
        with making.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            fsync_fd(file.fileno(), making)
        making.rename(path)
        fsync_dir(path.parent)
    return path.stat().st_size, digest
