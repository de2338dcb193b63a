"""What a worker process has: its kernel, its database and the loop both live on; started and stopped with the process."""

import logging
import os
from collections.abc import Callable, Coroutine
from typing import Any

from celery import Celery, signals
from msgspec import structs

from loom.celery.event_loop import LoopThread, WorkerEventLoop
from loom.core.bootstrap import KernelRuntime
from loom.core.cache import RepositoryCache
from loom.core.config import WorkerSettings
from loom.core.logger import LoggerConfig, configure_logging_from_values
from loom.core.observe import Observer
from loom.core.repository.sqlalchemy import SessionManager

_log = logging.getLogger("loom.celery")


class Worker:
    """Runs coroutines of one application in whichever process Celery calls a task in.

    A task called eagerly outside of a worker runs on a loop of this object's own.
    """

    def __init__(
        self,
        settings: WorkerSettings,
        kernel: KernelRuntime,
        manager: SessionManager | None,
        cache: RepositoryCache | None,
        metrics: Observer | None,
    ) -> None:
        self.kernel = kernel
        self.metrics = metrics
        self._settings = settings
        self._manager = manager
        self._cache = cache
        self._eager_loop = LoopThread("loom-eager-tasks")
        self._prepared_in: int | None = None

    def attach(self, celery_app: Celery) -> None:
        """Follow the life of the processes that run `celery_app`, for as long as it exists."""
        celery_app.loom_worker = self
        signals.worker_process_init.connect(self._process_starts)
        signals.worker_process_shutdown.connect(self._process_ends)
        signals.worker_shutdown.connect(self._process_ends)  # pools without processes of their own have only this one
        if self._settings.logger is not None:
            signals.setup_logging.connect(self._configure_logging)

    def run(self, work: Callable[[], Coroutine[Any, Any, Any]], *, eager: bool) -> Any:
        """Run `work` to its end and return its result; what it raises comes out."""
        if eager and not WorkerEventLoop.is_initialized():
            self._eager_loop.start()
            return self._eager_loop.run(self._prepared(work))
        WorkerEventLoop.initialize()
        return WorkerEventLoop.run(self._prepared(work))

    def close(self) -> None:
        """Give connections back and end the loops of this process."""
        for loop in (self._eager_loop, WorkerEventLoop._thread):
            if loop.is_running and self._prepared_in == os.getpid():
                loop.run(self._disconnect(), 5.0)
        self._prepared_in = None
        self._eager_loop.stop()
        WorkerEventLoop.shutdown()

    async def _disconnect(self) -> None:
        if self._cache is not None:
            await self._cache.close()
        if self._manager is not None:
            await self._manager.dispose()

    async def _prepared(self, work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Make missing tables before the first job of a process, as the API does at its start."""
        if self._prepared_in != os.getpid():
            database = self._settings.database
            if self._manager is not None and database is not None and database.create_all:
                await self._manager.create_tables()
            self._prepared_in = os.getpid()
        return await work()

    def _process_starts(self, **_: Any) -> None:
        WorkerEventLoop.initialize()

    def _process_ends(self, **_: Any) -> None:
        try:
            self.close()
        except Exception:
            _log.exception("the worker process did not close its database connections")

    def _configure_logging(self, **_: Any) -> None:
        configure_logging(self._settings.logger or LoggerConfig())


def configure_logging(config: LoggerConfig) -> None:
    """Configure logging as the `logger` section says."""
    configure_logging_from_values(**structs.asdict(config))
