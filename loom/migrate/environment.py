"""What an application's `migrations/env.py` calls: Alembic meets the compiled tables and the configured database.

One transaction for everything a command does, on SQLite too; on PostgreSQL an advisory lock lets several deployments start
at once. SQLite's foreign keys are off meanwhile: a batch change replaces a table, and its cascades must not follow.
"""

import asyncio
from typing import Any

import sqlalchemy as sa
from alembic import context
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from loom.core.errors import LoomError
from loom.core.target import find_target
from loom.loading import load_application
from loom.migrate.rendering import render_item

_LOCK = 0x6D6967  # advisory lock number: "mig"


def run_migrations(**options: Any) -> None:
    """Run what the Alembic command asks for. Call it at the end of `env.py`.

    Args:
        options: more for Alembic's `context.configure`, such as `include_object` or `version_table`.

    Raises:
        LoomError: an upgrade of a database that has the tables and no recorded revision.
    """
    application = _application()
    shared = {
        "target_metadata": application.tables.metadata,
        "render_item": render_item,
        "render_as_batch": True,
        "compare_server_default": True,
        "transactional_ddl": True,
        "on_version_apply": _announce,
        **options,
    }
    if context.is_offline_mode():
        context.configure(url=_sync_url(application.database_url), literal_binds=True, **shared)
        with context.begin_transaction():
            context.run_migrations()
    else:
        asyncio.run(_online(application, shared))


def _application() -> Any:
    """The application `loom migrate` loaded, or the one alembic.ini names."""
    loaded = context.config.attributes.get("application")
    return loaded or load_application(find_target(context.config.get_main_option("loom_app") or "."))


async def _online(application: Any, options: dict[str, Any]) -> None:
    engine = create_async_engine(
        application.database_url, poolclass=NullPool, connect_args=application.settings.database.connect_args
    )
    if engine.dialect.name == "sqlite":
        _begin_before_ddl(engine)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_migrate, options)
    finally:
        await engine.dispose()


def _migrate(connection: sa.Connection, options: dict[str, Any]) -> None:
    context.configure(connection=connection, **options)
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        if context.config.attributes.get("refuse_untracked"):
            _refuse_untracked(connection, options["target_metadata"])
        context.run_migrations()


def _refuse_untracked(connection: sa.Connection, metadata: sa.MetaData) -> None:
    if context.get_context().get_current_heads():
        return
    there = sorted(set(sa.inspect(connection).get_table_names()) & set(metadata.tables))
    if there:
        raise LoomError(
            f"the database has tables ({', '.join(there)}) and no recorded revision. If they are those of the latest "
            "revision, record it with: loom migrate stamp head. Applications that migrate set database.create_all: false",
            code="untracked_tables",
        )


def _announce(*, step: Any, **_: Any) -> None:
    say = context.config.attributes.get("say")
    if say is None:
        return
    if step.is_stamp:
        say(f"recorded {', '.join(step.up_revision_ids)}")
    else:
        say(f"{'up  ' if step.is_upgrade else 'down'} {step.up_revision_id} {step.up_revision.doc}")


def _begin_before_ddl(engine: AsyncEngine) -> None:
    @sa.event.listens_for(engine.sync_engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _sync_url(url: str) -> str:
    """A URL that only names the dialect: nothing is connected to."""
    return f"{sa.make_url(url).get_backend_name()}://"
