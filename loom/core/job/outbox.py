"""Work that waits for a commit: kept in order, started after it, forgotten on rollback.

The outermost run opens a box, and everything dispatched while it runs goes into that box, tasks it started included. It
closes the box when it ends: committed, its work is started to the last piece, also where the run's task is cancelled
meanwhile; otherwise the work is forgotten. A task that outlives the run finds the box closed and is a caller of its own.
What is dispatched outside of any run waits in its own context for an explicit flush; no run ever takes it along.
"""

import inspect
import logging
from collections.abc import Callable, Iterable
from contextvars import ContextVar, Token
from typing import Any

from loom.core.uow.shield import to_the_end

Dispatch = Callable[[], Any]

_log = logging.getLogger("loom.job")


class Box:
    """What one outermost run, or one callback, wants started."""

    __slots__ = ("is_open", "is_run", "token", "waiting")

    def __init__(self, *, is_run: bool) -> None:
        self.waiting: list[Dispatch] = []
        self.is_open = True
        self.is_run = is_run
        self.token: Token[Box | None] | None = None


_box: ContextVar[Box | None] = ContextVar("loom_outbox", default=None)
_loose: ContextVar[tuple[Dispatch, ...]] = ContextVar("loom_pending_dispatches", default=())


class Outbox:
    """The waiting work of the current run, or of the current context where none runs."""

    @property
    def is_open(self) -> bool:
        """Whether a run is going on here."""
        box = _box.get()
        return box is not None and box.is_open and box.is_run

    def open(self, *, is_run: bool = True) -> Box:
        """Begin a run, or only collect what is dispatched; hand the box to `close`."""
        box = Box(is_run=is_run)
        box.token = _box.set(box)
        return box

    def close(self, box: Box) -> list[Dispatch]:
        """End it and return what it wants started."""
        box.is_open = False
        if box.token is not None:
            _box.reset(box.token)
        return box.waiting

    def add(self, dispatch: Dispatch) -> None:
        """Remember `dispatch` until the running use case commits."""
        box = _box.get()
        if box is not None and box.is_open:
            box.waiting.append(dispatch)
        else:
            _loose.set((*_loose.get(), dispatch))

    def discard(self) -> None:
        """Forget everything that waits."""
        self._take()

    async def flush(self) -> None:
        """Start everything that waits, in order. The queue is emptied first; one failure does not stop the next."""
        await self.start(self._take())

    async def start(self, waiting: Iterable[Dispatch]) -> None:
        """Start each of `waiting`, in order and to the last; a failure is logged, a cancellation raised at the end."""
        if waiting:
            await to_the_end(_start_all(waiting))

    def _take(self) -> Iterable[Dispatch]:
        box = _box.get()
        if box is not None and box.is_open:
            taken, box.waiting = box.waiting, []
            return taken
        loose = _loose.get()
        _loose.set(())
        return loose


async def _start_all(waiting: Iterable[Dispatch]) -> None:
    for dispatch in waiting:
        await _start(dispatch)


async def _start(dispatch: Dispatch) -> None:
    try:
        outcome = dispatch()
        if inspect.isawaitable(outcome):
            await outcome
    except Exception:
        _log.exception("dispatched work failed to start")
