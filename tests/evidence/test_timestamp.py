"""A time stamp is believed for what it covers, when, and whose it is; both verifiers find the same in a false one."""

import base64
import hashlib
import random
import ssl
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_pem_x509_certificate
from tests.evidence.test_second_verifier import ROUNDS, torn
from tests.support.commands import run
from tests.support.evidence import EVIDENCE, REGISTER, TRUST, Made, forge, make_package
from tests.support.faultmatrix import run_seed
from tests.support.secondverifier import SecondVerifier, both, second_verifier
from tests.support.tsa import Authority, answered, tst_info

from beffroi.domain.errors import BadInputError
from beffroi.evidence.findings import Kind, Report, Verdict
from beffroi.evidence.timestamp import read_stamp
from beffroi.evidence.timestamp_der import CONTEXT, OCTETS, SEQUENCE, Der, DerError, read, write
from beffroi.evidence.timestamp_trust import canonical_answer, read_authorities, why_untrusted
from beffroi.evidence.told import ToldKind
from beffroi.evidence.verify import verify_package


def now() -> str:
    """As a token writes it."""
    return f"{datetime.now(UTC):%Y%m%d%H%M%SZ}"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    root = tmp_path_factory.mktemp("evidence")
    (root / "streams").mkdir()
    return make_package(root)


@pytest.fixture(scope="module")
def second() -> Iterator[SecondVerifier]:
    with second_verifier() as started:
        yield started


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "own")


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tsa") / "other")


def stated(folder: Path) -> bytes:
    return (folder / "manifest.json").read_bytes()


def imprint(folder: Path) -> bytes:
    return hashlib.sha256(stated(folder)).digest()


def check(folder: Path, authority: Authority | None = None) -> Report:
    trusted = () if authority is None else read_authorities(authority.ca)
    return verify_package(folder, replace(TRUST, authorities=trusted))


def found(report: Report) -> set[Kind]:
    return {one.kind for one in report.findings}


def told(report: Report) -> dict[ToldKind, str]:
    return {one.kind: one.detail for one in report.told}


@pytest.mark.parametrize("ess", ["sha1", "sha256"])
@pytest.mark.parametrize("chain", [False, True])
def test_an_honest_one_is_claimed_then_verified(
    made: Made, second: SecondVerifier, tmp_path: Path, ess: str, chain: bool
) -> None:
    authority = Authority(tmp_path / "tsa", ess=ess)
    folder = forge(made, tmp_path / "stamped")
    (folder / "manifest.tsr").write_bytes(canonical_answer(authority.stamp(stated(folder), chain=chain)))
    assert both(second, folder) == "valid"
    time = told(check(folder))[ToldKind.TIMESTAMP_CLAIMED]
    assert abs(datetime.now(UTC) - datetime.fromisoformat(f"{time}+00:00")) < timedelta(minutes=2)
    report = check(folder, authority)
    assert (report.verdict, told(report)[ToldKind.TIMESTAMP_VERIFIED]) == (Verdict.VALID, time)
    alone = ["openssl", "ts", "-verify", "-data", "manifest.json", "-in", "manifest.tsr", "-CAfile", str(authority.ca)]
    done = subprocess.run(alone, cwd=folder, capture_output=True, text=True, check=False)
    assert "Verification: OK" in done.stdout + done.stderr


@pytest.mark.parametrize("curve", ["P-256", "P-384", "P-521"])
def test_elliptic_keys_are_read_by_both(
    made: Made, second: SecondVerifier, authority: Authority, tmp_path: Path, curve: str
) -> None:
    folder = forge(made, tmp_path / "stamped")
    authority.signer(curve, key=("ec", "-pkeyopt", f"ec_paramgen_curve:{curve}"))
    (folder / "manifest.tsr").write_bytes(authority.stamp(stated(folder), signer=curve))
    assert both(second, folder) == "valid"
    assert ToldKind.TIMESTAMP_VERIFIED in told(check(folder, authority))


@pytest.mark.parametrize("digest", ["sha384", "sha512"])
def test_longer_digests_are_read_by_both(
    made: Made, second: SecondVerifier, authority: Authority, tmp_path: Path, digest: str
) -> None:
    folder = forge(made, tmp_path / "stamped")
    (folder / "manifest.tsr").write_bytes(authority.forged(tst_info(imprint(folder), now()), digest=digest))
    assert both(second, folder) == "valid"
    assert ToldKind.TIMESTAMP_VERIFIED in told(check(folder, authority))


def _flipped(raw: bytes, needle: bytes, after: int = -1) -> bytes:
    at = raw.index(needle) + len(needle) + after
    return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]


def _signed_part(raw: bytes) -> tuple[list[Der], list[Der]]:
    """The elements of SignedData, and of its one SignerInfo."""
    token = read(raw, "").parts("").rest()[1].parts("").rest()
    signed = list(read(token[1].body, "").parts("").rest())
    return signed, list(read(signed[-1].body, "").parts("").rest())


def _rebuilt(signed: list[bytes], signer: list[bytes]) -> bytes:
    kind = bytes.fromhex("06092a864886f70d010702")
    data = write(SEQUENCE, *signed[:-1], write(0x31, write(SEQUENCE, *signer)))
    return answered(write(SEQUENCE, kind, write(CONTEXT, data)))


def _other_certificate(tsa: Authority, folder: Path) -> bytes:
    """The token of one signer with the certificate of another in its place."""
    one, two = (_signed_part(tsa.stamp(stated(folder), signer=name)) for name in ("tsa", "another"))
    signed = [part.raw for part in one[0]]
    signed[3] = two[0][3].raw
    return _rebuilt(signed, [part.raw for part in one[1]])


def _unsigned_attribute(tsa: Authority, folder: Path) -> bytes:
    signed, signer = _signed_part(tsa.stamp(stated(folder)))
    return _rebuilt([part.raw for part in signed], [*(part.raw for part in signer), write(CONTEXT + 1, b"")])


def _no_signature(tsa: Authority, folder: Path) -> bytes:
    signed, signer = _signed_part(tsa.stamp(stated(folder)))
    return _rebuilt([part.raw for part in signed], [*(part.raw for part in signer[:-1]), write(OCTETS)])


def _words(tsa: Authority, folder: Path) -> bytes:
    """Words beside the status, which nobody signed."""
    answer = read(tsa.stamp(stated(folder)), "").parts("").rest()
    status = write(SEQUENCE, bytes.fromhex("020100"), write(SEQUENCE, write(0x0C, b"ok")))
    return write(SEQUENCE, status, answer[1].raw)


def _without(purpose: str) -> Callable[[Authority, Path], bytes]:
    def make(tsa: Authority, folder: Path) -> bytes:
        name = f"p{len(purpose)}"
        tsa.signer(name, purpose=purpose)
        return tsa.forged(tst_info(imprint(folder), now()), signer=name)

    return make


def _critical(value: int) -> Callable[[Authority, Path], bytes]:
    """By a certificate whose purpose says of itself, in full, whether it is critical."""

    def make(tsa: Authority, folder: Path) -> bytes:
        path = tsa.folder / f"{tsa.signer(f'critical{value}')}.pem"
        raw = ssl.PEM_cert_to_DER_cert(path.read_text())
        at = raw.index(bytes.fromhex("0603551d250101ff")) + 7
        path.write_text(ssl.DER_cert_to_PEM_cert(raw[:at] + bytes([value]) + raw[at + 1 :]))
        return tsa.forged(tst_info(imprint(folder), now()), signer=f"critical{value}")

    return make


def _expired(tsa: Authority, folder: Path) -> bytes:
    tsa.signer("expired", ends=timedelta(days=-3))
    return tsa.forged(tst_info(imprint(folder), now()), signer="expired")


def _at(time: str) -> Callable[[Authority, Path], bytes]:
    return lambda tsa, folder: tsa.forged(tst_info(imprint(folder), time))


def _made(change: Callable[[bytes], bytes]) -> Callable[[Authority, Path], bytes]:
    return lambda tsa, folder: change(tsa.stamp(stated(folder)))


MALFORMED, REFUSED, WRONG = Kind.TIMESTAMP_MALFORMED, Kind.TIMESTAMP_REFUSED, Kind.TIMESTAMP_WRONG
MESSAGE_DIGEST = bytes.fromhex("06092a864886f70d010904")
FALSE: dict[str, tuple[Callable[[Authority, Path], bytes], Kind]] = {
    "empty": (lambda *_: b"", MALFORMED),
    "words": (lambda *_: b"token", MALFORMED),
    "huge": (_made(lambda raw: raw + bytes(20 << 20)), MALFORMED),
    "a huge length": (lambda *_: b"\x30\x84\x7f\xff\xff\xff" + bytes(100), MALFORMED),
    "an open length": (_made(lambda raw: b"\x30\x80" + raw[4:] + b"\0\0"), MALFORMED),
    "deep": (lambda *_: b"\x30\x82\x7f\x00" * 16_000, MALFORMED),
    "truncated": (_made(lambda raw: raw[:-1]), MALFORMED),
    "something after it": (_made(lambda raw: raw + b"\0"), MALFORMED),
    "a rejection": (lambda *_: bytes.fromhex("30053003020102"), MALFORMED),
    "a token without its answer": (_made(lambda raw: raw[9:]), MALFORMED),
    "base64": (_made(base64.b64encode), MALFORMED),
    "words beside the status": (_words, MALFORMED),
    "an unsigned attribute": (_unsigned_attribute, MALFORMED),
    "no signature": (_no_signature, REFUSED),
    "another manifest": (lambda tsa, _: tsa.stamp(b"another"), WRONG),
    "a shorter imprint": (lambda tsa, _: tsa.forged(tst_info(b"", now())), WRONG),
    "its time changed": (_made(lambda raw: _flipped(raw, b"20" + now()[2:4].encode())), REFUSED),
    "its digest changed": (_made(lambda raw: _flipped(raw, MESSAGE_DIGEST, 5)), REFUSED),
    "its signature changed": (_made(lambda raw: raw[:-1] + bytes([raw[-1] ^ 1])), REFUSED),
    "another certificate in its place": (_other_certificate, MALFORMED),
    "a certificate that is not for time stamps": (_without("keyUsage=critical,digitalSignature"), REFUSED),
    "a certificate whose purpose is not critical": (_without("extendedKeyUsage=timeStamping"), REFUSED),
    "a certificate whose purpose is said not to be critical": (_critical(0), REFUSED),
    "a certificate for more": (_without("extendedKeyUsage=critical,timeStamping,codeSigning"), REFUSED),
    "a certificate that had expired": (_expired, REFUSED),
    "a time before its certificate": (_at("20010101000000Z"), REFUSED),
    "a time after its certificate": (_at("20991231235959Z"), REFUSED),
    "a thirteenth month": (_at("20261301000000Z"), MALFORMED),
    "a leap second": (_at("20261231235960Z"), MALFORMED),
    "a local time": (_at("20261122120000+0100"), MALFORMED),
    "decimals with a zero at their end": (_at(f"{now()[:-1]}.10Z"), MALFORMED),
}


@pytest.mark.parametrize("name", FALSE)
def test_a_false_one_is_never_valid_and_both_say_why(
    made: Made, second: SecondVerifier, authority: Authority, tmp_path: Path, name: str
) -> None:
    folder = forge(made, tmp_path / "forged")
    make, kind = FALSE[name]
    (folder / "manifest.tsr").write_bytes(make(authority, folder))
    assert both(second, folder) == "altered"
    report = check(folder)
    assert found(report) == {kind}, report.findings
    assert found(check(folder, authority)) == {kind}


def test_one_of_another_authority_is_not_verified_and_does_not_pass(
    made: Made, authority: Authority, other: Authority, tmp_path: Path
) -> None:
    folder = forge(made, tmp_path / "stamped")
    (folder / "manifest.tsr").write_bytes(other.stamp(stated(folder)))
    assert ToldKind.TIMESTAMP_CLAIMED in told(check(folder))
    report = check(folder, authority)
    assert (report.verdict, found(report)) == (Verdict.INCOMPLETE, {Kind.TIMESTAMP_UNTRUSTED})
    assert "certificate verify error" in report.findings[0].detail
    missing = check(made.folder, authority)
    assert (missing.verdict, found(missing)) == (Verdict.INCOMPLETE, {Kind.TIMESTAMP_MISSING})


def test_the_policy_can_be_demanded(made: Made, authority: Authority) -> None:
    raw, digest, trusted = authority.stamp(stated(made.folder)), imprint(made.folder), read_authorities(authority.ca)
    assert why_untrusted(raw, digest, trusted, policy="1.2.3.4.1") == ""
    assert "olicy" in why_untrusted(raw, digest, trusted, policy="1.2.3.4.2")
    assert why_untrusted(raw, bytes(32), trusted) != ""
    assert why_untrusted(b"\x30", digest, trusted) != ""


def test_any_flipped_bit_is_found(made: Made, second: SecondVerifier, authority: Authority, tmp_path: Path) -> None:
    seed = run_seed()
    chance = random.Random(f"{seed}/bits")  # noqa: S311  choice of cases
    folder = forge(made, tmp_path / "forged")
    genuine = canonical_answer(authority.stamp(stated(folder), chain=True))
    for number in chance.sample(range(len(genuine)), min(len(genuine), ROUNDS)):
        raw = bytearray(genuine)
        raw[number] ^= 1 << chance.randrange(8)
        (folder / "manifest.tsr").write_bytes(bytes(raw))
        assert both(second, folder) == "altered", (seed, number)
    bits = 8 * len(genuine)
    for number in chance.sample(range(bits), min(bits, 20 * ROUNDS)):  # all of them in the long run
        raw = bytearray(genuine)
        raw[number // 8] ^= 1 << number % 8
        with pytest.raises(ValueError, match=r"[A-Z]"):
            read_stamp(bytes(raw))


def test_both_agree_on_whatever_is_torn_from_a_time_stamp(
    made: Made, second: SecondVerifier, authority: Authority, tmp_path: Path
) -> None:
    seed = run_seed()
    chance = random.Random(f"{seed}/stamp")  # noqa: S311  choice of cases
    folder = forge(made, tmp_path / "forged")
    genuine = [authority.stamp(stated(folder), chain=chain) for chain in (False, True)]
    counts: dict[str, int] = {}
    for number in range(ROUNDS):
        raw = torn(chance.choice(genuine), chance)
        (folder / "manifest.tsr").write_bytes(raw)
        try:
            verdict = both(second, folder)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}, number {number}") from error
        assert verdict != "valid" or raw in genuine or read_stamp(raw) in [read_stamp(one) for one in genuine]
        counts[verdict] = counts.get(verdict, 0) + 1
    print(f"\n[time stamps] {ROUNDS} torn, seed {seed}: {counts}")  # noqa: T201  a figure is printed


def test_a_certificate_that_no_library_reads_beside_the_signers_is_a_finding(authority: Authority, made: Made) -> None:
    data = stated(made.folder)
    name = authority.signer("beside")
    pem = load_pem_x509_certificate((authority.folder / f"{name}.pem").read_bytes()).public_bytes(Encoding.DER)
    odd = pem.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x07", 1)
    assert odd != pem
    status, token = read(canonical_answer(authority.stamp(data)), "").parts("").rest()
    kind, content = token.parts("").rest()
    version, digests, info, certificates, signers = read(content.body, "").parts("").rest()
    more = write(CONTEXT, certificates.body, odd)
    signed = write(SEQUENCE, version.raw, digests.raw, info.raw, more, signers.raw)
    raw = write(SEQUENCE, status.raw, write(SEQUENCE, kind.raw, write(CONTEXT, signed)))
    assert read_stamp(raw).imprint == hashlib.sha256(data).digest()
    assert why_untrusted(raw, hashlib.sha256(data).digest(), read_authorities(authority.ca)) != ""


def test_what_nobody_signed_is_taken_out_before_it_is_kept(authority: Authority, made: Made) -> None:
    for make in (_words, _unsigned_attribute):
        raw = make(authority, made.folder)
        with pytest.raises(DerError):
            read_stamp(raw)
        assert read_stamp(canonical_answer(raw)).imprint == imprint(made.folder)


def test_the_command_tells_the_time_and_whose_it_is(
    made: Made, authority: Authority, other: Authority, tmp_path: Path
) -> None:
    folder = forge(made, tmp_path / "stamped")
    (folder / "manifest.tsr").write_bytes(authority.stamp(stated(folder)))
    keys = ("--key", EVIDENCE.encode(), "--register", REGISTER.encode())
    claimed = run("evidence", "verify", str(folder), *keys)
    assert claimed.code == 0
    assert "Non vérifié ici" in claimed.output
    verified = run("evidence", "verify", str(folder), *keys, "--tsa-ca", str(authority.ca))
    assert verified.code == 0
    assert "La remise existait le" in verified.output
    assert run("evidence", "verify", str(folder), *keys, "--tsa-ca", str(other.ca)).code == 3
    nothing = run("evidence", "verify", str(folder), *keys, "--tsa-ca", str(folder / "manifest.json"))
    assert nothing.code == 2
    assert "ne se lit pas" in nothing.output


def test_a_file_without_a_certificate_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInputError):
        read_authorities(tmp_path / "none.pem")
