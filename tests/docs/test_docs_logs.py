"""The events of the logs: one documented vocabulary, read from the source; no secret by the name of a field."""

import io
import json
import os
import re
import sys
from pathlib import Path

import pytest
import structlog
from tests.support.logevents import LogEvent, log_events

from beffroi.base import log

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "logs.md"
HEAD = """# What the programs log

Made from the source by `BEFFROI_REGENERATE=1 pytest tests/docs/test_docs_logs.py`; do not edit.

To standard error, one JSON object a line (systemd keeps them: `journalctl -u beffroi-recorder -o cat | jq`). Every
line has `timestamp` (UTC, ISO 8601), `level` and `event`, which is one of the sentences below, word for word: search
and count by it. Other fields are listed with it; `…` stands for the fields of the act that the line tells. Levels:
`debug` for developers; `info` for what is as it should be; `warning` for what mends itself or waits for a person;
`error` for what lost something; `critical` for what stops a program. `exception` is an error with its trace.

Every value passes a scrubber last: passwords of addresses, credential headers, and fields named like a secret come out
as `***`. No log names a person who watches: that is the register's affair. `--log-level` chooses what is written.

| event | level | fields | from |
| --- | --- | --- | --- |
"""


def page(events: list[LogEvent]) -> str:
    """The whole page."""
    rows: dict[tuple[str, str], tuple[set[str], set[str]]] = {}
    for one in events:
        fields, modules = rows.setdefault((one.event, one.level), (set(), set()))
        fields.update(one.fields)
        modules.add(one.module)
    lines = [
        f"| {event} | {level} | {' '.join(f'`{field}`' for field in sorted(fields))} | {', '.join(sorted(modules))} |"
        for (event, level), (fields, modules) in sorted(rows.items())
    ]
    return HEAD + "\n".join(lines) + "\n"


def test_the_page_is_what_the_source_says() -> None:
    made = page(log_events())
    if os.environ.get("BEFFROI_REGENERATE"):
        PAGE.write_text(made, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == made, (
        "docs/reference/logs.md is stale: BEFFROI_REGENERATE=1 pytest tests/docs/test_docs_logs.py"
    )


def test_an_event_is_a_fixed_sentence_and_its_fields_hold_no_secret() -> None:
    events = log_events()
    assert len(events) > 80
    for one in events:
        assert one.literal, f"{one.module}: {one.event} is put together at run time: it cannot be searched for"
        assert re.fullmatch(r"[a-z0-9][^{}%]*[^.{}%]", one.event), f"{one.module}: {one.event}"
        assert not [field for field in one.fields if re.search(r"passw|secret|token|cookie|otp|lease|key$", field)]
        assert not {"person", "account", "user"} & set(one.fields), f"{one.module}: {one.event} names a person"


def test_a_line_goes_where_standard_error_is_when_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command of the console's tests, or a service manager, may put another there and close the first."""
    first, second = io.StringIO(), io.StringIO()
    monkeypatch.setattr(sys, "stderr", first)
    log.configure()
    try:
        structlog.get_logger("essai").info("one")
        monkeypatch.setattr(sys, "stderr", second)
        first.close()
        structlog.get_logger("essai").info("two")
    finally:
        structlog.reset_defaults()
    assert [json.loads(line)["event"] for line in second.getvalue().splitlines()] == ["two"]


def test_a_line_is_one_json_object_scrubbed(capsys: pytest.CaptureFixture[str]) -> None:
    log.configure(level="INFO")
    url = "rtsp://u:Canari-Camera-5528@192.0.2.1/x"
    structlog.get_logger("x").error("not recorded", stream="rue-1/main", cause="disk_full", run="ab\ncd", url=url)
    structlog.get_logger("x").debug("not told")
    (line,) = capsys.readouterr().err.splitlines()
    said = json.loads(line)
    assert said["event"] == "not recorded"
    assert said["level"] == "error"
    assert said["timestamp"].endswith("Z")
    assert (said["stream"], said["cause"]) == ("rue-1/main", "disk_full")
    assert "Canari" not in line
