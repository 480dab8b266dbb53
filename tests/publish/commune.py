"""The made-up commune of examples/audit, and the cure of each of the twelve faults planted in it."""

import copy
import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import yaml

from beffroi.law.audit.auditor import audit
from beffroi.law.audit.model import Report
from beffroi.law.engine import LawEngine
from beffroi.publish.dossier import dossier_of

EXAMPLE: Final = Path(__file__).parents[2] / "examples" / "audit"
AT: Final = datetime.fromisoformat("2026-03-02T10:00:00+01:00")

Rows = list[dict[str, str]]
Papers = dict[str, Any]


@dataclass(frozen=True)
class Planted:
    """A fault of the example: the code under which the audit tells it, a word of its sentence, and its cure."""

    code: str
    told: str
    cure: Callable[[Rows, Papers], None]


def paper(papers: Papers, name: str) -> dict[str, Any]:
    """One paper of the file."""
    found: dict[str, Any] = next(one for one in papers["documents"] if one["id"] == name)
    return found


def _set(name: str, field: str, value: Any) -> Callable[[Rows, Papers], None]:
    def cure(_rows: Rows, papers: Papers) -> None:
        paper(papers, name)["fields"][field] = value

    return cure


def _shorter(rows: Rows, _papers: Papers) -> None:
    for row in rows:
        if row["Système"] == "Centre-ville":
            row["Conservation (jours)"] = "15"


def _bigger(rows: Rows, _papers: Papers) -> None:
    next(row for row in rows if row["Identifiant"] == "EQ-02")["Résolution"] = "1920x1080"


def _renewed(_rows: Rows, papers: Papers) -> None:
    order = paper(papers, "prefect_order/points-d-apport")
    order |= {"signed_on": "2026-01-20", "valid_from": "2026-02-01", "valid_until": "2031-01-31"}


def _named(_rows: Rows, papers: Papers) -> None:
    paper(papers, "prefect_order/centre-ville")["scope"]["cameras"].append("CV-20")


def _removed(_rows: Rows, papers: Papers) -> None:
    paper(papers, "prefect_order/equipements")["scope"]["cameras"].remove("EQ-13")


def _masked(_rows: Rows, papers: Papers) -> None:
    mask = copy.deepcopy(paper(papers, "mask/eq-04"))
    mask |= {"id": "mask/eq-05", "number": "M-EQ-05", "scope": {"cameras": ["EQ-05"]}}
    papers["documents"].append(mask)


def _accredited(_rows: Rows, papers: Papers) -> None:
    paper(papers, "accreditation/operateur-2")["fields"]["departements"] = ["98", "99"]


PLANTED: Final = (
    Planted("kept-too-long", "30 jours, pour 15", _shorter),
    Planted("access-prefect-order", "a pris fin le 31 janvier 2026", _renewed),
    Planted("access-prefect-order", "CV-20", _named),
    Planted("access-accreditation", "Opérateur 2", _accredited),
    Planted("access-mask", "EQ-05", _masked),
    Planted("access-impact-assessment", "avis du délégué", _set("impact_assessment/equipements", "dpo_opinion", "Oui")),
    Planted("access-cnil-commitment", "récépissé", _set("cnil_commitment/points-d-apport", "receipt", "CNIL-1")),
    Planted("incomplete-agreement", "autorité exclusive", _set("agreement/agglomeration", "authority_clause", "true")),
    Planted("night-without-clause", "24 h sur 24", _set("coordination/commune", "night_clause", "true")),
    Planted("stale-notice", "F8", _set("notice/centre-ville", "purposes", ["F1", "F5", "F8"])),
    Planted("picture-too-small", "640×480", _bigger),
    Planted("order-names-unlisted-camera", "EQ-13", _removed),
)
"""The twelve; the README of the example lists them too."""


def example() -> tuple[Rows, Papers]:
    """The two files of the example, as data."""
    with (EXAMPLE / "cameras.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    papers: Papers = yaml.load((EXAMPLE / "papers.yaml").read_text(encoding="utf-8"), Loader=yaml.CBaseLoader)  # noqa: S506  plain words, nothing is built
    return rows, papers


def written(rows: Rows, papers: Papers) -> tuple[bytes, bytes]:
    """The two files again."""
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]), delimiter=";")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode(), yaml.safe_dump(papers, allow_unicode=True, sort_keys=False).encode()


def with_faults(*kept: Planted) -> tuple[Rows, Papers]:
    """The commune with these faults alone, all others cured."""
    rows, papers = example()
    for fault in PLANTED:
        if fault not in kept:
            fault.cure(rows, papers)
    return rows, papers


def small() -> tuple[Rows, Papers]:
    """Three cameras, one a system, everything in order; three officers, so that coordination is mandatory."""
    rows, papers = with_faults()
    kept = {"CV-01", "EQ-01", "PA-01"}
    for one in papers["documents"]:
        cameras = one["scope"].get("cameras")
        if cameras is not None:
            one["scope"]["cameras"] = [name for name in cameras if name in kept]
    papers["documents"] = [one for one in papers["documents"] if one["scope"].get("cameras") != []]
    for name in ("police_accreditation/pm-2", "designation/pm-2"):
        third = copy.deepcopy(paper(papers, name))
        third |= {"id": name.replace("pm-2", "pm-3"), "number": f"{third['number']}-3"}
        third["scope"]["persons"] = ["pm-3"]
        papers["documents"].append(third)
    papers["persons"].append({"id": "pm-3", "status": "policier municipal"})
    return [row for row in rows if row["Identifiant"] in kept], papers


def audited(rows: Rows, papers: Papers) -> Report:
    """The audit of this commune on the day of the example."""
    cameras, docs = written(rows, papers)
    return audit(LawEngine.load(), dossier_of(cameras, "cameras.csv", docs, "papers.yaml"), AT)


@lru_cache(maxsize=1)
def whole() -> Report:
    """The audit of the example as it is."""
    return audited(*example())


def codes(report: Report) -> list[str]:
    """The codes of what was found, sorted."""
    return sorted(one.code for one in report.findings)


def expected(faults: Iterable[Planted]) -> list[str]:
    """The codes of planted faults, sorted."""
    return sorted(one.code for one in faults)
