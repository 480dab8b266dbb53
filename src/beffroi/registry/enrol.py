"""Bringing a camera in: its place and its order wait for the commune, its password goes sealed to the recorder."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from sqlalchemy import Engine

from beffroi.domain.acts import Origin
from beffroi.domain.documents import Document, DocumentKind
from beffroi.domain.errors import BadInputError
from beffroi.domain.facts import Camera, CameraKind, Facts
from beffroi.domain.ids import BodyId, CameraId, DocumentId, PersonId, camera_id
from beffroi.domain.text import Text
from beffroi.registry.changes import Change
from beffroi.registry.core import known
from beffroi.registry.store import Registry
from beffroi.registry.streams import USUAL_PRIORITY, CameraStreams, check_share, set_streams
from beffroi.vault.cameraurl import CameraUrl
from beffroi.vault.credentials import Credentials, read_identity_public, seal_credentials
from beffroi.vault.sheet import SheetStream

_NO_CREDENTIALS: Final = ""


@dataclass(frozen=True, slots=True)
class NewCamera:
    """What is known of a camera to bring in. ``order`` is the prefect's order (D2) that authorises it; None when it is
    still to be entered: an order names cameras that are recorded."""

    camera: str
    name: str
    commune: BodyId
    origin: Origin
    url: str
    order: DocumentId | None
    sub_url: str | None = None
    user: str = ""
    password: str = field(default="", repr=False)
    kind: CameraKind = CameraKind.FIXED
    latitude_deg: float | None = None
    longitude_deg: float | None = None
    controller: BodyId | None = None
    """The body responsible for the system, where that is not the commune."""
    kbit_s: int = 0
    sub_kbit_s: int = 0
    """Rates that the camera is set to; 0: not declared, and the disk is reckoned with what is measured."""
    priority: int = USUAL_PRIORITY


def enrol(registry: Registry, engine: Engine, new: NewCamera, *, recorder: Path, by: PersonId) -> list[Change]:
    """Propose a camera and, when its order does not name it yet, the next version of that order.

    Nothing is recorded or shown before the commune has confirmed both.

    Args:
        registry, engine: the registry and its database.
        new: the camera.
        recorder: the recorder's folder, which holds its ``identity.pub``.
        by: who brings it in.

    Raises:
        BadInputError: malformed id, address, rate or priority, the camera is known already, or the order is another
            commune's.
        NotFoundError: unknown commune or order.
    """
    camera = camera_id(new.camera)
    check_share(new.priority, [new.kbit_s, new.sub_kbit_s])
    streams = _streams(new, camera, recorder)
    facts = registry.facts()
    if camera in facts.cameras:
        raise BadInputError(
            Text(
                fr=f"La caméra « {camera} » existe déjà : choisissez un autre identifiant.",
                en=f"Camera “{camera}” exists already: choose another id.",
            )
        )
    order = None if new.order is None else _order(facts, new.order, new.commune)
    system = order.fields.get("system") if order is not None else None
    changes = registry.propose_cameras(
        [
            Camera(
                id=camera,
                name=new.name,
                commune=new.commune,
                origin=new.origin,
                system=system if isinstance(system, str) else "",
                kind=new.kind,
                latitude_deg=new.latitude_deg,
                longitude_deg=new.longitude_deg,
                controller=new.controller,
            )
        ],
        by=by,
    )
    set_streams(engine, [streams])
    if order is not None and camera not in order.scope.cameras:
        scope = replace(order.scope, cameras=order.scope.cameras | {camera})
        changes.append(registry.propose(replace(order, scope=scope), by=by))
    return changes


def _order(facts: Facts, identifier: DocumentId, commune: BodyId) -> Document:
    several = facts.versions(identifier)
    known(bool(several) and several[-1].kind is DocumentKind.PREFECT_ORDER, identifier)
    if commune not in several[-1].scope.bodies:
        raise BadInputError(
            Text(
                fr="Cet arrêté n'est pas celui de la commune où se trouve la caméra.",
                en="This order is not that of the commune where the camera stands.",
            )
        )
    return several[-1]


def _streams(new: NewCamera, camera: CameraId, recorder: Path) -> CameraStreams:
    streams = [SheetStream("main", str(CameraUrl.parse(new.url)), kbit_s=new.kbit_s)]
    if new.sub_url:
        streams.append(SheetStream("sub", str(CameraUrl.parse(new.sub_url)), kbit_s=new.sub_kbit_s))
    sealed = _NO_CREDENTIALS
    if new.user or new.password:
        public = read_identity_public(recorder / "identity.pub")
        sealed = seal_credentials(public, Credentials(new.user, new.password), camera=camera)
    return CameraStreams(camera, tuple(streams), sealed, new.priority)
