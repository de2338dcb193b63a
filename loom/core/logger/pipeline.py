"""From a structlog event to a record of the standard library, so that both kinds of loggers share levels and handlers."""

import logging
import sys
from collections.abc import MutableMapping
from types import FrameType
from typing import Any

import structlog

FIELDS_ATTRIBUTE = "loom_fields"
"""Attribute of a `logging.LogRecord` that carries the fields."""

_PASSED_ON = ("exc_info", "stack_info")
_OURS = ("structlog.", "loom.core.logger.")


def as_record(_: Any, __: str, fields: MutableMapping[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return what the standard library's logger is called with: the event as message, the rest as one attribute."""
    passed = {name: fields.pop(name) for name in _PASSED_ON if name in fields}
    event = fields.pop("event", "")
    return (event,), {**passed, "extra": {FIELDS_ATTRIBUTE: dict(fields)}, "stacklevel": _levels_up(sys._getframe(2))}


PROCESSORS: tuple[Any, ...] = (
    structlog.stdlib.filter_by_level,
    structlog.contextvars.merge_contextvars,
    as_record,
)
"""What every event goes through on its way to the standard library."""


def route_structlog() -> None:
    """Send what the application logs with `structlog.get_logger()` the same way."""
    structlog.configure(
        processors=PROCESSORS,
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=_standard_logger,
        cache_logger_on_first_use=False,
    )


def _standard_logger(*names: str) -> logging.Logger:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _is_ours(frame):
        frame = frame.f_back
    return logging.getLogger(names[0] if names else (frame.f_globals.get("__name__") if frame else None))


def _levels_up(frame: FrameType | None) -> int:
    """Return how many frames lie between the standard library's logger and the code that logs, that one included."""
    level = 1
    while frame is not None and _is_ours(frame):
        frame, level = frame.f_back, level + 1
    return level


def _is_ours(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).startswith(_OURS)
