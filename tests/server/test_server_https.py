"""The centre as an operator starts it: real processes, TLS, its own authority verified, from the first invitation to a
camera that may be recorded. Beside it the keyring of a commune in a process of its own."""

import http.client
import json
import os
import shutil
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.cookies import Morsel, SimpleCookie
from pathlib import Path
from typing import Any

import pytest
from tests.support import worlds
from tests.support.commands import run
from tests.support.ports import free_port, wait_for
from websockets.sync.client import connect
from websockets.typing import Origin

from beffroi.cli.promises.client import Answer
from beffroi.domain.documents import Document, DocumentKind
from beffroi.domain.ids import AuthorityId
from beffroi.identity.totp import code_at
from beffroi.vault.publichours import PublicHours
from beffroi.vault.sealing import hour_of
from beffroi.vault.signed import load_public_keys

HERE, HOME = "99001", "99002"
"""The second commune keeps its own keyring at home."""
PASSWORD = "Canari-Ardoise-4417"
CAMERA_PASSWORD = "Canari-Camera-5528"
PASSPHRASE = "une phrase de passe pour les essais"
MAIN = [sys.executable, "-c", "from beffroi.cli.main import main; main()"]


@dataclass
class Browser:
    """One person's browser: it believes the centre's authority and no other."""

    port: int
    tls: ssl.SSLContext
    cookies: dict[str, Morsel[str]] = field(default_factory=dict)
    secret: str = ""

    @property
    def origin(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def call(self, method: str, path: str, body: Any = None) -> Answer:
        link = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=self.tls)
        headers = {"Origin": self.origin, "X-Beffroi": "1", "Content-Type": "application/json"}
        if self.cookies:
            headers["Cookie"] = self.cookie
        try:
            link.request(method, path, None if body is None else json.dumps(body), headers)
            response = link.getresponse()
            raw = response.read()
            for line in response.headers.get_all("Set-Cookie") or []:
                self.cookies |= SimpleCookie(line)
            return Answer(response.status, json.loads(raw), raw, dict(response.headers.items()))
        finally:
            link.close()

    @property
    def cookie(self) -> str:
        return "; ".join(f"{name}={morsel.value}" for name, morsel in self.cookies.items())

    def get(self, path: str) -> Any:
        answer = self.call("GET", path)
        assert answer.status == 200, answer.body
        return answer.body

    def post(self, path: str, body: Any = None, *, status: int = 200) -> Any:
        answer = self.call("POST", path, body or {})
        assert answer.status == status, (path, answer.body)
        return answer.body

    def join(self, link: str, account: str) -> "Browser":
        """Behind a one-time link: a password, a second factor, then the first login."""
        token = link.partition("#")[2]
        self.secret = self.post("/api/invitations/accept", {"token": token, "password": PASSWORD})["secret"]
        at = datetime.now(UTC)
        # No code twice: the next step's is good for the first login, and both hold when the step turns meanwhile.
        later = code_at(self.secret, at + timedelta(seconds=30))
        self.post("/api/invitations/enrol", {"token": token, "code": code_at(self.secret, at)})
        self.post("/api/login", {"account": account, "password": PASSWORD, "code": later})
        return self


@dataclass
class Served:
    """The folder, the running centre and what it wrote."""

    data: Path
    port: int
    link: str
    log: Path

    def browser(self) -> Browser:
        tls = ssl.create_default_context(cafile=str(self.data / "centre" / "tls" / "ca.pem"))
        return Browser(self.port, tls)


def started(log: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    with log.open("ab") as out:
        return subprocess.Popen([*MAIN, *arguments], stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("https")
    data, log, ring, socket = folder / "data", folder / "log", folder / "ring", folder / "ring.sock"
    phrase = folder / "phrase"
    phrase.touch(mode=0o600)
    phrase.write_text(PASSPHRASE)
    communes = ("--commune", f"{HERE}:Bourg-Neuf", "--commune", f"{HOME}:Grandval", "--epci", "200099999:Agglo")
    given = ("--passphrase-file", str(phrase))
    made = run("init", "--data", str(data), "--host", "127.0.0.1", *communes, *given)
    assert made.code == 0, made.output
    link = next(line.strip() for line in made.output.splitlines() if "/invitation#" in line)
    shutil.rmtree(data / "centre" / "keyrings" / f"maire-{HOME}")
    home = run("keyring", "create", "--ring", str(ring), "--authority", f"maire/{HOME}", *given)
    assert home.code == 0, home.output
    port = free_port()
    gate = data / "recorder" / "trust" / "gate.pub"
    children = [
        started(log, "keyring", "serve", "--ring", str(ring), "--socket", str(socket), "--gate-key", str(gate),
                "--passphrase-file", str(phrase)),
        started(log, "serve", "--data", str(data), "--host", "127.0.0.1", "--port", str(port), "--passphrase-file",
                str(phrase), "--remote-keyring", f"maire/{HOME}={socket}", "--log-level", "DEBUG"),
    ]  # fmt: skip
    one = Served(data, port, link, log)
    try:
        wait_for(
            lambda: answers(one) or any(child.poll() is not None for child in children),
            timeout_s=150,  # two programs start, on a machine that does other things
            what=lambda: f"the centre:\n{log.read_text(errors='replace')[-2000:]}",
        )
        assert [child.poll() for child in children] == [None, None], log.read_text(errors="replace")[-2000:]
        yield one
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.wait(60)


def answers(one: Served) -> bool:
    try:
        return one.browser().call("GET", "/api/me").status == 401
    except OSError:
        return False


def as_body(paper: Document, **more: Any) -> dict[str, Any]:
    """A paper as it is entered, dated around today."""
    today = datetime.now(UTC).date()
    return {
        "kind": paper.kind.value,
        "name": paper.id.partition("/")[2],
        "number": paper.number,
        "signed_on": str(today - timedelta(days=400)),
        "signatory": paper.signatory,
        "valid_from": str(today - timedelta(days=390)),
        "valid_until": str(today + timedelta(days=300)),
        "bodies": sorted(paper.scope.bodies),
        "cameras": sorted(paper.scope.cameras),
        "persons": sorted(paper.scope.persons),
        "fields": dict(paper.fields),
        **more,
    }


def papers(commune: str, camera: str) -> list[dict[str, Any]]:
    """Election, order and commitment of a commune: what recording asks for."""
    wanted = {DocumentKind.ELECTION, DocumentKind.PREFECT_ORDER, DocumentKind.CNIL_COMMITMENT}
    found = []
    for paper in worlds.papers_of_commune(commune, (camera,)):
        if paper.kind in wanted:
            more = {"persons": [f"p-mayor-{commune}"]} if paper.kind is DocumentKind.ELECTION else {}
            found.append(as_body(paper, name=f"{commune}-1", **more))
    return sorted(found, key=lambda body: body["kind"] != "election")


def camera_added(served: Served, camera: str, commune: str, password: Path) -> None:
    """By the command line, beside the running centre."""
    what = ("--id", camera, "--name", "Place du Marché", "--commune", commune, "--url", "rtsp://127.0.0.1:1/one")
    login = ("--user", "recorder", "--password-file", str(password))
    done = run("camera", "add", "--data", str(served.data), *what, *login)
    assert done.code == 0, done.output
    assert CAMERA_PASSWORD not in done.output


def test_from_the_first_invitation_to_a_camera_that_may_be_recorded(served: Served, tmp_path: Path) -> None:
    admin = served.browser().join(served.link, "administrateur")
    cookie = admin.cookies["__Host-beffroi"]
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"].lower()) == (True, True, "strict")
    assert (cookie["path"], cookie["domain"]) == ("/", "")
    assert admin.call("GET", "/api/me").headers["strict-transport-security"].startswith("max-age=")
    with connect(f"wss://127.0.0.1:{served.port}/ws/view", origin=Origin(admin.origin), ssl=admin.tls,
                 additional_headers={"Cookie": admin.cookie}) as socket:  # fmt: skip
        assert json.loads(socket.recv(timeout=60))["type"] == "hello"

    def invited(account: str, person: str, role: str) -> Browser:
        lost = admin.post("/api/accounts", {"account": account, "person": person, "role": role}, status=201)
        answer = admin.post(f"/api/accounts/{lost['account']}/invite")
        token = lost["link"].partition("#")[2]
        served.browser().post("/api/invitations/accept", {"token": token, "password": PASSWORD}, status=403)
        return served.browser().join(answer["link"], account)

    dpo = invited("dpo", "p-dpo", "dpo")
    password = tmp_path / "password"
    password.touch(mode=0o600)
    password.write_text(CAMERA_PASSWORD)
    for commune in (HERE, HOME):
        mayor = invited(f"maire.{commune}", f"p-mayor-{commune}", "mayor")
        camera = f"place-{commune}"
        camera_added(served, camera, commune, password)
        sheet = served.data / "recorder" / "sheets" / f"{camera}.json"
        for body in papers(commune, camera):
            assert not sheet.exists()
            made = admin.post("/api/documents", body, status=201)
            who = dpo if body["kind"] == "election" else mayor
            who.post(f"/api/documents/{made['id']}/confirm")
        assert not sheet.exists()
        mayor.post(f"/api/cameras/{camera}/confirm")
        wait_for(sheet.exists, timeout_s=60, what="the signed sheet")
        assert stat.S_IMODE(sheet.stat().st_mode) == 0o640
        listed = mayor.get("/api/cameras")["communes"]
        assert [row["id"] for one in listed for row in one["cameras"]] == [camera]
    _hours_of_both(served)
    _nothing_secret_is_written(served, [admin, dpo])


def _hours_of_both(served: Served) -> None:
    """Public hour keys came from both keyrings; only one of them lies on this machine."""
    hours = PublicHours.load(
        served.data / "recorder" / "hours", load_public_keys(served.data / "recorder/trust/sheet.pub")
    )
    assert not hours.problems
    now = hour_of(int(datetime.now(UTC).timestamp() * 1e6))
    for commune in (HERE, HOME):
        assert hours.public_for(AuthorityId(f"maire/{commune}"), 30, now + 1)
    assert [path.name for path in (served.data / "centre" / "keyrings").iterdir()] == [f"maire-{HERE}"]


def _nothing_secret_is_written(served: Served, people: list[Browser]) -> None:
    """Neither in the log at DEBUG, nor in any file of the recorder or the centre."""
    secrets = [PASSWORD, CAMERA_PASSWORD, PASSPHRASE, served.link.partition("#")[2]]
    for person in people:
        secrets += [person.secret, *(morsel.value for morsel in person.cookies.values())]
    written = [Path(folder, name) for folder, _, names in os.walk(served.data) for name in names]
    files = [served.log, *(path for path in written if path.is_file())]
    for path in files:
        try:
            raw = path.read_bytes()
        except FileNotFoundError:  # a journal or a file being put in place, gone since the folder was read
            continue
        for secret in secrets:
            assert secret.encode() not in raw, path
    assert b"hour keys prepared" in served.log.read_bytes()


def test_the_certificate_is_believed_for_nobody_else(served: Served) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        Browser(served.port, ssl.create_default_context()).call("GET", "/api/me")


def test_a_demonstration_s_folder_is_refused(served: Served, tmp_path: Path) -> None:
    copy = tmp_path / "data"
    shutil.copytree(served.data / "centre" / "tls", copy / "centre" / "tls")
    (copy / "centre" / "secrets").mkdir()
    (copy / "DEMO").touch()
    done = run("serve", "--data", str(copy), "--port", str(free_port()), "--locked")
    assert done.code == 1
    assert "démonstration" in done.output
    assert "demonstration" in done.output


def test_options_that_cannot_be_read_are_refused_by_a_sentence(served: Served, tmp_path: Path) -> None:
    missing = run("serve", "--data", str(tmp_path), "--locked")
    assert (missing.code, "beffroi init" in missing.output) == (1, True)
    wrong = run("serve", "--data", str(served.data), "--locked", "--remote-keyring", "maire/99002")
    assert (wrong.code, "maire/99001=" in wrong.output) == (1, True)
    phrase = run("serve", "--data", str(served.data), "--passphrase-file", str(tmp_path / "none"))
    assert (phrase.code, "illisible" in phrase.output) == (1, True)
