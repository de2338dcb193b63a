"""What business code logs through: an event word with fields. Where records go and what they look like is not here.

`get_logger` asks one process-wide factory, as the standard library's logging does; it holds no application's data.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

FIELDS_ATTRIBUTE = "loom_fields"
"""Attribute of a `logging.LogRecord` that carries the fields."""

_CALLER = 3  # frames between `logging` and the code that called `info`, `error`, ...


@runtime_checkable
class LoggerPort(Protocol):
    """A logger with fields."""

    def bind(self, **fields: Any) -> "LoggerPort":
        """Return a logger that adds `fields` to everything it logs."""

    def debug(self, event: str, /, **fields: Any) -> None:
        """Log for whoever debugs."""

    def info(self, event: str, /, **fields: Any) -> None:
        """Log that something happened."""

    def warning(self, event: str, /, **fields: Any) -> None:
        """Log that something looks wrong."""

    def error(self, event: str, /, **fields: Any) -> None:
        """Log that something failed."""

    def exception(self, event: str, /, **fields: Any) -> None:
        """Log that something failed, with the exception being handled."""


LoggerFactory = Callable[[str], LoggerPort]


class StructLogger:
    """Logs through the standard library's logger `name`; a field given at the call wins over a bound one."""

    __slots__ = ("_fields", "_logger")

    def __init__(self, name: str, *, bound_fields: Mapping[str, Any] | None = None) -> None:
        self._logger = logging.getLogger(name)
        self._fields = dict(bound_fields or {})

    def bind(self, **fields: Any) -> "StructLogger":
        """Return a new logger with `fields` added; this one is unchanged."""
        return StructLogger(self._logger.name, bound_fields={**self._fields, **fields})

    def debug(self, event: str, /, **fields: Any) -> None:
        """Log for whoever debugs."""
        self._log(logging.DEBUG, event, fields)

    def info(self, event: str, /, **fields: Any) -> None:
        """Log that something happened."""
        self._log(logging.INFO, event, fields)

    def warning(self, event: str, /, **fields: Any) -> None:
        """Log that something looks wrong."""
        self._log(logging.WARNING, event, fields)

    def error(self, event: str, /, **fields: Any) -> None:
        """Log that something failed."""
        self._log(logging.ERROR, event, fields)

    def exception(self, event: str, /, **fields: Any) -> None:
        """Log that something failed, with the exception being handled."""
        self._log(logging.ERROR, event, fields, exc_info=True)

    def _log(self, level: int, event: str, fields: dict[str, Any], exc_info: bool = False) -> None:
        if self._logger.isEnabledFor(level):
            extra = {FIELDS_ATTRIBUTE: {**self._fields, **fields}}
            self._logger.log(level, event, exc_info=exc_info, extra=extra, stacklevel=_CALLER)


_factory: list[LoggerFactory] = [StructLogger]


def get_logger(name: str) -> LoggerPort:
    """Return the logger `name`, made by the configured factory."""
    return _factory[0](name)


def configure_logger_factory(factory: LoggerFactory) -> None:
    """Let `factory` make every logger from now on; loggers already handed out stay as they are."""
    _factory[0] = factory


def reset_logger_factory() -> None:
    """Return to `StructLogger`."""
    _factory[0] = StructLogger
