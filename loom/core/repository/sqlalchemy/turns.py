"""One connection, many callers: whoever shares a unit of work uses it one statement at a time."""

import asyncio
from collections.abc import Callable
from functools import wraps
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession


class Turns:
    """A lock its holder may take again: a loader called during a read may read on the same connection."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._holder: asyncio.Task[Any] | None = None
        self._depth = 0

    async def __aenter__(self) -> None:
        task = asyncio.current_task()
        if self._holder is not task:
            await self._lock.acquire()
            self._holder = task
        self._depth += 1

    async def __aexit__(self, *_: object) -> None:
        self._depth -= 1
        if not self._depth:
            self._holder = None
            self._lock.release()


class SharedSession(AsyncSession):
    """The session of a unit of work. Tasks that share it take turns, with repository calls too."""

    def __init__(self, connection: AsyncConnection, turns: Turns) -> None:
        super().__init__(connection, expire_on_commit=False, join_transaction_mode="rollback_only")
        self.turns = turns

    @property
    def has_pending(self) -> bool:
        """True where a flush would write something."""
        return bool(self.sync_session.new or self.sync_session.deleted or self.sync_session.dirty)


def _in_turn(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    async def wait_and_call(self: SharedSession, *args: Any, **kwargs: Any) -> Any:
        async with self.turns:
            return await method(self, *args, **kwargs)

    return wait_and_call


for _name in (
    "connection", "delete", "execute", "flush", "get", "get_one", "merge", "refresh", "run_sync", "scalar", "scalars",
    "stream", "stream_scalars",
):  # fmt: skip
    setattr(SharedSession, _name, _in_turn(getattr(AsyncSession, _name)))
