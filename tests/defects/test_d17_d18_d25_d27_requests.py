"""D17, D18, D25 and D27: profiles that do not exist, lookups by absent fields, optional columns, what a write returns."""

from typing import Any

import pytest
import sqlalchemy as sa

from loom.core.command import Command, Patch
from loom.core.errors import DiagnosticError
from loom.core.model import BaseModel, Cardinality, ColumnField, ProjectionField, RelationField
from loom.core.projection.loaders import CountLoader
from loom.core.repository.sqlalchemy import SessionManager
from loom.core.use_case import Exists, Input, Load, OnMissing, UseCase
from loom.rest.fastapi.auto import create_app
from loom.rest.model import RestInterface, RestRoute
from tests.defects.databases import Serve, database, serve  # noqa: F401 - fixtures


class Pet(BaseModel):
    __tablename__ = "d17_pets"
    id: int = ColumnField(primary_key=True, autoincrement=True)
    owner_id: int = ColumnField(foreign_key="d17_owners.id")
    name: str = ColumnField(length=20)
    nick: str | None = ColumnField(length=20)
    age: int | None = ColumnField(nullable=True)


class Owner(BaseModel):
    __tablename__ = "d17_owners"
    id: int = ColumnField(primary_key=True, autoincrement=True)
    name: str = ColumnField(length=20)
    pets: list[Pet] = RelationField(foreign_key="owner_id", cardinality=Cardinality.ONE_TO_MANY, profiles=("pets",))
    pet_count: int = ProjectionField(loader=CountLoader(Pet))


class ChangePet(Command, frozen=True):
    owner_id: Patch[int]
    name: Patch[str]


class Change(UseCase[Pet, Any]):
    async def execute(
        self,
        pet_id: int,
        cmd: ChangePet = Input(),
        known: bool = Exists(Owner, from_command="owner_id", against="id", on_missing=OnMissing.RAISE),
        owner: Owner | None = Load(Owner, from_command="owner_id", against="id"),
    ) -> dict[str, Any]:
        return {"known": known, "owner": owner.name if owner else None}


class Pets(RestInterface[Pet]):
    prefix = "/pets"
    auto = True
    include = ("create", "get")
    routes = (RestRoute(use_case=Change, method="PATCH", path="/{pet_id}"),)


class PetsAuto(RestInterface[Pet]):
    prefix = "/auto-pets"
    auto = True


class Owners(RestInterface[Owner]):
    prefix = "/owners"
    auto = True
    allowed_profiles = ("default", "pets")
    expose_profile = True


class Misspelt(RestInterface[Owner]):
    prefix = "/misspelt"
    auto = True
    allowed_profiles = ("default", "pest")
    expose_profile = True


def test_d17_an_exposed_profile_that_does_not_exist_is_found_at_start(tmp_path: Any) -> None:
    """The application does not build, and the diagnostic has the closest profile."""
    settings = {"app": {"name": "d17"}, "database": {"url": f"sqlite+aiosqlite:///{tmp_path}/x.db"}}

    with pytest.raises(DiagnosticError, match="did you mean 'pets'"):
        create_app(settings, interfaces=[Misspelt])


async def test_d17_a_profile_asked_for_is_checked(serve: Serve) -> None:
    """A profile that is not exposed answers 400, one that is answers with its relations."""
    async with serve(Owners, PetsAuto) as client:
        await client.post("/owners/", json={"name": "Ann"})
        answers = [await client.get(f"/owners/1?profile={name}") for name in ("pest", "pets")]

    assert [400, 200] == [answer.status_code for answer in answers]
    assert [] == answers[1].json()["pets"]


async def test_d18_an_absent_field_looks_nothing_up(serve: Serve) -> None:
    """An `Exists` or `Load` by a Patch field that was not sent is False and None: no 404, no query; sent, it is looked up."""
    seen: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        seen.append(statement)

    async with serve(Pets, Owners) as client:
        await client.post("/owners/", json={"name": "Ann"})
        manager = client._transport.app.state.loom.kernel.container.resolve(SessionManager)  # type: ignore[attr-defined]  # the app under test
        sa.event.listen(manager.engine.sync_engine, "before_cursor_execute", note)
        absent = (await client.patch("/pets/1", json={"name": "x"})).json()
        queries = [statement for statement in seen if "d17_owners" in statement]
        sent = (await client.patch("/pets/1", json={"ownerId": 1})).json()
        unknown = await client.patch("/pets/1", json={"ownerId": 9})

    assert ({"known": False, "owner": None}, []) == (absent, queries)
    assert {"known": True, "owner": "Ann"} == sent
    assert 404 == unknown.status_code


async def test_d25_a_nullable_column_need_not_be_sent(serve: Serve) -> None:
    """Auto-create takes columns that may be NULL as optional; what may not is required by name."""
    async with serve(PetsAuto, Owners) as client:
        await client.post("/owners/", json={"name": "Ann"})
        made = await client.post("/auto-pets/", json={"ownerId": 1, "name": "Rex"})
        refused = await client.post("/auto-pets/", json={"ownerId": 1})

    assert {"id": 1, "ownerId": 1, "name": "Rex", "nick": None, "age": None} == made.json()
    assert (422, ["name"]) == (refused.status_code, [v["field"] for v in refused.json()["detail"]["violations"]])


async def test_d27_a_write_returns_columns_and_a_read_what_is_derived(serve: Serve) -> None:
    """Create and update answer with the stored columns; the projections of the default profile come with a read."""
    async with serve(Owners, PetsAuto) as client:
        made = (await client.post("/owners/", json={"name": "Ann"})).json()
        changed = (await client.patch("/owners/1", json={"name": "Bob"})).json()
        read = (await client.get("/owners/1")).json()

    assert [{"id": 1, "name": "Ann"}, {"id": 1, "name": "Bob"}] == [made, changed]
    assert {"id": 1, "name": "Bob", "petCount": 0} == read
