"""`beffroi init`, run as a command."""

import re
import stat
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from tests.support.commands import run

from beffroi.base.clock import SystemClock
from beffroi.base.secrets import read_signing_key
from beffroi.cli.founding import first_facts, parse_commune, parse_epci
from beffroi.cli.init import prepare_folder
from beffroi.cli.tls import make_certificates
from beffroi.domain.clock import now
from beffroi.domain.errors import BadInputError
from beffroi.domain.facts import BodyKind, PersonStatus
from beffroi.domain.ids import AuthorityId
from beffroi.vault.keyring import HourKeyring

PASSPHRASE = "une phrase de passe pour essayer"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A prepared folder and what the command printed."""
    folder = tmp_path_factory.mktemp("init")
    secret = folder / "passphrase"
    secret.write_text(PASSPHRASE)
    secret.chmod(0o600)
    done = run("init", "--data", str(folder / "data"), "--host", "csu.example.fr", "--commune", "99001:Bourg-Neuf",
               "--commune", "99002:Saint-Aubin", "--epci", "200099999:Agglo",
               "--passphrase-file", str(secret))  # fmt: skip
    assert done.code == 0, done.output
    return folder / "data", done.output


def test_init_leaves_a_folder_that_others_cannot_read(prepared: tuple[Path, str]) -> None:
    data, _ = prepared
    for name in ("centre", "centre/secrets", "centre/keyrings", "centre/tls"):
        assert stat.S_IMODE((data / name).stat().st_mode) == 0o700, name
    for path in [*(data / "centre" / "secrets").iterdir(), data / "centre" / "tls" / "server.key"]:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert stat.S_IMODE((data / "recorder" / "identity.key").stat().st_mode) == 0o600
    assert all(not path.stat().st_mode & 0o007 for path in (data, data / "recorder", data / "run"))


def test_init_makes_keys_that_fit_together(prepared: tuple[Path, str]) -> None:
    data, _ = prepared
    secrets = data / "centre" / "secrets"
    for name in ("gate", "sheet"):
        public = read_signing_key(secrets / f"{name}.key").public_key()
        trusted = (data / "recorder" / "trust" / f"{name}.pub").read_bytes()
        assert load_pem_public_key(trusted) == public
    ring = HourKeyring.open(data / "centre" / "keyrings" / "maire-99001", PASSPHRASE)
    assert ring.authority == "maire/99001"
    assert (data / "centre" / "keyrings" / "maire-99002" / "ring.json").exists()


def test_the_authority_vouches_for_its_host_and_for_nothing_else(prepared: tuple[Path, str]) -> None:
    data, _ = prepared
    tls = data / "centre" / "tls"
    ca, server = (x509.load_pem_x509_certificate((tls / name).read_bytes()) for name in ("ca.pem", "server.pem"))
    key = ca.public_key()
    assert isinstance(key, EllipticCurvePublicKey)
    assert server.signature_hash_algorithm is not None
    key.verify(server.signature, server.tbs_certificate_bytes, ECDSA(server.signature_hash_algorithm))
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["csu.example.fr"]
    limits = ca.extensions.get_extension_for_class(x509.NameConstraints)
    assert limits.critical
    assert limits.value.permitted_subtrees == [x509.DNSName("csu.example.fr")]
    openssl = ["openssl", "verify", "-CAfile", str(tls / "ca.pem"), "-verify_hostname", "csu.example.fr"]
    assert subprocess.run([*openssl, str(tls / "server.pem")], check=False, capture_output=True).returncode == 0


@pytest.mark.parametrize("host", ["", "a b", "-x.fr", "x..fr", "https://x.fr", "x" * 64 + ".fr", "exa\nmple.fr"])
def test_a_host_that_is_none_is_refused(tmp_path: Path, host: str) -> None:
    with pytest.raises(BadInputError):
        make_certificates(tmp_path, tmp_path, host, now(SystemClock()))
    assert list(tmp_path.iterdir()) == []


def test_an_address_is_a_host(tmp_path: Path) -> None:
    make_certificates(tmp_path, tmp_path, "192.0.2.7", now(SystemClock()))
    server = x509.load_pem_x509_certificate((tmp_path / "server.pem").read_bytes())
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.7"]


def test_init_refuses_a_folder_in_use_and_leaves_it_alone(prepared: tuple[Path, str], tmp_path: Path) -> None:
    data, _ = prepared
    before = (data / "centre" / "secrets" / "gate.key").read_bytes()
    again = run("init", "--data", str(data), "--host", "x.fr", "--commune", "99001:X", "--generate-passphrase")
    assert again.code == 1
    assert "n'est pas vide" in again.output
    assert (data / "centre" / "secrets" / "gate.key").read_bytes() == before
    with pytest.raises(BadInputError):
        prepare_folder(data, host="x.fr", authorities=[AuthorityId("maire/99001")], passphrase=PASSPHRASE)
    bad = run("init", "--data", str(tmp_path / "new"), "--host", "x.fr", "--commune", "Bourg", "--generate-passphrase")
    assert bad.code == 1
    assert not (tmp_path / "new").exists()


def test_the_first_administrator_enters_by_a_link_that_is_kept_nowhere(prepared: tuple[Path, str]) -> None:
    data, printed = prepared
    found = re.search(r"https://csu\.example\.fr/invitation#(\S+)", printed)
    assert found is not None
    assert PASSPHRASE not in printed
    for path in data.rglob("*"):
        if path.is_file():
            assert found[1].encode() not in path.read_bytes(), path


def test_communes_are_read_strictly() -> None:
    assert parse_commune("2A004:Ajaccio-Neuf").departement == "2A"
    assert parse_commune("97105:Basse-Rive").departement == "971"
    for wrong in ("9901:X", "99001", "99001:", "99001:a\nb", "ABCDE:X"):
        with pytest.raises(BadInputError):
            parse_commune(wrong)
    bodies, persons = first_facts([parse_commune("99001:X")], None)
    assert BodyKind.EPCI not in {body.kind for body in bodies}
    assert {person.status for person in persons} >= {PersonStatus.MAYOR, PersonStatus.AGREED_AGENT, PersonStatus.DPO}
    with pytest.raises(BadInputError):
        first_facts([parse_commune("99001:X"), parse_commune("99001:Y")], parse_epci("200099999:Agglo"))
