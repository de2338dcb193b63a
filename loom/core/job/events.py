"""What observers hear of a job: dispatched, started, and how an attempt ended."""

import time
from typing import Any

from loom.core.observe import EventKind, FanOut, Observer, RuntimeEvent, active_watch
from loom.core.tracing import get_trace_id


class JobEvents:
    """Tells one observer, if there is one, about one job. The clock of `duration_ms` starts with `started`."""

    def __init__(self, observer: Observer | None, job_type: type[Any]) -> None:
        self._observer = FanOut([observer] if observer is not None else [])
        self._name = job_type.__qualname__
        self._started = time.perf_counter()

    def dispatched(self, job_id: str, queue: str, params: Any, payload: Any) -> None:
        """Somebody asked for it; it has not been sent yet. Whoever watches the run that did is told as well."""
        self._tell(EventKind.JOB_DISPATCHED)
        watch = active_watch.get()
        if watch is not None:
            watch.dispatched(self._name, job_id, queue, params, payload)

    def started(self) -> None:
        """An attempt begins."""
        self._started = time.perf_counter()
        self._tell(EventKind.JOB_STARTED)

    def succeeded(self) -> None:
        """The attempt returned."""
        self._tell(EventKind.JOB_SUCCEEDED, self._elapsed_ms(), "success")

    def retrying(self, error: BaseException) -> None:
        """The attempt failed and there will be another."""
        self._tell(EventKind.JOB_RETRYING, None, "retrying", error)

    def exhausted(self, error: BaseException) -> None:
        """The attempt failed and was the last."""
        self._tell(EventKind.JOB_EXHAUSTED, self._elapsed_ms(), "exhausted", error)

    def _elapsed_ms(self) -> float:
        return (time.perf_counter() - self._started) * 1000

    def _tell(
        self,
        kind: EventKind,
        duration_ms: float | None = None,
        status: str | None = None,
        error: BaseException | None = None,
    ) -> None:
        if self._observer:
            event = RuntimeEvent(kind, self._name, None, duration_ms, status, error, get_trace_id())
            self._observer.on_event(event)
