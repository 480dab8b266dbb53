"""Signed papers are read by another Unix user of the group: the recorder."""

import stat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.support.sheets import good_sheet

from beffroi.domain.clock import ManualClock
from beffroi.domain.ids import AuthorityId
from beffroi.vault.publichours import PublicHours, encode_bundle
from beffroi.vault.sealing import hour_of
from beffroi.vault.sheet import SheetSigner
from beffroi.vault.sheetstore import SheetStore

KEY = Ed25519PrivateKey.generate()
NOW_US = ManualClock().wall_us()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_sheets_revocations_and_hours_are_read_by_the_group_and_no_further(tmp_path: Path) -> None:
    store, signer = SheetStore(tmp_path / "sheets", [KEY.public_key()]), SheetSigner(KEY)
    sheet = store.install(signer.sign(good_sheet(NOW_US)))
    store.install_revocation(
        signer.revoke(sheet.camera, up_to_serial=sheet.serial, issued_us=NOW_US, reason="order ended")
    )
    bundle = encode_bundle(
        authority=AuthorityId("maire/99001"),
        term_days=30,
        legal_tz="Europe/Paris",
        first_hour=hour_of(NOW_US),
        keys=[bytes([1]) * 32],
        issued_us=NOW_US,
        signer=KEY,
    )
    PublicHours.load(tmp_path / "hours", [KEY.public_key()]).install(bundle, now_us=NOW_US)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) == 3
    assert {mode(path) for path in written} == {0o640}
