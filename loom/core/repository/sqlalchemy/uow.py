"""One transaction over one connection, closed on every way out, cancellation included."""

import asyncio
from contextvars import Token
from typing import Any, Self

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, AsyncTransaction

from loom.core.repository.sqlalchemy.errors import translated
from loom.core.repository.sqlalchemy.session import SessionManager
from loom.core.uow.context import active_uow


class SQLAlchemyUnitOfWork:
    """A unit of work; repositories called while it runs join it.

    Raises:
        RuntimeError: `begin` is called twice, or `commit` or `rollback` before it.
    """

    def __init__(self, session_manager: SessionManager) -> None:
        self._manager = session_manager
        self._connection: AsyncConnection | None = None
        self._transaction: AsyncTransaction | None = None
        self._session: AsyncSession | None = None
        self._token: Token[Any] | None = None
        self.lock = asyncio.Lock()

    @property
    def connection(self) -> AsyncConnection:
        """The connection of the transaction."""
        if self._connection is None:
            raise RuntimeError("the unit of work was used before begin")
        return self._connection

    def session(self) -> AsyncSession:
        """Return a session inside the transaction, made on first use and flushed before the commit."""
        if self._session is None:
            self._session = AsyncSession(self.connection, expire_on_commit=False, join_transaction_mode="rollback_only")
        return self._session

    async def begin(self) -> None:
        """Open the transaction and make it the context's."""
        if self._connection is not None:
            raise RuntimeError("begin was called twice")
        async with translated():
            connection = await self._manager.engine.connect()
            try:
                self._transaction = await connection.begin()
            except BaseException:
                await asyncio.shield(connection.close())
                raise
        self._connection = connection
        self._token = active_uow.set(self)

    async def commit(self) -> None:
        """Make it durable; what the database refuses now is translated like any refusal."""
        transaction = self._begun("commit")
        async with translated():
            if self._session is not None:
                await self._session.flush()
            await transaction.commit()

    async def rollback(self) -> None:
        """Undo it."""
        await self._begun("rollback").rollback()

    async def close(self) -> None:
        """Give the connection back and restore the context."""
        if self._token is not None:
            active_uow.reset(self._token)
            self._token = None
        if self._session is not None:
            await self._session.close()
        if self._connection is not None:
            await self._connection.close()

    async def __aenter__(self) -> Self:
        await self.begin()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        try:
            if kind is None:
                await self.commit()
        except BaseException:
            kind = BaseException
            raise
        finally:
            await self._leave(failed=kind is not None)

    async def _leave(self, *, failed: bool) -> None:
        """Roll back where needed and close; a second cancellation cannot interrupt it."""
        if self._token is not None:
            active_uow.reset(self._token)
            self._token = None
        await asyncio.shield(self._clean_up(failed=failed))

    async def _clean_up(self, *, failed: bool) -> None:
        try:
            if failed and self._transaction is not None and self._transaction.is_active:
                await self._transaction.rollback()
        finally:
            await self.close()

    def _begun(self, what: str) -> AsyncTransaction:
        if self._transaction is None:
            raise RuntimeError(f"{what} was called before begin")
        return self._transaction


class SQLAlchemyUnitOfWorkFactory:
    """Opens units of work on one engine."""

    def __init__(self, session_manager: SessionManager) -> None:
        self._manager = session_manager

    def create(self) -> SQLAlchemyUnitOfWork:
        """Return a fresh one, not begun."""
        return SQLAlchemyUnitOfWork(self._manager)
