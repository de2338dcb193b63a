"""D1, D8, D49: what is dispatched runs exactly once the run that asked for it has ended well, whatever that run was."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from loom.core.assembly import build_kernel, build_tables
from loom.core.bootstrap import KernelRuntime, create_kernel
from loom.core.discovery import DiscoveryResult
from loom.core.job import Job, JobService, add_pending_dispatch, clear_pending_dispatches, flush_pending_dispatches
from loom.core.model import BaseModel, ColumnField
from loom.core.repository.abc.query import QuerySpec
from loom.core.repository.sqlalchemy import SessionManager
from loom.core.use_case import UseCase
from loom.core.use_case.invoker import ApplicationInvoker
from loom.rest.autocrud import crud_use_case


class Entry(BaseModel):
    __tablename__ = "entries"
    id: int = ColumnField(primary_key=True, autoincrement=True)
    text: str = ColumnField(length=40)


class _Writing:
    def __init__(self, app: ApplicationInvoker) -> None:
        self._app = app

    async def write(self, text: str) -> None:
        await self._app.entity(Entry).create(payload={"text": text})


class Write(_Writing, Job[None]):
    async def execute(self, text: str) -> None:
        await self.write(text)
        if text == "fails":
            raise RuntimeError(text)


class Written(_Writing):
    async def on_success(self, job_id: str, result: Any, **context: Any) -> None:
        await self.write(f"{context['text']} done")

    async def on_failure(self, job_id: str, exc_type: str, exc_msg: str, **context: Any) -> None:
        await self.write(f"{context['text']} {exc_type}")


class Exploding:
    def on_success(self, **_: Any) -> None:
        raise RuntimeError("in the callback")

    def on_failure(self, **_: Any) -> None:
        raise AssertionError("the job did not fail")


class Dispatching(Written):
    """Asks for more work from a callback, outside of any run of its own."""

    def __init__(self, app: ApplicationInvoker, jobs: JobService) -> None:
        super().__init__(app)
        self._jobs = jobs

    async def on_success(self, job_id: str, result: Any, **context: Any) -> None:
        self._jobs.dispatch(Write, params={"text": "from the callback"})


class Do(UseCase[Any, Any]):
    def __init__(self, jobs: JobService, app: ApplicationInvoker) -> None:
        self._jobs = jobs
        self._app = app

    async def execute(self, body: Any) -> Any:
        return await body(self._jobs, self._app)


class Look(Do):
    read_only = True


@pytest.fixture
async def kernel(tmp_path: Path) -> AsyncIterator[KernelRuntime]:
    """An application on SQLite, jobs inline."""
    tables, _ = build_tables([Entry])
    manager = SessionManager(f"sqlite+aiosqlite:///{tmp_path / 'd.db'}", tables=tables)
    await manager.create_tables()
    yield build_kernel({}, DiscoveryResult(models=(Entry,)), manager, crud=crud_use_case)
    await manager.dispose()


async def texts(kernel: KernelRuntime) -> list[str]:
    page = await kernel.app.entity(Entry).list(params={"query": QuerySpec(limit=50)})
    return sorted(entry.text for entry in page.items)


def asking(*texts: str, fail: bool = False, **options: Any) -> Any:
    async def body(jobs: JobService, _: ApplicationInvoker) -> Any:
        handles = [jobs.dispatch(Write, params={"text": text}, **options) for text in texts]
        if fail:
            raise RuntimeError("after the dispatch")
        return handles

    return {"body": body}


async def test_d01_jobs_and_callbacks_keep_what_they_write(kernel: KernelRuntime) -> None:
    """After the commit each opens a transaction of its own, and its rows are there."""
    await kernel.app.invoke(Do, params=asking("first", on_success=Written))

    assert ["first", "first done"] == await texts(kernel)


async def test_d01_a_write_after_a_run_is_committed(kernel: KernelRuntime) -> None:
    """Nothing in the same task joins a transaction that is over."""
    await kernel.app.invoke(Do, params=asking())
    await kernel.container.resolve_repo(Entry).create({"text": "later"})

    assert ["later"] == await texts(kernel)


async def test_d01_a_cancelled_run_leaves_nothing(kernel: KernelRuntime) -> None:
    """Rows and dispatches of a cancelled run are gone, and the next run works."""
    reached = asyncio.Event()

    async def stuck(jobs: JobService, app: ApplicationInvoker) -> None:
        await app.entity(Entry).create(payload={"text": "half done"})
        jobs.dispatch(Write, params={"text": "never"})
        reached.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(kernel.app.invoke(Do, params={"body": stuck}))
    await reached.wait()
    task.cancel()
    await asyncio.wait([task])
    await kernel.app.invoke(Do, params=asking("next"))

    assert (True, ["next"]) == (task.cancelled(), await texts(kernel))


@pytest.mark.parametrize("use_case", [Do, Look])
async def test_d08_a_dispatch_runs_after_any_run(kernel: KernelRuntime, use_case: type[Any]) -> None:
    """With a unit of work or read-only, the job runs before the caller goes on."""
    await kernel.app.invoke(use_case, params=asking("asked"))

    assert ["asked"] == await texts(kernel)


async def test_d08_a_kernel_without_a_unit_of_work_runs_its_jobs() -> None:
    """Where nothing commits, the end of the run is the signal."""
    ran: list[str] = []

    class Note(Job[None]):
        async def execute(self) -> None:
            ran.append("ran")

    async def body(jobs: JobService, _: ApplicationInvoker) -> None:
        jobs.dispatch(Note)
        ran.append("dispatched")

    await create_kernel(config={}, use_cases=[]).app.invoke(Do, params={"body": body})

    assert ["dispatched", "ran"] == ran


async def test_d08_a_failing_run_takes_its_dispatches_along(kernel: KernelRuntime) -> None:
    """What a failed run wanted is forgotten, and no later commit starts it."""
    with pytest.raises(RuntimeError, match="after the dispatch"):
        await kernel.app.invoke(Do, params=asking("never", fail=True))
    await kernel.app.invoke(Do, params=asking("next"))

    assert ["next"] == await texts(kernel)


async def test_d08_a_run_starts_its_own_dispatches_only(kernel: KernelRuntime) -> None:
    """What waited before a run began waits on, whether the run ends well or badly."""
    started: list[str] = []
    add_pending_dispatch(lambda: started.append("mine"))

    await kernel.app.invoke(Do, params=asking("theirs"))
    with pytest.raises(RuntimeError):
        await kernel.app.invoke(Do, params=asking(fail=True))
    before = list(started)
    await flush_pending_dispatches()

    assert ([], ["mine"]) == (before, started)


async def test_d08_work_dispatched_by_a_parallel_call_is_not_lost(kernel: KernelRuntime) -> None:
    """Use cases called together in tasks of their own dispatch for the run they belong to."""

    async def body(_: JobService, app: ApplicationInvoker) -> None:
        await asyncio.gather(*(app.invoke(Do, params=asking(text)) for text in ("left", "right")))

    await kernel.app.invoke(Do, params={"body": body})

    assert ["left", "right"] == await texts(kernel)


async def test_d08_a_task_that_outlives_its_run_is_a_caller_of_its_own(kernel: KernelRuntime) -> None:
    """Its runs have transactions, and their dispatches run."""
    tasks: list[asyncio.Task[Any]] = []
    over = asyncio.Event()

    async def late(app: ApplicationInvoker) -> None:
        await over.wait()
        await app.invoke(Do, params=asking("late"))

    async def body(_: JobService, app: ApplicationInvoker) -> None:
        tasks.append(asyncio.create_task(late(app)))
        await asyncio.sleep(0)

    await kernel.app.invoke(Do, params={"body": body})
    over.set()
    await tasks[0]

    assert ["late"] == await texts(kernel)


async def test_d08_a_fresh_task_has_a_queue_of_its_own() -> None:
    """Outside of runs, what one task adds another does not flush."""
    started: list[str] = []

    async def add() -> None:
        add_pending_dispatch(lambda: started.append("theirs"))

    await asyncio.create_task(add())
    await flush_pending_dispatches()
    clear_pending_dispatches()

    assert [] == started


async def test_d49_a_failing_callback_changes_nothing(kernel: KernelRuntime) -> None:
    """The job has succeeded, on_failure is not called, and the next dispatch runs."""
    handles = await kernel.app.invoke(Do, params=asking("one", "two", on_success=Exploding, on_failure=Exploding))

    assert ([None, None], ["one", "two"]) == ([handle.wait() for handle in handles], await texts(kernel))


async def test_d49_a_failing_job_does_not_stop_the_next(kernel: KernelRuntime) -> None:
    """Its rows are rolled back, its callback hears why, the others run."""
    await kernel.app.invoke(Do, params=asking("fails", "works", on_failure=Written))

    assert ["fails RuntimeError", "works"] == await texts(kernel)


async def test_d49_every_dispatch_is_attempted(caplog: pytest.LogCaptureFixture) -> None:
    """One that cannot be started is logged; those behind it are started."""
    started: list[str] = []

    def dead() -> None:
        raise ConnectionError("broker gone")

    add_pending_dispatch(dead)
    add_pending_dispatch(lambda: started.append("second"))
    await flush_pending_dispatches()

    assert (["second"], True) == (started, "broker gone" in caplog.text)


async def test_d49_a_cancelled_caller_does_not_drop_committed_work(kernel: KernelRuntime) -> None:
    """Once committed, every job runs, though nobody waits for the answer any more."""
    running, go_on = asyncio.Event(), asyncio.Event()

    class Held(Job[None]):
        async def execute(self) -> None:
            running.set()
            await go_on.wait()

    async def body(jobs: JobService, _: ApplicationInvoker) -> None:
        jobs.dispatch(Held)
        jobs.dispatch(Write, params={"text": "behind it"})

    task = asyncio.create_task(kernel.app.invoke(Do, params={"body": body}))
    await running.wait()
    task.cancel()
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.wait([task])

    assert ["behind it"] == await texts(kernel)


async def test_d49_a_callback_may_ask_for_more_work(kernel: KernelRuntime) -> None:
    """What a callback dispatches runs when it returns."""
    await kernel.app.invoke(Do, params=asking("first", on_success=Dispatching))

    assert ["first", "from the callback"] == await texts(kernel)
