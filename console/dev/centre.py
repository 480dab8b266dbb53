"""A stand-in for the centre, to develop the console against: canned facts, real media from the house's own writer.

Never part of the product. `python console/dev/centre.py --port 8042 [--clips DIR]` serves the built console with the
same security headers as the centre. It opens every door; it exists so that each state of each screen can be looked at.
"""

import argparse
import asyncio
import base64
import itertools
import json
import secrets
import time
from fractions import Fraction
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import uvicorn
from fastapi import FastAPI, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import FileResponse, JSONResponse, Response

from beffroi.media.cenc import Protection
from beffroi.media.codec import CodecConfig, annexb_to_lengths, config_from_annexb
from beffroi.media.fmp4 import fragment, init_segment
from beffroi.media.frame import Frame

STATIC = Path(__file__).resolve().parents[2] / "src/beffroi/server/static"
FPS, GOP, SECONDS = 25, 50, 20
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)


def t(fr: str, en: str | None = None) -> dict[str, str]:
    return {"fr": fr, "en": en or fr}


@dataclass
class Clip:
    config: CodecConfig
    frames: list[tuple[bytes, bool]]


def pictures(path: Path | None, seed: int) -> Any:
    if path:
        with av.open(str(path)) as source:
            kept = [f.reformat(640, 360, format="yuv420p") for f in itertools.islice(source.decode(video=0), FPS * SECONDS)]
        yield from itertools.islice(itertools.cycle(kept), FPS * SECONDS)
        return
    base = np.zeros((360, 640, 3), np.uint8)
    base[:] = np.linspace(30 + seed * 7 % 40, 90, 360, dtype=np.uint8)[:, None, None]
    for n in range(FPS * SECONDS):
        picture = base.copy()
        x = (n * 4 + seed * 90) % 600
        picture[200:260, x : x + 40] = (200, 180 - seed * 9 % 90, 90 + seed * 23 % 120)
        picture[20:40, 20 : 20 + (n % FPS) * 10] = 220
        yield av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")


def encode(path: Path | None, seed: int) -> Clip:
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = 640, 360, "yuv420p"
    encoder.time_base = Fraction(1, FPS)
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "g": str(GOP), "keyint_min": str(GOP), "crf": "26"}
    config, frames = None, []
    for n, picture in enumerate(pictures(path, seed)):
        picture.pts, picture.pict_type = n, av.video.frame.PictureType.NONE
        for packet in encoder.encode(picture):
            data = bytes(packet)
            if config is None:
                config = config_from_annexb("h264", data if packet.is_keyframe else b"")
            body, key, _ = annexb_to_lengths("h264", data)
            frames.append((body, key))
    assert config
    return Clip(config, frames)


def frame_at(clip: Clip, n: int) -> Frame:
    data, key = clip.frames[n % len(clip.frames)]
    at = n * 90_000 // FPS
    return Frame(data=data, key=key, dts_90k=at, pts_90k=at, duration_90k=90_000 // FPS, arrival_us=0, camera_us=None)


COMMUNES = ["Bourg-Neuf", "Saint-Aubin", "Valbrune", "Les Essarts", "Montclair"]
PLACES = ["Place du Marché", "Rue de la Gare", "Parvis de la mairie", "Pont-Vieux", "Entrée nord", "École Jules-Ferry"]
REFUSAL = {
    "sentence": t(
        "Vous ne pouvez pas voir cette caméra : la convention entre l’agglomération et Valbrune a pris fin le 1er mars.",
        "You cannot see this camera: the agreement between the agglomération and Valbrune ended on 1 March.",
    ),
    "articles": ["CSI L.132-14", "CSI R.252-12"],
    "cure": {"kind": "agreement", "text": t("Convention en vigueur entre l’agglomération et Valbrune", "Agreement in force"), "issuer": t("le conseil municipal de Valbrune", "the council of Valbrune")},
    "conditions": [
        {"id": "a", "met": True, "text": t("Vous êtes agréé par le préfet", "You are accredited"), "article": "L.132-14-1"},
        {"id": "b", "met": True, "text": t("La caméra est autorisée par un arrêté en vigueur", "The camera is authorised"), "article": "L.252-1"},
        {"id": "c", "met": False, "text": t("Une convention lie la commune et l’agglomération", "An agreement is in force"), "article": "L.132-14"},
    ],
    "whom": t("Le chef de salle, ou la mairie de Valbrune", "The room supervisor, or the town hall of Valbrune"),
    "verdict": "deny",
    "ground": "member",
}
REASONS = [
    {"id": "patrol", "purpose": "F5", "text": t("Surveillance de la voie publique", "Watch over the public way")},
    {"id": "traffic", "purpose": "F4", "text": t("Régulation de la circulation", "Traffic regulation")},
    {"id": "event", "purpose": "F7", "text": t("Sécurité d’une manifestation", "Safety of an event")},
    {"id": "request", "purpose": "F5", "text": t("Appel de la police ou de la gendarmerie", "Call from the police")},
]


def authority(commune: str) -> dict[str, Any]:
    vowel = commune[0] in "AEIOU"
    return {"id": f"mayor/{commune}", "name": t(f"maire {'d’' if vowel else 'de '}{commune}", f"mayor of {commune}"), "commune": commune}


def tree() -> dict[str, Any]:
    communes = []
    for c, name in enumerate(COMMUNES):
        cameras = []
        for p, place in enumerate(PLACES[: 6 - c % 2]):
            refused = name == "Valbrune" and p < 2
            down = (c, p) in {(0, 3), (3, 1)}
            cameras.append({
                "id": f"cam-{c}{p}", "name": place, "commune": name, "origin": "v", "kind": "fixed", "place": t(place), "lat": 0, "lon": 0,
                "live": "deny" if refused else "allow", "replay": "deny" if refused else "allow", "refusal": REFUSAL if refused else None,
                "health": {"state": "down" if down else "recording", "since": "2026-11-21T22:10:00Z" if down else None, "cause": t("La caméra ne répond plus au réseau", "The camera no longer answers") if down else None},
            })
        communes.append({"id": f"c{c}", "name": name, "authority": authority(name), "cameras": cameras})
    return {"communes": communes, "revision": 1}


def me(duty: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "account": "operateur1", "name": t("Opérateur du centre", "Centre operator"), "role": "operator", "language": "fr",
        "body": {"id": "agglo", "name": "INGEAGGLO"}, "duty": duty, "demo": True, "witnessed": False,
        "banner": t("Démonstration : images de synthèse, personne n’est filmé.", "Demonstration: synthetic images, nobody is filmed."),
        "tools": ["wall", "replay", "acts", "health", "documents", "register", "accounts", "cameras"],
    }


def build(clips: list[Clip]) -> FastAPI:
    app = FastAPI()
    state: dict[str, Any] = {"in": False, "duty": None}
    views: dict[str, dict[str, Any]] = {}

    @app.middleware("http")
    async def headers(request: Request, follow: Any) -> Response:
        response = await follow(request)
        response.headers["content-security-policy"] = CSP
        return response

    def refuse(status: int, text: dict[str, str], refusal: Any = None) -> JSONResponse:
        return JSONResponse({"error": {"code": "x", "text": text, "refusal": refusal}}, status)

    @app.post("/api/login")
    async def login(request: Request) -> Any:
        body = await request.json()
        if body["password"] != "demo":
            return refuse(401, t("Identifiant, mot de passe ou code incorrect. Vérifiez-les, puis recommencez.", "Wrong account, password or code."))
        state["in"] = True
        return me(state["duty"])

    @app.post("/api/logout")
    async def logout() -> Any:
        state.update({"in": False, "duty": None})
        return {}

    @app.get("/api/me")
    async def who() -> Any:
        return me(state["duty"]) if state["in"] else refuse(401, t("Connectez-vous."))

    @app.get("/api/reasons")
    async def reasons() -> Any:
        return REASONS

    @app.post("/api/duty")
    async def duty(request: Request) -> Any:
        reason = (await request.json())["reason"]
        state["duty"] = {"reason": next(r for r in REASONS if r["id"] == reason), "since": "2026-11-22T01:00:00Z", "authorities": [authority(c) for c in COMMUNES if c != "Valbrune"]}
        return state["duty"]

    @app.delete("/api/duty")
    async def leave() -> Any:
        state["duty"] = None
        return {}

    @app.get("/api/cameras")
    async def cameras() -> Any:
        return tree()

    @app.get("/api/health/cameras")
    async def health() -> Any:
        return [
            {"camera": k["id"], "name": k["name"], "commune": k["commune"], "down": k["health"]["state"] == "down",
             "streams": [{"name": s, "state": k["health"]["state"], "since": k["health"]["since"] or "2026-11-20T08:00:00Z", "cause": k["health"]["cause"], "fps": 0 if k["health"]["state"] == "down" else 25.0, "kbit_s": 0 if k["health"]["state"] == "down" else r, "codec": "avc1.64001F"} for s, r in (("main", 4012), ("sub", 512))]}
            for c in tree()["communes"] for k in c["cameras"]
        ]

    @app.get("/api/acts/mine")
    async def acts(before: int | None = None) -> Any:
        top = 240 if before is None else before - 1
        entries = [
            {"index": n, "at": f"2026-11-22T01:{n % 60:02d}:12Z", "kind": "view_opened", "text": t("Vue en direct ouverte", "Live view opened") if n % 4 else t("Vue refusée", "View refused"),
             "camera": PLACES[n % 6], "commune": COMMUNES[n % 5], "authority": authority(COMMUNES[n % 5])["name"],
             "footage": {"from": "2026-11-21T20:00:00Z", "to": "2026-11-21T20:30:00Z"} if n % 5 == 0 else None, "sent": {"frames": n * 31, "bytes": n * 48213, "from": None, "to": None} if n % 4 else None}
            for n in range(top, max(0, top - 50), -1)
        ]
        return {"entries": entries, "next": entries[-1]["index"] if entries and entries[-1]["index"] > 1 else None}

    @app.get("/api/register")
    async def register(camera: str = "", day: str = "") -> Any:
        page = await acts(60)
        for entry in page["entries"]:
            entry["actor"] = t("Opérateur du centre", "Centre operator")
        return page

    @app.get("/api/register/checkpoint")
    async def checkpoint() -> Any:
        return {"size": 241, "root": "q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k=", "witnessed": False}

    @app.get("/api/documents")
    async def documents() -> Any:
        def row(kind: str, name: str, label: str, status: str, commune: str, **more: Any) -> dict[str, Any]:
            return {"id": f"{kind}/{name}", "kind": kind, "label": t(label), "number": f"2026-{len(name):03d}", "valid_from": "2026-01-01", "valid_until": "2030-12-31", "status": status, "commune": commune, "widens": False, "awaiting": None, "version": 1, **more}
        return [
            row("prefect_order", "bourg-neuf", "Arrêté d’autorisation de Bourg-Neuf", "confirmed", "Bourg-Neuf"),
            row("agreement", "valbrune", "Convention entre l’agglomération et Valbrune", "proposed", "Valbrune", widens=True, awaiting=t("une personne désignée par Valbrune", "a person designated by Valbrune")),
            row("accreditation", "operateur1", "Agrément de l’opérateur 1", "confirmed", "Montclair", valid_until=None),
            row("designation", "pm-aubin", "Désignation, police municipale", "suspended", "Saint-Aubin"),
        ]

    @app.get("/api/accounts")
    async def accounts() -> Any:
        return {"accounts": [{"id": f"a{n}", "account": a, "person": f"p{n}", "role": r, "name": t(label), "state": s} for n, (a, r, label, s) in enumerate([("operateur1", "operator", "Opérateur du centre", "open"), ("chef1", "room_supervisor", "Chef de salle", "open"), ("maire-valbrune", "mayor", "Maire de Valbrune", "invited"), ("tech1", "technician", "Technicien", "locked")])],
                "resets": [{"id": "r1", "account": "a1", "requested_by": "a0"}]}

    @app.post("/api/accounts")
    async def invite() -> Any:
        return {"account": "a9", "link": "https://centre.example/invitation#" + secrets.token_urlsafe(24), "expires": "2026-11-24T10:00:00Z"}

    @app.post("/api/invitations/accept")
    async def accept() -> Any:
        return {"otpauth": "otpauth://totp/Beffroi:operateur1?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Beffroi", "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"}

    @app.post("/api/invitations/enrol")
    async def enrol() -> Any:
        return {"account": "operateur1"}

    @app.post("/api/views")
    async def open_view(request: Request) -> Any:
        body = await request.json()
        for commune in tree()["communes"]:
            for camera in commune["cameras"]:
                if camera["id"] == body["camera"]:
                    if camera["live"] == "deny":
                        return refuse(403, REFUSAL["sentence"], REFUSAL)
                    views[body["connection"]] = body
                    purpose = next((r["purpose"] for r in REASONS if r["id"] == body.get("reason")), "F5")
                    return JSONResponse({"view": "v", "lease": "lease", "authority": commune["authority"], "purpose": purpose, "camera": {"id": camera["id"], "name": camera["name"], "commune": commune["name"]}}, 201)
        return refuse(404, t("Rien sous ce nom."))

    @app.websocket("/ws/view")
    async def view(socket: WebSocket) -> None:
        await socket.accept()
        connection = secrets.token_hex(4)
        try:
            await socket.send_json({"type": "hello", "connection": connection})
            await socket.receive_json()
            body = views[connection]
            seed = int(body["camera"][-2:])
            clip = clips[seed % len(clips)]
            await (live(socket, clip, seed) if body["act"] == "live" else replay(socket, clip, body))
        except (WebSocketDisconnect, RuntimeError):
            return

    @app.get("/{path:path}")
    async def static(path: str) -> Response:
        wanted = STATIC / path
        return FileResponse(wanted if path and wanted.is_file() else STATIC / "index.html")

    return app


def now_us() -> int:
    return time.time_ns() // 1000


async def live(socket: WebSocket, clip: Clip, seed: int) -> None:
    if seed == 3:
        await socket.send_json({"type": "state", "state": "gap", "cause": t("La caméra ne répond plus au réseau depuis 23:10.", "The camera no longer answers.")})
        await socket.receive_text()
    if seed == 13:
        await socket.send_json({"type": "cut", "code": "unreachable", "text": t("La liaison avec Saint-Aubin est coupée. L’enregistrement continue sur place.", "The link is down."), "refusal": None})
        return
    await socket.send_json({"type": "init", "codec": clip.config.codec_string, "stream": "sub", "width": 640, "height": 360})
    await socket.send_bytes(b"\x01" + init_segment(clip.config, protection=None))
    start = time.monotonic()
    first = seed * GOP
    for n in itertools.count():
        await asyncio.sleep(max(0.0, start + n / FPS - time.monotonic()))
        if seed == 14 and n == 8 * FPS:
            await socket.send_json({"type": "cut", "code": "withdrawn", "text": t("La vue a été coupée : la commune a suspendu la convention.", "The view was cut."), "refusal": REFUSAL})
            return
        if seed == 12 and n > 3 * FPS:
            await asyncio.sleep(3600)
        frame = frame_at(clip, first + n)
        body = b"".join(fragment([frame], sequence=n + 1, protection=None, first_sample=n))
        at = now_us()
        await socket.send_bytes(b"\x02" + at.to_bytes(8, "big") + at.to_bytes(8, "big") + bytes([frame.key]) + body)


async def replay(socket: WebSocket, clip: Clip, body: dict[str, Any]) -> None:
    from datetime import datetime

    start, end = (int(datetime.fromisoformat(body[k]).timestamp() * 1e6) for k in ("from", "to"))
    start += (end - start) // 60
    minute = 60_000_000
    gap = (start + 5 * minute, start + 6 * minute + 20_000_000)
    recorded = [(start, gap[0]), (gap[1], end)]
    cause = t("La liaison avec le site a été coupée (fibre).", "The link with the site was cut (fibre).")
    await socket.send_json({"type": "timeline", "from": start, "to": end, "recorded": recorded, "gaps": [{"from": gap[0], "to": gap[1], "cause": cause}], "destroyed": []})
    chunk_us, gop_us = 2 * minute, GOP * 1_000_000 // FPS
    state = {"position": start, "seek": None}
    changed = asyncio.Event()

    async def listen() -> None:
        while True:
            message = await socket.receive_json()
            if message["type"] == "position":
                state["position"] = message["at_us"]
            elif message["type"] == "seek":
                state.update(position=message["at_us"], seek=message)
            changed.set()

    async def send() -> None:
        while True:
            while state["seek"] is None:
                changed.clear()
                await changed.wait()
            seek = state["seek"]
            state["seek"] = None
            at, chunk, protection = max(start, seek["at_us"]), None, None
            at -= (at - start) % gop_us
            while state["seek"] is None:
                if at >= end:
                    await socket.send_json({"type": "end", "at_us": end, "seek": seek["seek"]})
                    while state["seek"] is None:
                        changed.clear()
                        await changed.wait()
                    break
                if at > state["position"] + 10_000_000:
                    changed.clear()
                    await changed.wait()
                    continue
                if gap[0] <= at < gap[1]:
                    await socket.send_json({"type": "gap", "from": gap[0], "to": gap[1], "cause": cause, "seek": seek["seek"]})
                    at, chunk = gap[1], None
                    continue
                number = (at - start) // chunk_us
                if chunk != number:
                    chunk, protection = number, Protection(kid=secrets.token_bytes(16), key=secrets.token_bytes(16))
                    zero = at
                    b64 = lambda b: base64.urlsafe_b64encode(b).rstrip(b"=").decode()
                    await socket.send_json({"type": "init", "codec": clip.config.codec_string, "stream": "main", "kid": b64(protection.kid), "key": b64(protection.key), "offset_s": (zero - start) / 1e6, "seek": seek["seek"]})
                    await socket.send_bytes(b"\x01" + init_segment(clip.config, protection=protection))
                    sample = 0
                first = (at - start) * FPS // 1_000_000
                base = (at - zero) * 9 // 100
                frames = [frame_at(clip, first + n) for n in range(GOP)]
                data = b"".join(fragment(frames, sequence=sample // GOP + 1, protection=protection, first_sample=sample, codec="h264", base_dts_90k=base))
                sample += GOP
                await socket.send_bytes(b"\x02" + at.to_bytes(8, "big") + now_us().to_bytes(8, "big") + b"\x01" + data)
                at += gop_us

    done, rest = await asyncio.wait([asyncio.create_task(listen()), asyncio.create_task(send())], return_when=asyncio.FIRST_EXCEPTION)
    for task in rest:
        task.cancel()
    for task in done:
        task.result()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8042)
    parser.add_argument("--clips", type=Path, default=None)
    arguments = parser.parse_args()
    paths = sorted(arguments.clips.rglob("*.mp4"))[:4] if arguments.clips else [None] * 4
    uvicorn.run(build([encode(path, n) for n, path in enumerate(paths)]), port=arguments.port, log_level="warning")
