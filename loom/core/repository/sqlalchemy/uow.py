"""One transaction over one connection, ended exactly once on every way out, cancellation included.

Rules for the next editor:
- `commit` and `rollback` end the unit of work: the context is restored first, so nothing that runs later joins a transaction
  that is over; then the connection goes back to the pool. Cancelling cannot interrupt that part.
- A statement the database refused ends the transaction on PostgreSQL, whose COMMIT then rolls back without saying so. So
  a unit of work remembers the refusal, on every database alike, and its commit raises it again: what was caught on the
  way cannot turn into a commit that stored nothing. Code that wants to go on after a refusal opens a savepoint
  (`session.begin_nested()`).
- Tasks that share it use the connection one at a time (`turns`), each with a session of its own: an ORM session cannot be
  added to while another task flushes it. The end waits for its turn too.
"""

import asyncio
from collections.abc import Sequence
from contextvars import Token
from typing import Any, Self

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, AsyncTransaction

from loom.core.repository.mutation import Mutations, SupportsPostCommit
from loom.core.repository.sqlalchemy.errors import translated
from loom.core.repository.sqlalchemy.session import REFUSAL, SessionManager
from loom.core.repository.sqlalchemy.turns import SharedSession, Turns
from loom.core.uow.context import active_uow
from loom.core.uow.shield import to_the_end


class SQLAlchemyUnitOfWork:
    """A unit of work; repositories called while it runs join it, one statement at a time.

    Attributes:
        mutations: what was changed in it; told to its hearers once it is over.

    Raises:
        RuntimeError: `begin` is called twice, or `commit` or `rollback` before it or after the end.
    """

    def __init__(self, session_manager: SessionManager) -> None:
        self._manager = session_manager
        self._connection: AsyncConnection | None = None
        self._transaction: AsyncTransaction | None = None
        self._sessions: dict[Any, SharedSession] = {}
        self._token: Token[Any] | None = None
        self._ended = False
        self.turns = Turns()
        self.mutations = Mutations()

    @property
    def is_open(self) -> bool:
        """True between `begin` and the end."""
        return self._transaction is not None and not self._ended

    @property
    def listeners(self) -> Sequence[SupportsPostCommit]:
        """Who is told of every change on this engine."""
        return self._manager.listeners

    @property
    def connection(self) -> AsyncConnection:
        """The connection of the transaction.

        Raises:
            RuntimeError: it has not begun, or has ended.
            SQLAlchemyError: the transaction is over, because the database refused one of its statements.
        """
        if self._connection is None:
            raise RuntimeError("the unit of work was used before begin")
        if self._ended:
            raise RuntimeError("the unit of work was used after the end")
        refusal = self._connection.info.get(REFUSAL)
        if refusal is not None:
            raise refusal
        return self._connection

    def session(self) -> AsyncSession:
        """Return the current task's session inside the transaction, made on first use and flushed before the commit."""
        task = asyncio.current_task()
        if task not in self._sessions:
            self._sessions[task] = SharedSession(self.connection, self.turns)
        return self._sessions[task]

    async def flush(self) -> None:
        """Write what the current task's session holds back, so that statements on the connection see it."""
        session = self._sessions.get(asyncio.current_task())
        if session is not None and session.has_pending:
            await session.flush()

    async def begin(self) -> None:
        """Open the transaction and make it the context's."""
        if self._connection is not None:
            raise RuntimeError("begin was called twice")
        async with translated():
            connection = await self._manager.engine.connect()
            try:
                connection.info.pop(REFUSAL, None)
                self._transaction = await connection.begin()
            except BaseException:
                await to_the_end(connection.close())
                raise
        self._connection = connection
        self._token = active_uow.set(self)

    async def commit(self) -> None:
        """Make it durable and end. What the database refuses, now or earlier, is raised; then nothing was stored."""
        transaction = self._begun("commit")
        asked = stored = False
        try:
            async with translated(), self.turns:
                for session in self._sessions.values():
                    await session.flush()
                _ = self.connection
                asked = True
                await transaction.commit()
                stored = True
        finally:
            try:
                await self._end(undo=not stored)
            finally:
                if asked and self.mutations:
                    await to_the_end(self.mutations.announce(stored=stored))

    async def rollback(self) -> None:
        """Undo it and end."""
        self._begun("rollback")
        await self._end(undo=True)

    async def __aenter__(self) -> Self:
        await self.begin()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        if not self.is_open:
            return
        if kind is None:
            await self.commit()
        else:
            await self.rollback()

    def _begun(self, what: str) -> AsyncTransaction:
        if self._transaction is None:
            raise RuntimeError(f"{what} was called before begin")
        if self._ended:
            raise RuntimeError(f"{what} was called after the end")
        return self._transaction

    async def _end(self, *, undo: bool) -> None:
        self._ended = True
        self._leave_context()
        await to_the_end(self._clean_up(undo=undo))

    def _leave_context(self) -> None:
        token, self._token = self._token, None
        try:
            if token is not None:
                active_uow.reset(token)
        except ValueError:  # ended by another task than began it: its context is its own, and knows by `is_open`
            return

    async def _clean_up(self, *, undo: bool) -> None:
        assert self._connection is not None
        async with self.turns:  # a task that outlives the transaction may be in the middle of a statement
            try:
                for session in self._sessions.values():
                    await session.close()
                if undo and self._transaction is not None and self._transaction.is_active:
                    await self._transaction.rollback()
            finally:
                await self._connection.close()


class SQLAlchemyUnitOfWorkFactory:
    """Opens units of work on one engine."""

    def __init__(self, session_manager: SessionManager) -> None:
        self._manager = session_manager

    def create(self) -> SQLAlchemyUnitOfWork:
        """Return a fresh one, not begun."""
        return SQLAlchemyUnitOfWork(self._manager)
