"""Runs of use cases and jobs as metrics."""

from prometheus_client import CollectorRegistry

from loom.core.observe import EventKind, RuntimeEvent
from loom.prometheus.instruments import instruments_of


class PrometheusMetricsAdapter:
    """An observer that counts ended runs; adapters on one registry count together.

    Args:
        registry: the process-wide one by default.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self._instruments = instruments_of(registry)

    def on_event(self, event: RuntimeEvent) -> None:
        """Count `event` where it ends a run."""
        if event.kind is EventKind.EXEC_DONE:
            self._instruments.runs.labels(event.use_case_name, event.status or "success").inc()
            if event.duration_ms is not None:
                self._instruments.run_seconds.labels(event.use_case_name).observe(event.duration_ms / 1000)
        elif event.kind is EventKind.EXEC_ERROR:
            kind = "unknown" if event.error is None else type(event.error).__name__
            self._instruments.runs.labels(event.use_case_name, event.status or "failure").inc()
            self._instruments.errors.labels(event.use_case_name, kind).inc()
