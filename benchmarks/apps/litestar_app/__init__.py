"""The API in Litestar, msgspec and Advanced Alchemy."""

from typing import Any

from advanced_alchemy.extensions.litestar import AsyncSessionConfig, SQLAlchemyAsyncConfig, SQLAlchemyPlugin
from litestar import Litestar

from benchmarks.apps.litestar_app.routes import RecordController, ping
from benchmarks.apps.orm import Base, make_engine


def build(url: str) -> Any:
    """Return the application on the database at `url`."""
    config = SQLAlchemyAsyncConfig(
        engine_instance=make_engine(url),
        metadata=Base.metadata,
        session_config=AsyncSessionConfig(expire_on_commit=False),
        before_send_handler="autocommit",
    )
    return Litestar(route_handlers=[ping, RecordController], plugins=[SQLAlchemyPlugin(config=config)])
