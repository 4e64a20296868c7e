"""The metrics that `/metrics` shows, in one list. Times are in seconds.

With `PROMETHEUS_MULTIPROC_DIR` set, as `chatbot.web` does, those of all web processes add up.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
    multiprocess,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

disable_created_metrics()  # type: ignore[no-untyped-call]

MEDIA_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)

_stages = Histogram(
    "chatbot_ask_stage_seconds", "Time of one question or batch in a stage.", ["stage"],
    buckets=_SECONDS,
)  # fmt: skip
QUEUE, ENCODE, SEARCH, STORE = (
    _stages.labels(stage) for stage in ("queue", "encode", "search", "store")
)
BATCH = Histogram(
    "chatbot_batch_size", "Questions that were worked on together.", buckets=(1, 2, 4, 8, 16, 32)
)
REQUESTS = Histogram(
    "chatbot_request_seconds", "Time of one HTTP request.", ["route", "status"], buckets=_SECONDS
)
REFUSED = Counter("chatbot_refused_questions_total", "Questions refused because of overload.")
_embeddings = Counter(
    "chatbot_embeddings_total", "Questions by whether their vector was known.", ["cache"]
)
CACHE_HITS, CACHE_MISSES = (_embeddings.labels(cache) for cache in ("hit", "miss"))
DECISIONS = Counter("chatbot_decisions_total", "Questions by what was decided.", ["decision"])
SWAPS = Counter("chatbot_swaps_total", "Matchers taken up: a model, an FAQ, or none for a failure.",
                ["kind"])  # fmt: skip
SWAP_SECONDS = Histogram(
    "chatbot_swap_seconds", "Time to load a model or an FAQ edit.", ["kind"],
    buckets=(0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 15, 60),
)  # fmt: skip
MODEL_VERSION = Gauge("chatbot_model_version", "Model version in use.", multiprocess_mode="liveall")
KNOWLEDGE_REVISION = Gauge(
    "chatbot_knowledge_revision", "FAQ revision in use.", multiprocess_mode="liveall"
)


class Reading(NamedTuple):
    """A gauge that is read from the database, not counted by a process: (label value, number)."""

    name: str
    help: str
    label: str
    values: Sequence[tuple[str, float]]


class _Readings(Collector):
    """A collector without a file of this process's own, as a `Gauge` would leave one behind."""

    def __init__(self, readings: Iterable[Reading]) -> None:
        self._readings = readings

    def collect(self) -> Iterator[Metric]:
        for reading in self._readings:
            family = GaugeMetricFamily(reading.name, reading.help, labels=[reading.label])
            for value, number in reading.values:
                family.add_metric([value], number)
            yield family


def render(readings: Iterable[Reading] = ()) -> bytes:
    """Render all metrics of all processes, and `readings`, in Prometheus's text format."""
    read = CollectorRegistry()
    read.register(_Readings(readings))
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest() + generate_latest(read)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry) + generate_latest(read)
