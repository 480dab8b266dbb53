"""After a fault: is everything there that `vaultwriter` promised, and is nothing there that was not sent?"""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.frames import clear_frames
from tests.support.vaultwriter import FLUSH_S, GROUP_90K, destroy_before, group_at

from beffroi.vault.catalogue import Catalogue, ChunkState
from beffroi.vault.check import CheckLevel, check
from beffroi.vault.journal import ActKind, Journal
from beffroi.vault.reader import ChunkReader
from beffroi.vault.recover import Recovered, recover
from beffroi.vault.sealing import HOUR_US

GROUP_S = GROUP_90K / 90_000


@dataclass
class History:
    """What a writer told, over all its lives on one disk."""

    keys: dict[str, bytes] = field(default_factory=dict)
    durable: dict[str, int] = field(default_factory=dict)
    written: dict[str, int] = field(default_factory=dict)
    roots: dict[str, str] = field(default_factory=dict)
    acts: dict[int, str] = field(default_factory=dict)
    due: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    slowest_s: float = 0.0

    def take(self, lines: Iterable[bytes], *, until_s: float = math.inf) -> None:
        """Add what one life told. ``until_s``: when its disk was cut (`LoopDisk.cut`); later promises are none."""
        self.slowest_s = 0.0
        for line in lines:
            fields: dict[str, Any] = json.loads(line)
            path = fields.get("path", "")
            begun = fields["tell"] in {"open", "due"}  # that it may have been done is no promise that it was
            if fields["at"] >= until_s and not begun:
                continue
            match fields["tell"]:
                case "open":
                    self.keys[path] = bytes.fromhex(fields["key"])
                case "written":
                    self.written[path] = fields["n"]
                    self.slowest_s = max(self.slowest_s, fields["took"])
                case "durable":
                    self.durable[path] = fields["n"]
                case "closed":
                    self.durable[path] = self.written[path] = fields["n"]
                    self.roots[path] = fields["root"]
                case "act":
                    self.acts[fields["seq"]] = path
                case "due":
                    self.due.update(fields["paths"])
                case "gone":
                    self.gone.update(fields["paths"])


@dataclass
class Verdict:
    """Figures of one recovery. ``lost_groups``: of the stream that lost most; ``lost_s`` the same as video."""

    fragments: int
    lost_groups: int
    recovered: list[Recovered]

    @property
    def lost_s(self) -> float:
        return self.lost_groups * GROUP_S


def recover_and_verify(root: Path, history: History) -> Verdict:
    """Recover as the next start does, then compare everything with the history. AssertionError names what is wrong."""
    catalogue = Catalogue.open(root / "catalogue.sqlite")
    journal = Journal.open(root / "journal.sqlite")
    try:
        recovered = recover(root, catalogue)
        assert recover(root, catalogue) == [], "a second recovery finds nothing to do"
        found = [str(item) for item in check(root, catalogue, level=CheckLevel.HASH)]
        assert found == [], found
        _acts_are_there(journal, history)
        return Verdict(_promised_is_there(root, catalogue, history), _lost(root, history), recovered)
    finally:
        journal.close()
        catalogue.close()


def finish_destruction(root: Path, history: History) -> int:
    """Run destruction again as the next start does: what was due is gone, and nothing else. How many files were due."""
    catalogue = Catalogue.open(root / "catalogue.sqlite")
    journal = Journal.open(root / "journal.sqlite")
    try:
        for row in catalogue.garbage():
            served = catalogue.chunks(row.camera, row.stream, row.range)
            assert row.id not in {item.id for item in served}, "half destroyed is served"
        hours = [row.hour for row in catalogue.all_chunks() if row.path in history.due]
        if hours:
            destroy_before(root, catalogue, journal, max(hours) * HOUR_US, lambda _: None)
        assert not [path for path in history.due if (root / path).exists()]
        assert not [row.path for row in catalogue.all_chunks() if row.path in history.due]
        return len(history.due)
    finally:
        journal.close()
        catalogue.close()


def lost_bar_s(history: History) -> float:
    """What a power cut may cost: the flush interval, and the longest that one write took while the disk was slow."""
    return FLUSH_S + history.slowest_s + GROUP_S


def _acts_are_there(journal: Journal, history: History) -> None:
    entries = {entry.seq: entry for entry in journal.read_after(0, 10_000)}
    for seq, path in history.acts.items():
        assert seq in entries, f"act {seq} was promised"
        assert (entries[seq].kind, entries[seq].fields["path"]) == (ActKind.CHUNK_CLOSED, path)
    destroyed = {entry.fields["path"] for entry in entries.values() if entry.kind is ActKind.DESTRUCTION}
    assert history.gone <= destroyed, "each destruction that was told has its proof"


def _promised_is_there(root: Path, catalogue: Catalogue, history: History) -> int:
    """Every promised fragment is whole and what was sent; so is every other that is served. Their number."""
    served = 0
    rows = {row.path: row for row in catalogue.all_chunks()}
    for path, key in history.keys.items():
        row = rows.pop(path, None)
        promised = history.durable.get(path, 0)
        if row is None or row.state is ChunkState.GARBAGE:
            assert promised == 0 or path in history.due, f"{path}: {promised} fragments were promised"
            assert row is not None or not (root / path).exists(), f"{path} has no row"
            continue
        assert path not in history.gone, f"{path} is past its term and still served"
        assert row.state is ChunkState.CLOSED
        served += _compare(root / path, key, promised, history.roots.get(path))
    assert not rows, f"files that nobody wrote: {list(rows)}"
    return served


def _compare(path: Path, key: bytes, promised: int, root: str | None) -> int:
    with ChunkReader.open(path) as reader:
        assert len(reader.gops) >= promised, f"{path.name}: {len(reader.gops)} of {promised} promised"
        assert reader.footer is not None
        assert root is None or reader.footer.root.hex() == root
        for gop in reader.gops:
            sent = group_at(gop.dts_90k // GROUP_90K)
            got = clear_frames(reader, gop, key)
            assert [frame.data for frame in got] == [frame.data for frame in sent], f"{path.name} at {gop.offset}"
        return len(reader.gops)


def _lost(root: Path, history: History) -> int:
    """Groups written and not there, of the stream that lost most."""
    lost: dict[str, int] = {}
    for path, written in history.written.items():
        if path in history.due:
            continue
        there = 0
        if (root / path).exists():
            with ChunkReader.open(root / path) as reader:
                there = len(reader.gops)
        camera = path.split("/")[1]
        lost[camera] = lost.get(camera, 0) + max(0, written - there)
        history.written[path] = there  # what is lost now is not lost again
    return max(lost.values(), default=0)
