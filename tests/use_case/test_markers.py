"""Markers: what they say, whom they ask, and what happens where there is no row."""

from typing import Any

import msgspec
import pytest

from loom.core.command import Command, Patch
from loom.core.engine import RuntimeExecutor, UseCaseCompiler
from loom.core.errors import NotFound
from loom.core.use_case import Compute, Exists, F, Input, Load, LoadById, LookupKind, OnMissing, SourceKind, UseCase


class Item(msgspec.Struct, frozen=True):
    id: int
    sku: str = ""


class Order(Command, frozen=True):
    sku: str = "a"
    note: Patch[str | None]


class Repo:
    """Writes down what it is asked; has one item, with id 1 and sku a."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []

    async def get_by_id(self, *args: Any, **kwargs: Any) -> Item | None:
        self.calls.append(("get_by_id", args, kwargs))
        return Item(1, "a") if args == (1,) else None

    async def get_by(self, *args: Any, **kwargs: Any) -> Item | None:
        self.calls.append(("get_by", args, kwargs))
        return Item(1, "a") if args in (("id", 1), ("sku", "a")) else None

    async def exists_by(self, *args: Any, **kwargs: Any) -> bool:
        self.calls.append(("exists_by", args, kwargs))
        return args in (("id", 1), ("sku", "a"))


async def bind(marker: Any, *, item_id: int = 1, payload: dict[str, Any] | None = None) -> tuple[Any, Repo]:
    class Take(UseCase[Any, Any]):
        computes = (Compute.set(F(Order).sku).from_command(F(Order).sku, via=str.upper),)

        async def execute(self, item_id: int, cmd: Order = Input(), value: Any = marker) -> Any:
            return value

    repo = Repo()
    runner = RuntimeExecutor(UseCaseCompiler())
    bound = await runner.execute(Take(), params={"item_id": item_id}, payload=payload or {}, dependencies={Item: repo})
    return bound, repo


def test_markers_show_what_they_were_given() -> None:
    """Attributes under the names of the arguments; a source is a kind and a name."""
    by_id: Any = LoadById(Item, by="item_id", profile="detail", on_missing=OnMissing.RETURN_NONE)
    load: Any = Load(Item, from_param="item_id", against="id")
    exists: Any = Exists(Item, from_command="sku", against="sku")

    assert (Item, "item_id", "detail", OnMissing.RETURN_NONE) == (
        by_id.entity_type,
        by_id.by,
        by_id.profile,
        by_id.on_missing,
    )
    assert (SourceKind.PARAM, "item_id", "id", "default", OnMissing.RAISE) == (
        load.from_kind,
        load.from_name,
        load.against,
        load.profile,
        load.on_missing,
    )
    assert (SourceKind.COMMAND, "sku", "sku", OnMissing.RETURN_FALSE) == (
        exists.from_kind,
        exists.from_name,
        exists.against,
        exists.on_missing,
    )


def test_the_input_marker_carries_nothing() -> None:
    """It has no attributes and takes none."""
    assert () == type(Input()).__slots__
    with pytest.raises(AttributeError):
        Input().anything = 1


def test_the_words_of_the_markers_are_stable() -> None:
    """Their values are written into recorded plans."""
    assert ("raise", "return_none", "return_false") == (
        OnMissing.RAISE,
        OnMissing.RETURN_NONE,
        OnMissing.RETURN_FALSE,
    )
    assert OnMissing.NONE is OnMissing.RETURN_NONE
    assert ("by_id", "by_field", "param", "command") == (
        LookupKind.BY_ID,
        LookupKind.BY_FIELD,
        SourceKind.PARAM,
        SourceKind.COMMAND,
    )


CALLS: list[tuple[Any, tuple[Any, ...]]] = [
    (LoadById(Item, by="item_id"), ("get_by_id", (1,), {"profile": "default"})),
    (LoadById(Item, by="item_id", profile="detail"), ("get_by_id", (1,), {"profile": "detail"})),
    (Load(Item, from_param="item_id", against="id"), ("get_by", ("id", 1), {"profile": "default"})),
    (Load(Item, from_command="sku", against="sku"), ("get_by", ("sku", "a"), {"profile": "default"})),
    (Exists(Item, from_param="item_id", against="id"), ("exists_by", ("id", 1), {})),
    (Exists(Item, from_command="sku", against="sku"), ("exists_by", ("sku", "a"), {})),
]


@pytest.mark.parametrize(("marker", "call"), CALLS)
async def test_a_repository_is_asked_exactly_like_this(marker: Any, call: tuple[Any, ...]) -> None:
    """One call each, with the value of the command before any compute."""
    _, repo = await bind(marker)

    assert [call] == repo.calls


MISSING: list[tuple[Any, Any]] = [
    (LoadById(Item, by="item_id", on_missing=OnMissing.RETURN_NONE), None),
    (Load(Item, from_param="item_id", against="id", on_missing=OnMissing.NONE), None),
    (Exists(Item, from_param="item_id", against="id"), False),
    (Exists(Item, from_param="item_id", against="id", on_missing=OnMissing.RETURN_NONE), False),
]


@pytest.mark.parametrize(("marker", "expected"), MISSING)
async def test_a_missing_row_is_bound_as_declared(marker: Any, expected: Any) -> None:
    """A load is None, a check False."""
    bound, _ = await bind(marker, item_id=9)

    assert bound is expected


@pytest.mark.parametrize(
    "marker",
    [
        LoadById(Item, by="item_id"),
        Load(Item, from_param="item_id", against="id"),
        Exists(Item, from_param="item_id", against="id", on_missing=OnMissing.RAISE),
    ],
)
async def test_a_missing_row_that_must_be_there_is_a_not_found(marker: Any) -> None:
    """The error names the entity and the value looked for."""
    with pytest.raises(NotFound, match=r"^Item with id=9 not found$") as caught:
        await bind(marker, item_id=9)

    assert ("Item", 9) == (caught.value.entity, caught.value.id)


@pytest.mark.parametrize(
    ("marker", "expected"),
    [
        (Load(Item, from_command="note", against="sku"), None),
        (Exists(Item, from_command="note", against="sku", on_missing=OnMissing.RAISE), False),
    ],
)
async def test_d18_an_absent_patch_field_asks_nothing_and_raises_nothing(marker: Any, expected: Any) -> None:
    """What was not sent cannot be missing; a null that was sent is looked up."""
    bound, silent = await bind(marker)
    assert (expected, []) == (bound, silent.calls)

    with pytest.raises(NotFound):
        await bind(marker, payload={"note": None})


async def test_a_marker_may_stand_anywhere_in_the_signature() -> None:
    """Arguments are bound by name, so the order is free, and a leading underscore is a name like any other."""

    class Mixed(UseCase[Any, Any]):
        async def execute(
            self,
            _known: bool = Exists(Item, from_param="item_id", against="id"),
            cmd: Order = Input(),
            *,
            item_id: int,
            item: Item = LoadById(Item, by="item_id"),
            **ignored: Any,
        ) -> Any:
            return _known, cmd.sku, item_id, item.id, ignored

    runner = RuntimeExecutor(UseCaseCompiler())
    params = {"item_id": "1", "unknown": 2}

    assert (True, "b", 1, 1, {}) == await runner.execute(
        Mixed(), params=params, payload={"sku": "b"}, dependencies={Item: Repo()}
    )
