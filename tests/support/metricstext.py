"""Reading figures as a supervision tool would, and the laws that every family obeys."""

import re
import urllib.request
from typing import Final

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

_NAME: Final = re.compile(r"beffroi_(recorder|centre)_[a-z0-9_]+")
_BOUNDED: Final = {"camera", "stream", "state", "cause", "part", "version", "authority", "term_days"}
_CENTRE: Final = {"act", "verdict", "route", "status", "code", "level", "version"}


def scrape(port: int, path: str = "/metrics") -> str:
    """The answer of a listener on this machine."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain")
        return str(answer.read().decode())


def families(text: str) -> dict[str, Metric]:
    """The families by name, each checked: a name of ours, a help text, bounded labels, base units."""
    found = {family.name: family for family in text_string_to_metric_families(text)}
    for name, family in found.items():
        assert _NAME.fullmatch(name), name
        assert family.documentation.endswith("."), name
        assert not re.search(r"_(ms|us|kb|mb|minutes|percentage)$", name), f"{name}: base units"
        assert family.type in {"counter", "gauge", "histogram"}, name
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        assert labels <= (_CENTRE if name.startswith("beffroi_centre") else _BOUNDED), (name, labels)
    return found


def value(found: dict[str, Metric], name: str, **labels: str) -> float:
    """One sample's value."""
    for family in found.values():
        for sample in family.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                return float(sample.value)
    raise AssertionError(f"no sample {name} {labels}")
