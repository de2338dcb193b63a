"""D39: middleware is given outermost first."""

from typing import Any

import httpx

from loom.core.bootstrap import create_kernel
from loom.core.use_case import UseCase
from loom.rest.fastapi import create_fastapi_app
from loom.rest.model import RestInterface, RestRoute

seen: list[str] = []


class Outer:
    """Notes when a request comes in and when it leaves."""

    name = "outer"

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        seen.append(f"{self.name} in")
        await self._app(scope, receive, send)
        seen.append(f"{self.name} out")


class Inner(Outer):
    """The same, closer to the route."""

    name = "inner"


class Note(UseCase[Any, str]):
    """Notes that it ran."""

    async def execute(self) -> str:
        """Note."""
        seen.append("ran")
        return "ok"


class Notes(RestInterface[Any]):
    """One route."""

    prefix = "/note"
    routes = (RestRoute(Note, "GET", ""),)


async def test_d39_first_middleware_is_outermost() -> None:
    """Of several the first sees a request first and its answer last."""
    seen.clear()
    app = create_fastapi_app(create_kernel(config=object(), use_cases=[Note]), [Notes], middleware=(Outer, Inner))

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://d39.test") as client:
        await client.get("/note")

    assert ["outer in", "inner in", "ran", "inner out", "outer out"] == seen
