"""The loop of a worker process."""

import asyncio
import threading
from collections.abc import Iterator

import pytest

from loom.celery import WorkerEventLoop


async def which_thread() -> str:
    return threading.current_thread().name


@pytest.fixture(autouse=True)
def _stopped() -> Iterator[None]:
    WorkerEventLoop.shutdown()
    yield
    WorkerEventLoop.shutdown()


@pytest.fixture
def started() -> None:
    WorkerEventLoop.initialize()


def test_it_must_be_initialized() -> None:
    """Before that there is nothing to run on."""
    with pytest.raises(RuntimeError, match="not initialized"):
        WorkerEventLoop.run(which_thread())


def test_starting_twice_is_starting_once() -> None:
    """The same loop serves every caller until it is shut down; ending twice is ending once."""
    WorkerEventLoop.initialize()
    loop = WorkerEventLoop.run(_loop())
    WorkerEventLoop.initialize()

    assert (True, True) == (WorkerEventLoop.is_initialized(), loop is WorkerEventLoop.run(_loop()))
    WorkerEventLoop.shutdown()
    WorkerEventLoop.shutdown()
    assert not WorkerEventLoop.is_initialized()


async def _loop() -> asyncio.AbstractEventLoop:
    return asyncio.get_running_loop()


@pytest.mark.usefixtures("started")
def test_it_runs_in_a_thread_of_its_own() -> None:
    """Not in the caller's."""
    assert threading.current_thread().name != WorkerEventLoop.run(which_thread())


@pytest.mark.usefixtures("started")
def test_errors_come_out() -> None:
    """What the coroutine raises, the caller gets."""

    async def fail() -> None:
        raise LookupError("here")

    with pytest.raises(LookupError, match="here"):
        WorkerEventLoop.run(fail())


@pytest.mark.usefixtures("started")
def test_a_timeout_cancels_and_waits_for_the_end() -> None:
    """The coroutine has cleaned up when the caller hears of the timeout."""
    steps: list[str] = []

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            steps.append("cleaned up")

    with pytest.raises(TimeoutError):
        WorkerEventLoop.run(endless(), timeout=0.05)
    assert ["cleaned up"] == steps


@pytest.mark.usefixtures("started")
def test_it_does_not_wait_for_itself() -> None:
    """Blocking the loop on its own work is refused instead of hanging."""

    async def inside() -> None:
        WorkerEventLoop.run(which_thread())

    with pytest.raises(RuntimeError, match="wait for itself"):
        WorkerEventLoop.run(inside())


@pytest.mark.usefixtures("started")
def test_shutting_down_ends_what_runs() -> None:
    """Tasks left over are cancelled, and may clean up."""
    ended = threading.Event()

    async def leave_a_task() -> None:
        async def forever() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

        WORK.append(asyncio.create_task(forever()))
        await asyncio.sleep(0)

    WorkerEventLoop.run(leave_a_task())
    WorkerEventLoop.shutdown()

    assert ended.is_set()


WORK: list["asyncio.Task[None]"] = []
