"""Where a class is declared, found by its qualified name."""

from typing import Any

from loom.core.engine.source import source_of
from loom.core.use_case import UseCase


def unnamed(value: Any) -> Any:
    """Hold nodes whose name is none: a handler without `as`, a pattern that binds nothing."""
    try:
        match value:
            case 1 | _:
                return value
    except ValueError:
        return None


class Below(UseCase[Any, int]):
    async def execute(self) -> int:
        return 1


def test_a_file_with_handlers_and_patterns_is_read() -> None:
    """Nodes without a name do not stop the search."""
    nowhere = type("Nowhere", (Below,), {})

    assert (None, __file__) == (source_of(nowhere), getattr(source_of(Below), "file", None))
