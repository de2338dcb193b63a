"""The edge of the store: broken requests, request ids, the OpenAPI document."""

import re

import httpx
import pytest
from openapi_spec_validator import validate


@pytest.mark.parametrize("body", ["{", "[1]", "nul"], ids=["cut off", "a list", "no JSON"])
async def test_body_that_is_no_json_object_is_a_bad_request(client: httpx.AsyncClient, body: str) -> None:
    """A body that is not a JSON object is a 400 with the usual error shape."""
    answer = await client.post("/users/", content=body)

    assert 400 == answer.status_code
    assert {"code", "message", "trace_id"} <= answer.json()["detail"].keys()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/users/abc"),
        ("GET", "/products/1.5"),
        ("PATCH", "/users/abc"),
        ("DELETE", "/products/abc"),
        ("POST", "/products/abc/jobs/restock-email"),
        ("GET", "/users/1/addresses/abc"),
    ],
)
async def test_path_id_that_is_no_integer_is_unprocessable(client: httpx.AsyncClient, method: str, path: str) -> None:
    """An id that is not an integer is a 422."""
    answer = await client.request(method, path, json={} if method in {"PATCH", "POST"} else None)

    assert 422 == answer.status_code


@pytest.mark.parametrize(
    "query",
    [
        "pagination=offset&page=0",
        "pagination=offset&page=x",
        "limit=0",
        "limit=x",
        "sort=nothing",
        "direction=up",
        "pagination=no",
        "nothing__eq=1",
        "stock__between=1",
        "after=bad",
    ],
)
async def test_query_that_cannot_run_is_a_bad_request(client: httpx.AsyncClient, query: str) -> None:
    """A list query with a bad page, limit, sort, filter or cursor is a 400 whose detail is text."""
    answer = await client.get(f"/products/?{query}")

    assert 400 == answer.status_code
    assert isinstance(answer.json()["detail"], str)


@pytest.mark.parametrize("path", ["/products/low-stock", "/users/9999", "/users/abc", "/no/such/path"])
async def test_request_id_is_echoed(client: httpx.AsyncClient, path: str) -> None:
    """Every answer carries the request id it was asked with."""
    answer = await client.get(path, headers={"x-request-id": "req-77"})

    assert "req-77" == answer.headers["x-request-id"]


async def test_error_body_carries_the_request_id(client: httpx.AsyncClient) -> None:
    """The trace id of an error is the request id."""
    answer = await client.get("/users/9999", headers={"x-request-id": "req-77"})

    assert "req-77" == answer.json()["detail"]["trace_id"]


async def test_openapi_lists_every_route(client: httpx.AsyncClient) -> None:
    """The document has exactly the operations the application serves, paths that differ by a name being one."""
    document = (await client.get("/openapi.json")).json()

    described = {(m.upper(), shape(path)) for path, item in document["paths"].items() for m in item}
    app = client._transport.app  # type: ignore[attr-defined]  # httpx has no public way back to the app
    served = {(route.method, shape(route.full_path)) for route in app.state.loom.routes}
    assert served | {("GET", "/health"), ("GET", "/ready")} == described


def shape(path: str) -> str:
    """Return a path without the names of its parameters."""
    return re.sub(r"{\w+}", "{}", path)


async def test_openapi_has_no_two_paths_of_one_shape(client: httpx.AsyncClient) -> None:
    """Paths that differ in the names of their parameters only are one path, every operation with its parameter declared."""
    paths = (await client.get("/openapi.json")).json()["paths"]

    assert len(paths) == len({shape(path) for path in paths})
    assert {"get", "patch", "delete"} == paths["/users/{user_id}"].keys()
    assert ["user_id"] == [p["name"] for p in paths["/users/{user_id}"]["get"]["parameters"] if p["in"] == "path"]


async def test_openapi_document_is_valid(client: httpx.AsyncClient) -> None:
    """The document passes the OpenAPI validator."""
    document = (await client.get("/openapi.json")).json()

    validate(document)


async def test_openapi_hides_computed_fields(client: httpx.AsyncClient) -> None:
    """What a client cannot set is no part of the documented request."""
    document = (await client.get("/openapi.json")).json()

    request = document["paths"]["/pricing/{record_id}/preview"]["post"]["requestBody"]
    schema = request["content"]["application/json"]["schema"]
    name = re.sub(r".*/", "", schema.get("$ref", ""))
    properties = (document["components"]["schemas"][name] if name else schema)["properties"]
    assert {"email", "country", "unitPrice", "quantity"} == properties.keys()
