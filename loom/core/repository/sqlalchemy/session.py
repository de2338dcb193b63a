"""The engine of one application, and the connection a repository call runs on.

Inside a unit of work every call shares its connection, one statement at a time. Outside one, a read runs in autocommit
mode (no BEGIN, no ROLLBACK) and a write in a transaction of its own. SQLite is opened with foreign keys on, a write-ahead
log, a busy timeout and a LIKE that tells upper from lower case, as PostgreSQL's does; its transactions begin IMMEDIATE, so
that two writers queue instead of failing half-way. A database in memory has one connection, which callers take in turns.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from loom.core.backend.sqlalchemy import Tables, default_tables
from loom.core.repository.mutation import MutationEvent, Mutations, SupportsPostCommit
from loom.core.repository.sqlalchemy.errors import translated
from loom.core.repository.sqlalchemy.lending import Driver, LendingPool
from loom.core.repository.sqlalchemy.turns import Turns
from loom.core.uow.context import active_uow

REFUSAL = "loom_refusal"
"""Key of a connection's `info`: the error by which the database ended the running transaction."""

TOLD = "loom_told"
"""Execution option of statements whose repository tells of the change itself."""

_CREATE_LOCK = 0x6C6F6F6D  # advisory lock number: "loom"
_PRAGMAS = ("foreign_keys=ON", "journal_mode=WAL", "busy_timeout=5000", "synchronous=NORMAL", "case_sensitive_like=ON")


class Transactional(Protocol):
    """A unit of work a repository can run in."""

    turns: Turns
    mutations: Mutations

    @property
    def is_open(self) -> bool:
        """False where the transaction is over."""
        ...

    @property
    def listeners(self) -> Sequence[SupportsPostCommit]:
        """Who is told of every change on this engine."""
        ...

    @property
    def connection(self) -> AsyncConnection:
        """The connection of the transaction."""
        ...

    def session(self) -> AsyncSession:
        """Return the session bound to the transaction."""
        ...

    async def flush(self) -> None:
        """Write what the session holds back, so that statements on the connection see it."""


class SessionManager:
    """Owns the engine. Pool options left at None take the driver's default.

    Attributes:
        engine: SQLAlchemy's.
        driver: runs text on connections of the engine's pool; None where everything is SQLAlchemy's.

    Args:
        tables: the application's tables; the default registry's where none are given.
        inject_trace_id: accepted; the id is never put into statement text, which would defeat statement caches.
        fast_path: read by the driver itself where a statement needs nothing else, see `direct`; False reads everything by
            SQLAlchemy.
        cursor_secret: signs cursors; by default derived from the URL, so that all workers on a database agree.

    Attributes:
        listeners: see `listen`.
    """

    def __init__(
        self,
        url: str,
        *,
        echo: bool = False,
        pool_pre_ping: bool = False,
        pool_size: int | None = None,
        max_overflow: int | None = None,
        pool_timeout: float | None = None,
        pool_recycle: int | None = None,
        connect_args: dict[str, Any] | None = None,
        inject_trace_id: bool = True,
        tables: Tables | None = None,
        cursor_secret: bytes | None = None,
        fast_path: bool = True,
        **engine_kwargs: Any,
    ) -> None:
        del inject_trace_id
        pool = {
            "pool_size": pool_size,
            "max_overflow": max_overflow,
            "pool_timeout": pool_timeout,
            "pool_recycle": pool_recycle,
        }
        options: dict[str, Any] = {key: value for key, value in pool.items() if value is not None}
        self.tables = tables or default_tables()
        self.listeners: list[SupportsPostCommit] = []
        self.cursor_secret = cursor_secret or hashlib.sha256(f"loom cursor {url}".encode()).digest()
        if _is_in_memory(url) and "poolclass" not in engine_kwargs:
            options = {"poolclass": LendingPool, "pool_size": 1, "max_overflow": 0}
        elif "poolclass" not in engine_kwargs:
            options |= {"poolclass": LendingPool, "pool_use_lifo": True}
        self.engine: AsyncEngine = create_async_engine(
            url, echo=echo, pool_pre_ping=pool_pre_ping, connect_args=connect_args or {}, **options, **engine_kwargs
        )
        self.driver = Driver.of(self.engine.sync_engine) if fast_path and not echo else None
        self._autocommit = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self.session_factory = async_sessionmaker(self.engine, expire_on_commit=False)
        sa.event.listen(self.engine.sync_engine, "handle_error", _remember_refusal)
        if self.engine.dialect.name == "sqlite":
            _prepare_sqlite(self.engine)

    def listen(self, listener: SupportsPostCommit) -> None:
        """Tell `listener` of every committed change of any repository on this engine, and of commits that were cut off.

        Statements of others that change rows in a unit of work are told of as well, by table; literal SQL is not seen.
        """
        if not self.listeners:
            sa.event.listen(self.engine.sync_engine, "after_execute", _note_foreign_write)
        if listener not in self.listeners:
            self.listeners.append(listener)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """Yield a session; closed at the end, not committed."""
        async with self.session_factory() as session:
            yield session

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[AsyncConnection]:
        """Yield the connection a read runs on."""
        running = running_uow()
        if running is not None:
            async with running.turns:
                await running.flush()
                yield running.connection
        else:
            async with self._autocommit.connect() as connection:
                yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """Yield the connection a write runs on; outside a unit of work it commits at the end."""
        running = running_uow()
        if running is not None:
            async with running.turns:
                await running.flush()
                yield running.connection
        else:
            async with self.engine.begin() as connection:
                yield connection

    async def create_tables(self) -> None:
        """Create the tables that do not exist; several workers may do so at once."""
        async with self.engine.begin() as connection:
            if self.engine.dialect.name == "postgresql":
                await connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_CREATE_LOCK)))
            await connection.run_sync(self.tables.metadata.create_all)

    async def ping(self) -> None:
        """Ask the database for an answer; raises what a repository would."""
        async with translated(), self.reading() as connection:
            await connection.execute(sa.text("SELECT 1"))

    async def dispose(self) -> None:
        """Close every pooled connection."""
        await self.engine.dispose()


def running_uow() -> Transactional | None:
    """Return the unit of work to join. One that is over is none: a task may outlive the transaction it was started in."""
    found: Transactional | None = active_uow.get()
    return found if found is not None and found.is_open else None


def get_active_session() -> AsyncSession | None:
    """Return the session of the running unit of work; None outside one."""
    running = running_uow()
    return running.session() if running is not None else None


def _is_in_memory(url: str) -> bool:
    parsed = sa.make_url(url)
    return parsed.get_backend_name() == "sqlite" and parsed.database in (None, "", ":memory:")


def _remember_refusal(context: Any) -> None:
    """A refused statement ends the transaction it is in, unless a savepoint is around it."""
    connection, refusal = context.connection, context.sqlalchemy_exception
    if connection is None or connection.closed or connection.invalidated or refusal is None:
        return
    if connection.in_transaction() and not connection.in_nested_transaction():
        connection.info[REFUSAL] = refusal


def _note_foreign_write(_: sa.Connection, statement: Any, *__: Any) -> None:
    """Custom methods write by statements of their own, which rows nobody can tell."""
    running = running_uow()
    if running is None or not statement.is_dml or TOLD in statement.get_execution_options():
        return
    op = "create" if statement.is_insert else "delete" if statement.is_delete else "update"
    running.mutations.record(MutationEvent(statement.table.name, op, ()), listeners=running.listeners)


def _prepare_sqlite(engine: AsyncEngine) -> None:
    @sa.event.listens_for(engine.sync_engine, "handle_error")
    def keep_when_cancelled(context: Any) -> None:
        """Let a cancelled statement be rolled back; closing its connection would leave an unfinished statement its locks."""
        if isinstance(context.original_exception, asyncio.CancelledError):
            context.is_disconnect = False

    @sa.event.listens_for(engine.sync_engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa.event.listens_for(engine.sync_engine, "begin")
    def begin(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql("BEGIN IMMEDIATE")
