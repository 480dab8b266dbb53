"""What is preserved by an operator, as the centre answers it."""

import time
from datetime import datetime
from typing import Any

from fastapi import FastAPI, Request
from tests.support.console_facts import t

Json = dict[str, Any]
CASE = "D-20261122-0c0ffee0"
_DAY_US = 86_400_000_000


def _hold(camera: str, name: str, begin: int, end: int) -> Json:
    coming = end > time.time() * 1e6
    return {
        "camera": camera,
        "name": name,
        "commune": "Bourg-Neuf",
        "authority": t("maire de Bourg-Neuf", "mayor of Bourg-Neuf"),
        "from_us": begin,
        "to_us": end,
        "until_us": end + 32 * _DAY_US,
        "beyond_us": 0,
        "dies_us": begin + 30 * _DAY_US,
        "files": {"held": 1, "growing": int(coming), "waiting": 0, "refused": 0, "damaged": 0, "past_term": 0},
        "complete": not coming,
    }


def _us(iso: str) -> int:
    return round(datetime.fromisoformat(iso).timestamp() * 1e6)


def preserving(app: FastAPI) -> None:
    """The routes."""
    case: Json = {"id": CASE, "kind": "safeguard", "call": {"service": ""}, "holds": []}

    @app.post("/api/desk/safeguards", status_code=201)
    async def keep(request: Request) -> Any:
        body = await request.json()
        now_us = round(time.time() * 1e6)
        begin = _us(body["from"]) if "from" in body else now_us - body["before_min"] * 60_000_000
        end = _us(body["to"]) if "to" in body else now_us + body["after_min"] * 60_000_000
        case["call"] = {"service": ""}
        case["holds"] = [_hold(body["camera"], "Place du Marché", begin, end)]
        near = [
            {"id": f"bn-{n}", "name": name, "commune": "Bourg-Neuf", "distance_m": 60 * n}
            for n, name in ((1, "Rue de la Gare"), (2, "Pont-Vieux"))
        ]
        return {"case": case, "neighbours": near}

    @app.post(f"/api/desk/cases/{CASE}/hold")
    async def widen(request: Request) -> Any:
        lines = (await request.json())["cameras"]
        names = {"bn-1": "Rue de la Gare", "bn-2": "Pont-Vieux"}
        case["holds"] += [_hold(one["camera"], names[one["camera"]], _us(one["from"]), _us(one["to"])) for one in lines]
        return case

    @app.post(f"/api/desk/cases/{CASE}/reported")
    async def report(request: Request) -> Any:
        body = await request.json()
        case["call"] = {"service": body["service"]}
        return case

    @app.get(f"/api/desk/cases/{CASE}")
    async def look() -> Any:
        return case
