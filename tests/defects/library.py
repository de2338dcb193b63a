"""A small application to show that a defect is not here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from loom.core.model import BaseModel, ColumnField
from loom.core.use_case import UseCase
from loom.rest.fastapi.auto import create_app
from loom.rest.model import RestInterface, RestRoute


class Tome(BaseModel):
    __tablename__ = "df_tomes"

    id: int = ColumnField(primary_key=True, autoincrement=True)
    title: str = ColumnField(length=40)


class Explode(UseCase[Any, None]):
    """Fail unexpectedly."""

    async def execute(self) -> None:
        """Raise."""
        raise ZeroDivisionError("secret")


class TomeInterface(RestInterface[Tome]):
    prefix = "/tomes"
    auto = True


class ExplodeInterface(RestInterface[Any]):
    prefix = "/explode"
    routes = (RestRoute(Explode, "GET", "/"),)


def library(path: Path, registry: Any = None, **sections: Any) -> FastAPI:
    """Return an application with its database at `path`; keyword arguments are further sections."""
    config = {"app": {"name": "library"}, "database": {"url": f"sqlite+aiosqlite:///{path}"}, **sections}
    return create_app(config, interfaces=[TomeInterface, ExplodeInterface], metrics_registry=registry)


@asynccontextmanager
async def client_of(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the running app; a crash is an answer, a redirect is not followed."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://library.test") as client,
    ):
        yield client
