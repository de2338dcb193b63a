"""D11, D13, D16 and D59: lists lose no row, count all of them, read filters as the column does, and have an order."""

from datetime import datetime
from typing import Any

import pytest

from loom.core.model import BaseModel, Cardinality, ColumnField, RelationField
from loom.rest.model import RestInterface
from tests.defects.databases import Serve, database, serve  # noqa: F401 - fixtures


class Part(BaseModel):
    __tablename__ = "d11_parts"
    id: int = ColumnField(primary_key=True)
    item_id: int = ColumnField(foreign_key="d11_items.id")


class Item(BaseModel):
    __tablename__ = "d11_items"
    id: int = ColumnField(primary_key=True, autoincrement=True)
    sku: str = ColumnField(length=20)
    rank: int | None = ColumnField()
    at: datetime | None = ColumnField()
    parts: list[Part] = RelationField(foreign_key="item_id", cardinality=Cardinality.ONE_TO_MANY)


class Items(RestInterface[Item]):
    prefix = "/items"
    auto = True


class Parts(RestInterface[Part]):
    prefix = "/parts"
    auto = True


ROWS: list[dict[str, Any]] = [
    {"sku": "001", "rank": 2, "at": "2026-01-03T00:00:00Z"},
    {"sku": "1", "rank": 2, "at": "2026-01-01T00:00:00Z"},
    {"sku": "1_000", "rank": None, "at": "2026-01-02T00:00:00.5Z"},
    {"sku": "1e3", "rank": 2, "at": "2026-01-02T00:00:00Z"},
    {"sku": "true", "rank": 1, "at": None},
]


async def fill(client: Any) -> None:
    for row in ROWS:
        assert 201 == (await client.post("/items/", json=row)).status_code


@pytest.mark.parametrize(
    ("sort", "direction", "order"),
    [
        ("rank", "DESC", [1, 2, 4, 5, 3]),
        ("rank", "ASC", [5, 1, 2, 4, 3]),
        ("at", "DESC", [1, 3, 4, 2, 5]),
        ("at", "ASC", [2, 4, 3, 1, 5]),
    ],
)
async def test_d11_a_walk_sees_every_row_once(serve: Serve, sort: str, direction: str, order: list[int]) -> None:
    """Descending, over repeated values, NULLs and times, one row at a time."""
    seen: list[int] = []
    async with serve(Items) as client:
        await fill(client)
        params = {"pagination": "cursor", "limit": "1", "sort": sort, "direction": direction}
        while True:
            step = (await client.get("/items/", params=params)).json()
            seen += [item["id"] for item in step["items"]]
            if not step["has_next"] or len(seen) > len(order):
                break
            params["after"] = step["next_cursor"]

    assert order == seen


async def test_d13_a_page_past_the_end_knows_the_total(serve: Serve) -> None:
    """`total_count` does not depend on the page that is asked for."""
    async with serve(Items) as client:
        await fill(client)
        page = (await client.get("/items/?pagination=offset&page=9&limit=2")).json()

    assert ([], 5, False) == (page["items"], page["total_count"], page["has_next"])


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("sku=001", [1]),
        ("sku=1", [2]),
        ("sku=1_000", [3]),
        ("sku=1e3", [4]),
        ("sku=true", [5]),
        ("rank=1", [5]),
        ("rank__is_null=true", [3]),
        ("rank__is_null=false", [1, 2, 4, 5]),
        ("at__gte=2026-01-02T00:00:00.25Z", [1, 3]),
    ],
)
async def test_d16_a_filter_is_read_as_its_column(serve: Serve, query: str, ids: list[int]) -> None:
    """Text stays text whatever it looks like, numbers are numbers, `is_null` has both answers."""
    async with serve(Items) as client:
        await fill(client)
        page = (await client.get(f"/items/?pagination=offset&{query}")).json()

    assert ids == [item["id"] for item in page["items"]]


@pytest.mark.parametrize("query", ["rank=abc", "rank=1.5", "at=yesterday", f"rank={2**40}"])
async def test_d16_a_value_that_cannot_be_one_is_refused(serve: Serve, query: str) -> None:
    """A filter value that is none of the column's is the client's mistake, on every database."""
    async with serve(Items) as client:
        answer = await client.get(f"/items/?{query}")

    assert 400 == answer.status_code


async def test_d59_related_rows_come_by_their_key(serve: Serve) -> None:
    """A to-many relation is ordered by the related primary key, not by insertion."""
    async with serve(Items, Parts) as client:
        await fill(client)
        parts = client._transport.app.state.loom.kernel.container.resolve_repo(Part)  # type: ignore[attr-defined]  # the app under test
        for key in (7, 3, 5):
            await parts.create({"id": key, "item_id": 1})
        item = (await client.get("/items/1")).json()

    assert [3, 5, 7] == [part["id"] for part in item["parts"]]
