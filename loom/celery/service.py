"""Asking for background work where workers do it: dispatches become messages once the use case has committed."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4

from celery import Celery

from loom.celery.config import CeleryConfig, create_celery_app
from loom.celery.constants import callback_error_task, callback_task, job_task
from loom.celery.message import to_message
from loom.core.assembly import inline_jobs
from loom.core.bootstrap import Module
from loom.core.di import LoomContainer, Scope
from loom.core.engine import RuntimeExecutor
from loom.core.job.callback import dispatch_context, failure_of, hears
from loom.core.job.config import JobConfig, job_options
from loom.core.job.events import JobEvents
from loom.core.job.handle import NOT_STARTED, JobGroup, JobHandle
from loom.core.job.outbox import Outbox
from loom.core.job.service import JobService, Values, require_mapping
from loom.core.observe import Observer
from loom.core.tracing import get_trace_id
from loom.core.use_case.factory import UseCaseFactory
from loom.core.use_case.invoker import Builder, Runner

_log = logging.getLogger("loom.celery")


class CeleryJobService:
    """Sends dispatched jobs to the broker after the commit.

    Args:
        metrics: observer of jobs.
        factory: with `executor`, what `run` needs to run a job here.
        configs: by class name, what `jobs.<ClassName>` of the configuration replaces.
    """

    def __init__(
        self,
        celery_app: Celery,
        metrics: Observer | None = None,
        factory: Builder | None = None,
        executor: Runner | None = None,
        *,
        configs: Mapping[str, JobConfig] | None = None,
    ) -> None:
        self._celery = celery_app
        self._metrics = metrics
        self._factory = factory
        self._executor = executor
        self._configs = configs or {}
        self._outbox = Outbox()

    async def run(self, job_type: type[Any], *, params: Values | None = None, payload: Values | None = None) -> Any:
        """Run the job here and now, in the running transaction; exceptions propagate.

        Raises:
            NotImplementedError: the service was made without factory and executor.
        """
        if self._factory is None or self._executor is None:
            raise NotImplementedError("run needs a factory and an executor; this service can only dispatch")
        return await self._executor.execute(self._factory.build(job_type), params=params, payload=payload)

    def dispatch(
        self,
        job_type: type[Any],
        *,
        params: Values | None = None,
        payload: Values | None = None,
        on_success: type[Any] | None = None,
        on_failure: type[Any] | None = None,
        queue: str | None = None,
        countdown: int | None = None,
        priority: int | None = None,
        eta: datetime | None = None,
    ) -> JobHandle:
        """Remember the job for after the commit and return its handle. The values are taken as they are now."""
        options = job_options(job_type, self._configs.get(job_type.__name__))
        message = _Message(self._celery, str(uuid4()), on_failure)
        chosen = queue or str(options.queue)
        try:
            message.write(job_type, params, payload, on_success)
            message.options |= {
                "queue": chosen,
                "countdown": options.countdown if countdown is None and eta is None else countdown,
                "priority": options.priority if priority is None else priority,
                "eta": eta,
                "soft_time_limit": options.timeout,
            }
        except TypeError as error:
            message.error = error
        self._outbox.add(message.post)
        JobEvents(self._metrics, job_type).dispatched(message.job_id, chosen, params, payload)
        return JobHandle(message.job_id, chosen, datetime.now(UTC), _async_result=message)

    def dispatch_parallel(
        self,
        jobs: Sequence[tuple[type[Any], Values | None]],
        *,
        on_all_success: type[Any] | None = None,
        on_any_failure: type[Any] | None = None,
    ) -> JobGroup:
        """Dispatch each of `jobs`.

        Raises:
            NotImplementedError: a callback for the whole group is asked for; nothing has been dispatched then.
        """
        if on_all_success is not None or on_any_failure is not None:
            raise NotImplementedError("callbacks of a group are not offered on Celery; give each job its own")
        return JobGroup(tuple(self.dispatch(job_type, payload=payload) for job_type, payload in jobs))

    def close(self) -> None:
        """Close what sending and waiting opened; either opens it again."""
        _close_idle(self._celery.pool)
        consumer = getattr(self._celery.backend, "result_consumer", None)
        with suppress(AttributeError):  # an rpc consumer that never consumed cannot be stopped
            if consumer is not None:
                consumer.stop()


class _Message:
    """One job on its way to the broker; also the `_async_result` of its handle."""

    def __init__(self, celery_app: Celery, job_id: str, on_failure: type[Any] | None) -> None:
        self.job_id = job_id
        self.options: dict[str, Any] = {}
        self.error: Exception | None = None
        self._celery = celery_app
        self._on_failure = on_failure
        self._name = ""
        self._sent = False

    def write(self, job_type: type[Any], params: Values | None, payload: Any, on_success: type[Any] | None) -> None:
        """Take down what is sent.

        Raises:
            TypeError: payload or params cannot travel.
        """
        self._name = job_task(job_type)
        require_mapping(job_type, payload)
        given = {"payload": to_message(payload or {}), "params": to_message(params)}
        about = {"job_id": self.job_id, "context": dispatch_context(given["params"], given["payload"])}
        self.options = {
            "kwargs": {**given, "trace_id": get_trace_id()},
            "task_id": self.job_id,
            "link": self._link(on_success, "on_success", about),
            "link_error": self._link(self._on_failure, "on_failure", about),
        }

    async def post(self) -> None:
        """Send it, in a thread: a broker that is slow to answer must not hold up the loop.

        The `rpc` backend answers the thread that sent, so there the caller's own does it.
        """
        send = self._send if self.error is None else partial(self._report, self.error)
        if str(self._celery.conf.result_backend).startswith("rpc"):
            send()
        else:
            await asyncio.to_thread(send)

    def get(self, timeout: float | None = None) -> Any:
        """Return the job's result, as Celery's `AsyncResult.get` does.

        Raises:
            TimeoutError: the job has not been sent, or has not finished within `timeout` seconds.
        """
        if self.error is not None:
            raise self.error
        if not self._sent:
            raise TimeoutError(NOT_STARTED)
        return self._celery.AsyncResult(self.job_id).get(timeout=timeout)

    def _send(self) -> None:
        try:
            self._celery.send_task(self._name, **self.options)
            self._sent = True
        except Exception as error:
            self.error = error
            _log.exception("job %s (%s) was not sent: the broker did not take it", self.job_id, self._name)

    def _report(self, error: Exception) -> None:
        _log.warning("job %s (%s) cannot be sent: %s", self.job_id, self._name, error)
        about = {"job_id": self.job_id, "context": {}, **failure_of(error)}
        signature = self._link(self._on_failure, "on_failure", about)
        if signature is not None:
            signature.apply_async()

    def _link(self, callback: type[Any] | None, method: str, about: dict[str, Any]) -> Any:
        """Return the task that tells `callback`; None where it does not want to know."""
        if callback is None or not hears(callback, method):
            return None
        success = method == "on_success"
        name = callback_task(callback) if success else callback_error_task(callback)
        kwargs = {**about, "trace_id": get_trace_id()}
        return self._celery.signature(name, kwargs=kwargs, immutable=not success)


def _close_idle(pool: Any) -> None:
    """Close the pool's connections that nobody uses; it stays usable, for other applications share it."""
    taken: list[Any] = []
    with suppress(pool.LimitExceeded):
        while len(taken) < (pool.limit or 0):
            taken.append(pool.acquire(block=False))
    for connection in taken:
        connection.close()
        connection.release()


def celery_jobs(
    config: CeleryConfig,
    configs: Mapping[str, JobConfig],
    metrics: Observer | None = None,
    celery_app: Celery | None = None,
) -> Module:
    """Return the binding that sends dispatched jobs to the broker; an eager configuration runs them here instead.

    Args:
        configs: by class name, what replaces a job's own options.
        celery_app: sends them; by default one is made from `config`.
    """
    if config.task_always_eager:
        return inline_jobs(configs, metrics)
    app = celery_app or create_celery_app(config)

    def make(container: LoomContainer) -> CeleryJobService:
        factory, executor = container.resolve(UseCaseFactory), container.resolve(RuntimeExecutor)
        return CeleryJobService(app, metrics, factory, executor, configs=configs)

    return lambda container: container.register(JobService, partial(make, container), Scope.APPLICATION)
