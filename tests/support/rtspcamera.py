"""A camera's side of RTSP, without sockets: what it is asked, and answers of any shape, also wrong ones."""

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.support.rtppackets import SETS

from beffroi.capture.rtsp import Session

SPROP = ",".join(base64.b64encode(item).decode() for item in SETS["h264"])
SDP = (
    "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=camera\r\nt=0 0\r\na=control:*\r\n"
    "m=audio 0 RTP/AVP 8\r\na=control:audio\r\n"
    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
    f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={SPROP}\r\na=control:video\r\n"
)
SDP_H265 = (
    "v=0\r\ns=camera\r\nm=video 0 RTP/AVP 98\r\na=rtpmap:98 H265/90000\r\n"
    + "a=fmtp:98 "
    + "; ".join(
        f"sprop-{name}={base64.b64encode(item).decode()}"
        for name, item in zip(("vps", "sps", "pps"), SETS["h265"], strict=True)
    )
    + "\r\na=control:trackID=0\r\n"
)
TRANSPORT = "RTP/AVP/TCP;unicast;interleaved=0-1"
_FIELD = re.compile(r'(\w+)=(?:"([^"]*)"|([^,\s]+))')


@dataclass(frozen=True)
class Asked:
    """A request as it was written. Header names in lower case."""

    method: str
    url: str
    headers: dict[str, str]

    @property
    def proof(self) -> dict[str, str]:
        """The fields of a Digest ``Authorization``."""
        return {name: quoted or plain for name, quoted, plain in _FIELD.findall(self.headers.get("authorization", ""))}


def read_requests(data: bytes) -> tuple[list[Asked], bytes]:
    """The whole requests in what a client sent, and what is left; its RTCP is skipped."""
    found = []
    while data:
        if data[0] == 0x24:
            size = 4 + int.from_bytes(data[2:4], "big")
            if len(data) < size:
                break
            data = data[size:]
            continue
        head, mark, rest = data.partition(b"\r\n\r\n")
        if not mark:
            break
        first, *lines = head.decode().split("\r\n")
        if not first.startswith("RTSP/"):
            method, url, _ = first.split(" ")
            found.append(Asked(method, url, {k.lower(): v for k, _, v in (line.partition(": ") for line in lines)}))
        data = rest
    return found, data


def answer(status: int = 200, *headers: str, body: bytes = b"", sequence: str = "1") -> bytes:
    """An RTSP answer."""
    lines = [f"RTSP/1.0 {status} Words", f"CSeq: {sequence}", *headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class Camera:
    """Answers as an ordinary camera, except where told otherwise: ``odd`` maps a method to its whole answer."""

    sdp: str = SDP
    public: str = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"
    base: str | None = None
    transport: str = TRANSPORT
    session: str = "12345678;timeout=60"
    odd: dict[str, Callable[[Asked], bytes]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def answers(self, request: Asked) -> bytes:
        """The bytes that answer a request."""
        self.asked.append(request)
        sequence = request.headers["cseq"]
        if request.method in self.odd:
            return self.odd[request.method](request)
        match request.method:
            case "OPTIONS":
                return answer(200, f"Public: {self.public}", sequence=sequence)
            case "DESCRIBE":
                base = self.base if self.base is not None else request.url + "/"
                headers = (f"Content-Base: {base}",) if base else ()
                return answer(200, *headers, "Content-Type: application/sdp", body=self.sdp.encode(), sequence=sequence)
            case "SETUP":
                return answer(200, f"Transport: {self.transport}", f"Session: {self.session}", sequence=sequence)
            case _:
                return answer(200, f"Session: {self.session}", sequence=sequence)


def talk(session: Session, camera: Camera, now_s: float = 0.0, rounds: int = 20) -> list[str]:
    """Let both speak until nothing more is said; the methods that were asked."""
    begun, left = len(camera.asked), b""
    for _ in range(rounds):
        said = session.to_send()
        if not said:
            return [one.method for one in camera.asked[begun:]]
        requests, left = read_requests(left + said)
        for request in requests:
            session.receive(camera.answers(request), now_s)
    raise AssertionError("the client never stops asking")


def playing(camera: Camera | None = None, url: str = "rtsp://user:secret@camera.test/main") -> tuple[Session, Camera]:
    """A session that plays."""
    camera = camera or Camera()
    session = Session(url, now_s=0.0)
    talk(session, camera)
    assert session.playing
    return session, camera


def digest(request: Asked, user: str, password: str, *, algorithm: str = "MD5", method: str | None = None) -> bool:
    """Whether a request proves the password (RFC 7616 §3.4.1), worked out apart."""
    make = hashlib.sha256 if "256" in algorithm else hashlib.md5
    proof = request.proof

    def hashed(text: str) -> str:
        return make(text.encode()).hexdigest()

    one = hashed(f"{user}:{proof['realm']}:{password}")
    if algorithm.upper().endswith("-SESS"):
        one = hashed(f"{one}:{proof['nonce']}:{proof['cnonce']}")
    two = hashed(f"{method or request.method}:{proof['uri']}")
    if "qop" in proof:
        text = f"{one}:{proof['nonce']}:{proof['nc']}:{proof['cnonce']}:{proof['qop']}:{two}"
    else:
        text = f"{one}:{proof['nonce']}:{two}"
    return proof["response"] == hashed(text) and proof["uri"] == request.url
