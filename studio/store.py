"""What the studio knows right now: the current snapshot, the build log and the state of the app process.

The supervisor writes, pages read, and every write is announced as a fact (name + revision) so that open pages re-fetch
just their own fragment. Everything is bounded; nothing here imports user code.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from studio.archive.archive import Archive
from studio.diff import Change, diff
from studio.events import Failure
from studio.snapshot import Snapshot

BUILDS_KEPT = 200
FACTS_KEPT = 500


class AppState(StrEnum):
    """What the app process is doing, as the developer sees it."""

    STARTING = "starting"
    """First child is coming up; nothing serves yet."""
    READY = "ready"
    """The newest code serves."""
    RELOADING = "reloading"
    """A new child is coming up; the last good one serves meanwhile."""
    STALE = "stale"
    """The newest code is broken; the last good child serves."""
    DOWN = "down"
    """Nothing serves: broken from the start, or the serving child died."""


class Build(Struct, frozen=True, kw_only=True):
    """One attempt to bring code into service.

    Attributes:
        number: 1, 2, 3 ... within this run of the studio.
        at: aware UTC, when the attempt began.
        trigger: what caused it: project-relative files, or ("start",), ("manual",), ("crash",).
        snapshot: what was compiled; None where the build failed before that.
        failure: why it does not serve; None where it does.
        changes: differences to the last build that served; empty for the first.
        import_ms, compile_ms, startup_ms, total_ms: durations; 0 where the phase was not reached.
    """

    number: int
    at: datetime
    trigger: tuple[str, ...] = ()
    snapshot: Snapshot | None = None
    failure: Failure | None = None
    changes: tuple[Change, ...] = ()
    import_ms: float = 0.0
    compile_ms: float = 0.0
    startup_ms: float = 0.0
    total_ms: float = 0.0

    @property
    def ok(self) -> bool:
        """True where this build serves or has served."""
        return self.failure is None


class Fact(Struct, frozen=True, kw_only=True):
    """An announcement: `name` changed. `id` is strictly increasing and is the SSE event id."""

    id: int
    name: str
    data: dict[str, str] = {}


class AppStatus(Struct, frozen=True, kw_only=True):
    """The app process as of now.

    Attributes:
        state: see `AppState`.
        url: where the app answers.
        pid: process that serves; 0 for none.
        since: aware UTC, when `state` was entered.
        failure: the newest failure while state is STALE or DOWN.
    """

    state: AppState = AppState.STARTING
    url: str = ""
    pid: int = 0
    since: datetime
    failure: Failure | None = None


class Store:
    """Current status, current snapshot and the build log; announces every write as a `Fact`.

    Attributes:
        traces: what was recorded; in memory unless given.
    """

    def __init__(
        self, *, now: Callable[[], datetime] = lambda: datetime.now(UTC), traces: Archive | None = None
    ) -> None:
        self._now = now
        self.traces = traces or Archive()
        self._builds: deque[Build] = deque(maxlen=BUILDS_KEPT)
        self._serving: Build | None = None
        self._status = AppStatus(since=now())
        self._facts: deque[Fact] = deque(maxlen=FACTS_KEPT)
        self._next_fact = 1
        self._listeners: set[asyncio.Queue[Fact]] = set()

    @property
    def status(self) -> AppStatus:
        """What the app process is doing."""
        return self._status

    @property
    def builds(self) -> tuple[Build, ...]:
        """Newest first, at most `BUILDS_KEPT`."""
        return tuple(reversed(self._builds))

    @property
    def serving(self) -> Build | None:
        """The build whose code answers requests; None before the first good one."""
        return self._serving

    @property
    def snapshot(self) -> Snapshot | None:
        """The snapshot of the serving build."""
        return self._serving.snapshot if self._serving else None

    def now(self) -> datetime:
        """The time on the store's clock, aware UTC."""
        return self._now()

    @property
    def last_fact_id(self) -> int:
        """Id of the newest fact; 0 before the first."""
        return self._next_fact - 1

    def set_status(self, state: AppState, *, url: str = "", pid: int = 0, failure: Failure | None = None) -> None:
        """Enter `state` and announce `status`. An empty `url` keeps the one known."""
        self._status = AppStatus(state=state, url=url or self._status.url, pid=pid, since=self._now(), failure=failure)
        self.announce("status", state=state.value)

    def next_build_number(self) -> int:
        """The number the next recorded build should carry."""
        return self._builds[-1].number + 1 if self._builds else 1

    def record(self, build: Build) -> Build:
        """Log `build`, with its changes against the serving one filled in, and announce `build`. Returns what was logged."""
        if build.snapshot is not None and self._serving is not None and self._serving.snapshot is not None:
            build = replace(build, changes=diff(self._serving.snapshot, build.snapshot))
        self._builds.append(build)
        if build.ok:
            self._serving = build
        self.announce("build", number=str(build.number), ok="true" if build.ok else "false")
        return build

    def announce(self, name: str, **data: str) -> None:
        """Tell every listener that `name` changed. A listener that does not keep up loses the oldest facts."""
        fact = Fact(id=self._next_fact, name=name, data=data)
        self._next_fact += 1
        self._facts.append(fact)
        for queue in self._listeners:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(fact)

    @contextmanager
    def listen(self, *, after: int | None = None) -> Iterator[AsyncIterator[Fact]]:
        """Yield facts as they come, first those still kept with an id above `after`."""
        queue: asyncio.Queue[Fact] = asyncio.Queue(maxsize=FACTS_KEPT)
        for fact in self._facts:
            if after is not None and fact.id > after:
                queue.put_nowait(fact)
        self._listeners.add(queue)
        try:
            yield _drain(queue)
        finally:
            self._listeners.discard(queue)


async def _drain(queue: asyncio.Queue[Fact]) -> AsyncIterator[Fact]:
    while True:
        yield await queue.get()
