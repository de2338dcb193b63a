"""What business code logs through, on structlog: an event word with fields. Where records go, and how they look, is not here.

`get_logger` asks one process-wide factory, as the standard library's logging does; it holds no application's data.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

import structlog

from loom.core.logger.pipeline import PROCESSORS


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
    """A structlog logger over the standard library's logger `name`; a field given at the call wins over a bound one.

    What is bound with `structlog.contextvars` is added to every record.
    """

    __slots__ = ("_logger", "_name")

    def __init__(self, name: str, *, bound_fields: Mapping[str, Any] | None = None) -> None:
        self._name = name
        self._logger: structlog.stdlib.BoundLogger = structlog.wrap_logger(
            logging.getLogger(name), processors=PROCESSORS, wrapper_class=structlog.stdlib.BoundLogger
        ).bind(**(bound_fields or {}))

    def bind(self, **fields: Any) -> "StructLogger":
        """Return a new logger with `fields` added; this one is unchanged."""
        return StructLogger(self._name, bound_fields={**structlog.get_context(self._logger), **fields})

    def debug(self, event: str, /, **fields: Any) -> None:
        """Log for whoever debugs."""
        self._logger.bind(**fields).debug(event)

    def info(self, event: str, /, **fields: Any) -> None:
        """Log that something happened."""
        self._logger.bind(**fields).info(event)

    def warning(self, event: str, /, **fields: Any) -> None:
        """Log that something looks wrong."""
        self._logger.bind(**fields).warning(event)

    def error(self, event: str, /, **fields: Any) -> None:
        """Log that something failed."""
        self._logger.bind(**fields).error(event)

    def exception(self, event: str, /, **fields: Any) -> None:
        """Log that something failed, with the exception being handled."""
        self._logger.bind(**fields).exception(event)


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
