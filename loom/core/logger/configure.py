"""Turning a logging configuration into handlers of the root logger. Calling again replaces what the last call set up."""

import logging
import sys
from collections.abc import Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path

from loom.core.logger.pipeline import route_structlog
from loom.core.logger.render import EventFormatter
from loom.core.logger.settings import (
    Environment,
    FileHandlerConfig,
    HandlerConfig,
    LogConfig,
    Renderer,
    RotatingFileHandlerConfig,
    StreamHandlerConfig,
)

_MARK = "_loom_configured"


def configure_logging(config: LogConfig) -> None:
    """Send everything logged in this process, with structlog too, to the configured handlers. Those of others stay.

    Raises:
        ValueError: the level is unknown.
        OSError: a file cannot be opened; nothing has been changed then.
    """
    level = _level(config.level)
    formatter = EventFormatter(
        config.renderer, service=config.name, colors=config.colors, processors=config.extra_processors
    )
    handlers = [_handler(wanted, formatter) for wanted in config.handlers or (StreamHandlerConfig(),)]
    root = logging.getLogger()
    _remove_own(root)
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(level)
    route_structlog()


def configure_logging_from_values(
    *,
    name: str = "",
    environment: str = "",
    renderer: str | None = None,
    colors: bool | None = None,
    level: str = "INFO",
    handlers: Sequence[HandlerConfig] = (),
) -> None:
    """Configure logging from the values of a `logger` section; see `LoggerConfig` for what each means.

    Raises:
        ValueError: renderer or level is unknown.
        OSError: a file cannot be opened.
    """
    where = Environment.from_str(environment)
    default = Renderer.JSON if where is Environment.PROD else Renderer.CONSOLE
    configure_logging(
        LogConfig(
            name=name,
            environment=where,
            renderer=default if renderer is None else Renderer.from_str(renderer),
            colors=where is Environment.DEV if colors is None else colors,
            level=level,
            handlers=tuple(handlers),
        )
    )


def _level(level: int | str) -> int:
    if isinstance(level, int):
        return level
    known = logging.getLevelNamesMapping()
    if level.upper() not in known:
        raise ValueError(f"unknown level {level!r}; use one of {', '.join(known)}")
    return known[level.upper()]


def _handler(config: HandlerConfig, formatter: logging.Formatter) -> logging.Handler:
    handler = _open(config)
    handler.setFormatter(formatter)
    setattr(handler, _MARK, True)
    return handler


def _open(config: HandlerConfig) -> logging.Handler:
    match config:
        case StreamHandlerConfig():
            return logging.StreamHandler(sys.stdout if config.stream == "stdout" else sys.stderr)
        case FileHandlerConfig():
            return logging.FileHandler(_made(config.filename), encoding=config.encoding)
        case RotatingFileHandlerConfig():
            return RotatingFileHandler(
                _made(config.filename),
                maxBytes=config.max_bytes,
                backupCount=config.backup_count,
                encoding=config.encoding,
            )


def _made(filename: str) -> Path:
    path = Path(filename)
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _remove_own(root: logging.Logger) -> None:
    for handler in [h for h in root.handlers if getattr(h, _MARK, False)]:
        root.removeHandler(handler)
        handler.close()
