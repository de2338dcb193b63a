"""A6. A body sets what its command offers and nothing else, however it is spelled."""

from typing import Any

import httpx
import pytest

from loom.core.command import Command
from loom.core.use_case import Input, UseCase
from loom.rest.model import RestInterface, RestRoute

FORBIDDEN: dict[str, Any] = {
    "id": 4711,
    "token": "mallory",
    "rating": 5.0,
    "visits": 99,
    "createdAt": "2001-01-01T00:00:00Z",
    "created_at": "2001-01-01T00:00:00Z",
    "updatedAt": "2001-01-01T00:00:00Z",
    "updated_at": "2001-01-01T00:00:00Z",
    "joined": "2001-01-01T00:00:00Z",
    "loans": [{"id": 1, "title": "stolen", "memberId": 1}],
    "__class__": "Admin",
    "__dict__": {"token": "mallory"},
    "__struct_fields__": ["token"],
    "_loom_fields_set": ["token"],
    "member.token": "mallory",
    "TOKEN": "mallory",
    "tokeN": "mallory",
}


async def stored(client: httpx.AsyncClient, member_id: int) -> dict[str, Any]:
    """Return a member as auto-CRUD shows it, without what time changes."""
    found: dict[str, Any] = (await client.get(f"/members/{member_id}")).json()
    return {key: value for key, value in found.items() if key not in ("createdAt", "updatedAt")}


@pytest.mark.parametrize("field", FORBIDDEN)
async def test_field_that_is_not_offered_is_not_set_on_create(client: httpx.AsyncClient, field: str) -> None:
    """A create ignores keys, timestamps, internal, computed and relational fields."""
    answer = await client.post("/cards/", json={"name": "Ada", "age": 3, field: FORBIDDEN[field]})

    found = await stored(client, answer.json()["id"])
    expected = {"id": 1, "name": "Ada", "age": 3, "visits": 0, "rating": 3.0, "joined": None, "token": ""}
    assert (201, expected) == (answer.status_code, found)
    assert not answer.json()["createdAt"].startswith("2001")


@pytest.mark.parametrize("field", FORBIDDEN)
async def test_field_that_is_not_offered_is_not_changed(client: httpx.AsyncClient, field: str) -> None:
    """A change ignores them as well, an explicit null among them."""
    member = (await client.post("/members/", json={"name": "Ada", "token": "secret", "visits": 7})).json()
    before = await stored(client, member["id"])

    for value in (FORBIDDEN[field], None):
        await client.patch(f"/cards/{member['id']}", json={"name": "Eve", field: value})

    assert before | {"name": "Eve"} == await stored(client, member["id"])


@pytest.mark.parametrize("field", ["id", "createdAt", "updated_at", "loans", "__class__"])
async def test_auto_crud_keeps_what_the_database_sets(client: httpx.AsyncClient, field: str) -> None:
    """Auto-CRUD offers no key, no timestamp and no relation."""
    created = (await client.post("/members/", json={"name": "Ada", field: FORBIDDEN[field]})).json()
    changed = (await client.patch(f"/members/{created['id']}", json={field: FORBIDDEN[field]})).json()

    assert [(1, True), (1, True)] == [(m["id"], not m["createdAt"].startswith("2001")) for m in (created, changed)]


@pytest.mark.parametrize("field", FORBIDDEN)
async def test_strict_bodies_refuse_them(serve: Any, field: str) -> None:
    """With `rest.strict_bodies` each is a violation that names it."""
    async with serve(rest={"strict_bodies": True}) as client:
        answer = await client.post("/cards/", json={"name": "Ada", field: FORBIDDEN[field]})

    assert (422, [field]) == (answer.status_code, [v["field"] for v in answer.json()["detail"]["violations"]])


async def test_document_does_not_offer_them(client: httpx.AsyncClient) -> None:
    """The OpenAPI document offers exactly what can be set."""
    schemas = (await client.get("/openapi.json")).json()["components"]["schemas"]

    assert {"name", "age"} == schemas["RegisterRequest"]["properties"].keys()
    assert {"name"} == schemas["RenameRequest"]["properties"].keys()


async def test_control_an_unmarked_field_is_set(serve: Any) -> None:
    """A command that offers the same field without a marker sets it."""
    from loom.core.model import BaseModel, ColumnField

    class Person(BaseModel):
        __tablename__ = "edge_control_people"
        id: int = ColumnField(primary_key=True, autoincrement=True)
        token: str = ColumnField(length=20, default="")

    class Careless(Command):
        token: str = ""

    class Create(UseCase[Person, Person]):
        async def execute(self, cmd: Careless = Input()) -> Person:
            return await self.main_repo.create(cmd)

    class People(RestInterface[Person]):
        prefix = "/people"
        routes = (RestRoute(Create, "POST", "/"),)

    async with serve(interfaces=(People,)) as client:
        answer = await client.post("/people/", json={"token": "mallory"})

    assert "mallory" == answer.json()["token"]
