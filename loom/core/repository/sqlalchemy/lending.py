"""A pool that also lends the driver's own connections: for reads that need nothing of SQLAlchemy but the text.

Rules for the next editor:
- What is lent comes from the same pool as every other connection, and counts in its limits.
- Only a connection that is open and in no transaction is lent, so a statement on it is a transaction of its own.
- A statement that did not end by itself, because the caller was cancelled or the connection failed, may still be running:
  its connection is closed. An error the database answered with leaves the connection as it was. On SQLite, a connection's
  thread takes one statement after the other, so one that was cancelled is over before the next begins.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.util import greenlet_spawn
from sqlalchemy.util.queue import Empty

Rows = Sequence[Sequence[Any]]


class NotRead(Exception):
    """The driver did not answer; nothing is left behind."""


class LendingPool(sa.AsyncAdaptedQueuePool):
    """SQLAlchemy's queue, which also gives connections away without a checkout."""

    async def borrow(self) -> ConnectionPoolEntry:
        """Return a connected entry; it belongs to the caller until `give_back`.

        Raises:
            TimeoutError: SQLAlchemy's; the pool had none in time.
        """
        try:
            entry = self._pool.get_nowait()
        except Empty:
            entry = await greenlet_spawn(self._do_get)
        if not self._is_ready(entry):
            await self._connect(entry)
        return entry

    async def give_back(self, entry: ConnectionPoolEntry, *, clean: bool) -> None:
        """Take an entry back; one that is not clean is closed, and connects again when it is next used."""
        if not clean:
            entry.invalidate()
        if self._pool.full():
            await asyncio.shield(greenlet_spawn(self._do_return_conn, entry))
        else:
            self._do_return_conn(entry)

    def _is_ready(self, entry: Any) -> bool:
        return self._recycle < 0 and not entry._is_hard_or_soft_invalidated() and _is_idle(entry.driver_connection)

    async def _connect(self, entry: Any) -> None:
        try:
            if entry.dbapi_connection is not None and not _is_idle(entry.driver_connection):
                entry.invalidate()
            await greenlet_spawn(entry.get_connection)
        except BaseException:
            await self.give_back(entry, clean=False)
            raise


def _is_idle(connection: Any) -> bool:
    """Return whether a driver's connection is in no transaction; asyncpg's also whether it is open."""
    if hasattr(connection, "is_in_transaction"):
        return not (connection.is_closed() or connection.is_in_transaction())
    return not connection.in_transaction


class Driver:
    """Runs text on the driver's connections of one engine."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._runner = _RUNNERS[engine.dialect.driver]

    @property
    def dialect(self) -> sa.Dialect:
        """Whose text it runs."""
        return self._engine.dialect

    @property
    def is_watched(self) -> bool:
        """True while somebody listens to SQLAlchemy's statements, which then has to run them all."""
        return bool(self._engine.dispatch.before_cursor_execute or self._engine.dispatch.after_cursor_execute)

    @classmethod
    def of(cls, engine: sa.Engine) -> "Driver | None":
        """Return the driver of an engine that lends; None for any other engine."""
        return cls(engine) if isinstance(engine.pool, LendingPool) and engine.dialect.driver in _RUNNERS else None

    async def fetch(self, text: str, parameters: Sequence[Any]) -> Rows:
        """Run one read on an idle connection, outside any transaction, and return its rows.

        Raises:
            NotRead: the database refused it, or was lost meanwhile.
            SQLAlchemyError, OSError: there is no connection.
        """
        pool: Any = self._engine.pool
        entry = await pool.borrow()
        clean = False
        try:
            rows = await self._runner.fetch(entry.driver_connection, text, parameters)
            clean = True
        except BaseException as error:
            clean = self._runner.survives(error)
            if isinstance(error, Exception):
                raise NotRead from error
            raise
        finally:
            await pool.give_back(entry, clean=clean)
        return rows


class Runner(Protocol):
    """Runs text on one driver's connections."""

    async def fetch(self, connection: Any, text: str, parameters: Sequence[Any]) -> Rows:
        """Return the rows of one statement."""
        ...

    def survives(self, error: BaseException) -> bool:
        """Return whether a connection whose statement ended like this may be lent again."""
        ...


class _Asyncpg:
    """Statements are prepared once per connection, by asyncpg."""

    async def fetch(self, connection: Any, text: str, parameters: Sequence[Any]) -> Rows:
        rows: Rows = await connection.fetch(text, *parameters)
        return rows

    def survives(self, error: BaseException) -> bool:
        """True where the database refused the statement, on a connection that goes on."""
        state = getattr(error, "sqlstate", None)
        return isinstance(state, str) and not state.startswith(("08", "57"))


class _Aiosqlite:
    """Execute and fetch in one turn of the connection's thread."""

    async def fetch(self, connection: Any, text: str, parameters: Sequence[Any]) -> Rows:
        try:
            rows: Rows = await connection.execute_fetchall(text, parameters)
        except asyncio.CancelledError:
            await connection.interrupt()
            raise
        return rows

    def survives(self, error: BaseException) -> bool:
        """True also after a cancellation: closing a database in memory would lose it."""
        return isinstance(error, sqlite3.Error | OverflowError | asyncio.CancelledError)


_RUNNERS: dict[str, Runner] = {"asyncpg": _Asyncpg(), "aiosqlite": _Aiosqlite()}
