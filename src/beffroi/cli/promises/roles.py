"""Roles: each account of the demonstration sees what the decision table says, and is told the article when not.

What is expected is written out here by hand: nothing of it is computed by the law engine.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from beffroi.cli.house import House
from beffroi.cli.promises.client import Answer, Json, Person
from beffroi.cli.promises.report import Figure, Kept, demand, kept

BOURG_NEUF: Final = (
    "bn-place-du-marche",
    "bn-gare-parvis",
    "bn-rue-des-tanneurs",
    "bn-pont-neuf",
    "bn-mediatheque",
)
SAINT_AUBIN: Final = ("sa-place-de-la-mairie", "sa-rue-de-l-ecole")
FONTCLAIRE: Final = ("fc-point-d-apport",)
MAYOR_OF: Final[Mapping[str, str]] = {
    **dict.fromkeys(BOURG_NEUF, "maire/99001"),
    **dict.fromkeys(SAINT_AUBIN, "maire/99002"),
    "vr-quai-nord": "maire/99003",
    "vr-rd12-pont": "maire/99003",  # a road of the département, on the ground of the commune
    "tm-rond-point-des-meules": "maire/99004",
    "tm-salle-des-fetes": "maire/99004",
    "gv-halle": "maire/99005",
    "gv-stade": "maire/99005",
    "ov-entree-du-bourg": "maire/99006",
    "ca-place-de-l-eglise": "maire/99007",
    "fc-point-d-apport": "maire/99008",
}
EVERYWHERE: Final = tuple(MAYOR_OF)
UNKNOWN: Final = "no-such-camera"
DEPARTMENTAL: Final = "vr-rd12-pont"
LAPSING: Final = "sa-rue-de-l-ecole"
SOME: Final = ("bn-place-du-marche", "sa-place-de-la-mairie", "vr-rd12-pont", "fc-point-d-apport")
"""Enough for a quick check: each kind of answer comes once."""

ACTS: Final = ("live", "replay")


@dataclass(frozen=True)
class Expected:
    """What the table says of a person: what they see, what they may know of, and the article that refuses the rest."""

    row: str
    sees: tuple[str, ...]
    knows: tuple[str, ...]
    article: str


_POOLED = tuple(camera for camera in EVERYWHERE if camera not in FONTCLAIRE)
TABLE: Final[Mapping[str, Expected]] = {
    "operator": Expected("row-13", _POOLED, EVERYWHERE, "CSI L.132-14 IV"),
    "supervisor": Expected("row-13", _POOLED, EVERYWHERE, "CSI L.132-14 IV"),
    "police": Expected("row-06", BOURG_NEUF, BOURG_NEUF, "CSI R.253-3 II 2°"),
    "mayor": Expected("row-01", BOURG_NEUF, BOURG_NEUF, "CSI R.253-3 II 2°"),
    "mayor2": Expected("row-01", SAINT_AUBIN, SAINT_AUBIN, "CSI R.253-3 II 2°"),
    "elected": Expected("row-05", (), BOURG_NEUF, "CSI R.253-3"),
    "technician": Expected("row-39", (), EVERYWHERE, "CSI R.253-3"),
    "dpo": Expected("row-05", (), EVERYWHERE, "CSI R.253-3"),
    "inspector": Expected("row-40", (), EVERYWHERE, "CSI L.253-3"),
    "administrator": Expected("row-05", (), (), "CSI R.253-3"),
}
_LAPSED_ARTICLE: Final = "CSI L.252-1"
_UNKNOWN_TO_POOLED: Final = "CSI L.132-14 I"
_UNKNOWN_TO_INSPECTORS: Final = "CSI R.253-3"
"""A mission letter would open nothing that is not there."""


def roles(house: House, *, cameras: Sequence[str] = EVERYWHERE) -> Kept:
    """Every account asks for every camera, live and back: why, then a real view. Each answer is the table's.

    Raises:
        PromiseBrokenError: one answer differs, with who asked what.
    """
    asked = shown = 0
    for key, expected in TABLE.items():
        person = house.login(key)
        person.duty("watch")
        _list_is(house, key, person, expected)
        for camera in (*cameras, UNKNOWN):
            for act in ACTS:
                asked += 1
                shown += _one(house, key, person, camera, act)
    return kept(
        f"Rôles : {len(TABLE)} comptes × {len(cameras) + 1} caméras × {len(ACTS)} actes, chaque réponse celle de la "
        "table de décision",
        Figure("demandes", asked, "", timing=False),
        Figure("vues ouvertes", shown, "", timing=False),
    )


def foreign_is_absent(house: House, *, keys: Sequence[str] = ("police", "mayor", "mayor2")) -> Kept:
    """A camera of another commune answers, byte for byte, as one that does not exist.

    Raises:
        PromiseBrokenError: the two differ.
    """
    compared = 0
    for key in keys:
        person = house.login(key)
        person.duty("watch")
        foreign = next(camera for camera in EVERYWHERE if camera not in TABLE[key].knows)
        there, absent = _answers(person, foreign), _answers(person, UNKNOWN)
        for question, answer in there.items():
            compared += 1
            demand(
                answer == absent[question],
                f"{key} : {question} distingue « {foreign} » d'une caméra absente : {answer} / {absent[question]}",
                f"{key}: {question} tells “{foreign}” from an absent camera: {answer} / {absent[question]}",
            )
    return kept(
        "Rôles : une caméra d'une autre commune répond comme une caméra qui n'existe pas",
        Figure("réponses comparées", compared, "", timing=False),
    )


def _sees(house: House, key: str, camera: str) -> bool:
    return camera in TABLE[key].sees and not (camera == LAPSING and _lapsed(house))


def _lapsed(house: House) -> bool:
    """Whether the order of the camera that lapses has ended."""
    return house.world is not None and datetime.now(UTC) >= house.world.lapses_at


def _near_lapse(house: House) -> bool:
    return house.world is not None and abs(datetime.now(UTC) - house.world.lapses_at) < timedelta(seconds=3)


def _list_is(house: House, key: str, person: Person, expected: Expected) -> None:
    listed = [one for commune in person.get("/api/cameras").body["communes"] for one in commune["cameras"]]
    known = {one["id"] for one in listed}
    extra = {place.id for place in house.world.places} - set(EVERYWHERE) if house.world else set()
    demand(
        known - extra == set(expected.knows),
        f"{key} connaît {sorted(known ^ set(expected.knows))} de trop ou de moins",
        f"{key} knows {sorted(known ^ set(expected.knows))} too many or too few",
    )
    if _near_lapse(house):
        return
    for act in ACTS:
        allowed = {one["id"] for one in listed if one[act] == "allow"} - extra
        wanted = {camera for camera in expected.sees if _sees(house, key, camera)}
        demand(
            allowed == wanted,
            f"{key}, {act} : {sorted(allowed ^ wanted)} de trop ou de moins",
            f"{key}, {act}: {sorted(allowed ^ wanted)} too many or too few",
        )


def _one(house: House, key: str, person: Person, camera: str, act: str) -> bool:
    """Ask why, then ask to see. Gives whether a view was opened."""
    if camera == LAPSING and _near_lapse(house):
        return False
    wanted = _sees(house, key, camera)
    why: Json = person.post("/api/why", {"camera": camera, "act": act}).body
    view = _ask(person, camera, act)
    who = f"{key}, {camera}, {act}"
    demand(
        (why["verdict"] == "allow") is wanted and view.status == (201 if wanted else 403),
        f"{who} : {why['verdict']}, vue {view.status} ; attendu {'oui' if wanted else 'non'}",
        f"{who}: {why['verdict']}, view {view.status}; expected {'yes' if wanted else 'no'}",
    )
    if wanted:
        authority = view.body["authority"]["id"]
        demand(
            authority == why["authority"]["id"] == MAYOR_OF[camera] and why["ground"] == _row(key, camera),
            f"{who} : autorité {authority}, {why['ground']}",
            f"{who}: authority {authority}, {why['ground']}",
        )
        return True
    refusal = view.body["error"]["refusal"]
    article = _article(house, key, camera)
    demand(
        article in refusal["articles"] and article in why["articles"],
        f"{who} : refus sans « {article} » : {refusal['articles']}",
        f"{who}: refused without “{article}”: {refusal['articles']}",
    )
    demand(
        all(refusal["sentence"][language] for language in ("fr", "en")),
        f"{who} : refus sans phrase",
        f"{who}: refused without a sentence",
    )
    return False


def _row(key: str, camera: str) -> str:
    """The row of the decision table that allows: 15 for agents of the EPCI on a road of the département."""
    row = TABLE[key].row
    return "row-15" if camera == DEPARTMENTAL and row == "row-13" else row


def _article(house: House, key: str, camera: str) -> str:
    expected = TABLE[key]
    if camera == LAPSING and camera in expected.sees and _lapsed(house):
        return _LAPSED_ARTICLE
    if camera == UNKNOWN and expected.sees == _POOLED:
        return _UNKNOWN_TO_POOLED
    if camera == UNKNOWN and key == "inspector":
        return _UNKNOWN_TO_INSPECTORS
    return expected.article


def _ask(person: Person, camera: str, act: str) -> Answer:
    end = datetime.now(UTC) - timedelta(seconds=1)
    begin = end - timedelta(seconds=5)
    more = {"from": begin.isoformat(), "to": end.isoformat(), "reason": "watch"} if act == "replay" else {}
    with person.socket() as socket:
        return person.obtain_view(socket.connection_id, camera, act, **more)


def _answers(person: Person, camera: str) -> dict[str, tuple[int, str]]:
    """What each route that takes a camera answers, without the camera's name."""
    found: dict[str, tuple[int, Any]] = {}
    for act in ACTS:
        why = person.post("/api/why", {"camera": camera, "act": act})
        view = _ask(person, camera, act)
        found[f"why {act}"] = (why.status, why.body)
        found[f"view {act}"] = (view.status, view.body)
    confirm = person.post(f"/api/cameras/{camera}/confirm")
    register = person.get(f"/api/register?camera={camera}")
    found["confirm"], found["register"] = (confirm.status, confirm.body), (register.status, register.body)
    return {
        question: (status, json.dumps(body, ensure_ascii=False, sort_keys=True).replace(camera, "·"))
        for question, (status, body) in found.items()
    }
