"""The Celery tasks of an application: one per job, and one per method of a callback.

A job that raises is tried again, after 1, 2, 4, ... seconds, as often as it says; a `DomainError` is final, for no attempt
will end differently. What a failed job raised travels to its callbacks with the call itself, so that type and text are
exact and no result backend is needed; only where the worker died, the result backend is asked.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from celery import Celery, Task

from loom.celery.constants import callback_error_task, callback_task, job_task
from loom.celery.message import result_to_message
from loom.celery.worker import Worker
from loom.core.errors import DomainError
from loom.core.job.callback import call_back, failure_of, hears
from loom.core.job.config import job_options
from loom.core.job.events import JobEvents
from loom.core.tracing import reset_trace_id, set_trace_id

Values = Mapping[str, Any]

# Of this application alone, and made at once.
_TASK: dict[str, Any] = {"bind": True, "shared": False, "lazy": False}


def register_job(celery_app: Celery, job_type: type[Any], worker: Worker) -> None:
    """Make the task `loom.job.<JobQualname>` that runs `job_type` through the executor."""

    def run_job(
        self: Task, *, payload: Values | None = None, params: Values | None = None, trace_id: str | None = None
    ) -> Any:
        with _traced(trace_id):
            return _attempt(self, job_type, worker, params, payload)

    options = job_options(job_type)
    celery_app.task(
        name=job_task(job_type),
        acks_late=True,
        reject_on_worker_lost=True,
        max_retries=options.retries,
        soft_time_limit=options.timeout,
        **_TASK,
    )(run_job)


def register_callback(celery_app: Celery, callback: type[Any], worker: Worker) -> None:
    """Make `loom.callback.<Qualname>` and `loom.callback_error.<Qualname>`, each where `callback` has the method."""

    def on_success(self: Task, result: Any, *, job_id: str, context: Values, trace_id: str | None = None) -> None:
        with _traced(trace_id):
            _tell(self, worker, callback, "on_success", {"job_id": job_id, "result": result}, context)

    def on_failure(
        self: Task,
        *,
        job_id: str,
        context: Values,
        trace_id: str | None = None,
        exc_type: str | None = None,
        exc_msg: str = "",
    ) -> None:
        failure = {"exc_type": exc_type, "exc_msg": exc_msg} if exc_type else _stored_failure(celery_app, job_id)
        with _traced(trace_id):
            _tell(self, worker, callback, "on_failure", {"job_id": job_id, **failure}, context)

    if hears(callback, "on_success"):
        celery_app.task(name=callback_task(callback), acks_late=True, ignore_result=True, **_TASK)(on_success)
    if hears(callback, "on_failure"):
        celery_app.task(name=callback_error_task(callback), acks_late=True, ignore_result=True, **_TASK)(on_failure)


def _attempt(task: Task, job_type: type[Any], worker: Worker, params: Values | None, payload: Values | None) -> Any:
    events = JobEvents(worker.metrics, job_type)
    events.started()
    kernel = worker.kernel
    try:
        result = worker.run(
            lambda: kernel.executor.execute(kernel.factory.build(job_type), params=params, payload=payload),
            eager=bool(task.request.is_eager),
        )
    except Exception as error:
        if not isinstance(error, DomainError) and task.request.retries < (task.max_retries or 0):
            events.retrying(error)
            raise task.retry(exc=error, countdown=2**task.request.retries) from error
        events.exhausted(error)
        _write_failure(task.request.errbacks, error)
        raise
    events.succeeded()
    return result_to_message(result)


def _tell(task: Task, worker: Worker, callback: type[Any], method: str, outcome: Values, context: Values) -> None:
    built = worker.kernel.factory.build(callback)
    worker.run(lambda: call_back(built, method, outcome, context), eager=bool(task.request.is_eager))


def _write_failure(errbacks: Any, error: BaseException) -> None:
    """Let the calls that Celery is about to make say what was raised."""
    for signature in errbacks or ():
        signature["kwargs"] = {**signature["kwargs"], **failure_of(error)}


def _stored_failure(celery_app: Celery, job_id: str) -> dict[str, str]:
    try:
        stored = celery_app.AsyncResult(job_id).result
    except Exception:  # no result backend, or it does not answer
        stored = None
    return failure_of(stored) if isinstance(stored, BaseException) else {"exc_type": "Unknown", "exc_msg": ""}


@contextmanager
def _traced(trace_id: str | None) -> Iterator[None]:
    if trace_id is None:
        yield
        return
    token = set_trace_id(trace_id)
    try:
        yield
    finally:
        reset_trace_id(token)
