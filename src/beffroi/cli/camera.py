"""`beffroi camera`: bring a camera in, list cameras, confirm a place. Works beside a running centre or without one."""

import getpass
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from beffroi.base.clock import SystemClock
from beffroi.base.secrets import SecretBox, load_or_create_key
from beffroi.cli.founding import ADMINISTRATOR
from beffroi.cli.opening import opened_registry
from beffroi.domain.acts import Origin
from beffroi.domain.clock import now
from beffroi.domain.documents import DocumentKind
from beffroi.domain.errors import BadInputError
from beffroi.domain.facts import Camera, Facts
from beffroi.domain.ids import BodyId, CameraId, DocumentId, PersonId, StreamName
from beffroi.domain.text import Text
from beffroi.identity import Identity
from beffroi.registry.enrol import NewCamera, enrol
from beffroi.registry.sheets import draw
from beffroi.registry.streams import CameraStreams, all_streams, set_share
from beffroi.vault.capacity import Disk, need_of, sentence, weigh

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help="Cameras of the registry."
)

Data = Annotated[Path, typer.Option(help="data folder prepared by `beffroi init`")]
Id = Annotated[str, typer.Option("--id", help="lower-case letters, digits, hyphens")]


@app.command()
def add(
    data: Data,
    camera: Id,
    name: Annotated[str, typer.Option(help="what people call the place")],
    commune: Annotated[str, typer.Option(help="INSEE code of the commune where it stands")],
    url: Annotated[str, typer.Option(help="rtsp://host:port/path, without user or password")],
    order: Annotated[
        str | None,
        typer.Option(help="the prefect's order that authorises it: prefect_order/name; none when it is entered later"),
    ] = None,
    origin: Annotated[
        Origin, typer.Option(help="where it stands, in law (v: public way, d: departmental)")
    ] = Origin.PUBLIC_WAY,
    sub_url: Annotated[str | None, typer.Option(help="address of the small stream")] = None,
    user: Annotated[str, typer.Option(help="the camera's user; its password is asked for")] = "",
    password_file: Annotated[
        Path | None, typer.Option(help="file that holds the password; - for standard input")
    ] = None,
    lat: Annotated[float | None, typer.Option(min=-90, max=90, help="degrees, WGS 84")] = None,
    lon: Annotated[float | None, typer.Option(min=-180, max=180, help="degrees, WGS 84")] = None,
    controller: Annotated[
        str | None, typer.Option(help="body responsible for the system, where that is not the commune")
    ] = None,
    kbit_s: Annotated[int, typer.Option(help="rate that the camera is set to; 0: not known")] = 0,
    sub_kbit_s: Annotated[int, typer.Option(help="rate of the small stream; 0: not known")] = 0,
    priority: Annotated[int, typer.Option(help="the higher, the longer it is recorded on a full disk")] = 100,
    by: Annotated[str, typer.Option(help="person who brings it in")] = ADMINISTRATOR,
) -> None:
    """Propose a camera. It records once its commune has confirmed its place and its order."""
    password = _password(password_file) if user else ""
    new = NewCamera(
        camera=camera,
        name=name,
        commune=BodyId(commune),
        origin=origin,
        url=url,
        order=DocumentId(order) if order else None,
        sub_url=sub_url,
        user=user,
        password=password,
        latitude_deg=lat,
        longitude_deg=lon,
        controller=BodyId(controller) if controller else None,
        kbit_s=kbit_s,
        sub_kbit_s=sub_kbit_s,
        priority=priority,
    )
    with opened_registry(data) as (registry, engine):
        enrol(registry, engine, new, recorder=data / "recorder", by=PersonId(by))
        disk = _disk(registry.facts(), all_streams(engine), data / "recorder")
    print(f"Caméra « {camera} » proposée : la commune doit confirmer son emplacement et son arrêté.")
    print(f"Camera “{camera}” proposed: its commune has to confirm its place and its order.")
    print(disk.fr, disk.en, sep="\n")


@app.command()
def share(
    data: Data,
    camera: Id,
    priority: Annotated[int | None, typer.Option(help="1 to 999: the higher, the longer on a full disk")] = None,
    kbit_s: Annotated[int | None, typer.Option(help="rate that the camera is set to; 0: not known")] = None,
    sub_kbit_s: Annotated[int | None, typer.Option(help="rate of the small stream; 0: not known")] = None,
) -> None:
    """What a camera may take of the disk. Its next recording sheet says so, within the minute."""
    rates: dict[StreamName, int | None] = {"main": kbit_s, "sub": sub_kbit_s}
    with opened_registry(data) as (registry, engine):
        given = {name: rate for name, rate in rates.items() if rate is not None}
        set_share(engine, CameraId(camera), priority=priority, kbit_s=given)
        held = all_streams(engine)[CameraId(camera)]
        disk = _disk(registry.facts(), all_streams(engine), data / "recorder")
    told = ", ".join(f"{stream.name} {stream.kbit_s or '?'} kbit/s" for stream in held.streams)
    print(f"Caméra « {camera} » : priorité {held.priority}, {told}.")
    print(f"Camera “{camera}”: priority {held.priority}, {told}.")
    print(disk.fr, disk.en, sep="\n")


@app.command(name="list")
def list_(data: Data) -> None:
    """One line for each camera: what it waits for, if anything."""
    with opened_registry(data, write=False) as (registry, engine):
        facts, streams = registry.facts(), all_streams(engine)
    for _, camera in sorted(facts.cameras.items(), key=lambda item: (item[1].commune, item[0])):
        held = streams.get(camera.id)
        address = held.streams[0].url if held else "-"
        print(f"{camera.id:<28} {camera.commune:<6} {_state(facts, camera):<32} {address:<44} {camera.name}")


@app.command()
def confirm(
    data: Data,
    camera: Id,
    account: Annotated[str, typer.Option(help="account of a person designated by the commune")],
) -> None:
    """The commune confirms where a camera stands: by a person who proves who they are (password and code)."""
    with opened_registry(data) as (registry, engine):
        key = load_or_create_key(data / "centre" / "secrets" / "factors.key")
        identity = Identity(engine, SecretBox(key), SystemClock())
        opened = identity.login(account, _ask("Mot de passe / password: "), _ask("Code : "), address="command line")
        try:
            registry.confirm_places([CameraId(camera)], by=opened.account.person)
        finally:
            identity.logout(opened.token)
    print(f"Emplacement de « {camera} » confirmé. / Place of “{camera}” confirmed.")


def _disk(facts: Facts, streams: Mapping[CameraId, CameraStreams], recorder: Path) -> Text:
    """Whether the recorder's disk holds what the sheets of today order, with the rates as declared or assumed. The
    recorder reckons again with what it measures, before it records a camera for the first time."""
    needs = [need_of(sheet, {}, armed=False) for sheet in draw(facts, streams, now(SystemClock()), {}).sheets]
    disk = Disk.read(recorder)
    return sentence(weigh(needs, disk.size - disk.line(sum(need.kbit_s for need in needs))))


def _state(facts: Facts, camera: Camera) -> str:
    if camera.placement_confirmed_by is None:
        return "emplacement à confirmer"
    at = now(SystemClock())
    orders = facts.about(DocumentKind.PREFECT_ORDER, camera.id, at)
    return "arrêté en vigueur" if any(order.holds(at) for order in orders) else "sans arrêté en vigueur"


def _password(file: Path | None) -> str:
    if file is None:
        return _ask("Mot de passe de la caméra / camera's password: ")
    try:
        raw = sys.stdin.read(4096) if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInputError(
            Text(fr="Le fichier du mot de passe est illisible.", en="The password file is unreadable.")
        ) from error
    return raw.rstrip("\r\n")


def _ask(prompt: str) -> str:
    if not sys.stdin.isatty():
        raise BadInputError(
            Text(
                fr="Pas de terminal où demander : donnez le mot de passe par --password-file.",
                en="No terminal to ask on: give the password with --password-file.",
            )
        )
    return getpass.getpass(prompt)
