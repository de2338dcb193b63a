"""The API in FastAPI, pydantic and the SQLAlchemy ORM, as its documentation says one should write it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import async_sessionmaker

from benchmarks.apps.handwritten.routes import router
from benchmarks.apps.orm import make_engine


def build(url: str) -> Any:
    """Return the application on the database at `url`."""
    engine = make_engine(url)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.sessions = async_sessionmaker(engine, expire_on_commit=False)
        yield
        await engine.dispose()

    app = FastAPI(title="Bench", lifespan=lifespan)
    app.include_router(router)
    return app
