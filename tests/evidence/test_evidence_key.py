"""The evidence key: made once, kept secret, told with the register's."""

import hashlib
import stat
from pathlib import Path

import pytest

from beffroi.cli.evidence import tell_key
from beffroi.domain.errors import BadInputError
from beffroi.evidence.key import FILE, evidence_key, vkey
from beffroi.evidence.seal import KEY_NAME
from beffroi.ledger.note import parse_verifier


def test_it_is_made_once_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BadInputError):
        tell_key(tmp_path)
    secrets = tmp_path / "centre" / "secrets"
    secrets.mkdir(parents=True)
    first = evidence_key(secrets)
    assert stat.S_IMODE((secrets / FILE).stat().st_mode) == 0o600
    assert vkey(evidence_key(secrets)) == vkey(first)
    tell_key(tmp_path)
    said = capsys.readouterr()
    (line,) = said.out.splitlines()
    told = parse_verifier(line)
    assert (told.name, told.key.public_bytes_raw()) == (KEY_NAME, first.public_key().public_bytes_raw())
    digest = hashlib.sha256(b"\x01" + first.public_key().public_bytes_raw()).hexdigest()
    assert f"print: {digest[:4]} {digest[4:8]} " in said.err
    assert said.err.strip().endswith(f" {digest[-4:]}")
