"""Metrics for Prometheus. Labels are few and closed: route templates, kinds and states, never ids or names."""

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

CONTENT_TYPE = CONTENT_TYPE_LATEST

_HTTP_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60)


class Metrics:
    """The metrics of one process, in a registry of their own, so that a test can have its own too."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.http_requests = Counter(
            "slipway_http_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self.http_seconds = Histogram(
            "slipway_http_request_seconds",
            "Seconds until the answer was sent.",
            ("method", "route"),
            buckets=_HTTP_SECONDS,
            registry=self.registry,
        )
        self.http_open = Gauge("slipway_http_requests_open", "Requests being served.", registry=self.registry)
        self.http_refused = Counter(
            "slipway_http_requests_refused",
            "Requests refused before routing, by cause.",
            ("cause",),
            registry=self.registry,
        )
        self.jobs_open = Gauge(
            "slipway_jobs_open", "Jobs that have not ended.", ("kind", "state"), registry=self.registry
        )
        self.jobs_overdue = Gauge(
            "slipway_jobs_overdue",
            "Running jobs that take longer than their kind ever did; one of a deletion is stuck.",
            ("kind",),
            registry=self.registry,
        )
        self.deletions_stuck = Gauge(
            "slipway_cluster_deletions_stuck",
            "Clusters that are being deleted for longer than any before them, whether a job is still at it or not.",
            registry=self.registry,
        )
        self.database_failures = Counter(
            "slipway_database_failures",
            "Failures of the database that a person should look at, by cause.",
            ("cause",),
            registry=self.registry,
        )
        self.queue_age_seconds = Gauge(
            "slipway_job_queue_age_seconds", "Age of the oldest queued job.", registry=self.registry
        )

    def exposition(self) -> bytes:
        """Return all metrics in Prometheus' text format, those that the Azure adapter counts too."""
        return generate_latest(self.registry) + generate_latest(REGISTRY)


metrics = Metrics()
"""This process's."""
