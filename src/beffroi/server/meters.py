"""The centre's figures, for those who look after the machine: decisions and delays in all, never of a person, a camera
or a commune. They leave by a listener of their own (`beffroi.base.metrics`), never by the console's address."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from prometheus_client import Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from beffroi import __version__
from beffroi.domain.decision import ActRequest, Decider, Decision
from beffroi.server.bodylimit import Receive
from beffroi.server.centre import Centre
from beffroi.server.guard import App, Scope, Send
from beffroi.server.viewing import Viewing

PREFIX: Final = "beffroi_centre"
_OTHER: Final = "other"
_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass
class Meters:
    """Counters of one centre's process; each is registered where it is shown, nowhere else."""

    decisions: Counter = field(
        default_factory=lambda: Counter(
            f"{PREFIX}_gate_decisions", "Answers of the law to the gate.", ["act", "verdict"], registry=None
        )
    )
    decision_seconds: Histogram = field(
        default_factory=lambda: Histogram(
            f"{PREFIX}_gate_decision_seconds", "Time to decide.", buckets=_SECONDS, registry=None
        )
    )
    request_seconds: Histogram = field(
        default_factory=lambda: Histogram(
            f"{PREFIX}_request_seconds",
            "Time to answer a request, by route (its pattern, never its address) and class of status.",
            ["route", "status"],
            buckets=_SECONDS,
            registry=None,
        )
    )

    def all(self) -> list[Any]:
        """What to register."""
        return [self.decisions, self.decision_seconds, self.request_seconds]


class CountedDecider:
    """A decider whose answers are counted by act and verdict."""

    def __init__(self, decider: Decider, meters: Meters) -> None:
        self._decider = decider
        self._meters = meters

    def decide(self, request: ActRequest) -> Decision:
        """As the decider answers."""
        with self._meters.decision_seconds.time():
            decision = self._decider.decide(request)
        self._meters.decisions.labels(request.act.value, decision.verdict.value).inc()
        return decision

    def revision(self) -> int:
        """As the decider says."""
        return self._decider.revision()


class Measured:
    """ASGI middleware: how long answers take."""

    def __init__(self, app: App, meters: Meters) -> None:
        self._app = app
        self._meters = meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Time one request; sockets and the start of the program pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, began_s = 500, time.perf_counter()

        async def told(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, told)
        finally:
            route = getattr(scope.get("route"), "path", _OTHER)
            self._meters.request_seconds.labels(route, f"{status // 100}xx").observe(time.perf_counter() - began_s)


class CentreCollector(Collector):
    """What the centre knows of itself when asked."""

    def __init__(self, centre: Centre, viewing: Viewing) -> None:
        self._centre = centre
        self._viewing = viewing
        self._began_s = time.time()

    def collect(self) -> Iterator[Metric]:
        """The families."""
        info = GaugeMetricFamily(f"{PREFIX}_info", "Version of the program.", labels=["version"])
        info.add_metric([__version__], 1)
        yield info
        yield GaugeMetricFamily(f"{PREFIX}_start_time_seconds", "When it started, Unix time.", value=self._began_s)
        yield self._views()
        yield self._notices()
        closed = self._centre.ledger.failure is not None
        yield GaugeMetricFamily(f"{PREFIX}_register_up", "1 while the register takes entries.", value=float(not closed))
        size = self._centre.ledger.size
        yield CounterMetricFamily(f"{PREFIX}_register_entries", "Entries of the register.", value=size)
        until_s = certificate_end_s(self._centre.data / "centre" / "tls" / "server.pem")
        if until_s is not None:
            text = "When the certificate that browsers see ends, Unix time."
            yield GaugeMetricFamily(f"{PREFIX}_certificate_end_seconds", text, value=until_s)

    def _views(self) -> GaugeMetricFamily:
        views = GaugeMetricFamily(f"{PREFIX}_views", "Views open now, in all.", labels=["act"])
        counts: dict[str, int] = {"live": 0, "replay": 0}
        for connection in list(self._viewing.connections.values()):
            if connection.view is not None:
                act = connection.view.request.act.value
                counts[act] = counts.get(act, 0) + 1
        for act, count in sorted(counts.items()):
            views.add_metric([act], count)
        return views

    def _notices(self) -> GaugeMetricFamily:
        notices = GaugeMetricFamily(
            f"{PREFIX}_notices", "Notices to administrators that stand, by code.", labels=["code", "level"]
        )
        counts: dict[tuple[str, str], int] = {}
        for notice in self._centre.notices():
            key = (notice.code, notice.level.name.lower())
            counts[key] = counts.get(key, 0) + 1
        for key, count in sorted(counts.items()):
            notices.add_metric(key, count)
        return notices


def certificate_end_s(path: Path) -> float | None:
    """When a certificate ends, Unix time; None: there is none, or it cannot be read."""
    try:
        return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc.timestamp()
    except (OSError, ValueError):
        return None
