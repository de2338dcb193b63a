"""What can be configured about logging, as data."""

from collections.abc import Callable, MutableMapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from msgspec import Struct

Processor = Callable[[Any, str, MutableMapping[str, Any]], MutableMapping[str, Any]]
"""Called with the logger's name, the level's name and the record's fields; returns the fields to render."""


class Environment(StrEnum):
    """Decides the defaults of renderer and colours."""

    DEV = "dev"
    PROD = "prod"

    @classmethod
    def from_str(cls, value: str) -> "Environment":
        """Return the environment called `value`; anything unknown is development."""
        return cls.PROD if value.strip().lower() in {"prod", "production"} else cls.DEV


class Renderer(StrEnum):
    """What a record looks like."""

    CONSOLE = "console"
    JSON = "json"

    @classmethod
    def from_str(cls, value: str) -> "Renderer":
        """Return the renderer called `value`.

        Raises:
            ValueError: there is none.
        """
        try:
            return cls(value.strip().lower())
        except ValueError:
            raise ValueError(f"Unsupported renderer {value!r}; use one of {', '.join(cls)}") from None


class StreamHandlerConfig(Struct, frozen=True, kw_only=True, tag_field="type", tag="stream"):
    """`type: stream`: write to "stdout" or "stderr"."""

    stream: Literal["stdout", "stderr"] = "stdout"


class FileHandlerConfig(Struct, frozen=True, kw_only=True, tag_field="type", tag="file"):
    """`type: file`: append to `filename`."""

    filename: str
    encoding: str = "utf-8"


class RotatingFileHandlerConfig(Struct, frozen=True, kw_only=True, tag_field="type", tag="rotating_file"):
    """`type: rotating_file`: append to `filename`; beyond `max_bytes` start anew, keeping `backup_count` old files."""

    filename: str
    max_bytes: int = 10 * 1024 * 1024
    backup_count: int = 5
    encoding: str = "utf-8"


HandlerConfig = StreamHandlerConfig | FileHandlerConfig | RotatingFileHandlerConfig


class LoggerConfig(Struct, frozen=True, kw_only=True):
    """The `logger` section; every key is optional.

    Attributes:
        name: added to every record as `service`; "" adds nothing.
        environment: "dev" or "prod"; anything else is "dev".
        renderer: "console" or "json"; None is JSON in prod, console in dev.
        colors: colour the console; None is yes in dev.
        level: least level logged, by its standard name.
        handlers: where records go; none is stdout.
    """

    name: str = ""
    environment: str = ""
    renderer: str | None = None
    colors: bool | None = None
    level: str = "INFO"
    handlers: tuple[HandlerConfig, ...] = ()


@dataclass(frozen=True)
class LogConfig:
    """The same in code, every choice made.

    Attributes:
        extra_processors: applied in order to each record's fields before it is rendered.
    """

    name: str = ""
    environment: Environment = Environment.DEV
    renderer: Renderer = Renderer.CONSOLE
    colors: bool = False
    level: int | str = "INFO"
    handlers: tuple[HandlerConfig, ...] = ()
    extra_processors: tuple[Processor, ...] = ()
