"""Results as JSON: what msgspec may encode as it is, and what is rewritten first."""

from collections import OrderedDict
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import msgspec
import pytest
from msgspec import UNSET, Struct, UnsetType

from loom.core.command import Command
from loom.rest.encode import encode, encoder_for


class Size(Command, frozen=True):
    width: int = 1


class Shelf(Struct, frozen=True):
    name: str | UnsetType = UNSET
    sizes: list[Size] = []
    extra: Any = None


@dataclass
class Box:
    size: Any


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (Shelf(), {"sizes": [], "extra": None}),
        (Shelf(name="a", sizes=[Size()]), {"name": "a", "sizes": [{"width": 1}], "extra": None}),
        (Shelf(extra={"deep": [Size()]}), {"sizes": [], "extra": {"deep": [{"width": 1}]}}),
        (Shelf(extra=Box(Size())), {"sizes": [], "extra": {"size": {"width": 1}}}),
        ([{"a": (Shelf(extra=Size()),)}], [{"a": [{"sizes": [], "extra": {"width": 1}}]}]),
        (MappingProxyType({"a": Size()}), {"a": {"width": 1}}),
        (OrderedDict(a=Size()), {"a": {"width": 1}}),
    ],
)
def test_a_default_is_emitted_wherever_its_struct_stands(result: Any, expected: Any) -> None:
    """A field with its default is shown in every container, in fields of any type too; UNSET is not."""
    assert expected == msgspec.json.decode(encode(result))
    assert encode(result) == encoder_for(Any)(result)


def test_a_result_without_such_a_struct_is_encoded_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows with documents in them are not copied before they are encoded."""
    monkeypatch.setattr("loom.rest.encode._emitted", pytest.fail)

    assert b'[{"sizes":[],"extra":{"a":[1,"b"]}}]' == encode([Shelf(extra={"a": [1, "b"]})])
