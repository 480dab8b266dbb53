"""Canned facts for the stand-in centre of the console's tests: each state of each screen has its row here."""

from typing import Any

Json = dict[str, Any]


def t(fr: str, en: str | None = None) -> dict[str, str]:
    """Words in both languages; French twice where a test reads French only."""
    return {"fr": fr, "en": en or fr}


COMMUNES = ["Bourg-Neuf", "Saint-Aubin", "Valbrune", "Les Essarts", "Montclair"]
PLACES = ["Place du Marché", "Rue de la Gare", "Parvis de la mairie", "Pont-Vieux", "Entrée nord", "École Jules-Ferry"]
DOWN = {(0, 3), (3, 1)}
DOWN_SINCE = "2026-11-21T22:10:00Z"
DOWN_CAUSE = t("La caméra ne répond plus au réseau", "The camera no longer answers")
TOOLS = [
    "wall",
    "replay",
    "desk",
    "room",
    "acts",
    "health",
    "documents",
    "people",
    "cameras",
    "register",
    "registers",
    "seen",
    "inspection",
    "account",
    "accounts",
    "posts",
]
REASONS: list[Json] = [
    {"id": "patrol", "purpose": "F5", "text": t("Surveillance de la voie publique", "Watch over the public way")},
    {"id": "traffic", "purpose": "F4", "text": t("Régulation de la circulation", "Traffic regulation")},
    {"id": "event", "purpose": "F7", "text": t("Sécurité d’une manifestation", "Safety of an event")},
]
REFUSAL: Json = {
    "sentence": t(
        "Vous ne pouvez pas voir cette caméra : la convention avec Valbrune a pris fin le 1er mars.",
        "You cannot see this camera: the agreement with Valbrune ended on 1 March.",
    ),
    "articles": ["CSI L.132-14", "CSI R.252-12"],
    "cure": {
        "kind": "agreement",
        "text": t("Convention en vigueur entre l’agglomération et Valbrune", "Agreement in force with Valbrune"),
        "issuer": t("le conseil municipal de Valbrune", "the council of Valbrune"),
    },
    "conditions": [
        {
            "id": "a",
            "met": True,
            "text": t("Vous êtes agréé par le préfet", "You are accredited"),
            "article": "L.132-14-1",
        },
        {"id": "b", "met": True, "text": t("Un arrêté couvre la caméra", "An order covers it"), "article": "L.252-1"},
        {
            "id": "c",
            "met": False,
            "text": t("Une convention est en vigueur", "An agreement holds"),
            "article": "L.132-14",
        },
    ],
    "whom": t("Le chef de salle, ou la mairie de Valbrune", "The room supervisor, or the town hall of Valbrune"),
    "verdict": "deny",
    "ground": "member",
}


def authority(commune: str) -> Json:
    """The mayor of a commune."""
    of = "d’" if commune[0] in "AEIOU" else "de "
    return {"id": f"mayor/{commune}", "name": t(f"maire {of}{commune}", f"mayor of {commune}"), "commune": commune}


def tree() -> Json:
    """Cameras by commune: some refused, some down, one whose place is not confirmed."""
    return {"communes": [_commune(number, name) for number, name in enumerate(COMMUNES)], "revision": 1}


def _commune(number: int, name: str) -> Json:
    places = PLACES[: 6 - number % 2]
    return {
        "id": f"c{number}",
        "name": name,
        "authority": authority(name),
        "cameras": [_camera(number, name, order, place) for order, place in enumerate(places)],
    }


def _camera(number: int, commune: str, order: int, place: str) -> Json:
    refused, down = commune == "Valbrune" and order < 2, (number, order) in DOWN
    return {
        "id": f"cam-{number}{order}",
        "name": place,
        "commune": f"c{number}",
        "origin": "v",
        "kind": "fixed",
        "lat": None,
        "lon": None,
        "live": "deny" if refused else "allow",
        "replay": "deny" if refused else "allow",
        "refusal": REFUSAL if refused else None,
        "place_confirmed": order != 5,
        "health": {
            "state": "down" if down else "recording",
            "since": DOWN_SINCE if down else None,
            "cause": DOWN_CAUSE if down else None,
        },
    }


def me(duty: Json | None) -> Json:
    """An account with every tool, so that every room can be looked at."""
    return {
        "account": "operateur1",
        "name": t("Opérateur du centre", "Centre operator"),
        "role": "room_supervisor",
        "language": "fr",
        "body": {"id": "agglo", "name": "INGEAGGLO"},
        "duty": duty,
        "demo": True,
        "witnessed": False,
        "banner": t("Démonstration : images de synthèse, personne n’est filmé.", "Demonstration: synthetic images."),
        "tools": TOOLS,
    }


def duty(reason: str) -> Json:
    """On duty for this reason, for all communes but one."""
    chosen = next(one for one in REASONS if one["id"] == reason)
    served = [authority(name) for name in COMMUNES if name != "Valbrune"]
    return {"reason": chosen, "since": "2026-11-22T01:00:00Z", "authorities": served}


def health() -> list[Json]:
    """Streams of every camera."""
    return [_health(commune["name"], camera) for commune in tree()["communes"] for camera in commune["cameras"]]


def _health(commune: str, camera: Json) -> Json:
    down = camera["health"]["state"] == "down"
    streams = [
        {
            "name": name,
            "state": camera["health"]["state"],
            "since": camera["health"]["since"] or "2026-11-20T08:00:00Z",
            "cause": camera["health"]["cause"],
            "fps": 0 if down else 25.0,
            "kbit_s": 0 if down else rate,
            "codec": "avc1.64001F",
            "clock_offset_ms": None if down else 1312.4 if name == "sub" else -40.0,
        }
        for name, rate in (("main", 4012), ("sub", 512))
    ]
    return {"camera": camera["id"], "name": camera["name"], "commune": commune, "down": down, "streams": streams}


def acts(before: int | None) -> Json:
    """Fifty register entries, newest first."""
    top = 120 if before is None else before - 1
    entries = [_entry(index) for index in range(top, max(0, top - 50), -1)]
    return {"entries": entries, "next": entries[-1]["index"] if entries and entries[-1]["index"] > 1 else None}


def _entry(index: int) -> Json:
    refused, replay = index % 4 == 0, index % 5 == 0
    return {
        "index": index,
        "at": f"2026-11-22T01:{index % 60:02d}:12Z",
        "kind": "view_refused" if refused else "view_ended",
        "text": t("Vue refusée", "View refused") if refused else t("Vue en direct terminée", "Live view ended"),
        "actor": "operateur-1",
        "camera": PLACES[index % 6],
        "commune": COMMUNES[index % 5],
        "authority": f"mayor/{index % 5}",
        "articles": ["CSI L.132-14"] if refused else [],
        "footage": {"from": "2026-11-21T20:00:00Z", "to": "2026-11-21T20:30:00Z"} if replay else None,
        "sent": None if refused else {"frames": index * 31, "bytes": index * 48_213, "from": None, "to": None},
    }


def accounts() -> Json:
    """One account of each state, and a factor reset that waits for a second person."""
    rows = [
        ("operateur1", "operator", "Opérateur du centre", "active"),
        ("chef1", "room_supervisor", "Chef de salle", "active"),
        ("maire-valbrune", "mayor", "Maire de Valbrune", "invited"),
        ("tech1", "technician", "Technicien", "locked"),
    ]
    listed = [
        {"id": f"a{n}", "account": account, "person": f"p{n}", "role": role, "name": t(label), "state": state}
        for n, (account, role, label, state) in enumerate(rows)
    ]
    return {"accounts": listed, "resets": [{"id": "r1", "account": "a1", "requested_by": "a0"}]}
