"""GET /metrics: what the daemon and its models do, for Prometheus."""

from __future__ import annotations

import os
from collections.abc import Iterator

from fastapi import APIRouter
from starlette.responses import Response

from tektrad.api import needs
from tektrad.api.services import Rooms, Services
from tektrad.pool import budget

router = APIRouter()


@router.get("/metrics", dependencies=needs.audit)
async def metrics(rooms: Rooms) -> Response:
    """Everything, in Prometheus' text format."""
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
    from prometheus_client.registry import Collector

    class Now(Collector):
        def collect(self) -> Iterator[Metric]:
            loaded = rooms.pool.view()
            for name, text, value in daemon_gauges(rooms, len(loaded)):
                yield GaugeMetricFamily(f"tektra_{name}", text, value=value)
            for name, text, key in MODEL_GAUGES:
                gauge = GaugeMetricFamily(f"tektra_model_{name}", text, labels=["model"])
                for model in loaded:
                    gauge.add_metric([model["name"]], model[key])
                yield gauge
            for name, text in MODEL_COUNTERS:
                counter = CounterMetricFamily(f"tektra_{name}", text, labels=["model"])
                for model_name, totals in rooms.pool.totals.items():
                    counter.add_metric([model_name], getattr(totals, name.replace("_seconds", "_s")))
                yield counter

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Now())
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


MODEL_GAUGES = (
    ("promised_bytes", "Memory promised to a loaded model", "promised_bytes"),
    ("resident_bytes", "Memory that a loaded model's worker takes", "resident_bytes"),
    ("running", "Answers under way", "running"),
    ("waiting", "Requests that wait for a slot", "waiting"),
)
MODEL_COUNTERS = (
    ("answers", "Answers that came to their end"),
    ("failures", "Answers that failed"),
    ("prompt_tokens", "Tokens of prompts"),
    ("cached_tokens", "Tokens of prompts that were known already"),
    ("completion_tokens", "Tokens written"),
    ("prompt_seconds", "Seconds spent on reading prompts"),
    ("decode_seconds", "Seconds spent on writing"),
    ("loads", "Times that the model was loaded"),
    ("load_seconds", "Seconds spent on loading"),
)


def daemon_gauges(rooms: Services, loaded: int) -> Iterator[tuple[str, str, float]]:
    """Name, what it is, value."""
    yield "uptime_seconds", "Seconds since the daemon started", rooms.clock.monotonic() - rooms.started
    yield "requests_running", "HTTP requests under way", rooms.requests_running - 1  # not this one
    yield "memory_budget_bytes", "Memory that all models may take", rooms.pool.budget
    yield "memory_promised_bytes", "Memory promised to loaded models", rooms.pool.promised
    yield "daemon_resident_bytes", "Memory that the daemon itself takes", budget.resident(os.getpid())
    yield "models_loaded", "Models in memory", loaded
    yield "model_queue", "Requests that wait in line for a model", rooms.pool.in_line
