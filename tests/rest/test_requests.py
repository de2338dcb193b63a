"""From a request to the arguments of `execute`, and from its result to the answer."""

from typing import Any

import httpx
import pytest

ROOM = "/rooms/attic/files/a/b"


async def test_parameters_come_from_prefix_converter_and_query(client: httpx.AsyncClient) -> None:
    """The prefix, a path converter and the query string all reach `execute`, typed."""
    answer = await client.get(f"{ROOM}?max_stock=3&ratio=0.5&ids=1&ids=2&loud=true")

    expected = {"room": "attic", "rest": "a/b", "max_stock": 3, "ratio": 0.5, "ids": [1, 2], "loud": True}
    assert (200, expected) == (answer.status_code, answer.json())


async def test_query_parameter_may_be_camel_case(client: httpx.AsyncClient) -> None:
    """A query parameter answers to its camelCase name."""
    answer = await client.get(f"{ROOM}?maxStock=3")

    assert 3 == answer.json()["max_stock"]


async def test_parameter_defaults_apply(client: httpx.AsyncClient) -> None:
    """What is not sent is the default of the signature."""
    answer = await client.get(f"{ROOM}?max_stock=3")

    assert {"ratio": None, "ids": [], "loud": False} == {k: answer.json()[k] for k in ("ratio", "ids", "loud")}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "max_stock"),
        ("max_stock=x", "max_stock"),
        ("max_stock=1&ratio=x", "ratio"),
        ("max_stock=1&ids=1&ids=x", "ids"),
        ("max_stock=1&loud=perhaps", "loud"),
    ],
)
async def test_bad_query_parameter_is_a_violation_of_its_field(
    client: httpx.AsyncClient, query: str, field: str
) -> None:
    """A missing or ill-typed query parameter is a 422 that names it."""
    answer = await client.get(f"{ROOM}?{query}")

    assert (422, [field]) == (answer.status_code, [v["field"] for v in answer.json()["detail"]["violations"]])


async def test_nul_in_a_path_is_refused(client: httpx.AsyncClient) -> None:
    """Text no database stores is refused before anything runs."""
    answer = await client.get("/rooms/a%00b/files/x?max_stock=1")

    assert 422 == answer.status_code


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b"null", 400),
        (b'"text"', 400),
        (b"\xff\xfe", 400),
        (b'{"text": NaN}', 400),
        (b'{"text": ' + b"[" * 5000 + b"]" * 5000 + b"}", 400),
        (b'{"text": ' + b"[" * 200 + b"]" * 200 + b"}", 400),
        (b'{"text": "\\u0000"}', 422),
        (b'{"text": "\\ud800"}', 422),
        (b'{"text": "a", "tags": ["\\uDC00"]}', 422),
        (b'{"text": "\\ud83d\\ude00"}', 202),
        (b"", 422),
        (b"{}", 422),
        (b'{"text": 1}', 422),
        (b'{"text": "a", "times": 10}', 422),
        (b'{"text": "a", "nobody": 1}', 202),
        (b'{"text": "' + b"a" * (1024 * 1024) + b'"}', 413),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_status_of_a_body(client: httpx.AsyncClient, body: bytes, status: int) -> None:
    """What is no JSON object is a 400, what does not fit or cannot be stored a 422, what is too large a 413."""
    answer = await client.post("/tools/echo", content=body)

    assert status == answer.status_code


async def test_unstorable_text_names_its_field(client: httpx.AsyncClient) -> None:
    """A nested lone surrogate is reported where it is."""
    answer = await client.post("/tools/echo", content=b'{"text": "a", "tags": ["\\uDC00"]}')

    assert ["tags"] == [v["field"] for v in answer.json()["detail"]["violations"]]


async def test_body_is_read_whatever_its_content_type(client: httpx.AsyncClient) -> None:
    """The content type of a body does not matter."""
    answer = await client.post("/tools/echo", content=b'{"text": "a"}', headers={"content-type": "text/plain"})

    assert 202 == answer.status_code


async def test_client_cannot_set_an_internal_field(client: httpx.AsyncClient) -> None:
    """A field only the server sets is ignored in a body."""
    answer = await client.post("/tools/echo", json={"text": "a", "signedBy": "mallory", "signed_by": "mallory"})

    assert answer.json()["signedBy"] is None


async def test_command_answers_its_defaults(client: httpx.AsyncClient) -> None:
    """A command used as an answer shows every field."""
    answer = await client.get("/tools/mood")

    assert {"happy": False, "level": 0} == answer.json()


async def test_none_is_null(client: httpx.AsyncClient) -> None:
    """A use case that returns None answers 200 with null."""
    answer = await client.get("/tools/fail/not-at-all")

    assert (200, "null", "application/json") == (answer.status_code, answer.text, answer.headers["content-type"])


async def test_no_content_has_no_body(client: httpx.AsyncClient) -> None:
    """A 204 carries nothing, not even null."""
    answer = await client.delete("/tools/")

    assert (204, b"") == (answer.status_code, answer.content)


@pytest.mark.parametrize(
    ("method", "path", "location"),
    [
        ("GET", "/books?limit=1", "/books/?limit=1"),
        ("GET", "/tools/mood/", "/tools/mood"),
        ("POST", "/books", "/books/"),
    ],
)
async def test_other_slash_redirects(client: httpx.AsyncClient, method: str, path: str, location: str) -> None:
    """A path that differs by its trailing slash redirects and keeps method and query."""
    answer = await client.request(method, path)

    assert (307, f"http://library.test{location}") == (answer.status_code, answer.headers["location"])


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "PUT"])
async def test_undeclared_method_is_not_allowed(client: httpx.AsyncClient, method: str) -> None:
    """Only declared methods are answered; GET does not bring HEAD along."""
    answer = await client.request(method, "/tools/mood")

    assert 405 == answer.status_code


async def test_strict_bodies_refuse_unknown_fields(make: Any, connected: Any) -> None:
    """With `strict_bodies` an unknown field is a violation."""
    app = make(app={"name": "library", "rest": {"strict_bodies": True}})

    async with connected(app) as client:
        answer = await client.post("/tools/echo", json={"text": "a", "txet": "b"})

    assert (422, ["txet"]) == (answer.status_code, [v["field"] for v in answer.json()["detail"]["violations"]])
