"""What every repository does, run on memory, SQLite and PostgreSQL."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from loom.core.errors import Conflict, InvalidPayload, InvalidQuery
from loom.core.repository.abc import FilterGroup, FilterOp, FilterParams, FilterSpec, PageParams, QuerySpec, SortSpec
from loom.core.repository.values import FilterPathError
from tests.repository.models import Colour, CreateItem, PatchItem

ROWS: list[dict[str, Any]] = [
    {"sku": "001", "full_name": "Ann", "rank": 3, "price": Decimal("9.90"), "colour": Colour.RED},
    {"sku": "002", "full_name": "anna", "rank": None, "price": Decimal("19.00"), "colour": Colour.BLUE},
    {"sku": "003", "full_name": "A%b", "rank": 1, "price": None, "sold_on": date(2026, 1, 2)},
    {"sku": "1", "full_name": None, "rank": 3, "price": Decimal("9.91"), "colour": Colour.RED},
    {"sku": "true", "full_name": "Bob", "rank": 2, "seen_at": datetime(2026, 1, 1, 12, tzinfo=UTC)},
]


async def filled(items: Any) -> Any:
    for row in ROWS:
        await items.create(row)
    return items


async def skus(items: Any, *specs: FilterSpec, op: Any = "AND", sort: tuple[SortSpec, ...] = ()) -> list[str]:
    page = await items.list_with_query(QuerySpec(filters=FilterGroup(specs, op), sort=sort))
    assert page.total_count == len(page.items)
    return [item.sku for item in page.items]


async def test_create_returns_what_is_stored(items: Any) -> None:
    """The entity `create` returns equals the one read afterwards, generated columns included."""
    created = await items.create(CreateItem(sku="x", rank=2))

    assert created.id == 1
    assert created.stock == 5
    assert isinstance(created.created_at, datetime)
    assert await items.get_by_id(1) == created


async def test_create_fills_model_defaults(items: Any) -> None:
    """A column nobody names gets its model's default."""
    assert (await items.create({"sku": "x"})).stock == 3


async def test_create_accepts_what_json_makes_of_a_command(items: Any) -> None:
    """A mapping with camelCase keys and JSON values is stored as native values."""
    created = await items.create(
        {"sku": "x", "fullName": "Ann", "soldOn": "2026-01-02", "price": "9.90", "colour": "red", "notes": {"a": [1]}}
    )

    assert (created.full_name, created.sold_on, created.price) == ("Ann", date(2026, 1, 2), Decimal("9.90"))
    assert (created.colour, created.notes) == (Colour.RED, {"a": [1]})


async def test_times_are_stored_in_utc(items: Any) -> None:
    """A time with an offset, and the same one in UTC, are the same stored time."""
    there = datetime(2026, 1, 1, 14, tzinfo=timezone(timedelta(hours=2)))
    created = await items.create({"sku": "x", "seen_at": there})

    assert created.seen_at.replace(tzinfo=UTC) == datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert await items.exists_by("seen_at", "2026-01-01T12:00:00Z")
    assert await items.exists_by("seen_at", there)


async def test_a_unique_value_is_taken_once(items: Any) -> None:
    """The second row with a unique value is a Conflict that names the column, not the value."""
    await items.create({"sku": "secret"})

    with pytest.raises(Conflict, match="sku") as caught:
        await items.create({"sku": "secret"})
    assert "secret" not in str(caught.value)
    assert await items.count() == 1


async def test_an_update_cannot_take_a_unique_value(items: Any) -> None:
    """Changing a row to another row's unique value is a Conflict and changes nothing."""
    await filled(items)

    with pytest.raises(Conflict):
        await items.update(1, {"sku": "002"})
    assert (await items.get_by_id(1)).sku == "001"


UNFIT = [
    ({"sku": "x" * 21}, "sku"),
    ({"sku": "a\x00b"}, "sku"),
    ({"sku": "\ud800"}, "sku"),
    ({"sku": "x", "rank": 2**31}, "rank"),
    ({"sku": "x", "rank": 2**70}, "rank"),
    ({"sku": "x", "price": Decimal("1e9")}, "price"),
    ({"sku": "x", "rank": "many"}, "rank"),
    ({"sku": None}, "sku"),
]


@pytest.mark.parametrize(("data", "field"), UNFIT)
async def test_a_value_that_does_not_fit_names_its_field(items: Any, data: dict[str, Any], field: str) -> None:
    """What a column cannot hold is refused as InvalidPayload, with the field, and nothing is stored."""
    with pytest.raises(InvalidPayload) as caught:
        await items.create(data)

    assert [violation.field for violation in caught.value.violations] == [field]
    assert await items.count() == 0


PRESENCE = [
    ({"fullName": None}, {"full_name": None, "rank": 3, "stock": 3}),
    ({"rank": 9}, {"full_name": "Ann", "rank": 9, "stock": 3}),
    ({}, {"full_name": "Ann", "rank": 3, "stock": 3}),
    ({"stock": 0}, {"full_name": "Ann", "rank": 3, "stock": 0}),
]


@pytest.mark.parametrize(("payload", "expected"), PRESENCE)
async def test_an_update_writes_what_was_sent(items: Any, payload: dict[str, Any], expected: dict[str, Any]) -> None:
    """A field sent as null becomes NULL; a field not sent stays."""
    await filled(items)
    command, _ = PatchItem.from_payload(payload)

    changed = await items.update(1, command)

    assert expected == {name: getattr(changed, name) for name in expected}
    assert changed == await items.get_by_id(1)


async def test_an_update_never_changes_the_key(items: Any) -> None:
    """The primary key in the data is ignored."""
    await filled(items)

    assert (await items.update(1, {"id": 99, "rank": 7})).id == 1
    assert await items.get_by_id(99) is None


@pytest.mark.parametrize("obj_id", [99, 2**40, "nonsense", -1, 2**80])
async def test_an_id_without_row_is_nothing(items: Any, obj_id: Any) -> None:
    """An id that no row has, or none could have, is absent in every operation and no error."""
    await filled(items)

    assert await items.get_by_id(obj_id) is None
    assert await items.update(obj_id, {"rank": 1}) is None
    assert await items.delete(obj_id) is False
    assert await items.exists_by("id", obj_id) is False


async def test_delete_says_whether_there_was_a_row(items: Any) -> None:
    """The first delete of a row is True, the second False."""
    await filled(items)

    assert await items.delete(1) is True
    assert await items.delete(1) is False
    assert await items.count() == len(ROWS) - 1


async def test_looking_up_by_an_unknown_column_is_an_error(items: Any) -> None:
    """`get_by` and `exists_by` raise for a column the model does not have; the error is a ValueError."""
    with pytest.raises(FilterPathError) as caught:
        await items.get_by("nme", 1)
    assert caught.value.path == "nme"
    assert isinstance(caught.value, ValueError)
    with pytest.raises(FilterPathError):
        await items.exists_by("nme", 1)


async def test_looking_up_none_finds_null(items: Any) -> None:
    """`get_by` and `exists_by` with None find the first row that has NULL there."""
    await filled(items)

    assert (await items.get_by("rank", None)).sku == "002"
    assert await items.exists_by("rank", None) is True
    assert await items.exists_by("sku", None) is False


FILTERS = [
    (FilterSpec("sku", FilterOp.EQ, "001"), ["001"]),
    (FilterSpec("sku", FilterOp.EQ, 1), ["1"]),
    (FilterSpec("sku", FilterOp.EQ, "true"), ["true"]),
    (FilterSpec("rank", FilterOp.EQ, "3"), ["001", "1"]),
    (FilterSpec("rank", FilterOp.NE, 3), ["003", "true"]),
    (FilterSpec("rank", FilterOp.GT, "1"), ["001", "1", "true"]),
    (FilterSpec("rank", FilterOp.GTE, 2), ["001", "1", "true"]),
    (FilterSpec("rank", FilterOp.LT, 3), ["003", "true"]),
    (FilterSpec("rank", FilterOp.LTE, 1), ["003"]),
    (FilterSpec("rank", FilterOp.EQ, None), ["002"]),
    (FilterSpec("rank", FilterOp.IN, ["1", 2]), ["003", "true"]),
    (FilterSpec("rank", FilterOp.IN, []), []),
    (FilterSpec("rank", FilterOp.IN, [None]), []),
    (FilterSpec("rank", FilterOp.IS_NULL, True), ["002"]),
    (FilterSpec("rank", FilterOp.IS_NULL, False), ["001", "003", "1", "true"]),
    (FilterSpec("notes", FilterOp.IS_NULL, False), []),
    (FilterSpec("price", FilterOp.EQ, "9.90"), ["001"]),
    (FilterSpec("price", FilterOp.GT, "9.90"), ["002", "1"]),
    (FilterSpec("colour", FilterOp.EQ, "red"), ["001", "1"]),
    (FilterSpec("colour", FilterOp.IN, ["red", "blue"]), ["001", "002", "1"]),
    (FilterSpec("sold_on", FilterOp.EQ, "2026-01-02"), ["003"]),
    (FilterSpec("seen_at", FilterOp.LTE, "2026-01-01T12:00:00"), ["true"]),
    (FilterSpec("full_name", FilterOp.LIKE, "A%"), ["001", "003"]),
    (FilterSpec("full_name", FilterOp.ILIKE, "a%"), ["001", "002", "003"]),
    (FilterSpec("full_name", FilterOp.LIKE, "A\\%b"), ["003"]),
    (FilterSpec("full_name", FilterOp.LIKE, "_nn"), ["001"]),
    (FilterSpec("colour", FilterOp.LIKE, "r%"), ["001", "1"]),
]


@pytest.mark.parametrize(
    ("spec", "expected"), FILTERS, ids=lambda v: f"{v.field}-{v.op}-{v.value}" if isinstance(v, FilterSpec) else ""
)
async def test_a_filter_compares_as_the_column_does(items: Any, spec: FilterSpec, expected: list[str]) -> None:
    """A filter value is read as its column's type; NULL is neither equal nor unequal to anything."""
    await filled(items)

    assert expected == await skus(items, spec)


async def test_filters_combine(items: Any) -> None:
    """AND narrows, OR widens."""
    await filled(items)
    three, bob = FilterSpec("rank", FilterOp.EQ, 3), FilterSpec("full_name", FilterOp.EQ, "Bob")

    assert await skus(items, three, bob) == []
    assert await skus(items, three, bob, op="OR") == ["001", "1", "true"]


UNRUNNABLE = [
    QuerySpec(limit=0),
    QuerySpec(limit=1001),
    QuerySpec(page=0),
    QuerySpec(page=2**62),
    QuerySpec(sort=(SortSpec("nme"),)),
    QuerySpec(sort=(SortSpec("notes"),)),
    *(
        QuerySpec(filters=FilterGroup((spec,)))
        for spec in (
            FilterSpec("nme", FilterOp.EQ, 1),
            FilterSpec("rank", FilterOp.EQ, "many"),
            FilterSpec("rank", FilterOp.EQ, 2**31),
            FilterSpec("rank", FilterOp.LIKE, "1%"),
            FilterSpec("rank", FilterOp.GT, None),
            FilterSpec("notes", FilterOp.EQ, "{}"),
            FilterSpec("sku", FilterOp.EQ, "a\x00"),
            FilterSpec("sku", FilterOp.LIKE, "a\\"),
            FilterSpec("price", FilterOp.EQ, "nan"),
            FilterSpec("colour", FilterOp.EQ, "green"),
            FilterSpec("sku", FilterOp.EXISTS),
            FilterSpec("sku.x", FilterOp.EQ, 1),
        )
    ),
]


@pytest.mark.parametrize("query", UNRUNNABLE, ids=str)
async def test_a_query_that_cannot_run_is_refused(items: Any, query: QuerySpec) -> None:
    """Page, limit, sort and filters that mean nothing raise InvalidQuery with the culprit's name."""
    with pytest.raises(InvalidQuery) as caught:
        await items.list_with_query(query)
    assert caught.value.field


async def test_null_sorts_last_in_both_directions(items: Any) -> None:
    """NULL comes last whether ascending or descending; the primary key orders equal values."""
    await filled(items)

    assert await skus(items, sort=(SortSpec("rank"),)) == ["003", "true", "001", "1", "002"]
    assert await skus(items, sort=(SortSpec("rank", "DESC"),)) == ["001", "1", "true", "003", "002"]


async def test_several_sort_fields_apply_in_order(items: Any) -> None:
    """The second sort field orders rows equal in the first."""
    await filled(items)

    assert await skus(items, sort=(SortSpec("rank", "DESC"), SortSpec("sku", "DESC"))) == [
        "1", "001", "true", "003", "002",
    ]  # fmt: skip


@pytest.mark.parametrize(("page", "count", "has_next"), [(1, 2, True), (2, 2, True), (3, 1, False), (4, 0, False)])
async def test_the_total_counts_all_pages(items: Any, page: int, count: int, has_next: bool) -> None:
    """`total_count` is the number of matching rows on every page, past the end too."""
    await filled(items)

    found = await items.list_with_query(QuerySpec(limit=2, page=page))

    assert (len(found.items), found.total_count, found.has_next) == (count, len(ROWS), has_next)


async def test_a_numbered_page_filters_by_equality(items: Any) -> None:
    """`list_paginated` applies its filters as equality, in primary-key order."""
    await filled(items)

    page = await items.list_paginated(PageParams(limit=1), FilterParams(filters={"rank": 3}))

    assert ([item.sku for item in page.items], page.total_count, page.has_next) == (["001"], 2, True)


async def test_an_empty_update_touches_a_timestamped_row(items: Any) -> None:
    """An update with nothing to write returns the entity, its `updated_at` not before."""
    created = await items.create({"sku": "x"})
    touched = await items.update(created.id, {})

    assert touched.updated_at >= created.updated_at
    assert msgspec.structs.replace(touched, updated_at=created.updated_at) == created
