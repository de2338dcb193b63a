"""The API as a user of loom declares it."""

from typing import Any

from benchmarks.apps import POOL_SIZE
from benchmarks.apps.loom_app.interfaces import BenchInterface, RecordInterface
from loom.rest.fastapi.auto import create_app


def build(url: str) -> Any:
    """Return the application on the database at `url`."""
    pool = {} if url.startswith("sqlite") else {"pool_size": POOL_SIZE, "max_overflow": 0}
    return create_app(
        {
            "app": {"name": "bench", "rest": {"title": "Bench"}},
            "database": {"url": url, "create_all": False, **pool},
            "trace": {"enabled": False},
            "metrics": {"enabled": False},
        },
        interfaces=[BenchInterface, RecordInterface],
    )
