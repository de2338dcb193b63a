"""The event loop a worker process runs its jobs on: one, in a thread of its own, for as long as the process lives.

Celery calls a task as a plain function. The engine, its pooled connections and whatever else lives longer than one job are
bound to the loop they were first used on, so a loop per job will not do.
"""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
GRACE_S = 5.0


class LoopThread:
    """An event loop in a daemon thread."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._starting = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        """Whether the loop runs in this process: a thread does not survive a fork."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Start the loop unless it runs."""
        with self._starting:
            if not self.is_running:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=_run_forever, args=(self._loop,), name=self._name, daemon=True)
                self._thread.start()

    def run(self, coro: Coroutine[Any, Any, T], timeout: float | None = None) -> T:
        """Run `coro` on the loop and return its result. Leaving early, by timeout or signal, cancels it first.

        Raises:
            RuntimeError: the loop does not run, or this is its own thread, which would wait for itself.
            TimeoutError: it took longer than `timeout` seconds.
        """
        if self._loop is None or not self.is_running:
            coro.close()
            raise RuntimeError("the worker's event loop is not initialized")
        if threading.current_thread() is self._thread:
            coro.close()
            raise RuntimeError("the worker's event loop cannot wait for itself; await instead")
        ended = threading.Event()
        future = asyncio.run_coroutine_threadsafe(_announced(coro, ended), self._loop)
        try:
            return future.result(timeout)
        except BaseException:
            if future.cancel():
                ended.wait(GRACE_S)  # let it roll back before anybody tries again
            raise

    def stop(self, timeout: float = 10.0) -> None:
        """Cancel what runs and end the thread, waiting at most `timeout` seconds; nothing where it does not run."""
        thread, loop = self._thread, self._loop
        self._thread = self._loop = None
        if thread is not None and loop is not None and thread.is_alive():
            loop.call_soon_threadsafe(loop.stop)
            thread.join(timeout)


class WorkerEventLoop:
    """The loop of this worker process. Started and stopped by the signals Celery sends around a process's life."""

    _thread = LoopThread("loom-worker-loop")

    @classmethod
    def initialize(cls) -> None:
        """Start it unless it runs."""
        cls._thread.start()

    @classmethod
    def is_initialized(cls) -> bool:
        """Return whether it runs in this process."""
        return cls._thread.is_running

    @classmethod
    def run(cls, coro: Coroutine[Any, Any, T], *, timeout: float | None = None) -> T:
        """Run `coro` on it and return its result.

        Raises:
            RuntimeError: it is not initialized.
            TimeoutError: it took longer than `timeout` seconds; it has been cancelled.
        """
        return cls._thread.run(coro, timeout)

    @classmethod
    def shutdown(cls, *, timeout: float = 10.0) -> None:
        """Stop it; nothing where it does not run."""
        cls._thread.stop(timeout)


async def _announced(coro: Coroutine[Any, Any, T], ended: threading.Event) -> T:
    try:
        return await coro
    finally:
        ended.set()


def _run_forever(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.run_until_complete(_wind_up())
        loop.close()


async def _wind_up() -> None:
    """Cancel every task and wait for it, then end what the loop keeps for itself."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    loop = asyncio.get_running_loop()
    await loop.shutdown_asyncgens()
    await loop.shutdown_default_executor()
