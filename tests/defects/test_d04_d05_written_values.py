"""D4 and D5: what a command says is what is stored: null, absence and defaults told apart, values in their own types."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from loom.core.backend.sqlalchemy import Tables
from loom.core.command import Command, Patch
from loom.core.model import ColumnField, TimestampedModel
from loom.core.repository.sqlalchemy import RepositorySQLAlchemy, SessionManager
from loom.core.use_case import Input, UseCase
from loom.rest.model import RestInterface, RestRoute
from tests.defects.databases import Serve, database, serve  # noqa: F401 - fixtures


class Task(TimestampedModel):
    __tablename__ = "d04_tasks"
    id: int = ColumnField(primary_key=True, autoincrement=True)
    title: str = ColumnField(length=40)
    note: str | None = ColumnField(length=40)
    status: str = ColumnField(length=20, default="created")
    due_at: datetime | None = ColumnField()
    day: date | None = ColumnField()
    key: UUID | None = ColumnField()


class NewTask(Command, frozen=True):
    title: str
    note: str | None = None
    status: str = "draft"
    due_at: datetime | None = None
    day: date | None = None
    key: UUID | None = None


class ChangeTask(Command, frozen=True):
    title: Patch[str]
    note: Patch[str | None] = None


class Create(UseCase[Task, Task]):
    async def execute(self, cmd: NewTask = Input()) -> Task:
        return await self.main_repo.create(cmd)


class Change(UseCase[Task, Task]):
    async def execute(self, task_id: int, cmd: ChangeTask = Input()) -> Task | None:
        return await self.main_repo.update(task_id, cmd)


class Face(RestInterface[Task]):
    prefix = "/tasks"
    routes = (
        RestRoute(use_case=Create, method="POST", path="/", status_code=201),
        RestRoute(use_case=Change, method="PATCH", path="/{task_id}"),
    )


@pytest.mark.parametrize(
    ("change", "status", "title", "note"),
    [
        ({}, 200, "one", "old"),
        ({"title": "two"}, 200, "two", "old"),
        ({"note": None}, 200, "one", None),
        ({"note": "new"}, 200, "one", "new"),
        ({"title": None}, 422, "one", "old"),
    ],
)
async def test_d04_a_patch_tells_absent_null_and_value_apart(
    serve: Serve,
    change: dict[str, Any],
    status: int,
    title: str,
    note: str | None,
) -> None:
    """Absent stays, null is stored where the field admits it and refused where it does not, a value is stored."""
    async with serve(Face) as client:
        await client.post("/tasks/", json={"title": "one", "note": "old"})
        answer = await client.patch("/tasks/1", json=change)
        now = (await client.patch("/tasks/1", json={})).json()

    assert status == answer.status_code
    assert (title, note) == (now["title"], now["note"])


async def test_d04_a_commands_default_is_stored(serve: Serve) -> None:
    """A create command's default wins over a different one of the model."""
    async with serve(Face) as client:
        made = (await client.post("/tasks/", json={"title": "one"})).json()

    assert "draft" == made["status"]


async def test_d05_values_are_stored_in_their_own_types(database: dict[str, Any]) -> None:
    """Times, dates and UUIDs of a command come back as times, dates and UUIDs, equal to what was sent."""
    tables = Tables()
    tables.compile(Task)
    manager = SessionManager(database["url"], connect_args=database.get("connect_args"), tables=tables)
    await manager.create_tables()
    due, day, key = datetime(2026, 1, 2, 3, 4, tzinfo=UTC), date(2026, 1, 2), UUID(int=7)
    tasks = RepositorySQLAlchemy[Task, int](manager, Task)
    command, _ = NewTask.from_payload({"title": "a", "dueAt": due.isoformat(), "day": day.isoformat(), "key": str(key)})

    await tasks.create(command)
    found = await tasks.get_by_id(1)
    await manager.dispose()

    assert found is not None
    assert (day, key) == (found.day, found.key)
    assert isinstance(found.due_at, datetime)
    assert due == found.due_at.replace(tzinfo=UTC)
