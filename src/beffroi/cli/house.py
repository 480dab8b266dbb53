"""A whole house on this machine: simulated cameras, a recorder, a centre. Used by the demo, its checks, the tests.

Each part is a process of its own, started the way production starts it, on 127.0.0.1.
"""

import secrets
import shutil
import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from beffroi.base.clock import SystemClock
from beffroi.base.secrets import read_secret, write_secret
from beffroi.cli.children import Children
from beffroi.cli.ingeagglo import DemoAccount, DemoWorld, build_world
from beffroi.cli.init import prepare_folder
from beffroi.cli.promises.client import Answer, Person
from beffroi.cli.signerchild import SignerChild
from beffroi.domain.clock import now
from beffroi.domain.errors import BrokenError
from beffroi.domain.ids import AuthorityId, CameraId
from beffroi.domain.text import Text
from beffroi.ledger.signing import Signer
from beffroi.profiles.ingeagglo_places import COMMUNES, Place
from beffroi.registry.streams import CameraStreams, set_streams
from beffroi.server.centre import DEMO_MARK, Centre, open_centre
from beffroi.vault.credentials import Credentials, RecorderIdentity, seal_credentials
from beffroi.vault.sheet import SheetStream
from simulate.config import Camera, Config
from simulate.control import ask
from simulate.scenes import Rendered, render_all, scene

BANNER: Final = Text(
    fr="Démonstration : communes, rues et pièces fictives, sur cette machine seulement.",
    en="Demonstration: fictional communes, streets and papers, on this machine only.",
)
KEYRINGS_FILE: Final = "demo-keyrings"
ACCOUNTS_FILE: Final = "demo-accounts.json"
_APART_S: Final = 7.0
_READY_S: Final = 180.0
"""A deadline: a part that has ended is told at once, one that is slow to start has a busy machine."""

_CAMERA_USER: Final = "recorder"


@dataclass
class House:
    """One house: its folder, its ports, its processes, its people."""

    data: Path
    port: int
    rtsp_port: int
    control_port: int
    cameras: int = 16
    order_lapses_s: float = 600.0
    database: str | None = None
    """SQLAlchemy URL of an empty database, without a password; the folder's own SQLite file by default."""
    world: DemoWorld | None = None
    say: Callable[[str], None] = lambda _: None
    children: Children = field(init=False)
    people: dict[str, Person] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.children = Children(self.data / "logs")

    @property
    def address(self) -> str:
        """What a person types."""
        return f"http://127.0.0.1:{self.port}"

    # --- building ---

    def build(self) -> None:
        """Make the folder anew: keys, papers, accounts, cameras. An earlier demonstration there is thrown away.

        Raises:
            BrokenError: the folder exists and is not a demonstration's.
        """
        if self.data.exists():
            if not (self.data / DEMO_MARK).exists():
                raise BrokenError(
                    Text(
                        fr=f"« {self.data.name} » n'est pas le dossier d'une démonstration : choisissez-en un autre.",
                        en=f"“{self.data.name}” is not a demonstration's folder: choose another one.",
                    )
                )
            shutil.rmtree(self.data)
        self.data.mkdir(parents=True, mode=0o700)
        (self.data / DEMO_MARK).touch()
        passphrase = secrets.token_urlsafe(24)
        write_secret(self.data / KEYRINGS_FILE, passphrase.encode())
        prepare_folder(
            self.data,
            host="127.0.0.1",
            authorities=[AuthorityId(f"maire/{commune.code}") for commune in COMMUNES],
            passphrase=passphrase,
            cheap_keyrings=True,
        )
        centre = open_demo_centre(self.data, self.port, self.database)
        try:
            self.world = build_world(
                centre.registry,
                centre.identity,
                now(SystemClock()),
                cameras=self.cameras,
                order_lapses_s=self.order_lapses_s,
            )
            self.world.save(self.data / ACCOUNTS_FILE)
            set_streams(centre.engine, self._streams(self.world))
            centre.supply.once()
        finally:
            centre.ledger.close()
            centre.engine.dispose()

    def _streams(self, world: DemoWorld) -> list[CameraStreams]:
        identity = RecorderIdentity.open_or_create(self.data / "recorder")
        rendered = render_all(say=self.say)
        simulated, streams = [], []
        for number, place in enumerate(world.places):
            password = secrets.token_urlsafe(12)
            simulated.append(_simulated(place, number, rendered, password))
            base = f"rtsp://127.0.0.1:{self.rtsp_port}/{place.id}"
            streams.append(
                CameraStreams(
                    CameraId(place.id),
                    (
                        SheetStream("main", f"{base}/main", place.main_codec),
                        SheetStream("sub", f"{base}/sub", "h264"),
                    ),
                    seal_credentials(identity.public, Credentials(_CAMERA_USER, password), camera=place.id),
                )
            )
        Config(cameras=tuple(simulated), port=self.rtsp_port, control_port=self.control_port).write(
            self.data / "cameras.json"
        )
        return streams

    # --- running ---

    def start(self) -> None:
        """Start cameras, recorder and centre, each waited for."""
        self.start_cameras()
        self.start_recorder()
        self.start_centre()

    def start_cameras(self) -> None:
        """The simulated cameras."""
        self.children.start("cameras", ["-m", "simulate", "--config", str(self.data / "cameras.json")])
        self.children.wait_ready("cameras", lambda: _listens(self.rtsp_port), timeout_s=_READY_S)

    def start_recorder(self, *, environment: dict[str, str] | None = None, workers: int | None = None) -> None:
        """The recorder; with at least so many capture processes when given."""
        more = ["--cores", str(workers)] if workers else []
        arguments = ["-c", _MAIN, "recorder", "--data", str(self.data), *more]
        self.children.start("recorder", arguments, environment=environment)
        socket_path = self.data / "run" / "recorder.sock"
        self.children.wait_ready("recorder", lambda: _answers_unix(socket_path), timeout_s=_READY_S)

    def start_centre(self, *, wrapper: list[str] | None = None) -> None:
        """The centre."""
        arguments = [str(self.data), str(self.port), *([self.database] if self.database else [])]
        self.children.start("centre", ["-m", "beffroi.cli.house", *arguments], wrapper=wrapper)
        self.children.wait_ready("centre", lambda: _answers(self.address), timeout_s=_READY_S)

    def stop(self) -> None:
        """End everything."""
        self.children.stop_all()

    def fault(self, camera: str, kind: str) -> None:
        """Put a simulated camera at fault (``none`` ends it)."""
        ask(self.control_port, {"camera": camera, "fault": kind})

    # --- people ---

    def account(self, key: str) -> DemoAccount:
        """An account of the demonstration."""
        if self.world is None:
            raise BrokenError(Text(fr="La maison n'est pas construite.", en="The house is not built."))
        return self.world.account(key)

    def login(self, key: str, *, again: bool = False) -> Person:
        """A logged-in session of an account, one for each account (a code serves once in thirty seconds)."""
        if key in self.people and not again:
            return self.people[key]
        person = Person(self.port)
        account = self.account(key)
        answer: Answer = person.login(account.account, account.password, account.code(now(SystemClock())))
        if answer.status != 200:
            raise BrokenError(
                Text(fr=f"Connexion de {key} refusée : {answer.body}.", en=f"Login of {key} refused: {answer.body}.")
            )
        self.people[key] = person
        return person


def open_demo_centre(
    data: Path, port: int, database: str | None = None, *, signer: Callable[[], Signer] | None = None
) -> Centre:
    """The demonstration's centre, opened in this process; ``signer``: as `open_centre`."""
    address = f"http://127.0.0.1:{port}"
    return open_centre(
        data,
        passphrase=read_secret(data / KEYRINGS_FILE).decode(),
        address=address,
        origins=[address, f"http://localhost:{port}"],
        https=False,
        demo=BANNER,
        database=database,
        signer=signer,
    )


_MAIN: Final = "from beffroi.cli.main import main; main()"


def _simulated(place: Place, number: int, rendered: dict[str, Rendered], password: str) -> Camera:
    fitting = [one for name, one in rendered.items() if scene(name).codec == place.main_codec] or list(
        rendered.values()
    )
    shown = fitting[number % len(fitting)]
    return Camera(
        name=place.id,
        main=Path(shown.main),
        sub=Path(shown.sub),
        user=_CAMERA_USER,
        password=password,
        offset_s=number * _APART_S,
        audio=number % 4 == 0,
    )


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _answers_unix(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
            probe.sendall(b'{"id":1,"method":"ping","params":{}}\n')
            return b"result" in probe.recv(4096)
        except OSError:
            return False


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/api/me", timeout=1):  # noqa: S310  our own loopback address
            return True
    except urllib.error.HTTPError as error:
        return error.code == 401
    except OSError:
        return False


def _main() -> None:
    import sys

    from beffroi.base import log
    from beffroi.server.run import run_loopback

    log.configure()
    data, port, database = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else None
    child = SignerChild(data)  # as `beffroi serve` does
    try:
        run_loopback(open_demo_centre(data, port, database, signer=child.signer), port=port)
    finally:
        child.stop()


if __name__ == "__main__":
    _main()
