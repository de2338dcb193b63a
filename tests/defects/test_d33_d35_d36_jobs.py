"""D33, D35, D36: a blocking job, a handle's answer, a callback with one method."""

import asyncio
import threading
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import pytest

from loom.core.bootstrap import KernelRuntime, create_kernel
from loom.core.job import Job, JobFailedError, JobGroup, JobHandle, JobService, JobTimeoutError
from loom.core.use_case import UseCase

WHO: ContextVar[str] = ContextVar("who", default="nobody")
HEARD: list[Any] = []


class Blocking(Job[tuple[str, str]]):
    """Blocks until somebody on the event loop lets it go on."""

    def execute(self, go_on: Any) -> tuple[str, str]:
        assert go_on.wait(10)
        return threading.current_thread().name, WHO.get()


class Failing(Job[None]):
    async def execute(self) -> None:
        raise LookupError("nothing there")


class Dispatch(UseCase[Any, JobHandle]):
    def __init__(self, jobs: JobService) -> None:
        self._jobs = jobs

    async def execute(self, job: Any, options: Any) -> JobHandle:
        return self._jobs.dispatch(job, **options)


class OnlySuccess:
    def on_success(self, job_id: str, result: Any, **context: Any) -> None:
        HEARD.append(("success", threading.current_thread() is threading.main_thread()))


class OnlyFailure:
    async def on_failure(self, job_id: str, exc_type: str, exc_msg: str, **context: Any) -> None:
        HEARD.append((exc_type, exc_msg))


@pytest.fixture
def kernel() -> KernelRuntime:
    HEARD.clear()
    return create_kernel(config={}, use_cases=[])


async def dispatched(kernel: KernelRuntime, job: type[Any], **options: Any) -> JobHandle:
    handle: JobHandle = await kernel.app.invoke(Dispatch, params={"job": job, "options": options})
    return handle


async def test_d33_a_blocking_job_does_not_block_the_loop(kernel: KernelRuntime) -> None:
    """While it blocks, the loop that lets it go on runs; it sees the context of its caller."""
    go_on = threading.Event()
    WHO.set("caller")

    waiting = asyncio.create_task(dispatched(kernel, Blocking, params={"go_on": go_on}))
    await asyncio.sleep(0.05)
    go_on.set()
    thread, who = (await waiting).wait()

    assert (True, "caller") == (thread != threading.current_thread().name, who)


async def test_d35_a_handle_of_a_failed_job_has_its_cause(kernel: KernelRuntime) -> None:
    """Waiting raises, and says what the job raised."""
    handle = await dispatched(kernel, Failing)

    with pytest.raises(JobFailedError) as caught:
        handle.wait()
    assert (handle.job_id, LookupError) == (caught.value.job_id, type(caught.value.cause))


def test_d35_a_handle_before_the_commit_says_when_to_wait(kernel: KernelRuntime) -> None:
    """A job that has not started cannot be waited for."""
    handle = kernel.container.resolve(JobService).dispatch(Failing)

    with pytest.raises(JobTimeoutError, match="committed"):
        handle.wait()


class Elsewhere:
    """A result that lives elsewhere."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def get(self, timeout: float | None = None) -> Any:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def remote(answer: Any) -> JobHandle:
    return JobHandle("j", "default", datetime.now(UTC), _async_result=Elsewhere(answer))


def test_d35_a_result_from_elsewhere_is_the_result() -> None:
    """A handle asks what it was given."""
    assert 42 == remote(42).wait()


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TimeoutError(), JobTimeoutError),
        (type("TimeoutError", (Exception,), {})(), JobTimeoutError),
        (LookupError("x"), JobFailedError),
    ],
)
def test_d35_an_error_from_elsewhere_is_told_apart_by_name(error: Exception, expected: type[Exception]) -> None:
    """Whatever library it comes from, a TimeoutError is one."""
    with pytest.raises(expected):
        remote(error).wait(timeout=1)


def test_d35_a_group_waits_for_each() -> None:
    """Results come in the order of the dispatch; chaining is refused with the way to do it."""
    group = JobGroup((remote(1), remote(2)))

    assert [1, 2] == group.wait_all()
    with pytest.raises(NotImplementedError, match="on_all_success"):
        group.then(Failing)


async def test_d36_a_callback_may_have_one_method(kernel: KernelRuntime) -> None:
    """Each hears what it can, whichever it is given for; a plain function may block, in a thread."""
    go_on = threading.Event()
    go_on.set()
    both = {"on_success": OnlySuccess, "on_failure": OnlyFailure}

    await dispatched(kernel, Blocking, params={"go_on": go_on}, **both)
    await dispatched(kernel, Failing, **both)
    await dispatched(kernel, Failing, on_success=OnlyFailure, on_failure=OnlySuccess)

    assert [("success", False), ("LookupError", "nothing there")] == HEARD
