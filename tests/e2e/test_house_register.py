"""No image without its entry, against a real centre, a real disk and real kills."""

import os

import pytest
from tests.support.ports import wait_for
from tests.support.promises import tell

from beffroi.cli.house import House
from beffroi.cli.promises.register import entry_before_byte_whatever_dies, no_byte_before_its_entry
from beffroi.server.intake import RECORDER
from beffroi.vault.crosscheck import cross
from beffroi.vault.crossfindings import CrossReport
from beffroi.vault.registerkept import trusted

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

KILLS = int(os.environ.get("BEFFROI_CENTRE_KILLS", "6"))
VIEWERS = 8
"""Each asks at an instant of their own: six kills try forty-eight openings."""

SEED = int(os.environ.get("BEFFROI_SEED", "1"))


def test_no_byte_leaves_before_its_entry_is_durable(house: House, capsys: pytest.CaptureFixture[str]) -> None:
    tell(no_byte_before_its_entry(house), capsys)


def test_a_dead_centre_leaves_entries_without_images_never_the_reverse(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    tell(entry_before_byte_whatever_dies(house, kills=KILLS, viewers=VIEWERS, seed=SEED), capsys)


def test_register_and_recorder_vouch_for_one_another_after_all_that(house: House) -> None:
    verifier = trusted(house.data / "recorder" / "trust" / "register.vkey")

    def agreed() -> CrossReport | None:
        ledger, journal = house.data / "centre" / "ledger", house.data / "recorder" / "journal.sqlite"
        report = cross(ledger, verifier, journal, recorder=RECORDER)
        assert report.findings == ()
        return report if report.heads and report.chained else None

    report = wait_for(agreed, timeout_s=60, what="a checkpoint that the recorder keeps")
    print(f"{report.acts} acts, {report.chained} hashes, {report.heads} checkpoints agree")  # noqa: T201  a figure
