"""Errors as RFC 9457 problem details, for clients that ask for them by name."""

from typing import Any

import httpx
import pytest

PROBLEM = "application/problem+json"


async def ask(client: httpx.AsyncClient, method: str, path: str, accept: str, **sent: Any) -> httpx.Response:
    """Send a request that names what it accepts."""
    return await client.request(method, path, headers={"accept": accept, "x-request-id": "r1"}, **sent)


@pytest.mark.parametrize(
    ("method", "path", "status", "expected"),
    [
        (
            "GET",
            "/books/99",
            404,
            {"code": "not_found", "detail": "Book with id=99 not found", "entity": "Book", "id": 99},
        ),
        ("GET", "/tools/fail/conflict", 409, {"code": "conflict", "detail": "taken"}),
        (
            "GET",
            "/books/?limit=0",
            400,
            {
                "code": "invalid_query",
                "detail": "limit must be in [1, 1000]",
                "violations": [{"field": "limit", "message": "limit must be in [1, 1000]"}],
            },
        ),
        ("GET", "/tools/fail/crash", 500, {"code": "internal_error", "detail": "An unexpected error occurred"}),
        ("GET", "/nowhere", 404, {"code": "http_error", "detail": "Not Found"}),
        ("PUT", "/tools/mood", 405, {"code": "http_error", "detail": "Method Not Allowed"}),
    ],
)
async def test_error_as_problem(
    client: httpx.AsyncClient, method: str, path: str, status: int, expected: dict[str, Any]
) -> None:
    """A problem has type, title, status and detail, and what loom knows beside them."""
    answer = await ask(client, method, path, f"application/json, {PROBLEM}")

    body = answer.json()
    assert (status, PROBLEM) == (answer.status_code, answer.headers["content-type"])
    assert ("about:blank", status, "r1") == (body.pop("type"), body.pop("status"), body.pop("trace_id"))
    assert body.pop("title")
    assert expected == body


async def test_violations_stand_in_the_problem(client: httpx.AsyncClient) -> None:
    """Every violation is an entry of the extension member `violations`."""
    answer = await ask(client, "POST", "/books/", PROBLEM, json={"pageCount": "x"})

    assert ["isbn", "page_count"] == [violation["field"] for violation in answer.json()["violations"]]


@pytest.mark.parametrize(
    "accept", ["*/*", "application/json", "application/*", f"{PROBLEM};q=0", "application/problem+xml"]
)
async def test_others_get_the_usual_body(client: httpx.AsyncClient, accept: str) -> None:
    """Who does not ask for problems by name gets `detail` as ever."""
    answer = await ask(client, "GET", "/books/99", accept)

    assert ("application/json", "not_found") == (answer.headers["content-type"], answer.json()["detail"]["code"])


async def test_success_is_not_concerned(client: httpx.AsyncClient) -> None:
    """An answer that is no error stays JSON."""
    assert "application/json" == (await ask(client, "GET", "/tools/mood", PROBLEM)).headers["content-type"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/books/", "POST, GET"),
        ("OPTIONS", "/books/1", "GET, PATCH, DELETE"),
        ("POST", "/tools/mood", "GET"),
    ],
)
async def test_refused_method_names_those_there_are(
    client: httpx.AsyncClient, method: str, path: str, allowed: str
) -> None:
    """A 405 lists every method of the path, whichever routes have them."""
    answer = await client.request(method, path)

    assert (405, allowed) == (answer.status_code, answer.headers["allow"])
