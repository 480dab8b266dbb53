"""What all folders share: Chromium, drawn examples that no wall clock judges, and no silent skip in CI.

One Chromium at a time, for one file: while it is open its driver keeps an event loop running in this thread, and tests
that start their own would fail.
"""

import os
from collections.abc import Generator, Iterator

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, expect

from beffroi.cli.promises.browser import chromium
from beffroi.gate.gate import Gate
from beffroi.gate.keeping import Keeper

# Hypothesis bounds by wall time what one example takes (200 ms) and what drawing them takes: on two cores that
# recorders, databases and a browser share, that judges the load of the machine and not the law under test. Its other
# checks stay. Named, so that no `CI` in the environment puts another one (the same draws at each run) in its place.
settings.register_profile(
    "beffroi",
    settings.get_profile("default"),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("beffroi")

MAY_SKIP = ("make screenshot",)
"""Reasons for which a test may be skipped in CI. A real part that is missing is not one of them."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless. Absent: an error, never a skip."""
    expect.set_options(timeout=30_000)  # a deadline, not a bar: two busy cores show a page late
    with chromium() as started:
        yield started


@pytest.fixture(scope="session", autouse=True)
def patient_gate() -> Iterator[None]:
    """A view opens only if its entry is on disk within two seconds of wall time; here that would tell how much else
    the machine does. A test that is about a disk that does not answer says its own wait."""
    with pytest.MonkeyPatch.context() as patch:
        for room in (Gate, Keeper):
            defaults = vars(room)["__init__"].__kwdefaults__
            assert "register_wait_s" in defaults
            patch.setitem(defaults, "register_wait_s", 60.0)
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if os.environ.get("BEFFROI_CI") and report.skipped and not hasattr(report, "wasxfail"):
        reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not any(allowed in reason for allowed in MAY_SKIP):
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid} was skipped in CI: {reason}"
    return report
