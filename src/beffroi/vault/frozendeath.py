"""A frozen piece dies: intent (what the proof will say, since the piece will no longer tell it) → its sealed keys
overwritten → unlink → fsync of the folder → journal entry → intent forgotten. Each step can be taken up again."""

import json
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any, Final, Protocol

from beffroi.base.files import fsync_dir, unlink_durable, write_durable
from beffroi.vault.chunkformat import DamagedChunkError
from beffroi.vault.clockwatch import ClockWatch
from beffroi.vault.frozen import HEAD_BYTES, PIECE_SUFFIX, FrozenPiece, erase_keys
from beffroi.vault.hold import Hold
from beffroi.vault.journal import ActKind, Journal
from beffroi.vault.proofs import Cause, FileFate, LogFate, proof_fields
from beffroi.vault.remanence import remanence
from beffroi.vault.signed import canonical

DYING_SUFFIX: Final = ".dying"


class Post(Protocol):
    """Enters an act in the journal, on disk when it returns, once by its name."""

    def __call__(self, kind: ActKind, fields: dict[str, Any], *, once: str) -> None: ...


def told_names(journal: Journal, hold: str, kid: str) -> tuple[str, str, str]:
    """By which names the journal is told, once, of this life of a piece: its copy, its seals (up to their end), its
    death. Once its hold has ended the same minutes may be held again: the later copy and its proof are acts of their
    own, numbered by the proofs that are there. Not while a death is under way: its intent has its name."""
    for number in count(1):
        name = f"{hold}:{kid}" if number == 1 else f"{hold}:{kid}:{number}"
        if not journal.select("SELECT 1 FROM act WHERE once = ?", (death := f"frozen:{name}",)):
            return f"copied:{name}", f"sealed:{name}", death
    raise AssertionError("count has no end")


class PieceDeath:
    """Destroys pieces; callers hold the freezer's lock. Its methods raise OSError, FsyncFailedError and
    JournalBrokenError when the disk refuses."""

    def __init__(
        self, post: Post, journal: Callable[[], Journal], watch: ClockWatch, trace: Callable[[str], None]
    ) -> None:
        self._post = post
        self._journal = journal
        self._watch = watch
        self._trace = trace

    def destroy(self, hold: Hold, path: Path, cause: Cause) -> None:
        """Destroy one piece for a cause."""
        fields: dict[str, Any] = {"hold": hold.id, "case": hold.case, "authority": hold.authority, "kid": path.stem}
        fields |= {"camera": hold.camera, "store": "frozen", "cause": cause.value}
        try:
            with FrozenPiece.open(path) as piece:
                header, span = piece.header, piece.range
                fields |= {"stream": header.stream, "run": header.run, "from_us": span.from_us, "to_us": span.to_us}
                fields |= {"size": piece.size, "root": piece.facts.root.hex(), "term_days": header.term_days}
                fields |= {"hour": header.hour, "term_end_us": piece.facts.term_end_us}
        except DamagedChunkError:
            fields |= {"damaged": True}
        fields |= {"once": told_names(self._journal(), hold.id, path.stem)[2]}
        dying = path.with_suffix(DYING_SUFFIX)
        self._trace("piece: log")
        write_durable(dying, canonical(fields))
        self._finish(dying)

    def finish_all(self, directory: Path) -> int:
        """Go on with what a crash left in a hold's folder; how many."""
        found = sorted(directory.glob(f"*{DYING_SUFFIX}"))
        for dying in found:
            self._finish(dying)
        return len(found)

    def _finish(self, dying: Path) -> None:
        path, file = dying.with_suffix(PIECE_SUFFIX), FileFate.UNLINKED
        fields = json.loads(dying.read_bytes())
        once = fields.pop("once", f"frozen:{fields['hold']}:{fields['kid']}")  # an older version wrote none
        try:
            self._trace("piece: overwrite")
            erase_keys(path, HEAD_BYTES)
            self._trace("piece: unlink")
            path.unlink(missing_ok=True)
        except FileNotFoundError:
            file = FileFate.ALREADY_GONE
        fsync_dir(path.parent)
        self._trace("piece: journal")
        remains = remanence(path.parent)
        done = proof_fields(Cause(fields["cause"]), file=file, log=LogFate.NONE, remains=remains, case=True)
        done |= {"clock_in_doubt": self._watch.doubtful()}
        self._post(ActKind.DESTRUCTION, {**fields, **done}, once=once)
        self._trace("piece: forget")
        unlink_durable(dying)
