"""A recorder whose hours last seconds and whose term lasts a few of them, for tests that must see many terms go by."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from tests.support.cameras import SimulatedCameras
from tests.support.recorder import RunningRecorder, prepare_recorder

from beffroi.vault.publichours import encode_bundle

_FOLDER = Path(__file__).parent / "shorthour"


def short_term_recorder(
    data: Path, sim: SimulatedCameras, *, hour_s: float, term_s: float, lasts_s: float
) -> RunningRecorder:
    """Prepared, not started. Its sheets record the sub streams; hour keys reach ``lasts_s`` ahead."""
    environment = {
        "PYTHONPATH": os.pathsep.join(filter(None, [str(_FOLDER), os.environ.get("PYTHONPATH", "")])),
        "BEFFROI_TEST_HOUR_S": str(hour_s),
        "BEFFROI_TEST_TERM_S": str(term_s),
    }
    rec = prepare_recorder(data, sim, streams=("sub",), environment=environment)
    world, now_us = rec.world, rec.world.clock.wall_us()
    bundle = encode_bundle(
        authority=world.authority,
        term_days=world.term_days,
        legal_tz="Europe/Paris",
        first_hour=now_us // round(hour_s * 1e6) - 2,
        keys=[X25519PrivateKey.generate().public_key().public_bytes_raw() for _ in range(int(lasts_s / hour_s) + 8)],
        issued_us=now_us + 1,
        signer=world.sheet_key,
    )
    world.hours.install(bundle, now_us=now_us + 1)
    return rec
