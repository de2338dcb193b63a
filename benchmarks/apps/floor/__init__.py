"""The least a server can do: a bare ASGI function, the driver, one hand-written statement, JSON made by the database.

There is no validation worth the name, no OpenAPI, no error but 404: it is the height of the ground, not an application.
"""

from typing import Any

from benchmarks.apps.floor.app import Floor
from benchmarks.apps.floor.postgres import Postgres
from benchmarks.apps.floor.sqlite import SQLite


def build(url: str) -> Any:
    """Return the application on the database at `url`."""
    if url.startswith("sqlite"):
        return Floor(SQLite(url.split("///", 1)[1]))
    return Floor(Postgres(url.replace("+asyncpg", "")))
