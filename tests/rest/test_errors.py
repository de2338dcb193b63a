"""What an error looks like on the wire."""

from typing import Any

import httpx
import pytest


@pytest.mark.parametrize(
    ("how", "status", "expected"),
    [
        ("not_found", 404, {"code": "not_found", "message": "Book with id=7 not found", "entity": "Book", "id": 7}),
        ("forbidden", 403, {"code": "forbidden", "message": "Forbidden"}),
        ("conflict", 409, {"code": "conflict", "message": "taken"}),
        (
            "rule",
            422,
            {"code": "rule_violation", "message": "is odd", "violations": [{"field": "isbn", "message": "is odd"}]},
        ),
    ],
)
async def test_domain_error(client: httpx.AsyncClient, how: str, status: int, expected: dict[str, Any]) -> None:
    """A domain error is its status and an object with its code and facts."""
    answer = await client.get(f"/tools/fail/{how}", headers={"x-request-id": "r1"})

    assert (status, {"detail": {**expected, "trace_id": "r1"}}) == (answer.status_code, answer.json())


async def test_every_violation_is_listed_in_snake_case(client: httpx.AsyncClient) -> None:
    """A body that breaks several fields names all of them, as Python does."""
    answer = await client.post("/books/", json={"pageCount": "x", "shelfId": []})

    detail = answer.json()["detail"]
    assert (422, "validation_error") == (answer.status_code, detail["code"])
    assert ["isbn", "page_count", "shelf_id"] == [v["field"] for v in detail["violations"]]


async def test_crash_says_nothing_and_carries_its_id(client: httpx.AsyncClient) -> None:
    """An unexpected error is a flat 500 with a detail, the request id, and no word of the exception."""
    answer = await client.get("/tools/fail/crash", headers={"x-request-id": "r1"})

    flat = {"code": "internal_error", "message": "An unexpected error occurred", "trace_id": "r1"}
    assert (500, {**flat, "detail": flat}) == (answer.status_code, answer.json())
    assert "r1" == answer.headers["x-request-id"]


async def test_crash_without_tracing_has_no_id(make: Any, connected: Any) -> None:
    """With tracing off a crash is the same answer with a null id and no header."""
    async with connected(make(trace={"enabled": False})) as client:
        answer = await client.get("/tools/fail/crash")

    assert (500, None) == (answer.status_code, answer.json()["trace_id"])
    assert "x-request-id" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("PUT", "/tools/mood", 405),
        ("GET", "/books", 307),
        ("GET", "/books/?limit=0", 400),
        ("GET", "/books/x", 422),
        ("GET", "/tools/fail/crash", 500),
        ("GET", "/tools/mood", 200),
    ],
)
async def test_every_answer_echoes_the_request_id(
    client: httpx.AsyncClient, method: str, path: str, status: int
) -> None:
    """The request id comes back on every answer, whatever its status."""
    answer = await client.request(method, path, headers={"X-Request-ID": " r1 "})

    assert (status, ["r1"]) == (answer.status_code, answer.headers.get_list("x-request-id"))


@pytest.mark.parametrize("sent", ["", "  ", "a b", "x*/ --", "é", "a" * 129])
async def test_unsafe_request_id_is_replaced(client: httpx.AsyncClient, sent: str) -> None:
    """An id that is blank, too long or holds anything unsafe is replaced by a fresh one."""
    answer = await client.get("/tools/mood", headers=[(b"x-request-id", sent.encode())])

    assert 32 == len(answer.headers["x-request-id"])
    assert answer.headers["x-request-id"].isalnum()


async def test_id_of_a_missing_row_is_shown(client: httpx.AsyncClient) -> None:
    """A 404 names entity and id."""
    answer = await client.get("/books/99")

    assert ("Book", 99) == (answer.json()["detail"]["entity"], answer.json()["detail"]["id"])
