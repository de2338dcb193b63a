"""Which child serves: builds a candidate for every change, swaps it in when it is good, keeps the old one when it is not.

Theory of operation
    One task (`Reloader.run`) makes every decision, so there is one candidate at most and no lock. Changes, keys, buttons
    and crashes arrive as triggers. A trigger that comes while a candidate is being built kills that candidate and starts
    over with both triggers' names. A candidate that is ready already accepts on the shared socket when the old child
    is told to drain, so there is always somebody accepting. The old child closes its side of the control socket once
    it accepts nothing more; only then is the new build announced, so whoever reads READY and connects meets new code.

Rules for the next editor
    Nothing between `ready` and `promoted` may be cancelled: a child that accepts must be known here.
    Every child is either `_serving` or `_candidate`, or a task in `_leaving` is waiting for its end.
"""

import asyncio
import time
from collections.abc import Coroutine
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import Struct

from studio.events import Drain, Failure
from studio.store import AppState, Build, Store
from studio.supervisor.bringup import Attempt, bring_up, crash, discard
from studio.supervisor.spawn import Child, Spawner

Trigger = tuple[str, ...]

START: Trigger = ("start",)
MANUAL: Trigger = ("manual",)
CRASH: Trigger = ("crash",)


class Limits(Struct, frozen=True, kw_only=True):
    """How long things may take, in seconds.

    Attributes:
        import_s: from the start of a child until it accepts connections.
        grace_s: what a leaving child gets to finish the requests it is answering.
        handover_s: what a leaving child gets to stop accepting.
        backoff_s: wait before the first restart after a crash; doubles up to `max_backoff_s`.
        steady_s: a child that served this long starts the back-off anew when it crashes.
    """

    import_s: float = 15.0
    grace_s: float = 5.0
    handover_s: float = 2.0
    backoff_s: float = 0.5
    max_backoff_s: float = 8.0
    steady_s: float = 10.0


class Reloader:
    """Owns the app's processes.

    Args:
        spawner: starts children.
        store: where builds and status are written.
        root: project directory, resolved.
        limits: how long things may take.
    """

    def __init__(self, *, spawner: Spawner, store: Store, root: Path, limits: Limits) -> None:
        self._spawner = spawner
        self._store = store
        self._root = root
        self._limits = limits
        self._serving: Child | None = None
        self._served_since_s = 0.0
        self._candidate: Child | None = None
        self._leaving: set[asyncio.Task[Any]] = set()
        self._pending: dict[str, None] = {}
        self._wanted = asyncio.Event()
        self._backoff_s = limits.backoff_s
        self._restart: asyncio.TimerHandle | None = None

    @property
    def children(self) -> tuple[Child, ...]:
        """The serving child and the candidate, as far as there are any."""
        return tuple(child for child in (self._serving, self._candidate) if child is not None)

    def request(self, trigger: Trigger) -> None:
        """Ask for a build because of `trigger`; one that is under way starts over."""
        self._pending |= dict.fromkeys(trigger)
        self._wanted.set()

    async def run(self) -> None:
        """Build for every trigger, the first of which is the start, until cancelled."""
        self.request(START)
        while True:
            await self._wanted.wait()
            self._cancel_restart()
            await self._build_newest()

    async def close(self, grace_s: float) -> None:
        """End every child; the serving one may finish its requests within `grace_s`. Call it once `run` has ended."""
        self._cancel_restart()
        serving, self._serving = self._serving, None
        if serving is not None:
            await self._retire(serving, grace_s)
        await asyncio.gather(*self._leaving, return_exceptions=True)

    def kill(self) -> None:
        """End every child at once."""
        for child in self.children:
            child.kill()

    async def _build_newest(self) -> None:
        """Build until a candidate's fate is known and no trigger has come meanwhile."""
        trigger: Trigger = ()
        while self._wanted.is_set():
            self._wanted.clear()
            trigger, self._pending = tuple(dict.fromkeys((*trigger, *self._pending))), {}
            build = asyncio.create_task(self._attempt())
            await self._settled_or_outdated(build)
        # A candidate that became ready just as a trigger arrived was let through; the trigger gets the next round.
            if not build.cancelled():
                await self._conclude(trigger, *build.result())
                return

    async def _settled_or_outdated(self, build: asyncio.Task[Any]) -> None:
        outdated = asyncio.create_task(self._wanted.wait())
        try:
            await asyncio.wait((build, outdated), return_when=asyncio.FIRST_COMPLETED)
        finally:
            outdated.cancel()
            if not build.done():
                build.cancel()
                await asyncio.wait((build,))

    async def _attempt(self) -> tuple[Child | None, Attempt, float, datetime]:
        began_s, at = time.perf_counter(), datetime.now(UTC)
        self._enter(AppState.RELOADING if self._serving else AppState.STARTING)
        try:
            child = self._candidate = await self._spawner.spawn()
            attempt = await bring_up(child, root=self._root, limit_s=self._limits.import_s)
        except OSError as error:
            refused = Failure(phase="crash", title="No process", message=f"The app could not be started: {error}.")
            return None, Attempt(failure=refused), began_s, at
        finally:
            self._candidate = None
        return child, attempt, began_s, at
