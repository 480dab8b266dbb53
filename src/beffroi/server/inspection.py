"""What an inspection (departmental commission, CNIL) is shown, and what nobody may do to it (CSI L.253-3, L.254-1)."""

import hashlib
import io
import json
import platform
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from beffroi import __version__
from beffroi.domain.clock import now
from beffroi.domain.errors import BadInputError, RefusedError
from beffroi.domain.facts import Facts
from beffroi.domain.ids import BodyId, PersonId
from beffroi.domain.text import Text
from beffroi.ledger.entry import Entry, EntryKind
from beffroi.publish.registers.heads import head_of
from beffroi.publish.registers.out import csv_of, json_of, sheet_of
from beffroi.publish.registers.pdf import pdf_of
from beffroi.publish.registers.period import ZONE, Period
from beffroi.publish.registers.table import Register, Table
from beffroi.server.centre import Centre
from beffroi.server.missionscope import Reach, running_letters
from beffroi.server.proving import proof_of
from beffroi.server.registers import Reader, table_of, today_of

FIRST_HOUR, LAST_HOUR = 6, 21
"""Of a visit of premises (CSI L.253-3): shown, never enforced on an account."""

MOST_PROOFS: Final = 400
"""Entries proven one by one in a pack: the first of each row. The others are proven from the centre, on request."""

_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_OBSTRUCTION: Final = Text(
    fr="Ce compte est celui d'un contrôle en cours : il ne peut être verrouillé avant la fin de la lettre de mission. "
    "Faire obstacle à l'action de la commission départementale est puni d'un an d'emprisonnement et de 15 000 € "
    "d'amende (CSI L.254-1). Si le compte est compromis, demandez à deux un nouveau second facteur.",
    en="This account is that of an inspection under way: it cannot be locked before its mission letter ends. "
    "Obstructing the departmental commission is punished with a year of prison and a fine of 15,000 € (CSI L.254-1). "
    "If the account is compromised, have its second factor replaced by two persons.",
)
_NO_MISSION: Final = Text(
    fr="Aucune lettre de mission à votre nom n'est en cours : faites-la saisir et confirmer (« Documents »), puis "
    "redemandez le dossier.",
    en="No mission letter in your name is in force: have it entered and confirmed (“Documents”), then ask again.",
)
_READ_ME: Final = """DOSSIER DE CONTRÔLE — CSI L.253-3, R.254-1

registres/     les registres de la commune sur la période, en PDF, en tableur (CSV) et en JSON
documents.json les pièces du registre des pièces, leurs versions et leurs états
reglages.json  les réglages et les versions du logiciel, sans aucun secret
preuves/       preuve d'inclusion de la première inscription de chaque ligne
tete.txt       la tête signée du registre
manifeste.json l'empreinte SHA-256 de chaque fichier

Vérifier une preuve, avec la clé du registre obtenue ailleurs :
    beffroi ledger check preuves/N.json --key CLÉ
Vérifier que le registre n'a pas été réécrit depuis :
    beffroi ledger verify REGISTRE --key CLÉ --checkpoint tete.txt
"""


@dataclass(frozen=True, slots=True)
class Mission:
    """A mission letter in force. ``images``: whether it opens images, each of which is then a logged act of its own.
    ``bodies``, ``devices`` and ``dates`` bound it; empty: no bound."""

    document: str
    reference: str
    signatory: str
    begins: datetime
    ends: datetime | None
    images: bool
    bodies: list[str]
    devices: list[str]
    dates: tuple[str, ...]


def missions(facts: Facts, person: PersonId, at: datetime) -> list[Mission]:
    """The mission letters of a person that run at this instant. One that was suspended still runs here: nobody disables
    an inspection by suspending its letter (it opens no image meanwhile: the law asks for one in force)."""
    return [
        Mission(
            one.id,
            str(one.fields.get("reference", one.number)),
            one.signatory,
            one.begins,
            one.ends,
            one.fields.get("images") is True,
            sorted(str(name) for name in one.scope.bodies),
            sorted({*map(str, one.scope.cameras), *map(str, one.scope.systems)}),
            tuple(str(one.fields.get(name, "")) for name in ("from", "to")),
        )
        for one in running_letters(facts, person, at)
    ]


def refuse_obstruction(facts: Facts, person: PersonId, at: datetime) -> None:
    """Before an account is disabled.

    Raises:
        RefusedError: it is that of an inspection under way.
    """
    if missions(facts, person, at):
        raise RefusedError(_OBSTRUCTION)


def hours(at: datetime) -> dict[str, Any]:
    """The hours of a visit of premises, and whether it is one of them now."""
    hour = at.astimezone(ZONE).hour
    return {"from": FIRST_HOUR, "to": LAST_HOUR, "within": FIRST_HOUR <= hour < LAST_HOUR}


def configuration(centre: Centre, reach: Reach) -> dict[str, Any]:
    """Settings and versions: what runs here, under which rules and public keys. No secret, no address of a camera."""
    head, status = centre.ledger.checkpoint(), centre.witnessing.status()
    facts = centre.registry.facts()
    return {
        "software": {"beffroi": __version__, "python": platform.python_version()},
        "rules": {"hash": centre.law.pack.hash, "facts_revision": facts.revision},
        "register": {
            "origin": head.origin,
            "size": head.size,
            "key": centre.ledger.verifier.encode(),
            "witness": status.state.value,
            "witness_text": status.text.as_dict(),
        },
        "centre": {"address": centre.address, "https": centre.https},
        "cameras": [
            {
                "id": one.id,
                "name": one.name,
                "commune": one.commune,
                "origin": one.origin.value,
                "system": one.system,
                "placed": one.placement_confirmed_by is not None,
            }
            for one in sorted(facts.cameras.values(), key=lambda one: one.id)
            if reach.camera(one)
        ],
        "reasons": [{"id": one.id, "purpose": one.purpose.value} for one in centre.duties.reasons()],
    }


def documents(facts: Facts, reach: Reach) -> list[dict[str, Any]]:
    """Every version of every document within reach, its state; its file is fetched from the documents' own room."""
    return [
        {
            "id": one.id,
            "version": one.version,
            "kind": one.kind.value,
            "number": one.number,
            "signed_on": one.signed_on.isoformat(),
            "signatory": one.signatory,
            "begins": one.begins.isoformat(),
            "ends": None if one.ends is None else one.ends.isoformat(),
            "status": one.status.value,
            "communes": sorted(one.scope.bodies),
            "cameras": sorted(one.scope.cameras),
            "file_sha256": one.file_sha256,
        }
        for one in sorted(facts.documents, key=lambda one: (one.id, one.version))
        if reach.document(facts, one)
    ]


def pack(centre: Centre, reader: Reader, commune: BodyId, period: Period) -> bytes:
    """The evidence pack of a commune and a period, as a zip; its hash is an entry before it leaves. Blocking.

    Raises:
        RefusedError: no mission letter of this reader is in force.
        NotFoundError, BadInputError: as `beffroi.server.registers.table_of`.
    """
    facts = centre.registry.facts()
    own = missions(facts, reader.person, now(centre.clock))
    if not own:
        raise RefusedError(_NO_MISSION)
    tables = list(_tables(centre, reader, commune, period))
    note = centre.ledger.checkpoint_note()
    head = head_of(centre.ledger.checkpoint(), note)
    today = today_of(centre).isoformat()
    files: dict[str, bytes] = {"LISEZMOI.txt": _READ_ME.encode(), "tete.txt": note}
    proven: set[int] = set()
    for table in tables:
        name = f"registres/{table.register.value}"
        files[f"{name}.csv"] = csv_of(table)
        files[f"{name}.json"] = _json(json_of(table))
        files[f"{name}.pdf"] = pdf_of("register", sheet_of(table, "fr", drawn_on=today, head=head))
        proven |= {row.source.numbers[0] for row in table.rows if row.source.numbers}
    for index in sorted(proven)[:MOST_PROOFS]:
        files[f"preuves/{index}.json"] = proof_of(centre, index)
    files["documents.json"] = _json(documents(facts, reader.reach))
    files["reglages.json"] = _json(configuration(centre, reader.reach))
    files["manifeste.json"] = _json({name: hashlib.sha256(body).hexdigest() for name, body in sorted(files.items())})
    made = _zip(files)
    detail = {
        "commune": commune,
        "from": period.first.isoformat(),
        "to": period.last.isoformat(),
        "sha256": hashlib.sha256(made).hexdigest(),
        "mission": own[0].document,
    }
    centre.ledger.append(Entry(EntryKind.REPORT_MADE, actor=reader.person, outcome="inspection", detail=detail))
    return made


def _tables(centre: Centre, reader: Reader, commune: BodyId, period: Period) -> Iterator[Table]:
    for register in Register:
        try:
            yield table_of(centre, reader, register, commune, period)
        except BadInputError:
            if register not in {Register.DESTRUCTIONS, Register.FORMER}:
                raise  # those two are by file: a pack of a quarter goes without, and says so by their absence


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


def _zip(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), body, zipfile.ZIP_DEFLATED)
    return out.getvalue()
