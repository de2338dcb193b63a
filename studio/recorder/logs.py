"""The log records of a trace: a handler on the root logger that also keeps what the terminal would have shown.

An outline has none: it does not know the secrets of its request, and a log text may hold any of them.
"""

import logging
import time

from loom.core.logger.pipeline import FIELDS_ATTRIBUTE
from loom.core.observe import active_watch
from studio.recorder.live import MAX_LOGS, LiveSpan

_now = time.perf_counter_ns


class LogListener(logging.Handler):
    """Notes every record that belongs to a trace. Where it is the root's only handler, the last resort still prints."""

    def emit(self, record: logging.LogRecord) -> None:
        """Note `record`."""
        self._keep_terminal(record)
        span = active_watch.get()
        if not isinstance(span, LiveSpan) or span.trace.closed or not span.values:
            return
        trace = span.trace
        if trace.room("logs", trace.logs, MAX_LOGS):
            at = _now() - trace.began
            place = (record.pathname, record.lineno)
            trace.logs.append((span.number, span.step, at, record.levelname, record.name, _text(record), *place))

    def _keep_terminal(self, record: logging.LogRecord) -> None:
        last = logging.lastResort
        if last is not None and record.levelno >= last.level and logging.getLogger().handlers == [self]:
            last.handle(record)


def listen() -> LogListener:
    """Add a listener to the root logger and return it."""
    listener = LogListener()
    logging.getLogger().addHandler(listener)
    return listener


def _text(record: logging.LogRecord) -> str:
    try:
        text = record.getMessage()
    except Exception:
        text = str(record.msg)
    fields = getattr(record, FIELDS_ATTRIBUTE, None)
    if fields:
        text += "  " + " ".join(f"{name}={value!r}" for name, value in fields.items())
    if record.exc_info and record.exc_info[1] is not None:
        text += f"\n{type(record.exc_info[1]).__name__}: {record.exc_info[1]}"
    return text
