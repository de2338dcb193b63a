"""Asking for background work: `JobService` is what business code depends on, `InlineJobService` runs it here.

`dispatch` is synchronous and does nothing but remember: the job exists once the surrounding use case commits, and never
existed where it rolls back. `InlineJobService` then runs the job in the same process, in a transaction of its own, before
the caller gets its answer.
"""

import inspect
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol, runtime_checkable
from uuid import uuid4

from loom.core.job.handle import JobFailedError, JobGroup, JobHandle
from loom.core.job.outbox import Outbox
from loom.core.observe import active_watch, watched
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


class InlineJobService:
    """Runs dispatched jobs in this process, right after the commit. Scheduling hints have no effect here."""

    def __init__(self, factory: Builder, executor: Runner) -> None:
        self._factory = factory
        self._executor = executor
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
        holder: list[Any] = []
        chosen = str(queue or getattr(job_type, "__queue__", "default"))
        handle = JobHandle(str(uuid4()), chosen, datetime.now(UTC), _inline_result_holder=holder)
        self._outbox.add(lambda: self._run(handle, job_type, params, payload, on_success, on_failure, holder))
        watch = active_watch.get()
        if watch is not None:
            watch.dispatched(job_type.__qualname__, handle.job_id, chosen, params, payload)
        return handle

    def dispatch_parallel(
        self,
        jobs: Sequence[tuple[type[Any], Values | None]],
        *,
        on_all_success: type[Any] | None = None,
        on_any_failure: type[Any] | None = None,
    ) -> JobGroup:
        """Dispatch each of `jobs` and call back once, after the last of them."""
        handles = tuple(self.dispatch(job_type, payload=payload) for job_type, payload in jobs)
        group = JobGroup(handles)
        if on_all_success is not None or on_any_failure is not None:
            self._outbox.add(lambda: self._settle_group(group, on_all_success, on_any_failure))
        return group

    async def _run(
        self,
        handle: JobHandle,
        job_type: type[Any],
        params: Values | None,
        payload: Any,
        on_success: type[Any] | None,
        on_failure: type[Any] | None,
        holder: list[Any],
    ) -> None:
        context = _context(params, payload)
        with watched("job", job_type.__qualname__, handle.job_id):
            try:
                result = await self._attempt(job_type, params, payload)
            except Exception as error:
                _log.warning("job %s (%s) failed: %s", handle.job_id, job_type.__qualname__, type(error).__qualname__)
                holder.append(JobFailedError(handle.job_id, error))
                await self._call_back(on_failure, "on_failure", handle.job_id, _failure(error), context)
                return
            holder.append(result)
            await self._call_back(on_success, "on_success", handle.job_id, {"result": result}, context)

    async def _attempt(self, job_type: type[Any], params: Values | None, payload: Any) -> Any:
        if payload is not None and not isinstance(payload, Mapping):
            raise TypeError(f"the payload of {job_type.__qualname__} must be a mapping, got {type(payload).__name__}")
        return await self.run(job_type, params=params, payload=payload)

    async def _settle_group(
        self, group: JobGroup, on_all_success: type[Any] | None, on_any_failure: type[Any] | None
    ) -> None:
        outcomes = [handle._inline_result_holder[0] for handle in group.handles if handle._inline_result_holder]
        failed = next((o for o in outcomes if isinstance(o, JobFailedError)), None)
        first = group.handles[0].job_id if group.handles else ""
        if failed is None:
            await self._call_back(on_all_success, "on_success", first, {"result": outcomes}, {})
        elif failed.cause is not None:
            await self._call_back(on_any_failure, "on_failure", failed.job_id, _failure(failed.cause), {})

    async def _call_back(
        self, callback: type[Any] | None, method: str, job_id: str, outcome: dict[str, Any], context: dict[str, Any]
    ) -> None:
        """Tell `callback`; its failure is logged and changes nothing about the job."""
        if callback is None or not hasattr(callback, method):
            return
        try:
            with watched("callback", f"{callback.__qualname__}.{method}", job_id):
                answer = getattr(self._factory.build(callback), method)(**{**context, "job_id": job_id, **outcome})
                if inspect.isawaitable(answer):
                    await answer
        except Exception:
            _log.exception("callback %s.%s failed", callback.__qualname__, method)


def _context(params: Values | None, payload: Any) -> dict[str, Any]:
    return {**(params or {}), **(payload if isinstance(payload, Mapping) else {})}


def _failure(error: BaseException) -> dict[str, Any]:
    return {"exc_type": type(error).__qualname__, "exc_msg": str(error)}
