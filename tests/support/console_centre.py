"""A stand-in for the centre, to look at the console in every state: canned facts, real media, the real guard.

Never part of the product. `python -m tests.support.console_centre --port 8042 [--clips DIR]` serves the built console
with the centre's own security headers. It opens every door; the rights of the real centre are tested elsewhere.
"""

import argparse
import secrets
import socket as sockets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse, StreamingResponse
from tests.support import console_facts as facts
from tests.support import console_papers as papers
from tests.support.console_balance import balance_lines
from tests.support.console_machine import machine
from tests.support.console_media import Clip, encode, live, renewed, replay
from tests.support.console_preserve import preserving
from tests.support.console_registers import inspection, listed, register, reports, seen

from beffroi.base.clock import SystemClock
from beffroi.server import static
from beffroi.server.guard import Guard

PASSWORD = "demo"
COOKIE = "stand"


class Stand:
    """What the stand-in remembers: the duty of each session, the views that were asked for."""

    def __init__(self, clips: list[Clip]) -> None:
        self.clips = clips
        self.duties: dict[str, dict[str, Any] | None] = {}
        self.views: dict[str, dict[str, Any]] = {}
        self.present: list[str] = []
        self.withdrawn = False


def refuse(status: int, text: dict[str, str], refusal: dict[str, Any] | None = None) -> JSONResponse:
    """An error as the centre writes it."""
    return JSONResponse({"error": {"code": "stand-in", "text": text, "refusal": refusal}}, status)


def build(stand: Stand) -> FastAPI:
    """The routes that the console calls."""
    app = FastAPI(openapi_url=None)
    _door(app, stand)
    _lists(app)
    _views(app, stand)
    _law(app, stand)
    preserving(app)
    app.include_router(static.router)
    return app


def _door(app: FastAPI, stand: Stand) -> None:
    @app.post("/api/login")
    async def login(request: Request, response: Response) -> Any:
        if (await request.json())["password"] != PASSWORD:
            return refuse(401, facts.t("Identifiant, mot de passe ou code incorrect.", "Wrong account or password."))
        token = secrets.token_urlsafe(12)
        stand.duties[token] = None
        response.set_cookie(COOKIE, token, httponly=True, samesite="strict")
        return facts.me(None)

    @app.post("/api/logout")
    async def logout(request: Request) -> Any:
        stand.duties.pop(request.cookies.get(COOKIE, ""), None)
        return {}

    @app.get("/api/me")
    async def me(request: Request) -> Any:
        token = request.cookies.get(COOKIE, "")
        if token not in stand.duties:
            return refuse(401, facts.t("Connectez-vous.", "Log in."))
        return facts.me(stand.duties[token])

    @app.post("/api/me/language")
    async def speak() -> Any:
        return {}

    @app.post("/api/duty")
    async def take(request: Request) -> Any:
        duty = facts.duty((await request.json())["reason"])
        stand.duties[request.cookies[COOKIE]] = duty
        return duty

    @app.delete("/api/duty")
    async def leave(request: Request) -> Any:
        stand.duties[request.cookies[COOKIE]] = None
        return {}

    @app.post("/api/invitations/accept")
    async def accept() -> Any:
        secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
        return {"otpauth": f"otpauth://totp/Beffroi:operateur1?secret={secret}&issuer=Beffroi", "secret": secret}

    @app.post("/api/invitations/enrol")
    async def enrol() -> Any:
        return {"account": "operateur1"}


def _lists(app: FastAPI) -> None:
    lists: dict[str, Any] = {
        "/api/reasons": facts.REASONS,
        "/api/cameras": facts.tree(),
        "/api/health/cameras": facts.health(),
        "/api/health/system": machine(),
        "/api/documents": papers.documents(),
        "/api/documents/kinds": papers.kinds(),
        "/api/documents/names": papers.names(),
        "/api/announcements": papers.announcements(),
        "/api/persons": papers.persons(),
        "/api/cameras/file": papers.cameras(),
        "/api/reviews": papers.reviews(),
        "/api/posts": papers.posts(),
        "/api/accounts": facts.accounts(),
        "/api/register": {**facts.acts(60), "day": "2026-11-22"},
        "/api/registers": listed(),
        "/api/registers/accesses": register(),
        "/api/reports": reports(),
        "/api/seen": seen(),
        "/api/inspection": inspection(),
        "/api/register/1204/person": {"index": 1204, "account": "operateur3"},
        "/api/register/checkpoint": {
            "size": 241,
            "note": "",
            "witnessed": False,
            "witness": {
                "state": "none",
                "text": facts.t("Aucun témoin extérieur n’est déclaré.", "No outside witness is declared."),
                "size": 0,
                "at": None,
            },
        },
    }
    for path, answer in lists.items():
        app.get(path)(lambda answer=answer: answer)

    @app.get("/api/account")
    async def account(camera: str = "") -> Any:
        return StreamingResponse(balance_lines(camera), media_type="application/x-ndjson")

    @app.get("/api/acts/mine")
    async def acts(before: int | None = None) -> Any:
        return facts.acts(before)

    @app.post("/api/accounts/{account}/invite")
    @app.post("/api/accounts", status_code=201)
    async def invite() -> Any:
        link = f"https://centre.example/invitation#{secrets.token_urlsafe(24)}"
        return {"account": "a9", "link": link, "expires": "2026-11-24T10:00:00Z"}


def _law(app: FastAPI, stand: Stand) -> None:
    def found(one: dict[str, Any] | None) -> Any:
        return refuse(404, facts.t("Rien sous ce nom.", "Nothing under this name.")) if one is None else one

    @app.get("/api/documents/{kind}/{name}")
    async def document(kind: str, name: str) -> Any:
        return found(papers.document(f"{kind}/{name}"))

    @app.post("/api/documents/import")
    async def bring_in(check: bool = True) -> Any:
        line = {"line": 3, "document": "agreement/x", "problems": [facts.t("Il manque la date de fin.")]}
        return {"done": False, "entered": [], "known": 0, "lines": [line] if check else []}

    @app.get("/api/persons/{person}")
    async def person(person: str) -> Any:
        return found(papers.person(person))

    @app.get("/api/cameras/{camera}/file")
    async def camera(camera: str) -> Any:
        return found(papers.camera(camera))

    @app.post("/api/why")
    async def why(request: Request) -> Any:
        asked = await request.json()
        return papers.card("Place du Marché", asked["act"])

    @app.get("/api/screen")
    async def screen() -> Any:
        return papers.before(stand.present)

    @app.get("/api/screens")
    async def screens() -> Any:
        return papers.screens(stand.present)

    @app.post("/api/screens/{name}/present")
    async def came(request: Request) -> Any:
        stand.present.append((await request.json())["person"])
        return papers.before(stand.present)

    @app.delete("/api/screens/{name}/present/{person}")
    async def left(person: str) -> Any:
        stand.present.remove(person)
        return papers.before(stand.present)


def _views(app: FastAPI, stand: Stand) -> None:
    @app.post("/api/views")
    async def ask(request: Request) -> Any:
        asked = await request.json()
        for commune in facts.tree()["communes"]:
            for camera in commune["cameras"]:
                if camera["id"] != asked["camera"]:
                    continue
                if camera["live"] == "deny":
                    return refuse(403, facts.REFUSAL["sentence"], facts.REFUSAL)
                stand.views[asked["connection"]] = asked
                named = {"id": camera["id"], "name": camera["name"], "commune": commune["name"]}
                opened = {
                    "view": "v",
                    "lease": "l",
                    "authority": commune["authority"],
                    "purpose": "F5",
                    "camera": named,
                }
                return JSONResponse(opened, 201)
        return refuse(404, facts.t("Rien sous ce nom.", "Nothing under this name."))

    @app.post("/stand/withdraw")
    async def withdraw() -> Any:
        stand.withdrawn = True
        return {}

    @app.websocket("/ws/view")
    async def view(socket: WebSocket) -> None:
        await socket.accept()
        connection = secrets.token_hex(4)
        try:
            await socket.send_json({"type": "hello", "connection": connection})
            await socket.receive_json()
            asked = stand.views[connection]
            seed = int(asked["camera"][-2:])
            clip = stand.clips[seed % len(stand.clips)]
            stand.withdrawn = False
            async with renewed(socket):
                await (
                    live(socket, clip, seed, lambda: stand.withdrawn)
                    if asked["act"] == "live"
                    else replay(socket, clip, asked)
                )
        except* (WebSocketDisconnect, RuntimeError):
            pass  # the console closed its view


@contextmanager
def serving(clips: list[Clip], port: int = 0) -> Iterator[str]:
    """The stand-in behind the centre's own guard, in a thread; gives its address."""
    with sockets.socket() as listener:
        listener.setsockopt(sockets.SOL_SOCKET, sockets.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        app = Guard(build(Stand(clips)), origins=frozenset({address}), https=False, now_us=SystemClock().wall_us)
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            yield address
        finally:
            server.should_exit = True
            thread.join(5)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8042)
    parser.add_argument("--clips", type=Path, default=None, help="a folder of .mp4 files to show instead of drawings")
    options = parser.parse_args()
    found: list[Path | None] = sorted(options.clips.rglob("*.mp4"))[:4] if options.clips else [None] * 4
    with serving([encode(path, number) for number, path in enumerate(found)], options.port):
        threading.Event().wait()
