"""The centre's folder: its certificate, and the documents that end soon. No key is read."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from sqlalchemy.exc import SQLAlchemyError

from beffroi.backup.make import LAST_FILE
from beffroi.base.clock import SystemClock
from beffroi.base.db import open_engine
from beffroi.cli.doctor.findings import Code, Finding, bad, ok, warn
from beffroi.domain.clock import now
from beffroi.gate.restored import RestoredMark
from beffroi.registry.deadlines import Reason, deadlines
from beffroi.registry.store import Registry

CERTIFICATE_DAYS: Final = 30
DOCUMENT_DAYS: Final = 30
BACKUP_DAYS: Final = 2
_MAX_BYTES: Final = 65_536


def certificate(data: Path) -> list[Finding]:
    """The certificate that browsers see."""
    path = data / "centre" / "tls" / "server.pem"
    if not path.exists():
        return []
    try:
        end = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    except ValueError:
        return [
            bad(
                Code.CERTIFICATE,
                f"Le certificat {path} est illisible : aucun navigateur n'ouvrira la console. Restaurez-le de la "
                "sauvegarde.",
                f"Certificate {path} cannot be read: no browser will open the console. Restore it from the back-up.",
            )
        ]
    days = (end - datetime.now(UTC)).days
    if days < 0:
        return [
            bad(
                Code.CERTIFICATE,
                f"Le certificat du serveur a pris fin le {end:%d/%m/%Y} : les navigateurs refusent la console.",
                f"The server's certificate ended on {end:%Y-%m-%d}: browsers refuse the console.",
            )
        ]
    fr = f"Le certificat du serveur vaut jusqu'au {end:%d/%m/%Y}"
    en = f"The server's certificate is good until {end:%Y-%m-%d}"
    if days < CERTIFICATE_DAYS:
        return [warn(Code.CERTIFICATE, f"{fr} ({days} j) : refaites-le avant.", f"{en} ({days} d): renew it before.")]
    return [ok(Code.CERTIFICATE, f"{fr}.", f"{en}.")]


def backup(data: Path) -> list[Finding]:
    """When the last back-up was made: a lost keyring is every image lost."""
    try:
        made_us = int(json.loads((data / "centre" / LAST_FILE).read_bytes()[:_MAX_BYTES])["at_us"])
    except PermissionError:
        raise
    except (OSError, ValueError, TypeError, KeyError):
        return [
            warn(
                Code.BACKUP,
                "Aucune sauvegarde du centre n'est connue : « beffroi backup ». Sans elle, un disque perdu emporte "
                "documents, registre et trousseaux, et avec ceux-ci toutes les images.",
                "No back-up of the centre is known: `beffroi backup`. Without one, a lost disk takes documents, "
                "register and keyrings, and with these every image.",
            )
        ]
    days = (SystemClock().wall_us() - made_us) / 86_400e6
    if days < BACKUP_DAYS:
        return [ok(Code.BACKUP, "Une sauvegarde récente existe.", "There is a recent back-up.")]
    say = bad if days > 7 * BACKUP_DAYS else warn
    return [
        say(
            Code.BACKUP,
            f"La dernière sauvegarde du centre a {days:.0f} jours : « beffroi backup », chaque jour, sur un autre "
            "disque.",
            f"The last back-up of the centre is {days:.0f} days old: `beffroi backup`, daily, onto another disk.",
        )
    ]


def restored(data: Path) -> list[Finding]:
    """Whether the centre was restored and waits for two persons."""
    mark = RestoredMark(data / "centre")
    if not mark.standing():
        return []
    text = mark.sentence()
    return [bad(Code.RESTORED, text.fr, text.en)]


def documents(data: Path) -> list[Finding]:
    """Documents that end within thirty days: what they open closes with them."""
    path = data / "centre" / "beffroi.sqlite"
    if not path.exists():
        return []
    engine = open_engine(f"sqlite:///{path}")
    clock = SystemClock()
    try:
        facts = Registry(engine, clock, register=None).facts()
    except SQLAlchemyError:
        return [
            warn(
                Code.CENTRE,
                "La base du centre n'est pas celle de cette version, ou ne répond pas : démarrez le centre, il la met "
                "à niveau.",
                "The centre's database is not of this version, or does not answer: start the centre, it upgrades it.",
            )
        ]
    finally:
        engine.dispose()
    found = []
    for one in deadlines(facts, now(clock)):
        if one.reason is Reason.END and one.days_left <= DOCUMENT_DAYS:
            say = bad if one.days_left < 1 else warn
            when_fr, when_en = f"{one.last_day:%d/%m/%Y}", f"{one.last_day:%Y-%m-%d}"
            found.append(
                say(
                    Code.DOCUMENTS,
                    f"{one.document.id} finit le {when_fr} ({one.days_left} j). {one.task.fr}",
                    f"{one.document.id} ends on {when_en} ({one.days_left} d). {one.task.en}",
                    one.document.id,
                )
            )
    return found or [ok(Code.DOCUMENTS, "Aucune pièce ne finit sous 30 jours.", "No document ends within 30 days.")]
