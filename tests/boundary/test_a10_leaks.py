"""A10. What an error says: nothing of the machine, the statement or the code that raised it."""

import re
from typing import Any

import httpx
import pytest

from loom.core.model import BaseModel, ColumnField
from loom.core.use_case import UseCase
from loom.rest.model import RestInterface, RestRoute

INNER = re.compile(
    r"select|insert|update |sqlalchemy|asyncpg|sqlite|traceback|file \"|/home|/srv|/tmp|\.py|line \d+|0x[0-9a-f]{6}"
    r"|edge_members|psycopg|msgspec|exception|keyerror|zerodivision|password|hunter2",
    re.IGNORECASE,
)


class Leaf(BaseModel):
    """An application needs a model."""

    __tablename__ = "edge_leaves"

    id: int = ColumnField(primary_key=True, autoincrement=True)


class Leaves(RestInterface[Leaf]):
    """And an interface to it."""

    prefix = "/leaves"
    auto = True


class Crash(UseCase[Any, None]):
    """Fail with a secret."""

    async def execute(self, how: str) -> None:
        """Raise."""
        crashes: dict[str, Exception] = {
            "key": KeyError("hunter2"),
            "value": ValueError("password=hunter2"),
            "type": TypeError("/srv/secret.py, line 7"),
            "os": OSError(2, "no such file", "/home/hunter2"),
            "unicode": UnicodeDecodeError("utf-8", b"hunter2", 0, 1, "bad"),
            "recursion": RecursionError("hunter2"),
            "memory": MemoryError("hunter2"),
            "assertion": AssertionError("hunter2"),
        }
        raise crashes[how]


class Crashes(RestInterface[Any]):
    """Every way to fail."""

    prefix = "/crash"
    routes = (RestRoute(Crash, "GET", "/{how}"),)


@pytest.mark.parametrize("accept", ["application/json", "application/problem+json"])
@pytest.mark.parametrize("how", ["key", "value", "type", "os", "unicode", "recursion", "memory", "assertion"])
async def test_crash_says_nothing(serve: Any, how: str, accept: str) -> None:
    """Whatever is raised, the answer is the same few words."""
    async with serve(interfaces=(Leaves, Crashes)) as client:
        answer = await client.get(f"/crash/{how}", headers={"accept": accept})

    assert 500 == answer.status_code
    assert not INNER.search(answer.text)


@pytest.mark.parametrize(
    ("method", "path", "sent"),
    [
        ("POST", "/members/", {"json": {"name": "Ada"}}),
        ("POST", "/members/", {"json": {"name": None, "age": "hunter2"}}),
        ("POST", "/loans/", {"json": {"memberId": 4711, "title": "hunter2"}}),
        ("PATCH", "/members/1", {"json": {"joined": "hunter2"}}),
        ("POST", "/members/", {"content": b'{"name": "hunter2'}),
        ("GET", "/members/?age=hunter2", {}),
        ("GET", "/members/?sort=age&after=hunter2", {}),
        ("GET", "/members/?limit=hunter2", {}),
        ("GET", "/members/?pagination=hunter2", {}),
        ("GET", "/members/?direction=hunter2", {}),
        ("GET", "/members/?profile=hunter2", {}),
        ("GET", "/members/?or=(age=hunter2)", {}),
        ("GET", "/members/hunter2", {}),
        ("POST", "/echo/?at=hunter2", {"json": {}}),
        ("DELETE", "/members/1", {}),
    ],
)
async def test_refusal_repeats_no_value(
    client: httpx.AsyncClient, method: str, path: str, sent: dict[str, Any]
) -> None:
    """A refused value is not in the answer, and neither is a word of the database."""
    member = (await client.post("/members/", json={"name": "Ada"})).json()["id"]
    await client.post("/loans/", json={"memberId": member, "title": "Dune"})

    answer = await client.request(method, path, **sent)

    assert 400 <= answer.status_code < 500
    assert not INNER.search(answer.text), answer.text


def test_control_the_search_finds_what_it_looks_for() -> None:
    """A text as an application without the boundary might send it is caught."""
    assert INNER.search('Traceback (most recent call last):\n  File "/srv/app.py", line 3\nKeyError: hunter2')
    assert INNER.search("(sqlite3.IntegrityError) UNIQUE constraint failed: edge_members.name")
