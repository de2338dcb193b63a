"""Transactions outside a use case (`@transactional`), and the changes made in the running one."""

import functools
import inspect
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any, ParamSpec, TypeVar

from loom.core.repository.mutation import (
    MutationEvent,
    SupportsPostCommit,
    announce,
    announcement,
)
from loom.core.repository.sqlalchemy.session import SessionManager, running_uow
from loom.core.repository.sqlalchemy.uow import SQLAlchemyUnitOfWork
from loom.core.uow.shield import to_the_end

P = ParamSpec("P")
T = TypeVar("T")


def transactional(method: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Run an async method of a service in one transaction; a call inside another one joins it.

    The service has a `session_manager`. After the commit `on_transaction_committed(events)` is awaited on the service
    and on each of its attributes that has it, where it has not been told as a repository of the transaction.

    Raises:
        TypeError: it decorates no async method; called: the service has no session manager, or is a repository.
    """
    if not inspect.iscoroutinefunction(method):
        raise TypeError(f"@transactional needs an async method, {getattr(method, '__qualname__', method)} is none")

    @functools.wraps(method)
    async def run(*args: P.args, **kwargs: P.kwargs) -> T:
        manager = _session_manager(args[0])
        if running_uow() is not None:
            return await method(*args, **kwargs)
        with announcement():
            async with SQLAlchemyUnitOfWork(manager) as uow:
                result: T = await method(*args, **kwargs)
            await to_the_end(announce(_hearers(args[0]), uow.mutations.events()))
        return result

    return run


def record_mutation(event: MutationEvent) -> None:
    """Keep `event` for the hearers of the running transaction; outside one it is dropped.

    For writes no repository makes: raw SQL whose tables are cached.
    """
    running = running_uow()
    if running is not None:
        running.mutations.record(event, listeners=running.listeners)


def get_pending_mutations() -> tuple[MutationEvent, ...]:
    """Return what the running transaction has changed so far; nothing outside one."""
    running = running_uow()
    return () if running is None else running.mutations.events()


async def record_change(
    manager: SessionManager, event: Callable[[], MutationEvent], hooks: Iterable[SupportsPostCommit]
) -> None:
    """Keep what makes an event until the running transaction commits; outside one the change is durable: tell now."""
    running = running_uow()
    if running is not None:
        running.mutations.record(event, hooks, manager.listeners)
        return
    hearers = (*manager.listeners, *hooks)
    if hearers:
        await to_the_end(announce(hearers, (event(),)))


def _session_manager(service: Any) -> SessionManager:
    if getattr(service, "__loom_kind__", None) == "repository":
        raise TypeError("@transactional belongs on a service; a repository joins the transaction of its caller")
    manager = getattr(service, "session_manager", None)
    if manager is None:
        raise TypeError(f"@transactional needs {type(service).__qualname__}.session_manager")
    found: SessionManager = manager
    return found


def _hearers(service: Any) -> Iterator[SupportsPostCommit]:
    for candidate in (service, *getattr(service, "__dict__", {}).values()):
        if isinstance(candidate, SupportsPostCommit):
            yield candidate
