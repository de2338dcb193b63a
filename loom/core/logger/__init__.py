"""Logging with fields: structlog in front, the handlers of the standard library behind."""

from loom.core.logger.configure import configure_logging, configure_logging_from_values
from loom.core.logger.port import (
    LoggerFactory,
    LoggerPort,
    StructLogger,
    configure_logger_factory,
    get_logger,
    reset_logger_factory,
)
from loom.core.logger.settings import (
    Environment,
    FileHandlerConfig,
    HandlerConfig,
    LogConfig,
    LoggerConfig,
    Renderer,
    RotatingFileHandlerConfig,
    StreamHandlerConfig,
)

__all__ = [
    "Environment",
    "FileHandlerConfig",
    "HandlerConfig",
    "LogConfig",
    "LoggerConfig",
    "LoggerFactory",
    "LoggerPort",
    "Renderer",
    "RotatingFileHandlerConfig",
    "StreamHandlerConfig",
    "StructLogger",
    "configure_logger_factory",
    "configure_logging",
    "configure_logging_from_values",
    "get_logger",
    "reset_logger_factory",
]
