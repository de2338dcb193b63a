"""How a log record is written: one JSON object, or one line for people. Anything logged with the standard library fits."""

import logging
from collections.abc import MutableMapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from loom.core.logger.pipeline import FIELDS_ATTRIBUTE
from loom.core.logger.settings import Processor, Renderer
from loom.core.tracing import get_trace_id

_COLOURS = {"debug": "36", "info": "32", "warning": "33", "error": "31", "critical": "35"}
_HEAD = ("timestamp", "level", "event", "logger", "exception")


class EventFormatter(logging.Formatter):
    """Renders records with their fields, the service's name and the current trace id.

    A field cannot replace what a record itself says (timestamp, level, logger, event); line breaks in values are escaped,
    so that nobody forges a record.
    """

    def __init__(
        self, renderer: Renderer, *, service: str = "", colors: bool = False, processors: Sequence[Processor] = ()
    ) -> None:
        super().__init__()
        self._service = service
        self._colors = colors
        self._processors = processors
        self._render = {Renderer.JSON: _as_json, Renderer.CONSOLE: self._as_line}[renderer]

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text."""
        fields: MutableMapping[str, Any] = self._fields(record)
        for process in self._processors:
            fields = process(record.name, record.levelname.lower(), fields)
        return self._render(fields)

    def _fields(self, record: logging.LogRecord) -> dict[str, Any]:
        own: dict[str, Any] = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        context = {"service": self._service, "trace_id": get_trace_id()}
        own.update({key: value for key, value in context.items() if value})
        if record.exc_info and record.exc_info[0] is not None:
            own["exception"] = self.formatException(record.exc_info)
        return {**own, **{k: v for k, v in getattr(record, FIELDS_ATTRIBUTE, {}).items() if k not in own}}

    def _as_line(self, fields: MutableMapping[str, Any]) -> str:
        level = str(fields.get("level", ""))
        padded = f"{level:<8}"
        shown = f"\x1b[{_COLOURS.get(level, '0')}m{padded}\x1b[0m" if self._colors else padded
        pairs = "".join(f" {key}={_printable(value)}" for key, value in fields.items() if key not in _HEAD)
        line = f"{fields.get('timestamp', '')} {shown} {_printable(fields.get('event', ''), ' ')}{pairs}"
        return f"{line} logger={fields.get('logger', '')}" + (
            f"\n{fields['exception']}" if "exception" in fields else ""
        )


def _as_json(fields: MutableMapping[str, Any]) -> str:
    try:
        return msgspec.json.encode(fields, enc_hook=repr).decode()
    except (TypeError, ValueError):  # keys that are no text, text that is no Unicode, a value that holds itself
        return msgspec.json.encode({str(key): ascii(value) for key, value in fields.items()}).decode()


def _printable(value: Any, allowed: str = "") -> str:
    text = str(value)
    plain = text.isprintable() and text and (" " in allowed or " " not in text)
    return text if plain else repr(text)
