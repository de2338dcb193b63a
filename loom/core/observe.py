"""What happens while plans are compiled and run, for whoever wants to know: events, observers and their fan-out.

An observer is told, never asked: whatever it raises is logged and dropped. With nobody registered, `FanOut` is falsy and
a caller pays one truth test.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

_log = logging.getLogger("loom.observe")


class EventKind(StrEnum):
    """What happened."""

    COMPILE_START = "compile_start"
    COMPILE_DONE = "compile_done"
    EXEC_START = "exec_start"
    STEP_DONE = "step_done"
    EXEC_DONE = "exec_done"
    EXEC_ERROR = "exec_error"
    JOB_DISPATCHED = "job_dispatched"
    JOB_STARTED = "job_started"
    JOB_SUCCEEDED = "job_succeeded"
    JOB_RETRYING = "job_retrying"
    JOB_EXHAUSTED = "job_exhausted"


@dataclass(frozen=True)
class RuntimeEvent:
    """One event.

    Attributes:
        use_case_name: `__qualname__` of the use case or job.
        status: "success", "rule_failure" or "failure" on the events that end something.
        trace_id: the request's trace id; None outside one.
    """

    kind: EventKind
    use_case_name: str
    step_name: str | None = None
    duration_ms: float | None = None
    status: str | None = None
    error: BaseException | None = None
    trace_id: str | None = None


class Observer(Protocol):
    """Anything that wants to be told."""

    def on_event(self, event: RuntimeEvent) -> None:
        """Take note of `event`; quick, and never raising."""


class FanOut:
    """Tells every observer; falsy when there is none."""

    def __init__(self, observers: Sequence[Observer] = ()) -> None:
        self._observers = tuple(observers)

    def __bool__(self) -> bool:
        return bool(self._observers)

    def on_event(self, event: RuntimeEvent) -> None:
        """Hand `event` to each observer in turn."""
        for observer in self._observers:
            try:
                observer.on_event(event)
            except Exception:
                _log.exception("observer %s failed on %s", type(observer).__name__, event.kind)
