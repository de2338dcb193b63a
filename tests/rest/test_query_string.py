"""The grammar of list queries."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

Detail = Callable[[str], Awaitable[Any]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("price=20", ["price", "eq", 20]),
        ("price__gte=20", ["price", "gte", 20]),
        ("price__LTE=-1.5", ["price", "lte", -1.5]),
        ("fullName__eq=Ada", ["full_name", "eq", "Ada"]),
        ("active=TRUE", ["active", "eq", True]),
        ("code=1_000", ["code", "eq", "1_000"]),
        ("code=1e5", ["code", "eq", "1e5"]),
        ("id__in=1,,2", ["id", "in", [1, 2]]),
        ("name__like=1%25", ["name", "like", "1%"]),
        ("reviews__exists=true", ["reviews", "exists", True]),
        ("reviews__exists=false", ["reviews", "exists", False]),
        ("x__is_null=false", ["x", "is_null", False]),
        ("owner__fullName__ne=a", ["owner.full_name", "ne", "a"]),
        ("a____b=1", ["a.b", "eq", 1]),
        ("a=1&a=2", ["a", "eq", 2]),
    ],
)
async def test_filter(client: httpx.AsyncClient, query: str, expected: list[Any]) -> None:
    """A key is a path and an operator; without a model the spelling of a value decides its type."""
    answer = await client.get(f"/tools/search?{query}")

    assert [expected] == answer.json()["filters"]


async def test_other_parameters_are_no_filters(client: httpx.AsyncClient) -> None:
    """A parameter of `execute` beside the query is bound, not filtered by; neither are reserved names."""
    answer = await client.get("/tools/search?onlyNew=true&page=2&limit=5&sort=a&direction=desc&pagination=OFFSET")

    assert {"filters": [], "only_new": True} == answer.json()


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=x",
        "page=1.5",
        "page=",
        "page=99999999999",
        "limit=0",
        "limit=1001",
        "limit=--5",
        "limit=\u0661",
        "direction=up",
        "sort=nothing",
        "pagination=none",
        "__eq=1",
        "nothing=1",
        "page_count=x",
        "page_count__is_null=maybe",
        "page_count__like=1",
        "isbn=a%00",
        "after=broken",
        "cursor=broken",
        "profile=default",
    ],
)
async def test_query_that_cannot_run(client: httpx.AsyncClient, query: str) -> None:
    """A query that cannot run is a 400 whose detail is text."""
    answer = await client.get(f"/books/?{query}")

    assert (400, str) == (answer.status_code, type(answer.json()["detail"]))


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/books/?profile=default", "not allowed"),
        ("/books/1?profile=default", "not allowed"),
        ("/tools/mood?profile=default", "not allowed"),
        ("/shelves/?profile=other", "Invalid profile"),
        ("/shelves/?pagination=offset", "cannot override"),
    ],
)
async def test_refusal_says_why(detail: Detail, path: str, words: str) -> None:
    """A refused profile or pagination mode says so in known words."""
    assert words in await detail(path)


async def test_filter_value_takes_the_type_of_its_column(client: httpx.AsyncClient) -> None:
    """A number-like text stays text where the column is text."""
    for isbn in ("1", "001"):
        await client.post("/books/", json={"isbn": isbn})

    answer = await client.get("/books/?isbn=001")

    assert ["001"] == [item["isbn"] for item in answer.json()["items"]]


async def test_offset_page(client: httpx.AsyncClient) -> None:
    """An offset page is counted over all pages, its envelope in snake_case."""
    for isbn in "abc":
        await client.post("/books/", json={"isbn": isbn})

    page = (await client.get("/books/?limit=2&page=2&sort=isbn&direction=desc")).json()

    assert ["a"] == [item["isbn"] for item in page.pop("items")]
    assert {"total_count": 3, "page": 2, "limit": 2, "has_next": False} == page


async def test_cursor_walk_sees_every_row_once(client: httpx.AsyncClient) -> None:
    """Following `next_cursor` gives every row, in order, once; a token implies cursor mode."""
    for isbn in "abc":
        await client.post("/books/", json={"isbn": isbn})

    found, query = [], "pagination=cursor&limit=2&sort=isbn&direction=DESC"
    while query:
        page = (await client.get(f"/books/?{query}")).json()
        found += [item["isbn"] for item in page["items"]]
        token = page["next_cursor"]
        query = f"after={token}&limit=2&sort=isbn&direction=DESC" if token else ""

    assert ["c", "b", "a"] == found


async def test_profile_loads_relations(client: httpx.AsyncClient) -> None:
    """An exposed profile adds its relations; the default one leaves them out."""
    shelf = (await client.post("/shelves/", json={"label": "top"})).json()
    await client.post("/books/", json={"isbn": "1", "shelfId": shelf["id"]})

    plain = (await client.get(f"/shelves/{shelf['id']}")).json()
    full = (await client.get(f"/shelves/{shelf['id']}?profile=with_books")).json()

    assert {"id", "label"} == plain.keys()
    assert ["1"] == [book["isbn"] for book in full["books"]]
