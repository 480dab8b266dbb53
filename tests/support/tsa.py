"""A time-stamp authority on this machine: certificates and tokens made by OpenSSL, served over HTTP on a free port.

It can be made to answer wrongly in every way that an authority, or whoever stands in its place, can.
"""

import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

from beffroi.evidence.timestamp_der import GENERALIZED_TIME, INTEGER, NULL, OCTETS, OID, SEQUENCE, write

POLICY: Final = "1.2.3.4.1"
_OTHER_POLICY: Final = "1.2.3.4.9"
_CONFIG: Final = f"""[tsa]
default_tsa = own
[own]
serial = serial
crypto_device = builtin
signer_digest = sha256
default_policy = {POLICY}
other_policies = {_OTHER_POLICY}
digests = sha256, sha384, sha512
accuracy = secs:1
tsa_name = yes
[ca]
default_ca = chosen
[chosen]
new_certs_dir = .
database = index
serial = ca_serial
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
"""
PURPOSE: Final = "extendedKeyUsage=critical,timeStamping"


def openssl(folder: Path, *arguments: str, given: bytes = b"") -> bytes:
    """Run OpenSSL in a folder; what it wrote.

    Raises:
        AssertionError: it failed, with what it said.
    """
    done = subprocess.run(
        ["openssl", *arguments], cwd=folder, input=given, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 0, (arguments, done.stderr.decode(errors="replace"))
    return done.stdout


@dataclass
class Authority:
    """A certificate authority and the time-stamp signers that it vouches for. ``digest`` names the certificate in the
    token: SHA-1 in the older attribute, as OpenSSL does by itself, or SHA-256."""

    folder: Path
    ess: str = "sha256"
    names: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        (self.folder / "serial").write_text("01\n")
        (self.folder / "ca_serial").write_text("01\n")
        (self.folder / "index").write_text("")
        (self.folder / "tsa.cnf").write_text(_CONFIG.replace("[ca]", f"ess_cert_id_alg = {self.ess}\n[ca]"))
        request = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem")
        openssl(self.folder, *request, "-days", "3650", "-subj", "/CN=Autorite d'essai")

    @property
    def ca(self) -> Path:
        """The certificate to trust."""
        return self.folder / "ca.pem"

    def signer(
        self,
        name: str = "tsa",
        *,
        purpose: str = PURPOSE,
        key: tuple[str, ...] = ("rsa:2048",),
        ends: timedelta = timedelta(days=365),
    ) -> str:
        """Make a signer; its name."""
        if name in self.names:
            return name
        self.names.append(name)
        (self.folder / f"{name}.ext").write_text(f"{purpose}\nbasicConstraints=CA:false\n")
        request = ("req", "-newkey", *key, "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        openssl(self.folder, *request, "-subj", f"/CN={name}")
        now = datetime.now(UTC)
        begin, end = now - timedelta(days=730), now + ends
        dates = ("-startdate", f"{begin:%Y%m%d%H%M%SZ}", "-enddate", f"{end:%Y%m%d%H%M%SZ}")
        signed = ("ca", "-batch", "-notext", "-config", "tsa.cnf", "-cert", "ca.pem", "-keyfile", "ca.key")
        openssl(self.folder, *signed, *dates, "-extfile", f"{name}.ext", "-in", f"{name}.csr", "-out", f"{name}.pem")
        return name

    def answer(self, query: bytes, *, signer: str = "tsa", chain: bool = False) -> bytes:
        """What ``openssl ts`` answers to a query."""
        self.signer(signer)
        (self.folder / "query.tsq").write_bytes(query)
        more = ("-chain", "ca.pem") if chain else ()
        reply = ("ts", "-reply", "-config", "tsa.cnf", "-queryfile", "query.tsq", "-signer", f"{signer}.pem")
        openssl(self.folder, *reply, "-inkey", f"{signer}.key", *more, "-out", "answer.tsr")
        return (self.folder / "answer.tsr").read_bytes()

    def stamp(self, data: bytes, *, signer: str = "tsa", chain: bool = False) -> bytes:
        """A time stamp over data."""
        (self.folder / "data").write_bytes(data)
        query = openssl(self.folder, "ts", "-query", "-data", "data", "-sha256", "-cert")
        return self.answer(query, signer=signer, chain=chain)

    def forged(self, info: bytes, *, signer: str = "tsa", digest: str = "sha256") -> bytes:
        """A time stamp that says whatever ``info`` (a TSTInfo) says, signed by a signer's key: OpenSSL's own authority
        refuses to sign with a certificate that is not one for time stamps."""
        self.signer(signer)
        sign = ("cms", "-sign", "-binary", "-nodetach", "-cades", "-outform", "DER", "-md", digest, "-nosmimecap")
        token = openssl(
            self.folder,
            *sign,
            *("-econtent_type", "1.2.840.113549.1.9.16.1.4"),
            *("-signer", f"{signer}.pem", "-inkey", f"{signer}.key"),
            given=info,
        )
        return answered(token)


def answered(token: bytes) -> bytes:
    """A token as an authority's answer."""
    return write(SEQUENCE, write(SEQUENCE, write(INTEGER, b"\0")), token)


def tst_info(imprint: bytes, at: str) -> bytes:
    """A TSTInfo over a SHA-256, at a time (``YYYYMMDDHHMMSSZ``)."""
    sha256 = write(SEQUENCE, write(OID, bytes.fromhex("608648016503040201")), write(NULL))
    return write(
        SEQUENCE,
        write(INTEGER, b"\x01"),
        write(OID, bytes.fromhex("2a030401")),
        write(SEQUENCE, sha256, write(OCTETS, imprint)),
        write(INTEGER, b"\x07"),
        write(GENERALIZED_TIME, at.encode()),
    )


@dataclass
class Server:
    """The authority as it answers. ``broken``: an answer to give instead; ``status``: its HTTP status; ``silent``: what
    it waits for before it answers; ``asked`` counts."""

    authority: Authority
    address: str = ""
    broken: bytes | None = None
    status: int = 200
    signer: str = "tsa"
    chain: bool = False
    silent: threading.Event | None = None
    asked: int = 0


@contextmanager
def serving(authority: Authority, *, tls: bool = False) -> Iterator[Server]:
    """The authority over HTTP (or HTTPS, under its own certificate authority), on a free port of this machine."""
    state = Server(authority)
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                state.asked += 1
                if state.silent is not None:
                    state.silent.wait(30)
                body = state.broken
                if body is None:
                    body = authority.answer(query, signer=state.signer, chain=state.chain)
            self.send_response(state.status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        authority.signer("web", purpose="subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority.folder / "web.pem", authority.folder / "web.key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    state.address = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}/tsa"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
