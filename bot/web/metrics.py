"""`/metrics`: counts for Prometheus, of this process and of the outbox; nothing about any person."""

import hmac
import ipaddress
from collections.abc import Awaitable, Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot.core.duties import Duty
from bot.core.ports import Clock
from bot.web.readiness import Readiness, Standing
from bot.web.recording import Recorder
from bot.web.tallies import Durations, Tallies
from storage.engine import AWAY, Sessions
from storage.queries.installation import is_held
from storage.queries.outbox import count_jobs

FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip", "via")


class Counts(Collector):
    """Hands the tallies of this process to Prometheus, with the outbox and the connections as they were counted last.

    Without a recorder, no visits come here.
    """

    def __init__(self, tallies: Tallies, recorder: Recorder | None, *, standing: Standing | None = None) -> None:
        """Show these tallies, and what this process does."""
        self._tallies = tallies
        self._recorder = recorder
        self._standing = standing or Standing()
        self.jobs: Mapping[str, int] = {}
        self.is_held = False
        self.connections = 0
        self.problems: Mapping[str, str | None] = {}

    def collect(self) -> Iterator[Metric]:
        """Yield everything that is counted."""
        for state, count in self.jobs.items():
            yield GaugeMetricFamily(f"vouch_jobs_{state}", f"Jobs of the outbox that are {state}.", value=count)
        if self.jobs:
            yield GaugeMetricFamily(
                "vouch_held", "Whether the database is held after a restore.", value=float(self.is_held)
            )
        yield from self._process()
        yield from self._journal()
        yield _counter("vouch_visits", "Visits that were kept.", "kind", self._tallies.visits)
        yield _counter("vouch_redirects", "Answers to tracked links.", "status", self._tallies.redirects)
        interactions = CounterMetricFamily(
            "vouch_interactions", "Interactions from chat.", labels=["action", "outcome"]
        )
        for labels, count in self._tallies.interactions.items():
            interactions.add_metric(list(labels), count)
        yield interactions
        yield _histogram("vouch_interaction_seconds", "Handling of an interaction.", self._tallies.interaction_seconds)
        yield _histogram("vouch_redirect_seconds", "Answering of a tracked link.", self._tallies.redirect_seconds)

    def _process(self) -> Iterator[Metric]:
        duties = GaugeMetricFamily("vouch_process_info", "What this process does.", labels=["role"])
        for duty in Duty:
            duties.add_metric([duty.value], float(duty in self._standing.duties))
        yield duties
        leader = GaugeMetricFamily("vouch_leader", "Tasks of one process alone that this one leads.", labels=["task"])
        for task, is_led in self._standing.leads.items():
            leader.add_metric([task], float(is_led))
        yield leader
        checks = GaugeMetricFamily("vouch_check_ok", "Whether each check of /readyz finds all well.", labels=["check"])
        for name, problem in self.problems.items():
            checks.add_metric([name], float(problem is None))
        yield checks
        yield GaugeMetricFamily(
            "vouch_stopping", "Whether this process is stopping.", value=float(self._standing.is_stopping)
        )
        yield GaugeMetricFamily(
            "vouch_database_connections", "Connections to the database in use.", value=self.connections
        )

    def _journal(self) -> Iterator[Metric]:
        size, missed = (self._recorder.journal_size(), self._recorder.lost) if self._recorder is not None else (0, 0)
        yield GaugeMetricFamily("vouch_journal_bytes", "Bytes of visits that wait for the database.", value=size)
        lost = CounterMetricFamily("vouch_visits_lost", "Visits that neither database nor disk could take.")
        lost.add_metric([], missed)
        yield lost


def _counter(name: str, text: str, label: str, counts: Mapping[str, int] | Mapping[int, int]) -> Metric:
    family = CounterMetricFamily(name, text, labels=[label])
    for key, count in counts.items():
        family.add_metric([str(key)], count)
    return family


def _histogram(name: str, text: str, durations: Durations) -> Metric:
    family = HistogramMetricFamily(name, text)
    total, buckets = 0, []
    for bound, count in zip((*map(str, durations.bounds), "+Inf"), durations.counts, strict=True):
        total += count
        buckets.append((bound, total))
    family.add_metric([], buckets, durations.sum)
    return family


def metrics_endpoint(
    counts: Counts, *, sessions: Sessions, clock: Clock, token: str, readiness: Readiness
) -> Callable[[Request], Awaitable[Response]]:
    """Return what answers GET of `/metrics`; `token` is what others than this machine must show, "" for nobody."""
    registry = CollectorRegistry()
    registry.register(counts)

    async def metrics(request: Request) -> Response:
        if not (is_local(request) or has_token(request, token)):
            return PlainTextResponse("Not from here without METRICS_TOKEN.\n", status_code=403)
        counts.connections = sessions.count_connections()
        counts.problems = await readiness.problems()
        try:
            async with sessions.reading() as session:
                counts.jobs = await count_jobs(session, now=clock.now())
                counts.is_held = await is_held(session)
        except AWAY:
            counts.jobs = {}  # not available is not 0
        return Response(generate_latest(registry), headers={"content-type": CONTENT_TYPE_LATEST})

    return metrics


def is_local(request: Request) -> bool:
    """Say whether a program on this machine asks for itself: what a proxy forwards is from elsewhere."""
    if any(name in request.headers for name in FORWARDED) or request.client is None:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def has_token(request: Request, token: str) -> bool:
    """Say whether the request shows the token."""
    shown = request.headers.get("authorization", "")
    return bool(token) and hmac.compare_digest(shown.encode(), f"Bearer {token}".encode())
