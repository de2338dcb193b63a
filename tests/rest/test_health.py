"""`/health` and `/ready`, behind whatever the application has there itself."""

from typing import Any

from loom.core.model import BaseModel, ColumnField
from loom.core.use_case import UseCase
from loom.rest.model import RestInterface, RestRoute


class Leaf(BaseModel):
    """An application needs a model."""

    __tablename__ = "health_leaves"

    id: int = ColumnField(primary_key=True, autoincrement=True)


class Leaves(RestInterface[Leaf]):
    """And an interface to it."""

    prefix = "/leaves"
    auto = True


class Own(UseCase[Any, str]):
    """The application's own idea of health."""

    async def execute(self) -> str:
        """Answer."""
        return "mine"


class OwnHealth(RestInterface[Any]):
    """A route where loom would answer."""

    prefix = "/health"
    routes = (RestRoute(Own, "GET", ""),)


async def test_both_answer(client: Any) -> None:
    """The process answers, and so does its database."""
    answers = [await client.get("/health"), await client.get("/ready")]

    assert [{"status": "ok"}, {"status": "ok", "checks": {"database": "ok"}}] == [answer.json() for answer in answers]


async def test_routes_of_the_application_win(make: Any, connected: Any) -> None:
    """A route the application has at the same path is the one that answers, and the one that is documented."""
    app = make((Leaves, OwnHealth))

    async with app.router.lifespan_context(app), connected(app) as client:
        answer = await client.get("/health")
        document = (await client.get("/openapi.json")).json()

    assert "mine" == answer.json()
    assert "The application's own idea of health." == document["paths"]["/health"]["get"]["summary"]


async def test_paths_are_settings(make: Any, connected: Any) -> None:
    """Either can move, or be switched off."""
    app = make(app={"name": "library", "rest": {"health_path": "/-/alive", "ready_path": None}})

    async with app.router.lifespan_context(app), connected(app) as client:
        statuses = [(await client.get(path)).status_code for path in ("/-/alive", "/health", "/ready")]

    assert [200, 404, 404] == statuses
