"""D6, D14, D16, D54, D55, D60: what HTTP clients meet."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from loom.core.command import Command, Patch
from loom.core.errors import NotFound
from loom.core.model import BaseModel, ColumnField
from loom.core.repository.abc.query import QuerySpec
from loom.core.response import Response
from loom.core.use_case import Input, UseCase
from loom.rest.compiler import InterfaceCompilationError
from loom.rest.fastapi.auto import create_app
from loom.rest.model import RestInterface, RestRoute


class Tool(BaseModel):
    """A row with every kind of default."""

    __tablename__ = "defect_tools"

    id: int = ColumnField(primary_key=True, autoincrement=True)
    sku: str = ColumnField(length=10, unique=True)
    stock: int = ColumnField(default=0)
    broken: bool = ColumnField(default=False)
    note: str | None = ColumnField()


class Summary(Response):
    """An answer made of defaults."""

    total: int = 0
    ready: bool = False
    label: str = ""
    note: str | None = None


class Change(Command):
    """A command that is its own answer."""

    label: Patch[str]
    times: int = 1


class Summarise(UseCase[Any, Summary]):
    """Answer defaults."""

    async def execute(self) -> Summary:
        """Return them."""
        return Summary()


class Repeat(UseCase[Any, Change]):
    """Answer what was sent."""

    async def execute(self, cmd: Change = Input()) -> Change:
        """Return it."""
        return cmd


class Bind(UseCase[Any, dict[str, Any]]):
    """Answer every parameter."""

    async def execute(self, shop: int, rest: str, max_stock: int, loud: bool = False) -> dict[str, Any]:
        """Return them."""
        return {"shop": shop, "rest": rest, "max_stock": max_stock, "loud": loud}


class Nothing(UseCase[Any, None]):
    """Answer nothing."""

    async def execute(self) -> None:
        """Return."""


class Search(UseCase[Any, list[Any]]):
    """A query without a model."""

    async def execute(self, query: QuerySpec) -> list[Any]:
        """Return the values of its filters."""
        return [spec.value for spec in query.filters.filters] if query.filters else []


class Find(UseCase[Tool, Tool]):
    """Convert by hand, as old code does."""

    async def execute(self, sku: str) -> Tool:
        """Find by number."""
        tool = await self.main_repo.get_by_id(sku)
        if tool is None:
            raise NotFound("Tool", id=sku)
        return tool


class Tools(RestInterface[Tool]):
    """Auto-CRUD."""

    prefix = "/tools"
    auto = True


class Others(RestInterface[Any]):
    """The rest, below a prefix with a parameter."""

    prefix = "/shops/{shop}"
    routes = (RestRoute(Bind, "GET", "/files/{rest:path}"),)


class Plain(RestInterface[Any]):
    """Without parameters."""

    prefix = "/plain"
    routes = (
        RestRoute(Summarise, "GET", "/summary"),
        RestRoute(Repeat, "POST", "/repeat"),
        RestRoute(Nothing, "POST", "/nothing"),
        RestRoute(Search, "GET", "/search"),
        RestRoute(Find, "GET", "/find/{sku}"),
    )


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the running application with one tool in it."""
    app = build(tmp_path, Tools, Others, Plain)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app), httpx.AsyncClient(transport=transport, base_url="http://d") as running:
        await running.post("/tools/", json={"sku": "001"})
        yield running


def build(directory: Path, *interfaces: type[Any]) -> Any:
    """Return an application on SQLite."""
    url = f"sqlite+aiosqlite:///{directory / 'defects.db'}"
    return create_app({"app": {"name": "defects"}, "database": {"url": url}}, interfaces=interfaces)


async def test_d06_entity_shows_every_loaded_field(client: httpx.AsyncClient) -> None:
    """Zero, False, null and empty texts are shown, whatever their default is."""
    stored = (await client.get("/tools/1")).json()

    assert {"id": 1, "sku": "001", "stock": 0, "broken": False, "note": None} == stored


async def test_d06_answers_show_their_defaults(client: httpx.AsyncClient) -> None:
    """A response or a command made of defaults is not an empty object."""
    summary = (await client.get("/plain/summary")).json()
    repeated = (await client.post("/plain/repeat", json={})).json()

    assert {"total": 0, "ready": False, "label": "", "note": None} == summary
    assert {"label": None, "times": 1} == repeated


async def test_d14_parameters_come_from_the_whole_path_and_the_query(client: httpx.AsyncClient) -> None:
    """The prefix, a path converter and the query string reach `execute`, typed, in either spelling."""
    answer = await client.get("/shops/7/files/a/b?maxStock=3&loud=true")

    assert {"shop": 7, "rest": "a/b", "max_stock": 3, "loud": True} == answer.json()


async def test_d14_missing_parameter_is_a_violation(client: httpx.AsyncClient) -> None:
    """A required query parameter that is not sent is a 422 that names it, and it is documented as required."""
    answer = await client.get("/shops/7/files/a")
    document = (await client.get("/openapi.json")).json()

    listed = {p["name"]: p["required"] for p in document["paths"]["/shops/{shop}/files/{rest}"]["get"]["parameters"]}
    assert (422, "max_stock") == (answer.status_code, answer.json()["detail"]["violations"][0]["field"])
    assert {"shop": True, "rest": True, "max_stock": True, "loud": False} == listed


def test_d14_parameter_without_a_source_stops_the_start(tmp_path: Path) -> None:
    """A required parameter that no request can carry is found when the application is built."""

    class Impossible(UseCase[Any, None]):
        async def execute(self, tool: Tool) -> None: ...

    class Wrong(RestInterface[Any]):
        prefix = "/wrong"
        routes = (RestRoute(Impossible, "GET", "/"),)

    with pytest.raises(InterfaceCompilationError, match="no source"):
        build(tmp_path, Tools, Wrong)


async def test_d16_filters_take_the_type_of_their_column(client: httpx.AsyncClient) -> None:
    """`sku=001` is the text it looks like to nobody but its column; `is_null=false` means that there is a value."""
    await client.post("/tools/", json={"sku": "1", "note": "n"})

    found = {
        query: [item["sku"] for item in (await client.get(f"/tools/?{query}")).json()["items"]]
        for query in ("sku=001", "sku__in=1,001", "note__is_null=false", "note__is_null=true", "stock=0")
    }

    assert {
        "sku=001": ["001"],
        "sku__in=1,001": ["001", "1"],
        "note__is_null=false": ["1"],
        "note__is_null=true": ["001"],
        "stock=0": ["001", "1"],
    } == found


@pytest.mark.parametrize("query", ["stock=x", "stock=1_000", "stock=1e5", "broken=perhaps", "note__is_null=maybe"])
async def test_d16_value_of_another_type_is_refused(client: httpx.AsyncClient, query: str) -> None:
    """A value its column cannot have is a 400."""
    assert 400 == (await client.get(f"/tools/?{query}")).status_code


async def test_d16_without_a_model_the_spelling_decides(client: httpx.AsyncClient) -> None:
    """Where no column types a value, numbers, booleans and texts are told apart by how they are written."""
    answer = await client.get("/plain/search?a=20&b=true&c=1.5&d=1_000&e=1e5&f=x")

    assert [20, True, 1.5, "1_000", "1e5", "x"] == answer.json()


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/tools/", b"{", 400),
        ("POST", "/tools/", b"[]", 400),
        ("POST", "/tools/", b"", 422),
        ("POST", "/tools/", b"{}", 422),
        ("POST", "/tools/", b'{"sku": 1}', 422),
        ("POST", "/tools/", b'{"sku": "12345678901"}', 422),
        ("POST", "/tools/", b'{"sku": "a", "stock": 99999999999}', 422),
        ("POST", "/tools/", b'{"sku": "001"}', 409),
        ("PATCH", "/tools/1", b'{"sku": null}', 422),
        ("GET", "/tools/?page=0", b"", 400),
        ("GET", "/tools/?limit=x", b"", 400),
        ("GET", "/tools/?sort=nothing", b"", 400),
        ("GET", "/tools/?nothing=1", b"", 400),
        ("GET", "/tools/?stock__between=1", b"", 400),
        ("GET", "/tools/?after=x", b"", 400),
        ("GET", "/tools/abc", b"", 422),
        ("GET", "/tools/99999999999", b"", 404),
        ("GET", "/plain/find/abc", b"", 404),
    ],
)
async def test_d54_mistakes_of_a_client_are_no_server_errors(
    client: httpx.AsyncClient, method: str, path: str, body: bytes, status: int
) -> None:
    """Each mistake has its status; a query's has a text as detail, any other's an object with a code."""
    answer = await client.request(method, path, content=body)

    detail = answer.json()["detail"]
    assert status == answer.status_code
    assert isinstance(detail, str) if "?" in path else {"code", "message", "trace_id"} <= detail.keys()


async def test_d55_inconsistencies_that_clients_rely_on(client: httpx.AsyncClient) -> None:
    """Deleting what is gone is 200 `false`, no result is 200 `null`, pages are snake_case, an unasked profile is a 400."""
    answers = [await client.delete("/tools/1"), await client.delete("/tools/1"), await client.post("/plain/nothing")]
    page = (await client.get("/tools/")).json()
    profile = await client.get("/plain/summary?profile=default")

    assert [(200, "true"), (200, "false"), (200, "null")] == [(a.status_code, a.text) for a in answers]
    assert {"items", "total_count", "page", "limit", "has_next"} == page.keys()
    assert (400, str) == (profile.status_code, type(profile.json()["detail"]))


async def test_d55_violation_fields_are_snake_case(client: httpx.AsyncClient) -> None:
    """Violations name fields as Python does, also where the client used camelCase."""
    answer = await client.get("/shops/7/files/a?maxStock=x")

    assert "max_stock" == answer.json()["detail"]["violations"][0]["field"]


async def test_d60_document_describes_what_is_answered(client: httpx.AsyncClient) -> None:
    """Columns are required in answers, null is stated once, errors and filters are documented."""
    document = (await client.get("/openapi.json")).json()

    schemas, listing = document["components"]["schemas"], document["paths"]["/tools/"]["get"]
    assert ["broken", "id", "note", "sku", "stock"] == sorted(schemas["Tool"]["required"])
    assert {"type": "integer"} == schemas["Tool"]["properties"]["id"]
    assert {"anyOf": [{"type": "string"}, {"type": "null"}]} == schemas["Tool"]["properties"]["note"]
    assert [{"type": "string"}] == [schemas["ChangeRequest"]["properties"]["label"]]
    assert {"200", "400", "404", "409", "422", "503"} == listing["responses"].keys()
    assert {"sku", "stock", "broken", "note"} <= {parameter["name"] for parameter in listing["parameters"]}
