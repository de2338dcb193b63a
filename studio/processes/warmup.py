"""What a zygote does once, so that none of its children has to: import the libraries, and use them a first time."""

import gc
import importlib
import sys
from contextlib import suppress

LIBRARIES = (
    "aiosqlite",
    "asyncpg",
    "fastapi",
    "fastapi.openapi.utils",
    "loom.core.repository.sqlalchemy",
    "loom.rest.fastapi.auto",
    "loom.rest.autocrud",
    "omegaconf",
    "sqlalchemy.dialects.sqlite.aiosqlite",
    "sqlalchemy.dialects.postgresql.asyncpg",
    "sqlalchemy.ext.asyncio",
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.httptools_impl",
    "uvicorn.protocols.websockets.auto",
)
"""What most applications import; one that is not installed is left out."""


def warm_up(modules: tuple[str, ...]) -> None:
    """Import `modules`, try what they do, and put all of it out of the collector's reach so that forks share it."""
    sys.dont_write_bytecode = True
    for module in modules:
        with suppress(Exception):  # a library that does not import is the application's problem, in its own words
            importlib.import_module(module)
    with suppress(Exception):
        try_once()
    gc.collect()
    gc.freeze()


def try_once() -> None:
    """Compile a throw-away application: libraries load half of themselves, and fill their caches, on first use."""
    from loom.core.model import BaseModel, ColumnField
    from loom.rest.fastapi.auto import create_app
    from loom.rest.model import RestInterface

    class Trial(BaseModel):
        __tablename__ = "trials"
        id: int = ColumnField(primary_key=True, autoincrement=True)
        name: str = ColumnField(length=10)

    class Trials(RestInterface[Trial]):
        prefix = "/trials"
        auto = True

    config = {"app": {"name": "trial"}, "database": {"url": "sqlite+aiosqlite://"}}
    app = create_app(config, interfaces=[Trials])

    @app.get("/plain")
    async def plain(word: str = "") -> dict[str, str]:
        return {"word": word}
