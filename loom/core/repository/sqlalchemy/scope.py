"""The session custom repository methods work with: the running transaction's, or that of a transaction of their own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from loom.core.repository.sqlalchemy.errors import translate
from loom.core.repository.sqlalchemy.session import SessionManager, running_uow
from loom.core.repository.sqlalchemy.uow import SQLAlchemyUnitOfWork

P = ParamSpec("P")
R = TypeVar("R")


class _Repository(Protocol):
    session_manager: SessionManager


RepositoryT = TypeVar("RepositoryT", bound=_Repository)


@asynccontextmanager
async def session_scope(manager: SessionManager, session: AsyncSession | None = None) -> AsyncIterator[AsyncSession]:
    """Yield `session` as it is; else the running transaction's; else that of a new one, committed at the end.

    Repositories called inside join the same transaction. What the database refuses is raised as an error of loom's tree.
    """
    try:
        if session is not None:
            yield session
        elif (running := running_uow()) is not None:
            yield running.session()
            await running.flush()
        else:
            async with SQLAlchemyUnitOfWork(manager) as own:
                yield own.session()
    except SQLAlchemyError as error:
        meaning = translate(error)
        if meaning is None:
            raise
        raise meaning from error


def with_session_scope(
    method: Callable[Concatenate[RepositoryT, AsyncSession, P], Awaitable[R]],
) -> Callable[..., Awaitable[R]]:
    """Give a repository method its session: declared `async def low(self, session, limit)`, called `repo.low(limit)`.

    A keyword `session=` in the call is used as it is: nothing is committed or rolled back here. Otherwise see
    `session_scope`.
    """

    @wraps(method)
    async def scoped(self: RepositoryT, *args: Any, session: AsyncSession | None = None, **kwargs: Any) -> R:
        async with session_scope(self.session_manager, session) as opened:
            return await method(self, opened, *args, **kwargs)

    return scoped
