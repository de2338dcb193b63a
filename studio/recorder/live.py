"""Work that is going on: the trace it belongs to and the spans inside it. Only appends; nothing is encoded for sending here.

This is the part that costs the request. It keeps references to what cannot change and packs the rest; `finish` in
`studio.recorder.finish` turns a whole trace into data later, on another thread.
"""

import asyncio
import itertools
import os
import time
from contextvars import Token
from types import TracebackType
from typing import Any

from loom.core.engine.plan import Plan
from loom.core.errors import DomainError
from loom.core.observe import Watch, active_watch
from loom.core.tracing import generate_trace_id, get_trace_id
from studio.recorder.pack import pack
from studio.trace import Verdict

MAX_SPANS, MAX_CALLS, MAX_LOGS, MAX_DISPATCHES = 200, 500, 300, 100

_numbers = itertools.count()
_now = time.perf_counter_ns


def next_id() -> str:
    """Return a new id: milliseconds, process and a counter, so that ids sort by time."""
    return f"{int(time.time() * 1000):011x}{os.getpid() & 0xFFFF:04x}{next(_numbers) & 0xFFFF:04x}"


class LiveTrace:
    """One trace while it grows.

    Attributes:
        exchange: the HTTP side, or None.
        closed: True once it is handed on; what comes later begins a trace of its own.
    """

    def __init__(self, *, full: bool, exchange: Any = None) -> None:
        self.full = full
        self.exchange = exchange
        self.id = next_id()
        self.trace_id = get_trace_id() or ""
        self.at = time.time()
        self.began = _now()
        self.took = 0
        self.spans: list[LiveSpan] = []
        self.calls: list[tuple[Any, ...]] = []
        self.logs: list[tuple[Any, ...]] = []
        self.dispatches: list[tuple[Any, ...]] = []
        self.left_out: dict[str, int] = {}
        self.closed = False

    def room(self, kind: str, used: list[Any], limit: int) -> bool:
        """Return whether there is room for one more, and count it as left out where there is none."""
        if len(used) < limit:
            return True
        self.left_out[kind] = self.left_out.get(kind, 0) + 1
        return False

    def close(self) -> None:
        """Stop the clock."""
        self.closed = True
        self.took = (_now() - self.began) // 1000
        self.trace_id = self.trace_id or generate_trace_id()


class LiveSpan:
    """One piece of work: a context manager that makes itself the active watch. Implements `RunWatch`."""

    def __init__(
        self, trace: LiveTrace, parent: int, kind: str, name: str, *, plan: Plan | None = None, job_id: str = ""
    ) -> None:
        self.trace = trace
        self.number = -1
        self.parent = parent
        self.kind = kind
        self.name = name
        self.plan = plan
        self.job_id = job_id
        self.at = self.took = 0
        self.params: Any = None
        self.payload: Any = None
        self.steps: list[tuple[Any, ...]] = []
        self.step = -1
        self.error: BaseException | None = None
        self.frames: list[tuple[str, int, str]] = []
        self._full = self.values = trace.full
        # The result of a request's own run is its answer, which is kept as it was sent.
        self._last = len(plan.steps) - 1 if plan else -1
        self._unpacked = self._last if parent == 0 and trace.exchange is not None else -1
        self._step_began = 0
        self._settled = 0
        self._token: Token[Watch | None] | None = None

    def __enter__(self) -> "LiveSpan":
        trace = self.trace
        if trace.room("spans", trace.spans, MAX_SPANS):
            self.number = len(trace.spans)
            trace.spans.append(self)
        if not trace.trace_id:
            trace.trace_id = get_trace_id() or ""
        self.at = _now() - trace.began
        self._token = active_watch.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        ended = self._settled or _now() - self.trace.began
        self.took = ended - self.at
        if self._token is not None:
            active_watch.reset(self._token)
        if error is not None:
            self.fail(error, traceback)

    def fail(self, error: BaseException, traceback: TracebackType | None = None) -> None:
        """Note how it ended; frames only of exceptions nobody declared, and only once."""
        self.error = error
        if isinstance(error, DomainError | asyncio.CancelledError) or getattr(error, "_loom_seen", False):
            return
        self.frames = _frames(traceback or error.__traceback__)
        try:
            error._loom_seen = True  # type: ignore[attr-defined]  # a mark for the spans around this one
        except AttributeError:  # an exception with slots
            return

    @property
    def in_execute(self) -> bool:
        """True from where `execute` begins."""
        return self.step == self._last != -1

    def inside(self, kind: str, name: str, job_id: str = "") -> "LiveSpan":
        """Return a span inside this one, not begun. A dispatched job begins after the commit, which ends the run itself."""
        if kind == "job" and not self._settled and self.in_execute:
            self._settled = _now() - self.trace.began
        return LiveSpan(self.trace, self.number, {"job": "attempt"}.get(kind, kind), name, job_id=job_id)

    def dispatched(self, name: str, job_id: str, queue: str, params: Any, payload: Any) -> None:
        """Note a job that was asked for."""
        trace = self.trace
        if trace.room("dispatches", trace.dispatches, MAX_DISPATCHES):
            values = (pack(params), pack(payload)) if trace.full else (None, None)
            trace.dispatches.append((self.number, self.step, _now() - trace.began, name, job_id, queue, *values))

    def began(self, index: int) -> None:
        """A step begins."""
        self.step = index
        self._step_began = _now()

    def passed(self, index: int, value: Any) -> None:
        """It is over."""
        ended = _now()
        packed = pack(value) if self._full and index != self._unpacked else None
        self.steps.append((index, Verdict.PASS, self._step_began, ended, None, packed))

    def refused(self, index: int, error: BaseException, value: Any = None) -> None:
        """It stopped the run, or spoke against it."""
        ended = _now()
        self.steps.append((index, Verdict.FAIL, self._step_began, ended, error, pack(value) if self._full else None))

    def skipped(self, index: int, reason: str) -> None:
        """It did not run."""
        now = _now()
        self.steps.append((index, Verdict.SKIP, now, now, reason, None))


def _frames(traceback: TracebackType | None) -> list[tuple[str, int, str]]:
    found = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        found.append((code.co_filename, traceback.tb_lineno, code.co_qualname))
        traceback = traceback.tb_next
    return found[-60:]
