"""Work that waits for a commit: kept in order per context, started after it, forgotten on rollback."""

import inspect
import logging
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

Dispatch = Callable[[], Any]

_log = logging.getLogger("loom.job")
_pending: ContextVar[tuple[Dispatch, ...]] = ContextVar("loom_pending_dispatches", default=())


class Outbox:
    """The waiting work of the current context; a fresh task sees what it started with, never a sibling's."""

    def add(self, dispatch: Dispatch) -> None:
        """Remember `dispatch` until the running use case commits."""
        _pending.set((*_pending.get(), dispatch))

    def discard(self) -> None:
        """Forget everything that waits."""
        _pending.set(())

    async def flush(self) -> None:
        """Start everything that waits, in order. The queue is emptied first; one failure does not stop the next."""
        waiting = _pending.get()
        _pending.set(())
        for dispatch in waiting:
            await _start(dispatch)


async def _start(dispatch: Dispatch) -> None:
    try:
        outcome = dispatch()
        if inspect.isawaitable(outcome):
            await outcome
    except Exception:
        _log.exception("dispatched work failed to start")
