"""Registers, monthly reports and who saw a camera, as the centre answers them."""

from typing import Any

from tests.support.console_facts import t

Json = dict[str, Any]


def listed() -> Json:
    """The registers that a mayor may read."""
    return {
        "registers": [
            {
                "id": "accesses",
                "title": t("Registre des accès aux images", "Register of accesses to images"),
                "about": t("Vues ouvertes, leur motif et ce qui a été montré (CSI R.253-5).", "Views opened."),
            },
            {
                "id": "destructions",
                "title": t("Registre des destructions", "Register of destructions"),
                "about": t("Enregistrements détruits (CSI L.252-5).", "Recordings destroyed."),
            },
        ],
        "communes": [{"id": "99001", "name": "Bourg-Neuf"}],
        "whole": False,
        "today": "2026-11-22",
    }


def register() -> Json:
    """Two accesses and the counts of a month."""
    heads = [
        t("Date et heure", "Date and time"), t("Agent n°", "Agent no."), t("Acte", "Act"), t("Caméra", "Camera"),
        t("Finalité", "Purpose"), t("Images demandées", "Images asked for"),
        t("Images réellement transmises", "Images really sent"), t("Issue", "Outcome"),
    ]  # fmt: skip
    live, replay = t("Direct", "Live"), t("Relecture", "Replay")
    ended, cut = t("terminée", "ended"), t("coupée : droit retiré", "cut: right withdrawn")
    asked = "21/11/2026 22:00:00 – 22:10:00"
    sent = t("21/11/2026 22:00:00 – 22:04:30 (6 750 images)", "21/11/2026 22:00:00 – 22:04:30 (6750 pictures)")
    return {
        "title": t("Registre des accès aux images", "Register of accesses to images"),
        "about": t("Vues ouvertes.", "Views opened."),
        "source": t("Référence au registre", "Reference in the register"),
        "columns": heads,
        "rows": [
            {"source": "5d0c1b7a99e0f3a1 … 77aa01b2c3d4e5f6", "first": None, "cells":
                ["21/11/2026 22:31:04", "4821-0736", replay, "Place de la Mairie", "F5", asked, sent, ended]},
            {"source": "90c1b7a99e0f3a15", "first": None, "cells":
                ["21/11/2026 23:02:11", "1177-5012", live, "Gare routière", "F8", "", "", cut]},
        ],
        "counts": [
            {"month": "2026-10", "what": t("Extractions sur réquisition", "Extracts on requisition"), "shown": "< 5"},
            {"month": "2026-10", "what": t("Gels demandés", "Holds asked for"), "shown": "7"},
        ],
        "notes": [t("Un agent a le même numéro pendant un mois civil.", "An agent has one number through a month.")],
    }  # fmt: skip


def reports() -> Json:
    """One monthly report."""
    commune = {"id": "99001", "name": "Bourg-Neuf"}
    return {"reports": [{"commune": commune, "month": "2026-10", "sha256": "ab" * 32, "entry": "5d0c1b7a99e0f3a1"}]}


def seen() -> Json:
    """A replay of that day, a later one on requisition, a refusal."""
    that_day = {"from": "2026-11-21T21:00:00Z", "to": "2026-11-21T21:10:00Z"}
    shown = {"from": "2026-11-21T21:00:00Z", "to": "2026-11-21T21:04:30Z"}
    reason = t("Surveillance des lieux exposés aux agressions et aux vols", "Watch over places exposed to assault")
    base: Json = {"until": None, "purpose": "F5", "reason": reason, "procedure": None, "articles": [], "frames": None}
    return {
        "camera": {"id": "mairie", "name": "Place de la Mairie", "commune": "Bourg-Neuf"},
        "day": "2026-11-21",
        "views": [
            {**base, "shown": "that_day", "shown_text": t("Ce jour-là", "That day"), "at": "2026-11-21T21:31:04Z",
             "until": "2026-11-21T21:36:00Z", "agent": "4821-0736", "act": t("Relecture", "Replay"),
             "state": t("terminée", "ended"), "asked": that_day, "sent": shown, "frames": 6750,
             "entries": [{"index": 1204, "kind": "view_opened"}, {"index": 1209, "kind": "view_ended"}]},
            {**base, "shown": "refused", "shown_text": t("Refusé", "Refused"), "at": "2026-11-21T22:02:11Z",
             "agent": "1177-5012", "act": t("Direct", "Live"), "state": t("CSI L.132-14 IV", "CSI L.132-14 IV"),
             "asked": None, "sent": None, "entries": [{"index": 1230, "kind": "view_refused"}]},
            {**base, "shown": "later", "shown_text": t("Plus tard, des images de ce jour", "Later, images of that day"),
             "at": "2026-11-22T09:00:00Z", "agent": "4821-0736", "act": t("Relecture", "Replay"), "reason": None,
             "procedure": t("Visionnages sur place", "Viewings on site"), "state": t("terminée", "ended"),
             "asked": that_day, "sent": None, "frames": 0, "entries": [{"index": 1500, "kind": "view_opened"}]},
        ],
    }  # fmt: skip


def inspection() -> Json:
    """An inspection at night."""
    letter = {
        "document": "mission_letter/7",
        "reference": "CDV-2026-7",
        "signatory": "la présidente de la commission",
        "from": "2026-11-20T23:00:00Z",
        "to": "2026-11-30T23:00:00Z",
        "images": False,
        "bodies": ["Bourg-Neuf"],
        "devices": [],
        "dates": ["2026-11-01", ""],
    }
    hours = {"from": 6, "to": 21, "within": False}
    return {"missions": [letter], "hours": hours, "communes": [{"id": "99001", "name": "Bourg-Neuf"}]}
