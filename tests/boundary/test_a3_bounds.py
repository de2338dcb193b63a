"""A3. Values at and beyond the edge of every column, wherever a request can carry them, on both databases."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import create_async_engine

pytestmark = pytest.mark.parametrize(
    "database_url", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)

INTEGERS = [-(2**31) - 1, 2**31, 2**32, -(2**63) - 1, 2**63, 2**64, 10**30, 10**300]
TEXTS = ["a\x00b", "\x00", "ab\x00"]
COLUMNS = {"id": "integer", "name": "text", "age": "integer", "visits": "big", "rating": "real", "joined": "moment"}
OPERATORS = ["", "__ne", "__gt", "__gte", "__lt", "__lte", "__in"]
VALUES: dict[str, list[Any]] = {
    "integer": [*INTEGERS, "x", "1.5", "1e3", "", "\u0661", "0x10", "nan"],
    "big": [*INTEGERS[3:], "x"],
    "real": ["nan", "inf", "-inf", "1e999", "x", ""],
    "moment": ["0.5", "x", "0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-23:00", "2026-13-01T00:00:00Z", ""],
    "text": TEXTS,
}
REFUSED = [
    (f"{column}{operator}", str(value))
    for column, kind in COLUMNS.items()
    for operator in OPERATORS
    for value in VALUES[kind]
    if not (operator == "__in" and value == "")
]


@pytest.fixture
async def member(client: httpx.AsyncClient) -> dict[str, Any]:
    """A stored member."""
    answer = await client.post("/members/", json={"name": "Ada"})
    assert answer.status_code == 201
    stored: dict[str, Any] = answer.json()
    return stored


@pytest.mark.parametrize("value", INTEGERS)
async def test_path_beyond_the_key_names_nothing(client: httpx.AsyncClient, value: int) -> None:
    """An id no row can have is a 404 for every method, also where deleting what is gone would be a 200."""
    statuses = [
        (await client.get(f"/members/{value}")).status_code,
        (await client.patch(f"/members/{value}", json={"age": 1})).status_code,
        (await client.delete(f"/members/{value}")).status_code,
        (await client.patch(f"/cards/{value}", json={"name": "B"})).status_code,
    ]

    assert [404] * 4 == statuses


@pytest.mark.parametrize("text", ["x", "1.0", "1e3", "+1", "%20", "\u0661", "1_0", "a%00"])
async def test_path_that_is_no_integer_is_unprocessable(client: httpx.AsyncClient, text: str) -> None:
    """An id not written in digits is a 422."""
    assert 422 == (await client.get(f"/members/{text}")).status_code


async def test_filters_beyond_a_column_are_refused(client: httpx.AsyncClient) -> None:
    """No filter with a value its column cannot hold reaches the database: a 400, whatever the operator."""
    statuses = {
        (key, value): (await client.get("/members/", params={key: value})).status_code for key, value in REFUSED
    }

    assert {} == {sent: status for sent, status in statuses.items() if status != 400}


@pytest.mark.parametrize("column", COLUMNS)
async def test_filters_at_the_edge_are_run(client: httpx.AsyncClient, column: str) -> None:
    """A filter at the edge of its column is an ordinary query."""
    edges: dict[str, list[Any]] = {
        "integer": [-(2**31), 2**31 - 1, 0, -1],
        "big": [-(2**63), 2**63 - 1],
        "real": ["1e308", "-0.0", "1"],
        "moment": ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2026-01-01T00:00:00+02:00"],
        "text": ["", "x" * 500, "😀" * 20, "\u202eabc", "%", "_", "\\\\", "'; DROP TABLE edge_members; --", "\u0661"],
    }

    statuses = [
        (await client.get("/members/", params={f"{column}{operator}": value})).status_code
        for operator in OPERATORS
        for value in edges[COLUMNS[column]]
    ]

    assert {200} == set(statuses)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        *(({"age": value}, "age") for value in (2**31, -(2**31) - 1, 2**63, 10**30, 1.5, "1", None, True)),
        *(({"visits": value}, "visits") for value in (2**63, -(2**63) - 1, 10**30)),
        *(({"name": value}, "name") for value in ("x" * 21, "😀" * 21, "a\x00", 7, None)),
        ({"rating": "nan"}, "rating"),
        ({"joined": "yesterday"}, "joined"),
        ({"joined": 5}, "joined"),
    ],
)
async def test_body_beyond_a_column_names_its_field(
    client: httpx.AsyncClient, member: dict[str, Any], body: dict[str, Any], field: str
) -> None:
    """A value its column cannot hold is a violation of its field, when creating and when changing, and stores nothing."""
    answers = [
        await client.post("/members/", json={"name": "New", **body}),
        await client.patch(f"/members/{member['id']}", json=body),
    ]

    assert [(422, [field])] * 2 == [
        (answer.status_code, [v["field"] for v in answer.json()["detail"]["violations"]]) for answer in answers
    ]
    assert 1 == (await client.get("/members/")).json()["total_count"]


@pytest.mark.parametrize("name", ["x" * 20, "😀" * 20, "\u202eabc\u202c", "\u0661\u0662", "e\u0301" * 10, " ", "\x01"])
async def test_text_at_its_length_comes_back_as_it_was(client: httpx.AsyncClient, name: str) -> None:
    """Length is counted in characters, and every character there is comes back."""
    answer = await client.post("/members/", json={"name": name})

    assert (201, name) == (answer.status_code, answer.json()["name"])


@pytest.mark.parametrize("value", [2**31 - 1, -(2**31)])
async def test_integer_at_its_edge_is_stored(client: httpx.AsyncClient, value: int) -> None:
    """The edge itself is a value."""
    answer = await client.post("/members/", json={"name": "Edge", "age": value})

    assert (201, value) == (answer.status_code, answer.json()["age"])


async def test_every_violation_is_told_at_once(client: httpx.AsyncClient) -> None:
    """Bounds and types are judged together."""
    answer = await client.post("/members/", json={"name": "x" * 21, "age": 2**31, "rating": "x"})

    assert ["age", "name", "rating"] == sorted(v["field"] for v in answer.json()["detail"]["violations"])


@pytest.mark.parametrize("query", ["page=0", "page=1000000000", "page=999999999&limit=1001", f"limit={2**63}", "at=x"])
async def test_paging_beyond_reason_is_refused(client: httpx.AsyncClient, query: str) -> None:
    """A page or limit out of bounds is a 400."""
    assert 400 == (await client.get(f"/members/?{query}")).status_code


@pytest.mark.parametrize("query", ["at=-1", f"at={2**63}", "at=x", "ratio=nan", "ratio=inf", "ratio=1e999"])
async def test_parameter_beyond_its_declaration_is_a_violation(client: httpx.AsyncClient, query: str) -> None:
    """A query parameter outside its type or its declared bounds is a 422 that names it."""
    answer = await client.post(f"/echo/?{query}", json={})

    assert (422, query.partition("=")[0]) == (answer.status_code, answer.json()["detail"]["violations"][0]["field"])


async def test_document_states_the_bounds(client: httpx.AsyncClient) -> None:
    """The bounds of the columns stand in the OpenAPI document: in path, filter and body."""
    document = (await client.get("/openapi.json")).json()

    listed = {p["name"]: p["schema"] for p in document["paths"]["/members/"]["get"]["parameters"]}
    sent = document["components"]["schemas"]["MemberCreateInputRequest"]["properties"]
    by_id = document["paths"]["/members/{id}"]["get"]["parameters"][0]["schema"]
    int32 = {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1}
    assert [int32, int32, int32] == [by_id, listed["age"], sent["age"]]
    assert {"type": "integer", "minimum": -(2**63), "maximum": 2**63 - 1} == sent["visits"]
    assert {"type": "string", "maxLength": 20} == sent["name"]


async def test_control_a_naive_handler_crashes_at_the_edge(
    database_url: str, plain: Callable[[FastAPI], httpx.AsyncClient]
) -> None:
    """The same ids against the same table, without the boundary, are 500s."""
    app, engine = FastAPI(), create_async_engine(database_url)
    table = sa.Table("plain", sa.MetaData(), sa.Column("id", sa.Integer, primary_key=True))
    async with engine.begin() as connection:
        await connection.run_sync(table.metadata.create_all)

    @app.get("/plain/{row}")
    async def get(row: int) -> Any:
        async with engine.connect() as connection:
            return (await connection.execute(sa.select(table).where(table.c.id == row))).mappings().first()

    async with plain(app) as client:
        statuses = [(await client.get(f"/plain/{value}")).status_code for value in INTEGERS]
    await engine.dispose()

    assert 500 in statuses
