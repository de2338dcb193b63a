"""D15, D44 and D53: foreign keys hold and say so, applications do not share state, tables may be made by many at once."""

import asyncio
from typing import Any

import sqlalchemy as sa

from loom.core.backend.sqlalchemy import Tables, get_compiled, get_metadata, reset_registry
from loom.core.model import BaseModel, ColumnField, OnDelete
from loom.core.repository.sqlalchemy import SessionManager
from loom.rest.model import RestInterface
from tests.defects.databases import Serve, database, serve  # noqa: F401 - fixtures


class City(BaseModel):
    __tablename__ = "d15_cities"
    id: int = ColumnField(primary_key=True, autoincrement=True)
    name: str = ColumnField(length=20)


class House(BaseModel):
    __tablename__ = "d15_houses"
    id: int = ColumnField(primary_key=True, autoincrement=True)
    city_id: int = ColumnField(foreign_key="d15_cities.id", on_delete=OnDelete.RESTRICT)


class Room(BaseModel):
    __tablename__ = "d15_rooms"
    id: int = ColumnField(primary_key=True, autoincrement=True)
    house_id: int = ColumnField(foreign_key="d15_houses.id", on_delete=OnDelete.CASCADE)


class Cities(RestInterface[City]):
    prefix = "/cities"
    auto = True


class Houses(RestInterface[House]):
    prefix = "/houses"
    auto = True


class Rooms(RestInterface[Room]):
    prefix = "/rooms"
    auto = True


async def test_d15_deleting_what_is_referenced_is_a_conflict(serve: Serve) -> None:
    """RESTRICT answers 409 and nothing is deleted; CASCADE takes the rows below along."""
    async with serve(Cities, Houses, Rooms) as client:
        await client.post("/cities/", json={"name": "Delft"})
        await client.post("/houses/", json={"cityId": 1})
        await client.post("/rooms/", json={"houseId": 1})
        refused = await client.delete("/cities/1")
        left = (await client.get("/cities/1")).status_code
        await client.delete("/houses/1")
        answers = [(await client.get("/rooms/1")).status_code, (await client.delete("/cities/1")).json()]

    assert (409, "conflict", 200) == (refused.status_code, refused.json()["detail"]["code"], left)
    assert [404, True] == answers


async def test_d15_referencing_nothing_is_a_conflict(serve: Serve) -> None:
    """A foreign key to a row that does not exist answers 409, also on SQLite."""
    async with serve(Cities, Houses) as client:
        answer = await client.post("/houses/", json={"cityId": 99})

    assert 409 == answer.status_code


async def test_d44_a_second_application_leaves_the_first_alone(serve: Serve) -> None:
    """Building, serving and ending another application of the same models, and resetting the default registry, changes
    nothing for a running one."""
    async with serve(Cities) as first:
        await first.post("/cities/", json={"name": "Delft"})
        async with serve(Cities) as second:
            seen = (await second.get("/cities/1")).json()
        reset_registry()
        answer = await first.get("/cities/1")

    assert ("Delft", 200) == (seen["name"], answer.status_code)


async def test_d44_a_lifespan_may_be_entered_again(database: dict[str, Any]) -> None:
    """The same application serves after it was stopped and started."""
    from httpx import ASGITransport, AsyncClient

    from loom.rest.fastapi.auto import create_app

    app = create_app({"app": {"name": "again"}, "database": database}, interfaces=[Cities])
    answers = []
    for _ in range(3):
        async with (
            app.router.lifespan_context(app),
            AsyncClient(transport=ASGITransport(app), base_url="http://test") as client,
        ):
            answers.append((await client.post("/cities/", json={"name": "Delft"})).status_code)

    assert [201] * 3 == answers


def test_d44_applications_do_not_fill_the_default_registry() -> None:
    """Tables of an application are its own: the module-level functions know nothing of them."""
    reset_registry()
    Tables().compile(City)

    assert get_compiled(City) is None
    assert {} == dict(get_metadata().tables)


async def test_d53_workers_may_make_tables_at_once(database: dict[str, Any]) -> None:
    """Several workers that start on an empty database all succeed, and the tables are there once."""
    managers = []
    for _ in range(6):
        tables = Tables()
        tables.compile(City, House, Room)
        managers.append(SessionManager(database["url"], connect_args=database.get("connect_args"), tables=tables))

    await asyncio.gather(*(manager.create_tables() for manager in managers))

    async with managers[0].engine.connect() as connection:
        made = await connection.run_sync(lambda sync: sa.inspect(sync).get_table_names())
    for manager in managers:
        await manager.dispose()
    assert {"d15_cities", "d15_houses", "d15_rooms"} <= set(made)


async def test_d53_making_tables_can_be_left_to_migrations(serve: Serve, database: dict[str, Any]) -> None:
    """With `database.create_all: false` a start makes no table."""
    async with serve(Cities, create_all=False):
        pass
    manager = SessionManager(database["url"], connect_args=database.get("connect_args"), tables=Tables())
    async with manager.engine.connect() as connection:
        made = await connection.run_sync(lambda sync: sa.inspect(sync).get_table_names())
    await manager.dispose()

    assert [] == made
