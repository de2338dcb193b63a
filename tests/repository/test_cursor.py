"""Walking by key: on every repository each row comes once; a token belongs to one query and cannot be made up."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from loom.core.errors import InvalidQuery
from loom.core.model import inspect_model
from loom.core.repository.abc import FilterGroup, FilterOp, FilterSpec, PaginationMode, QuerySpec, SortSpec
from loom.core.repository.abc.cursor import MAX_BYTES, decode_cursor, encode_cursor, query_scope, total_order
from loom.core.repository.sqlalchemy import RepositorySQLAlchemy, SessionManager
from tests.repository.models import BookTag, Item

RANKS = [2, None, 1, 2, 2, None, 3, 1, None, 2, 3]
SECRET = b"secret"


async def filled(items: Any) -> Any:
    for index, rank in enumerate(RANKS):
        name = None if index % 4 == 0 else f"N{index % 3}"
        seen = None if rank is None else datetime(2026, 1, rank, 10, 0, 0, tzinfo=UTC)
        await items.create({"sku": f"{index:03}", "rank": rank, "full_name": name, "seen_at": seen})
    return items


def step(sort: Sequence[SortSpec], cursor: str | None = None, limit: int = 3, **more: Any) -> QuerySpec:
    return QuerySpec(sort=tuple(sort), pagination=PaginationMode.CURSOR, cursor=cursor, limit=limit, **more)


async def walk(items: Any, sort: Sequence[SortSpec], limit: int = 3, **more: Any) -> list[int]:
    seen: list[int] = []
    cursor: str | None = None
    for _ in range(20):
        found = await items.list_with_query(step(sort, cursor, limit, **more))
        seen += [item.id for item in found.items]
        cursor = found.next_cursor
        assert found.has_next == (cursor is not None)
        if cursor is None:
            return seen
    raise AssertionError(f"the walk does not end: {seen}")


SORTS = [
    (),
    (SortSpec("id", "DESC"),),
    (SortSpec("rank"),),
    (SortSpec("rank", "DESC"),),
    (SortSpec("full_name", "DESC"), SortSpec("rank")),
    (SortSpec("rank", "DESC"), SortSpec("full_name")),
    (SortSpec("seen_at"),),
    (SortSpec("seen_at", "DESC"),),
    (SortSpec("created_at"),),
    (SortSpec("created_at", "DESC"),),
    (SortSpec("rank"), SortSpec("rank", "DESC")),
]


@pytest.mark.parametrize("limit", [1, 3, 11])
@pytest.mark.parametrize("sort", SORTS, ids=lambda s: "+".join(f"{x.field}.{x.direction}" for x in s) or "none")
async def test_a_walk_returns_every_row_once_in_order(items: Any, sort: tuple[SortSpec, ...], limit: int) -> None:
    """Steps of any size give exactly what one page gives, over values that repeat and are NULL."""
    await filled(items)
    page = await items.list_with_query(QuerySpec(sort=sort, limit=100))

    assert [item.id for item in page.items] == await walk(items, sort, limit)
    assert len(page.items) == len(RANKS)


async def test_comparing_the_sort_field_alone_loses_rows(manager: SessionManager) -> None:
    """The control: the same walk with `rank < last` and no tie-breaker does not return every row."""
    await filled(RepositorySQLAlchemy(session_manager=manager, model=Item))
    table = manager.tables.table(Item)
    seen: list[int] = []
    condition: Any = sa.true()
    for _ in range(20):
        query = sa.select(table.c.id, table.c.rank).where(condition).order_by(table.c.rank.desc().nulls_last()).limit(3)
        async with manager.reading() as connection:
            rows = (await connection.execute(query)).all()
        if not rows:
            break
        seen += [row.id for row in rows]
        condition = table.c.rank < rows[-1].rank

    assert len(set(seen)) < len(RANKS)


async def test_times_written_by_the_database_walk_with_those_written_by_us(manager: SessionManager) -> None:
    """Rows whose time came from the database's clock and rows whose time came from Python are one total order."""
    items = RepositorySQLAlchemy(session_manager=manager, model=Item)
    for index in range(4):
        await items.create({"sku": str(index)})
    same = (await items.get_by_id(1)).created_at  # type: ignore[union-attr]  # just created
    for index in range(4, 8):
        await items.create({"sku": str(index), "created_at": same})

    for direction in ("ASC", "DESC"):
        assert list(range(1, 9)) == sorted(await walk(items, [SortSpec("created_at", direction)]))  # type: ignore[arg-type]  # both are directions


async def test_a_walk_survives_changes_around_it(items: Any) -> None:
    """A row deleted or added behind the position neither loses nor repeats one of the others."""
    await filled(items)
    first = await items.list_with_query(step([SortSpec("rank", "DESC")]))
    await items.delete(first.items[-1].id)
    await items.create({"sku": "new", "rank": 99})
    rest = await items.list_with_query(step([SortSpec("rank", "DESC")], first.next_cursor, limit=100))

    expected = set(range(1, len(RANKS) + 1)) - {item.id for item in first.items}
    assert expected == {item.id for item in rest.items}
    assert len(rest.items) == len(expected)


async def test_a_filter_holds_through_the_walk(items: Any) -> None:
    """Every step applies the filters."""
    await filled(items)
    only = FilterGroup((FilterSpec("rank", FilterOp.IN, [2, 3]),))

    assert len(await walk(items, [SortSpec("rank", "DESC")], 2, filters=only)) == 6


async def test_a_cursor_belongs_to_its_query(items: Any) -> None:
    """With another sort or other filters the token is refused, and so is a changed or made-up one."""
    await filled(items)
    sort = [SortSpec("rank", "DESC")]
    token = (await items.list_with_query(step(sort))).next_cursor
    body, mac = token.split(".")
    other = FilterGroup((FilterSpec("rank", FilterOp.EQ, 1),))
    wrong = [
        step([SortSpec("rank")], token),
        step([], token),
        step(sort, token, filters=other),
        *(
            step(sort, bad)
            for bad in (body, f"{body}.", f".{mac}", f"{body}.{mac}.", f"{mac}.{body}", "%%%", "é", "a" * 9999)
        ),
        step(sort, f"{body}.{encode_cursor([1, 1], 'x', SECRET).split('.')[1]}"),
        step(sort, encode_cursor([1, 1], "x", SECRET)),
    ]

    for query in wrong:
        with pytest.raises(InvalidQuery) as caught:
            await items.list_with_query(query)
        assert caught.value.field == "cursor"


async def test_a_token_needs_no_escaping_and_is_short(items: Any) -> None:
    """A token has URL-safe characters only and at most 512 of them."""
    await filled(items)
    token = (await items.list_with_query(step([SortSpec("full_name"), SortSpec("seen_at")]))).next_cursor

    assert token.replace("-", "").replace("_", "").replace(".", "").isalnum()
    assert len(token) <= MAX_BYTES


def test_values_too_long_for_a_token_are_refused_when_it_is_made() -> None:
    """No token is handed out that would be refused when it comes back."""
    with pytest.raises(InvalidQuery, match="another field"):
        encode_cursor(["x" * 600], "scope", SECRET)


@pytest.mark.parametrize("version", [0, 2, 99])
def test_a_token_of_another_version_is_refused(monkeypatch: pytest.MonkeyPatch, version: int) -> None:
    """A token carries the version it was made with."""
    keys = total_order(QuerySpec(), inspect_model(Item))
    monkeypatch.setattr("loom.core.repository.abc.cursor.VERSION", version)
    token = encode_cursor([1], "scope", SECRET)
    monkeypatch.undo()

    with pytest.raises(InvalidQuery):
        decode_cursor(token, keys, "scope", SECRET)


def test_a_composite_key_breaks_ties_with_all_its_columns() -> None:
    """The order ends in every column of the primary key."""
    assert ["book_id", "tag_id"] == [key.field for key in total_order(QuerySpec(), inspect_model(BookTag))]


def test_the_scope_tells_queries_apart() -> None:
    """Sort, filters, table and profile are all in it; limit and position are not."""
    base = query_scope("t", QuerySpec(), "default")

    assert base == query_scope("t", QuerySpec(limit=7, cursor="c"), "default")
    assert len({base, query_scope("u", QuerySpec(), "default"), query_scope("t", QuerySpec(), "x"),
                query_scope("t", QuerySpec(sort=(SortSpec("a"),)), "default")}) == 4  # fmt: skip


async def test_workers_on_one_database_accept_each_others_cursors(tmp_path: Any) -> None:
    """Two managers of the same URL sign alike; one with another URL, or with a secret of its own, does not."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'a.db'}"
    managers = [
        SessionManager(url),
        SessionManager(url),
        SessionManager(url + "2"),
        SessionManager(url, cursor_secret=b"s"),
    ]
    one, same, other, own = (manager.cursor_secret for manager in managers)

    assert one == same
    assert len({one, other, own}) == 3
