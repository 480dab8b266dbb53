"""The monthly report to a mayor, in French: what was done with the commune's images, and how to check it."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import segno

from beffroi.domain.text import Text
from beffroi.publish.registers.draw import Place
from beffroi.publish.registers.period import Period, told
from beffroi.publish.registers.privacy import Count
from beffroi.publish.registers.tally import Tally
from beffroi.publish.registers.views import ACTS

_MONTHS: Final = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre",
)  # fmt: skip
_TERMS: Final = ("mandated", "recorded", "gaps", "held", "destroyed", "lost")
_HOUR_US: Final = 3_600_000_000


@dataclass(frozen=True, slots=True)
class Machine:
    """What the centre knows besides its register: the recorder's account by camera (None: it did not answer), in
    microseconds, and what can be said of the witnesses now."""

    account: Mapping[str, Mapping[str, int]] | None
    faults: int
    witness: Text
    witnessed: bool


def month_name(period: Period) -> str:
    """“octobre 2026”."""
    return f"{_MONTHS[period.first.month - 1]} {period.first.year}"


def report_of(
    place: Place,
    period: Period,
    tally: Tally,
    counted: Sequence[Count],
    machine: Machine,
    *,
    head: dict[str, Any],
    reasons: Mapping[str, str],
    drawn_us: int,
    today: date,
) -> dict[str, Any]:
    """The data of the PDF.

    Args:
        place: the commune and its cameras.
        period: a calendar month.
        tally: its figures.
        counted: the acts of procedures, as a commune may read them.
        machine: the recorder's account and the witnesses.
        head: the register's signed head (`heads.head_of`), drawn before the report's own entry, which holds its hash.
        reasons: each purpose in words.
        drawn_us: when it is drawn.
        today: the legal day.
    """
    views = sum(tally.views.values())
    return {
        "language": "fr",
        "on": today.isoformat(),
        "drawn": told(drawn_us),
        "commune": place.name,
        "month": month_name(period),
        "over": period.last < today,
        "cameras": len(place.cameras),
        "verdict": _verdict(tally, machine),
        "views": [[ACTS[act].fr, number] for act, number in sorted(tally.views.items()) if act in ACTS],
        "total": views,
        "cut": tally.cut,
        "purposes": [_named(one, number, reasons) for one, number in sorted(tally.purposes.items())],
        "refusals": [list(one) for one in sorted(tally.refusals.items(), key=lambda one: (-one[1], one[0]))],
        "counts": [[one.secret.text.fr, one.shown] for one in counted],
        "outages": _outages(place, tally),
        "destroyed": {
            "files": tally.files,
            "on_time": tally.files - tally.late - tally.unknown,
            "late": tally.late,
            "early": tally.early,
            "keys": tally.keys,
        },
        "account": _account(place, machine),
        "witness": machine.witness.fr,
        "witnessed": machine.witnessed,
        "head": head,
        "qr": qr_of(head["note"]),
    }


def qr_of(note: str) -> str:
    """The signed head as a QR code (SVG): whoever keeps the paper keeps a checkpoint that nobody can take back."""
    out = io.BytesIO()
    segno.make(note, error="m", micro=False).save(out, kind="svg", xmldecl=False, border=2, scale=3)
    return out.getvalue().decode()


def _named(purpose: str, number: int, reasons: Mapping[str, str]) -> list[str | int]:
    return [f"{purpose} — {reasons[purpose]}" if purpose in reasons else purpose, number]


def _verdict(tally: Tally, machine: Machine) -> list[str]:
    said = []
    if tally.late:
        said.append(f"{tally.late} fichier(s) détruit(s) après le délai : demandez-en la raison au centre.")
    if machine.faults:
        said.append(f"Le compte des enregistrements présente {machine.faults} anomalie(s) : voir la salle « Bilan ».")
    if machine.account is None:
        said.append("L'enregistreur n'a pas répondu : le compte des enregistrements manque à ce rapport.")
    if not machine.witnessed:
        said.append("Le registre n'est pas attesté par un témoin extérieur : gardez ce rapport, il en tient lieu.")
    return said or ["Rien à signaler : destructions dans les délais, compte juste, registre attesté."]


def _outages(place: Place, tally: Tally) -> list[list[str]]:
    rows = []
    for (camera, cause), one in sorted(tally.outages.items(), key=lambda item: -item[1].missing_us):
        name = place.cameras[camera].name if camera in place.cameras else camera
        rows.append([name, cause.text.fr, str(one.times), duration(one.missing_us)])
    return rows


def _account(place: Place, machine: Machine) -> list[list[str]] | None:
    if machine.account is None:
        return None
    rows = []
    for camera, sums in sorted(machine.account.items()):
        name = place.cameras[camera].name if camera in place.cameras else camera
        rows.append([name, *(duration(int(sums.get(term, 0))) for term in _TERMS)])
    return rows


def duration(us: int) -> str:
    """A length of time: “3 h 05 min”, “40 s”, “0”."""
    if us < 60_000_000:
        return f"{us // 1_000_000} s" if us else "0"
    hours, minutes = us // _HOUR_US, us % _HOUR_US // 60_000_000
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"
