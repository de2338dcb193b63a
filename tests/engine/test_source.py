"""The text of declared functions and classes."""

import inspect
import textwrap
from typing import Any

import pytest

from loom.core.engine.source import source_of


def _marked(thing: Any) -> Any:
    return thing


@_marked
class Outer:
    """A class with a decorator, an inner class and a method."""

    class Inner:
        label = "é"

    def method(self) -> str:
        return "ü"  # the last line's end counts bytes


def _local_class() -> type[Any]:
    class Local:
        value = 1

    return Local


@pytest.mark.parametrize("cls", [Outer, Outer.Inner, _local_class()], ids=lambda cls: cls.__qualname__)
def test_a_class_is_shown_as_it_is_written(cls: type[Any]) -> None:
    """Decorators, nesting and enclosing functions included: what the standard library finds."""
    lines, first = inspect.getsourcelines(cls)

    source = source_of(cls)

    assert source is not None
    assert (textwrap.dedent("".join(lines)), first) == (source.code, source.line)


def test_a_function_is_shown_from_its_def_to_its_last_character() -> None:
    """The text is dedented and ends where the function does."""
    source = source_of(Outer.method)

    assert source is not None
    assert 'def method(self) -> str:\n    return "ü"' == source.code


def test_a_lambda_is_cut_out_of_its_line() -> None:
    """Columns are counted in bytes, as Python records them."""
    table = {"ä": lambda v: v + 1, "ö": lambda v: v + 2}

    shown = [source.code for source in map(source_of, table.values()) if source is not None]

    assert ["lambda v: v + 1", "lambda v: v + 2"] == shown


def test_a_class_without_a_text_has_no_source() -> None:
    """A class made at run time is written nowhere."""
    assert source_of(type("Made", (), {})) is None
