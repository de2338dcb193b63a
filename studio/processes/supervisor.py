"""Keeps the newest good build serving: starts children, swaps them, restarts what dies, and tells the store.

One child serves, at most one is a candidate. A change starts a candidate; when it accepts, the one before drains. A
candidate that fails leaves everything as it was. Both share one listening socket, so nobody is refused in between.
"""

import asyncio
import signal
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from loom.core.target import Target
from studio.events import Compiled, Failed, Failure, Ready
from studio.processes.editor import open_file
from studio.processes.spawn import Child, Spawner
from studio.store import AppState, Build, Store

GRACE_S = 5.0
STOP_GRACE_S = 1.0
BACKOFF_S = (0.5, 1.0, 2.0, 4.0, 8.0)
SETTLED_S = 30.0
CRASH = ("crash",)


class Supervisor:
    """Runs one application. Also the `Controls` of the studio.

    Args:
        on_build: told of every finished build, after the store.
        import_timeout_s: how long a candidate may take until it accepts.
    """

    def __init__(
        self,
        target: Target,
        store: Store,
        spawner: Spawner,
        *,
        on_build: Callable[[Build], None] = lambda _: None,
        import_timeout_s: float = 15.0,
    ) -> None:
        self._target = target
        self._store = store
        self._spawner = spawner
        self._on_build = on_build
        self._timeout_s = import_timeout_s
        self._serving: Child | None = None
        self._parked: asyncio.Task[Child] | None = None
        self._children: set[Child] = set()
        self._building: asyncio.Task[None] | None = None
        self._background: set[asyncio.Task[None]] = set()
        self._crashes = 0

    async def reload(self) -> None:
        """Build again now."""
        self.request(("manual",))

    async def open_in_editor(self, file: str, line: int) -> None:
        """Open a file of the project."""
        await open_file(self._target.root, file, line)

    async def renew(self, trigger: tuple[str, ...]) -> None:
        """Build again with the libraries as they are on disk now."""
        if self._parked is not None:
            stale, self._parked = self._parked, None
            self._later(self._discard(stale))
        await self._spawner.renew()
        self.request(trigger)

    async def _discard(self, parked: asyncio.Task[Child]) -> None:
        await (await parked).kill()

    def request(self, trigger: tuple[str, ...]) -> None:
        """Start a build because of `trigger`; one that is under way is given up."""
        before = self._building
        self._building = asyncio.create_task(self._build(trigger, before))

    async def stop(self) -> None:
        """Let the serving child finish, end everything else."""
        for task in [self._building, *self._background]:
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        if self._parked is not None:
            await asyncio.wait([self._parked])
        if self._serving is not None:
            child, self._serving = self._serving, None
            await child.drain(STOP_GRACE_S, hand_over=False)
        await asyncio.gather(*(child.kill() for child in list(self._children)))
        await self._spawner.close()

    def kill_now(self) -> None:
        """End every child without waiting for anything."""
        for child in self._children:
            child.kill_now()

    async def _build(self, trigger: tuple[str, ...], before: asyncio.Task[None] | None) -> None:
        if before is not None and not before.done():
            before.cancel()
            with suppress(asyncio.CancelledError):
                await before
        self._enter(AppState.RELOADING if self._serving else AppState.STARTING)
        started, began = self._store.status.since, time.perf_counter()
        try:
            candidate = await self._take()
        except OSError as error:
            self._parked = None
            self._fail(trigger, Failure(phase="crash", title="No process could be started", message=str(error)))
            return
        try:
            await candidate.start(self._target)
            compiled, ready = await self._bring_up(candidate)
        except BaseException:
            await asyncio.shield(candidate.kill())
            raise
        total_ms = (time.perf_counter() - began) * 1000
        failure = ready if isinstance(ready, Failure) else None
        build = Build(
            number=self._store.next_build_number(),
            at=started,
            trigger=trigger,
            snapshot=compiled.snapshot if compiled else None,
            failure=failure,
            import_ms=compiled.import_ms if compiled else 0.0,
            compile_ms=compiled.compile_ms if compiled else 0.0,
            startup_ms=ready.startup_ms if isinstance(ready, Ready) else 0.0,
            total_ms=total_ms,
        )
        await self._settle(build, candidate)

    async def _take(self) -> Child:
        """Return the parked child. Where this is cancelled it stays parked for whoever comes next."""
        while True:
            child = await asyncio.shield(self._park())
            self._parked = None
            if child.alive:
                return child
            await child.kill()

    def _park(self) -> asyncio.Task[Child]:
        """Have a child ready for the next change."""
        if self._parked is None:
            self._parked = asyncio.create_task(self._spawn())
        return self._parked

    async def _spawn(self) -> Child:
        child = await self._spawner.spawn()
        self._children.add(child)
        child.exited.add_done_callback(lambda _: self._children.discard(child))
        return child

    async def _settle(self, build: Build, candidate: Child) -> None:
        """Swap or keep, then tell; a cancellation that comes in between changes neither."""
        try:
            if build.ok:
                await self._swap(candidate, build.trigger)
            else:
                self._later(candidate.kill())
        finally:
            recorded = self._store.record(build)
            self._enter(self._state_after(build), failure=build.failure)
            self._on_build(recorded)
            self._park()

    async def _swap(self, candidate: Child, trigger: tuple[str, ...]) -> None:
        """Let `candidate` serve; return when the one before takes no more connections."""
        old, self._serving = self._serving, candidate
        self._crashes = self._crashes if trigger == CRASH else 0
        self._later(self._watch(candidate))
        if old is not None:
            self._later(old.drain(GRACE_S))
            await old.parted()

    def _state_after(self, build: Build) -> AppState:
        if build.ok:
            return AppState.READY
        return AppState.STALE if self._serving else AppState.DOWN

    async def _bring_up(self, child: Child) -> tuple[Compiled | None, Ready | Failure]:
        """Return what the child compiled, and whether it accepts or why not."""
        compiled: Compiled | None = None
        deadline = asyncio.get_running_loop().time() + self._timeout_s
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    message = await child.next_message()
            except TimeoutError:
                return compiled, await self._stuck(child)
            except ValueError as error:
                return compiled, Failure(phase="crash", title="Unreadable report", message=str(error))
            if isinstance(message, Compiled):
                compiled = message
            elif isinstance(message, Ready):
                return compiled, message
            elif isinstance(message, Failed):
                return compiled, message.failure
            else:
                return compiled, await self._ended(child)

    async def _stuck(self, child: Child) -> Failure:
        """Ask a silent child where it is."""
        return Failure(
            phase="timeout",
            title="The app did not start in time",
            message=f"importing and starting took longer than {self._timeout_s:g} s",
            frames=await child.where(self._target.root),
            hint="an endless loop, or a connection made at import?",
        )

    async def _ended(self, child: Child) -> Failure:
        await asyncio.wait([child.exited], timeout=STOP_GRACE_S)
        child.kill_now()  # it closed its control socket and stayed
        return self._crash(child, await child.ended())

    def _crash(self, child: Child, code: int) -> Failure:
        return Failure(
            phase="crash",
            title="The app process ended",
            message=_exit_words(code),
            frames=child.last_words(self._target.root),
        )

    async def _watch(self, child: Child) -> None:
        """Notice that the serving child dies, and bring it back with growing pauses."""
        began = time.monotonic()
        code = await child.ended()
        if self._serving is not child:
            return
        self._serving = None
        failure = self._crash(child, code)
        await child.kill()
        self._fail(CRASH, failure)
        self._crashes = 1 if time.monotonic() - began > SETTLED_S else self._crashes + 1
        await asyncio.sleep(BACKOFF_S[min(self._crashes, len(BACKOFF_S)) - 1])
        if self._is_idle():
            self.request(CRASH)

    def _fail(self, trigger: tuple[str, ...], failure: Failure) -> None:
        """Record a build that got nowhere."""
        number, now = self._store.next_build_number(), self._store.now()
        build = self._store.record(Build(number=number, at=now, trigger=trigger, failure=failure))
        self._enter(self._state_after(build), failure=failure)
        self._on_build(build)

    def _is_idle(self) -> bool:
        return self._serving is None and (self._building is None or self._building.done())

    def _enter(self, state: AppState, failure: Failure | None = None) -> None:
        self._store.set_status(state, pid=self._serving.pid if self._serving else 0, failure=failure)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)


def _exit_words(code: int) -> str:
    if code < 0:
        return f"it was ended by {signal.Signals(-code).name}"
    return f"it ended by itself with exit code {code}"
