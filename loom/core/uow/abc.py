"""The protocols of a unit of work."""

from typing import Any, Protocol, Self, runtime_checkable


@runtime_checkable
class UnitOfWork(Protocol):
    """One transaction. As a context manager it commits, or rolls back on any exception, and always closes."""

    async def begin(self) -> None:
        """Open the transaction."""

    async def commit(self) -> None:
        """Make it durable."""

    async def rollback(self) -> None:
        """Undo it."""

    async def __aenter__(self) -> Self:
        """Begin."""
        ...

    async def __aexit__(self, *failure: Any) -> None:
        """Commit or roll back, then close."""


@runtime_checkable
class UnitOfWorkFactory(Protocol):
    """Opens units of work."""

    def create(self) -> UnitOfWork:
        """Return a fresh one, not begun."""
        ...
