"""The cameras a person may know of, camera health, and adding a camera."""

import hashlib
import json
from typing import Annotated, Any

from fastapi import Request
from pydantic import Field, SecretStr
from starlette.concurrency import run_in_threadpool

from beffroi.capture.client import RecorderGoneError
from beffroi.domain.acts import Act, Origin
from beffroi.domain.facts import Camera, CameraKind, Facts
from beffroi.domain.gaps import GapCause
from beffroi.domain.ids import BodyId, CameraId, DocumentId
from beffroi.law.visible import VisibleCamera
from beffroi.registry.enrol import NewCamera, enrol
from beffroi.server.access import CAMERAS, CONFIRM, HEALTH, LOGGED_IN, MACHINE, Routes
from beffroi.server.asking import post_here
from beffroi.server.body import Body
from beffroi.server.centre import Centre, authority_name, commune_name
from beffroi.server.machine import machine
from beffroi.server.rendering import Json, iso, refusal_json
from beffroi.server.session import require_caller
from beffroi.server.sight import camera_name, sight_of, unknown


class AddCamera(Body):
    """A camera of one's own. The password is sealed to the recorder at once and never read back."""

    id: Annotated[str, Field(max_length=63)]
    name: Annotated[str, Field(min_length=1, max_length=120)]
    commune: Annotated[str, Field(max_length=20)]
    origin: Origin
    kind: CameraKind = CameraKind.FIXED
    controller: Annotated[str | None, Field(max_length=20)] = None
    url: Annotated[str, Field(max_length=500)]
    sub_url: Annotated[str | None, Field(max_length=500)] = None
    user: Annotated[str, Field(max_length=200)] = ""
    password: Annotated[SecretStr, Field(max_length=200)] = SecretStr("")
    order: Annotated[str | None, Field(max_length=120)] = None
    lat: Annotated[float | None, Field(ge=-90, le=90)] = None
    lon: Annotated[float | None, Field(ge=-180, le=180)] = None


def build(centre: Centre) -> Routes:
    """These routes, on this centre."""
    routes = Routes()

    @routes.get("/api/cameras", LOGGED_IN)
    async def cameras(request: Request) -> Json:
        """Cameras that the caller may know of, by commune, with what may be done."""
        caller = require_caller(request)
        facts = centre.registry.facts()
        post = post_here(centre, request)
        seen = await run_in_threadpool(
            centre.visible_to, caller.person, strong=caller.strong, post=None if post is None else post.name
        )
        states = await stream_states(centre)
        communes: dict[BodyId, list[Json]] = {}
        names: dict[BodyId, Json | None] = {}
        for one in sorted(seen, key=lambda each: (each.camera.commune, each.camera.name)):
            communes.setdefault(one.camera.commune, []).append(camera_json(one, states.get(one.camera.id)))
            authority = one.decisions[Act.LIVE].authority
            if authority is not None:
                place = commune_name(facts, one.camera.commune)
                names[one.camera.commune] = {"id": authority, "name": authority_name(facts, authority, place).as_dict()}
        listed = [
            {
                "id": commune,
                "name": commune_name(facts, commune),
                "authority": names.get(commune),
                "cameras": rows,
            }
            for commune, rows in sorted(communes.items(), key=lambda item: commune_name(facts, item[0]))
        ]
        # Drawn from the answer alone: the registry's own number would tell of changes elsewhere.
        return {"revision": hashlib.sha256(json.dumps(listed).encode()).hexdigest()[:16], "communes": listed}

    @routes.get("/api/health/cameras", HEALTH)
    async def health(request: Request) -> list[Json]:
        """Streams of the cameras in the caller's scope: state, since when, why. No image."""
        caller = require_caller(request)
        facts = centre.registry.facts()
        states = await stream_states(centre)
        seen = await run_in_threadpool(centre.visible_to, caller.person, strong=caller.strong)
        return [health_json(facts, one.camera, states.get(one.camera.id)) for one in seen]

    @routes.get("/api/health/system", MACHINE)
    async def system() -> Json:
        """What to know of the machine: register, hour keys, keyrings, sheets, recorder, disk."""
        return await machine(centre)

    _enrolment(routes, centre)
    return routes


def _enrolment(routes: Routes, centre: Centre) -> None:
    @routes.post("/api/cameras", CAMERAS, status_code=201)
    def add(body: AddCamera, request: Request) -> Json:
        """Add a camera; it records once its commune has confirmed its place and its order."""
        caller = require_caller(request)
        facts, order = centre.registry.facts(), DocumentId(body.order) if body.order else None
        sight = sight_of(facts, caller.person)
        if not sight.commune(BodyId(body.commune)):
            raise unknown(body.commune)
        if body.controller is not None and not sight.employs(facts, BodyId(body.controller)):
            raise unknown(body.controller)
        if order is not None and not sight.document(facts, (facts.versions(order) or (None,))[-1]):
            raise unknown(order)
        camera = camera_name(BodyId(body.commune), body.id)
        new = NewCamera(
            camera=camera,
            name=body.name,
            commune=BodyId(body.commune),
            origin=body.origin,
            url=body.url,
            sub_url=body.sub_url,
            user=body.user,
            password=body.password.get_secret_value(),
            order=order,
            kind=body.kind,
            controller=None if body.controller is None else BodyId(body.controller),
            latitude_deg=body.lat,
            longitude_deg=body.lon,
        )
        enrol(centre.registry, centre.engine, new, recorder=centre.data / "recorder", by=caller.person)
        centre.supply.poke()
        return {"id": camera}

    @routes.post("/api/cameras/{camera}/confirm", CONFIRM)
    def confirm(camera: str, request: Request) -> Json:
        """The commune confirms where a camera stands."""
        caller, facts = require_caller(request), centre.registry.facts()
        if not sight_of(facts, caller.person).camera(facts.cameras.get(CameraId(camera))):
            raise unknown(camera)
        centre.registry.confirm_places([CameraId(camera)], by=caller.person)
        return {}


async def stream_states(centre: Centre) -> dict[str, list[dict[str, Any]]]:
    """What the recorder says of its streams, by camera; empty when it does not answer."""
    try:
        streams = await centre.recorder.streams()
    except RecorderGoneError:
        return {}
    found: dict[str, list[dict[str, Any]]] = {}
    for stream in streams:
        found.setdefault(str(stream["camera"]), []).append(stream)
    return found


def camera_json(one: VisibleCamera, streams: list[dict[str, Any]] | None) -> Json:
    """A camera of the list. A refusal comes whole, so that the console explains without asking again."""
    live, replay = one.decisions[Act.LIVE], one.decisions[Act.REPLAY]
    camera = one.camera
    return {
        "id": camera.id,
        "name": camera.name,
        "commune": camera.commune,
        "origin": camera.origin.value,
        "kind": camera.kind.value,
        "lat": camera.latitude_deg,
        "lon": camera.longitude_deg,
        "live": live.verdict.value,
        "replay": replay.verdict.value,
        "refusal": None if live.allowed else refusal_json(live),
        "place_confirmed": camera.placement_confirmed_by is not None,
        "health": health_of(streams),
    }


def health_of(streams: list[dict[str, Any]] | None) -> Json:
    """One word for a camera: recording when any of its streams is; down with the cause otherwise."""
    if not streams:
        return {"state": "unknown", "since": None, "cause": None, "clock_offset_ms": None}
    up = [stream for stream in streams if stream["state"] == "recording"]
    shown = (up or streams)[0]
    since = shown.get("since_us")
    return {
        "state": "recording" if up else "down",
        "since": iso(since) if since else None,
        "cause": None if up else cause_text(shown.get("cause")),
        "clock_offset_ms": _rounded(shown.get("camera_offset_ms")),
    }


def _rounded(offset_ms: float | None) -> int | None:
    """To a tenth of a second: what trembles would make every list of cameras a new one."""
    return None if offset_ms is None else round(offset_ms / 100) * 100


def cause_text(cause: str | None) -> Json | None:
    """The words of a gap's cause."""
    return None if cause is None else GapCause.told(cause).text.as_dict()


def health_json(facts: Facts, camera: Camera, streams: list[dict[str, Any]] | None) -> Json:
    """A camera's streams, for those who look after them."""
    state = health_of(streams)
    return {
        "camera": camera.id,
        "name": camera.name,
        "commune": commune_name(facts, camera.commune),
        "down": state["state"] != "recording",
        "streams": [
            {
                "name": stream["stream"],
                "state": stream["state"],
                "since": iso(stream["since_us"]) if stream.get("since_us") else None,
                "cause": cause_text(stream.get("cause")),
                "fps": stream.get("fps"),
                "kbit_s": stream.get("kbit_s"),
                "codec": stream.get("codec_string"),
                "clock_offset_ms": stream.get("camera_offset_ms"),
            }
            for stream in streams or []
        ],
    }
