"""Which work is recorded, how deeply, and where a finished trace goes. A `Watcher` of the executor."""

from collections.abc import Callable
from typing import Any

from loom.core.engine.plan import Plan, PlanKind
from loom.core.observe import active_watch
from studio.recorder.live import LiveSpan, LiveTrace
from studio.recorder.pack import pack


class Recorder:
    """Begins traces and hands them on when they are over.

    Args:
        hand_on: takes a closed trace; must not block.
        full: with values; otherwise the outline only.
    """

    def __init__(self, hand_on: Callable[[LiveTrace], None], *, full: bool = True) -> None:
        self._hand_on = hand_on
        self.full = full

    def begin(self, exchange: Any = None) -> LiveTrace:
        """Return a new trace, to be given to `end`."""
        return LiveTrace(full=self.full, exchange=exchange)

    def end(self, trace: LiveTrace) -> None:
        """Close `trace` and hand it on."""
        trace.close()
        self._hand_on(trace)

    def run(self, plan: Plan, params: Any, payload: Any) -> LiveSpan:
        """Return the span of one run: inside what is active here, or a trace of its own."""
        kind = "job" if plan.kind is PlanKind.JOB else "use_case"
        around = active_watch.get()
        if isinstance(around, LiveSpan) and not around.trace.closed:
            span = LiveSpan(around.trace, around.number, kind, plan.name, plan=plan)
        else:
            span = _Alone(self, self.begin(), -1, kind, plan.name, plan=plan)
        if span.trace.full:
            span.params = pack(params)
            # What a request sent is kept once, as its body.
            span.payload = pack(payload) if span.parent != 0 or span.trace.exchange is None else None
        return span


class _Alone(LiveSpan):
    """A run that nothing is around: its end is the end of its trace."""

    def __init__(self, recorder: Recorder, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._recorder = recorder

    def __exit__(self, *failure: Any) -> None:
        super().__exit__(*failure)
        self._recorder.end(self.trace)
