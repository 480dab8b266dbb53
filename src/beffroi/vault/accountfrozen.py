"""What holds asked for, in the account: counted apart, for the rolling store's sums go on as if there were no hold."""

import json
from collections.abc import Iterator
from pathlib import Path

from beffroi.vault.accounttext import Discrepancy, Fault, act, discrepancy
from beffroi.vault.chunkformat import DamagedChunkError
from beffroi.vault.frozen import FOLDER, PIECE_SUFFIX, FrozenPiece, piece_files
from beffroi.vault.journal import ActKind, Journal
from beffroi.vault.mandates import StreamId
from beffroi.vault.spans import Span


def frozen_spans(root: Path) -> tuple[dict[StreamId, list[Span]], list[Discrepancy]]:
    """The time that frozen pieces hold, by stream, and the pieces that cannot be read."""
    found: dict[StreamId, list[Span]] = {}
    wrong = []
    for path in piece_files(root):
        try:
            with FrozenPiece.open(path) as piece:
                key = (str(piece.header.camera), str(piece.header.stream))
                found.setdefault(key, []).append((piece.range.from_us, piece.range.to_us))
        except FileNotFoundError:
            continue  # its hold ended while we looked
        except (DamagedChunkError, OSError) as error:
            why = error.what if isinstance(error, DamagedChunkError) else str(error.strerror)
            wrong.append(discrepancy(Fault.FILE_DAMAGED, str(path.relative_to(root)), why))
    return found, wrong


def check_frozen(root: Path, journal: Journal) -> Iterator[Discrepancy]:
    """Pieces that the journal says were copied and are gone without a proof, and pieces that it does not tell of."""
    present = {(path.parent.name, path.stem): path for path in piece_files(root)}
    told = set()
    for seq, text, once in journal.select(
        "SELECT seq, fields, once FROM act WHERE kind = ? ORDER BY seq", (ActKind.HOLD_COPIED.value,)
    ):
        fields = json.loads(text)
        _, _, of = str(once).partition(":")  # as `frozendeath.told_names` names it, and its proof
        name = (str(fields["hold"]), of.partition(":")[2].partition(":")[0])
        told.add(name)
        proof = f"frozen:{of}"
        if name not in present and not journal.select("SELECT 1 FROM act WHERE once = ?", (proof,)):
            yield discrepancy(
                Fault.FILE_MISSING, f"{FOLDER}/{name[0]}/{name[1]}{PIECE_SUFFIX}", act(seq), camera=fields["camera"]
            )
    for name in sorted(present.keys() - told):
        yield discrepancy(Fault.FILE_UNTOLD, str(present[name].relative_to(root)))
