"""What the recorder lives on, read from its folder: sheets, hour keys, clock stamp, journal."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from beffroi.base.clock import SystemClock
from beffroi.capture.alarms import Alarm
from beffroi.capture.paths import RecorderPaths
from beffroi.cli.doctor.findings import Code, Finding, bad, ok, warn
from beffroi.domain.errors import BeffroiError
from beffroi.vault.clockstamp import StampFile
from beffroi.vault.publichours import PublicHours
from beffroi.vault.sealing import hour_of
from beffroi.vault.sheetstore import SheetStore
from beffroi.vault.signed import load_public_keys

DAY_US: Final = 86_400_000_000
SHEETS_DAYS: Final = 24
"""A sheet is renewed daily to 31 days: fewer than this left, and it has not been for a week, or its papers end."""

KEYS_LOW_H: Final = 10 * 24
_SHORT_WAIT_S: Final = 3.0


def sheets(data: Path) -> list[Finding]:
    """Recording sheets: refused ones, and those that end soon."""
    paths, now_us = RecorderPaths(data), SystemClock().wall_us()
    try:
        book = SheetStore(paths.sheets, load_public_keys(paths.sheet_trust)).load(now_us)
    except BeffroiError as error:
        return [bad(Code.SHEETS, error.text.fr, error.text.en)]
    found = [warn(Code.SHEET_REFUSED, problem.text.fr, problem.text.en) for problem in book.problems]
    found += [warn(Code.SHEETS, ended.text.fr, ended.text.en, ended.camera) for ended in book.ended]
    soon = {
        camera: (active.sheet.valid_until_us - now_us) // DAY_US
        for camera, active in sorted(book.active.items())
        if active.sheet.valid_until_us - now_us < SHEETS_DAYS * DAY_US
    }
    for camera, days in soon.items():
        say = bad if days < 3 else warn
        found.append(
            say(
                Code.SHEETS,
                f"La fiche d'enregistrement de {camera} finit dans {days} j : le centre ne la renouvelle plus, ou "
                "l'arrêté ou l'engagement finit. Relancez le centre, puis « beffroi documents due ».",
                f"The recording sheet of {camera} ends in {days} d: the centre does not renew it, or its order or "
                "commitment ends. Start the centre again, then `beffroi documents due`.",
                camera,
            )
        )
    if not found:
        count = len(book.active)
        return [ok(Code.SHEETS, f"{count} fiches d'enregistrement en vigueur.", f"{count} recording sheets in force.")]
    return found


def hour_keys(data: Path) -> list[Finding]:
    """How long the hour keys last, by authority and term."""
    paths, hour = RecorderPaths(data), hour_of(SystemClock().wall_us())
    try:
        hours = PublicHours.load(paths.hours, load_public_keys(paths.sheet_trust))
    except BeffroiError as error:
        return [bad(Code.HOUR_KEYS, error.text.fr, error.text.en)]
    found = [bad(Code.HOUR_KEYS, problem.text.fr, problem.text.en) for problem in hours.problems]
    last: dict[tuple[str, int], int] = {}
    for bundle in hours.bundles():
        key = (str(bundle.authority), bundle.term_days)
        last[key] = max(last.get(key, 0), bundle.last_hour)
    for (authority, term_days), until in sorted(last.items()):
        left = until - hour
        days = max(0, left) // 24
        fr = f"Les clés horaires de {authority} ({term_days} j) couvrent encore {days} j."
        en = f"The hour keys of {authority} ({term_days} d) last for {days} more days."
        cure_fr = " Lancez le centre avec la phrase de passe de ce trousseau, ou le trousseau de la commune."
        cure_en = " Start the centre with this keyring's passphrase, or the commune's own keyring."
        if left < 0:
            fr = f"Plus de clés horaires pour {authority} ({term_days} j) : ses caméras ne sont pas enregistrées."
            en = f"No hour keys left for {authority} ({term_days} d): its cameras are not recorded."
        if left < KEYS_LOW_H:
            say = bad if left < 24 else warn
            found.append(say(Code.HOUR_KEYS, fr + cure_fr, en + cure_en, authority))
        else:
            found.append(ok(Code.HOUR_KEYS, fr, en, authority))
    return found


def clock_doubt(data: Path) -> list[Finding]:
    """What the recorder last noted of its clock."""
    stamp = StampFile(RecorderPaths(data).root / "clock.json").read()
    if stamp is None:
        return []
    if stamp.doubtful:
        return [
            bad(
                Code.CLOCK_DOUBT,
                f"L'enregistreur doute de l'heure depuis {stamp.doubt_s / 3600:.0f} h : la destruction attend (24 h au "
                "plus), ce qui a passé son terme est refusé. Remettez la machine à l'heure.",
                f"The recorder has doubted the time for {stamp.doubt_s / 3600:.0f} h: destruction waits (24 h at "
                "most), what is past its term is refused. Set the machine's time.",
            )
        ]
    behind_us = stamp.known_us - SystemClock().wall_us()
    if behind_us > 5_000_000:
        return [
            bad(
                Code.CLOCK_DOUBT,
                f"L'heure de la machine est {behind_us / 1e6:.0f} s avant la dernière heure notée par l'enregistreur : "
                "remettez-la à l'heure.",
                f"The machine's time is {behind_us / 1e6:.0f} s before the last one that the recorder noted: set it.",
            )
        ]
    return [ok(Code.CLOCK_DOUBT, "L'enregistreur ne doute pas de l'heure.", "The recorder does not doubt the time.")]


def alarms(data: Path) -> list[Finding]:
    """Alarms of the last 24 hours, by kind."""
    since_us = SystemClock().wall_us() - DAY_US
    counts: dict[str, int] = {}
    sql = "SELECT fields FROM act WHERE kind = 'alarm' AND wall_us >= ?"
    for (fields,) in _read(RecorderPaths(data).journal, sql, (since_us,)):
        said = json.loads(fields)
        if said.get("state") != "cleared":
            counts[said.get("what", "")] = counts.get(said.get("what", ""), 0) + 1
    if not counts:
        return [ok(Code.ALARMS, "Aucune alarme depuis 24 h.", "No alarm for 24 h.")]
    known = {one.value: one.text for one in Alarm}
    return [
        warn(
            Code.ALARMS,
            f"{count} fois en 24 h : {known[what].fr if what in known else what} (« {what} », voir le guide).",
            f"{count} time(s) in 24 h: {known[what].en if what in known else what} (“{what}”, see the guide).",
            what,
        )
        for what, count in sorted(counts.items())
    ]


def journal(data: Path) -> list[Finding]:
    """Acts that the register has not taken in."""
    path = RecorderPaths(data).journal
    sql = "SELECT COUNT(*), MIN(wall_us) FROM act WHERE seq > (SELECT seq FROM acknowledged)"
    rows = _read(path, sql, ())
    count, oldest_us = rows[0] if rows else (0, None)
    age_s = (SystemClock().wall_us() - oldest_us) / 1e6 if oldest_us else 0.0
    if age_s < 600:
        return [ok(Code.JOURNAL, "Le registre suit le journal.", "The register follows the journal.")]
    say = bad if age_s > 86_400 else warn
    return [
        say(
            Code.JOURNAL,
            f"{count} actes de l'enregistreur attendent d'entrer au registre, le plus ancien depuis {age_s / 3600:.1f} "
            "h : relancez le centre, et lisez son journal. Rien n'est perdu.",
            f"{count} acts of the recorder wait for the register, the oldest for {age_s / 3600:.1f} h: start the "
            "centre again, and read its log. Nothing is lost.",
        )
    ]


def _read(path: Path, sql: str, values: tuple[object, ...]) -> list[tuple[Any, ...]]:
    """Rows, read without writing anything beside the file; none when there is no journal."""
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=_SHORT_WAIT_S)) as db:
        return db.execute(sql, values).fetchall()
