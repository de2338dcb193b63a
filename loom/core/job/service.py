"""Asking for background work: `JobService` is what business code depends on, `InlineJobService` runs it here.

`dispatch` is synchronous and does nothing but remember: the job exists once the surrounding use case commits, and never
existed where it rolls back. `InlineJobService` then runs the job in the same process, in a transaction of its own, before
the caller gets its answer.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol, runtime_checkable
from uuid import uuid4

from loom.core.job.callback import call_back, dispatch_context, failure_of, hears
from loom.core.job.config import JobConfig, job_options
from loom.core.job.events import JobEvents
from loom.core.job.handle import JobFailedError, JobGroup, JobHandle
from loom.core.job.outbox import Outbox
from loom.core.observe import Observer, watched
from loom.core.use_case.invoker import Builder, Runner

_log = logging.getLogger("loom.job")

Values = Mapping[str, Any]


@runtime_checkable
class JobService(Protocol):
    """Runs jobs now, or dispatches them for after the commit."""

    async def run(self, job_type: type[Any], *, params: Values | None = None, payload: Values | None = None) -> Any:
        """Run the job now, in the running transaction, and return its result."""

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
        """Ask for the job to run once the surrounding use case commits."""

    def dispatch_parallel(
        self,
        jobs: Sequence[tuple[type[Any], Values | None]],
        *,
        on_all_success: type[Any] | None = None,
        on_any_failure: type[Any] | None = None,
    ) -> JobGroup:
        """Ask for several jobs at once."""


@runtime_checkable
class Closable(Protocol):
    """A service that keeps connections open."""

    def close(self) -> None:
        """Close them."""


@dataclass(frozen=True)
class _Dispatched:
    """One dispatch: what was asked for, and in `outcome` the result or the failure once it has run."""

    job_id: str
    job_type: type[Any]
    params: Values | None
    payload: Any
    on_success: type[Any] | None
    on_failure: type[Any] | None
    outcome: list[Any] = field(default_factory=list)


class InlineJobService:
    """Runs dispatched jobs in this process, right after the commit. Scheduling hints have no effect here.

    Args:
        configs: by class name, what `jobs.<ClassName>` of the configuration replaces.
        metrics: observer of jobs.
    """

    def __init__(
        self,
        factory: Builder,
        executor: Runner,
        *,
        configs: Mapping[str, JobConfig] | None = None,
        metrics: Observer | None = None,
    ) -> None:
        self._factory = factory
        self._executor = executor
        self._configs = configs or {}
        self._metrics = metrics
        self._outbox = Outbox()

    async def run(self, job_type: type[Any], *, params: Values | None = None, payload: Values | None = None) -> Any:
        """Run the job now, in the running transaction; exceptions propagate."""
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
        """Remember the job for after the commit and return its handle."""
        given = dict(payload) if isinstance(payload, Mapping) else payload
        job = _Dispatched(str(uuid4()), job_type, params, given, on_success, on_failure)
        self._outbox.add(lambda: self._run(job))
        chosen = queue or str(job_options(job_type, self._configs.get(job_type.__name__)).queue)
        JobEvents(self._metrics, job_type).dispatched(job.job_id, chosen, params, given)
        return JobHandle(job.job_id, chosen, datetime.now(UTC), _inline_result_holder=job.outcome)

    def dispatch_parallel(
        self,
        jobs: Sequence[tuple[type[Any], Values | None]],
        *,
        on_all_success: type[Any] | None = None,
        on_any_failure: type[Any] | None = None,
    ) -> JobGroup:
        """Dispatch each of `jobs` and call back once, after the last of them."""
        group = JobGroup(tuple(self.dispatch(job_type, payload=payload) for job_type, payload in jobs))
        if on_all_success is not None or on_any_failure is not None:
            self._outbox.add(lambda: self._settle_group(group, on_all_success, on_any_failure))
        return group

    async def _run(self, job: _Dispatched) -> None:
        with watched("job", job.job_type.__qualname__, job.job_id):
            await self._run_watched(job, JobEvents(self._metrics, job.job_type))

    async def _run_watched(self, job: _Dispatched, events: JobEvents) -> None:
        events.started()
        try:
            result = await self._attempt(job)
        except Exception as error:
            _log.warning("job %s (%s) failed: %s", job.job_id, job.job_type.__qualname__, type(error).__qualname__)
            events.exhausted(error)
            job.outcome.append(JobFailedError(job.job_id, error))
            await self._tell(job.on_failure, "on_failure", {"job_id": job.job_id, **failure_of(error)}, job)
            return
        events.succeeded()
        job.outcome.append(result)
        await self._tell(job.on_success, "on_success", {"job_id": job.job_id, "result": result}, job)

    async def _attempt(self, job: _Dispatched) -> Any:
        require_mapping(job.job_type, job.payload)
        return await self.run(job.job_type, params=job.params, payload=job.payload)

    async def _settle_group(
        self, group: JobGroup, on_all_success: type[Any] | None, on_any_failure: type[Any] | None
    ) -> None:
        outcomes = [handle._inline_result_holder[0] for handle in group.handles if handle._inline_result_holder]
        failed = next((o for o in outcomes if isinstance(o, JobFailedError)), None)
        first = group.handles[0].job_id if group.handles else ""
        if failed is None:
            await self._tell(on_all_success, "on_success", {"job_id": first, "result": outcomes})
        elif failed.cause is not None:
            await self._tell(on_any_failure, "on_failure", {"job_id": failed.job_id, **failure_of(failed.cause)})

    async def _tell(
        self, callback: type[Any] | None, method: str, outcome: Values, job: _Dispatched | None = None
    ) -> None:
        """Tell `callback`; its failure is logged and changes nothing about the job."""
        if callback is None or not hears(callback, method):
            return
        context = dispatch_context(job.params, job.payload) if job is not None else {}
        try:
            with watched("callback", f"{callback.__qualname__}.{method}", outcome["job_id"]):
                await call_back(self._factory.build(callback), method, outcome, context)
        except Exception:
            _log.exception("callback %s.%s failed", callback.__qualname__, method)


def require_mapping(job_type: type[Any], payload: Any) -> None:
    """Refuse a payload that cannot fill a command.

    Raises:
        TypeError: it is neither a mapping nor None.
    """
    if payload is not None and not isinstance(payload, Mapping):
        raise TypeError(f"the payload of {job_type.__qualname__} must be a mapping, got {type(payload).__name__}")
