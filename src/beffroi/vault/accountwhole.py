"""What of the account concerns no day: the chains of the journal and of the kept sheets, the sheets, dangling rows."""

from collections.abc import Collection, Iterable
from pathlib import Path
from zoneinfo import ZoneInfo

from beffroi.domain.clock import instant
from beffroi.domain.text import Text
from beffroi.vault.accounttext import Discrepancy, Fault, discrepancy
from beffroi.vault.catalogueschema import Connection
from beffroi.vault.journal import Journal
from beffroi.vault.journalchain import ChainFault, FaultKind
from beffroi.vault.mandates import Orders
from beffroi.vault.spans import Span

Told = tuple[str, int, int]
"""Of a sheet that the journal says was followed: camera, serial, when it was last told (wall time, microseconds)."""


def check_chains(journal: Journal, mandates: Journal) -> list[Discrepancy]:
    """What another hand did to the journal and to the sheets' book.

    Raises:
        JournalBrokenError: one cannot be read.
    """
    found = [_chain(fault, Text(fr="journal.sqlite", en="journal.sqlite")) for fault in journal.faults()]
    return found + [_chain(fault, Text(fr="mandates.sqlite", en="mandates.sqlite")) for fault in mandates.faults()]


def _chain(fault: ChainFault, book: Text) -> Discrepancy:
    numbers = str(fault.first) if fault.first == fault.last else f"{fault.first}–{fault.last}"
    one = Text(fr=f"l'acte n° {numbers} ({book.fr})", en=f"act no. {numbers} ({book.en})")
    line = Text(fr=f"ligne {numbers} ({book.fr})", en=f"line {numbers} ({book.en})")
    match fault.kind:
        case FaultKind.MISSING:
            return discrepancy(Fault.ENTRY_MISSING, one)
        case FaultKind.CHANGED:
            return discrepancy(Fault.ENTRY_CHANGED, one)
        case FaultKind.CARRIED:
            return discrepancy(Fault.BALANCE_CHANGED, line)
        case FaultKind.OPENING:
            return discrepancy(Fault.BALANCE_CHANGED, Text(fr=f"en-tête ({book.fr})", en=f"its head ({book.en})"))


def told_sheets(journal: Journal, cameras: Collection[str] | None) -> list[Told]:
    """The sheets that the journal says were followed; of all cameras when None.

    Raises:
        JournalBrokenError: it cannot be read.
    """
    told = journal.select(
        "SELECT json_extract(fields, '$.camera'), json_extract(fields, '$.serial'), MAX(wall_us) FROM act "
        "WHERE kind = 'sheet_applied' GROUP BY 1, 2"
    )
    return [(camera, serial, at_us) for camera, serial, at_us in told if cameras is None or camera in cameras]


def check_sheets(root: Path, told: Iterable[Told], orders: Orders) -> list[Discrepancy]:
    """Sheets that do not open, that the book lacks, or whose file is gone. ``told`` and ``orders`` of the same
    cameras, ``told`` read first."""
    found = [
        discrepancy(Fault.SHEET_REFUSED, f"{one.camera} n° {one.serial}", one.why, camera=one.camera)
        for one in orders.bad
    ]
    absent = Text(fr="gardée par l'enregistreur", en="kept by the recorder")
    for camera, serial, at_us in told:
        if at_us >= orders.opened_us and (camera, serial) not in orders.serials:
            found.append(discrepancy(Fault.SHEET_MISSING, f"{camera} n° {serial}", absent, camera=camera))
    folder = Text(fr="dossier des fiches", en="folder of sheets")
    for camera, serial in sorted(orders.last.items()):
        if not (root / "sheets" / f"{camera}.json").is_file():
            found.append(discrepancy(Fault.SHEET_MISSING, f"{camera} n° {serial}", folder, camera=camera))
    return found


def check_dangling(db: Connection) -> list[Discrepancy]:
    """Rows whose stream or run is gone. Read through the indexes: there may be a million rows.

    Raises:
        sqlite3.Error: the catalogue cannot be read.
    """
    found = []
    for table, column, parent in (
        ("chunk", "stream_id", "stream"), ("chunk", "run_id", "run"), ("gap", "stream_id", "stream"),
        ("destroyed", "stream_id", "stream"), ("run", "stream_id", "stream"),
    ):  # fmt: skip
        sql = f"SELECT DISTINCT {column} FROM {table} EXCEPT SELECT id FROM {parent}"  # noqa: S608  names of ours
        for (number,) in db.execute(sql):
            found.append(discrepancy(Fault.ROW_BROKEN, f"{parent} {number}", table))
    sql = "SELECT chunk_id FROM tail EXCEPT SELECT id FROM chunk"
    found += [discrepancy(Fault.ROW_BROKEN, f"chunk {number}", "tail") for (number,) in db.execute(sql)]
    return found


def span_text(span: Span, zone: ZoneInfo) -> Text:
    """A stretch of time in words, in legal time."""
    start, end = (instant(at).astimezone(zone) for at in span)
    fr_start, fr_end = (f"{at:%d/%m/%Y à %H:%M:%S},{at.microsecond // 1000:03d}" for at in (start, end))
    en_start, en_end = (at.isoformat(sep=" ", timespec="milliseconds") for at in (start, end))
    return Text(fr=f"Du {fr_start} au {fr_end}", en=f"From {en_start} to {en_end}")


def times(us: int) -> Text:
    """A duration in seconds, to the microsecond when it is not whole."""
    whole, rest = divmod(us, 1_000_000)
    if not rest:
        return Text(fr=f"{whole} s", en=f"{whole} s")
    return Text(fr=f"{whole},{rest:06d} s", en=f"{whole}.{rest:06d} s")
