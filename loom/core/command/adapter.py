"""What turns raw input into commands in place of `Command.from_payload`, for an edge that has its own validation."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class CommandAdapter(Protocol):
    """Validates raw input by a schema made from a command class."""

    def compile_schema(self, command_cls: type[Any]) -> type[Any]:
        """Return the schema of `command_cls`: the fields a client may set."""
        ...

    def parse(self, command_cls: type[Any], raw: Mapping[str, Any]) -> tuple[Any, frozenset[str]]:
        """Return the command and the snake_case names `raw` sets."""
        ...
