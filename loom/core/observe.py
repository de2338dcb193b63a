"""What happens while plans are compiled and run, for whoever wants to know.

Two depths. An `Observer` is told that runs begin and end; whatever it raises is logged and dropped. A `Watcher` is told of
every step with its values, for tools that show a run. With nobody registered a caller pays one truth test.
"""

import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

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


class Watch(Protocol):
    """Is told what happens inside one piece of work: a request, a run, an attempt of a job. Never raises."""

    def inside(self, kind: str, name: str, job_id: str = "") -> AbstractContextManager[Any]:
        """Begin a piece of work inside this one; leaving the context ends it, with its exception if there is one."""

    def dispatched(self, name: str, job_id: str, queue: str, params: Any, payload: Any) -> None:
        """A job was asked for, to run after the commit."""


class RunWatch(Watch, Protocol):
    """Is told of the steps of one run; `index` is the position in the plan's `steps`.

    Attributes:
        values: False where what computes set is of no interest.
    """

    values: bool

    def began(self, index: int) -> None:
        """A step begins; it is the current one until another begins."""

    def passed(self, index: int, value: Any) -> None:
        """It is over and gave `value`: of a compute the fields it set, of a rule `(inputs, verdict)`."""

    def refused(self, index: int, error: BaseException, value: Any = None) -> None:
        """It stopped the run, or, a rule, spoke against it."""

    def skipped(self, index: int, reason: str) -> None:
        """It was not needed: `condition`, `absent` (nothing to look up) or `compute_failed`."""


class Watcher(Protocol):
    """Wants to know what runs do, with their values. Costs more than an `Observer`; meant for development."""

    def run(self, plan: Any, params: Any, payload: Any) -> AbstractContextManager[RunWatch]:
        """Begin watching one run of `plan`, a `Plan`; leaving the context ends it, with its exception if there is one."""


active_watch: ContextVar[Watch | None] = ContextVar("loom_watch", default=None)
"""What is watched here, for code that has more to tell; None: nobody watches."""


def watched(kind: str, name: str, job_id: str = "") -> AbstractContextManager[Any]:
    """Mark a piece of work for whoever watches; does nothing where nobody does."""
    watch = active_watch.get()
    return nullcontext() if watch is None else watch.inside(kind, name, job_id)
