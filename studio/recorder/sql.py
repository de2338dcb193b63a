"""The SQL of a trace: each statement with its step, its duration and the line of the user's code that asked for it."""

import sys
import time
from types import CodeType, FrameType
from typing import Any

import greenlet
import sqlalchemy as sa

from loom.core.observe import active_watch
from studio.recorder.live import MAX_CALLS, LiveSpan

MAX_FRAMES = 60
_now = time.perf_counter_ns


class SqlListener:
    """Listens to one engine.

    Args:
        root: absolute folder of the user's code, with a trailing slash.
    """

    def __init__(self, engine: sa.Engine, root: str) -> None:
        self._root = root
        self._own: dict[CodeType, bool] = {}
        sa.event.listen(engine, "before_cursor_execute", self._before)
        sa.event.listen(engine, "after_cursor_execute", self._after)
        sa.event.listen(engine, "handle_error", self._failed)

    def _before(self, *arguments: Any) -> None:
        context = arguments[4]
        if active_watch.get() is not None and context is not None:
            context._loom_began = _now()

    def _after(self, _: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        self._note(context, statement, parameters, _rows(cursor), "")

    def _failed(self, failure: Any) -> None:
        if failure.statement is not None and failure.execution_context is not None:
            error = type(failure.original_exception).__name__
            self._note(failure.execution_context, failure.statement, failure.parameters, -1, error)

    def _note(self, context: Any, statement: str, parameters: Any, rows: int, error: str) -> None:
        span, began = active_watch.get(), getattr(context, "_loom_began", 0)
        if not isinstance(span, LiveSpan) or not began or span.trace.closed or statement.startswith("BEGIN"):
            return
        context._loom_began = 0
        trace = span.trace
        if not trace.room("calls", trace.calls, MAX_CALLS):
            return
        ended = _now()
        place = self._own_frame() if trace.full and span.in_execute else None
        values = (getattr(context.compiled, "positiontup", None), parameters) if trace.full else None
        at = began - trace.began
        trace.calls.append((span.number, span.step, at, ended - began, statement, values, rows, place, error))

    def _own_frame(self) -> tuple[str, int, str] | None:
        """The nearest frame of the user's own. Statements run in a greenlet; who awaits it stands in the parent's stack."""
        found = self._search(sys._getframe(2))
        parent = greenlet.getcurrent().parent
        if found is None and parent is not None and parent.gr_frame is not None:
            found = self._search(parent.gr_frame)
        return found

    def _search(self, frame: FrameType | None) -> tuple[str, int, str] | None:
        for _ in range(MAX_FRAMES):
            if frame is None:
                return None
            if self._is_own(frame.f_code):
                return frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_qualname
            frame = frame.f_back
        return None

    def _is_own(self, code: CodeType) -> bool:
        own = self._own.get(code)
        if own is None:
            file = code.co_filename
            own = self._own[code] = file.startswith(self._root) and "site-packages" not in file
        return own


def _rows(cursor: Any) -> int:
    """Rows fetched, where the async adapter holds them already, else what the driver counts."""
    fetched = getattr(cursor, "_rows", None)
    if fetched is not None and cursor.description is not None:
        return len(fetched)
    return int(cursor.rowcount)
