"""A worker's tasks called in this process: jobs through the executor, callbacks with what they may hear."""

from collections.abc import Callable
from typing import Any

import pytest
from celery import Celery
from celery_shop import Chain, Heard, OnlyFailure

from loom.core.observe import EventKind, RuntimeEvent

Make = Callable[..., Celery]
WORK = {"params": {"times": "2"}, "payload": {"name": "pears"}}


def test_a_job_runs_through_its_plan(shop: Any, worker: Make) -> None:
    """Params are converted, the command is built, the transaction commits, the result is plain."""
    result = worker().tasks["loom.job.Work"].apply(kwargs=WORK).result

    assert ({"name": "pears", "times": 2}, ["pears x2"]) == (result, shop.texts())


def test_tasks_share_a_database_in_memory(shop: Any, worker: Make) -> None:
    """One loop runs every eager task, so connections live on between them."""
    shop.extra = {"database": {"url": "sqlite+aiosqlite://"}}
    tasks = worker().tasks

    tasks["loom.job.Work"].apply(kwargs=WORK)

    assert "pears x2" == tasks["loom.job.ReadMark"].apply(kwargs={"params": {"mark_id": 1}}).result


async def test_a_task_may_be_called_under_a_running_loop(shop: Any, worker: Make) -> None:
    """Also asynchronous code may call a task eagerly."""
    assert worker().tasks["loom.job.Work"].apply(kwargs=WORK).successful()


@pytest.mark.parametrize(("how", "attempts", "error"), [("fails", 2, "LookupError"), ("conflicts", 1, "Conflict")])
def test_failures_are_tried_again_unless_they_are_business(
    shop: Any, worker: Make, how: str, attempts: int, error: str
) -> None:
    """An unexpected error is retried as often as the job says, a DomainError never."""
    outcome = (
        worker().tasks["loom.job.Work"].apply(kwargs={"params": {"times": 1}, "payload": {"name": "plums", "how": how}})
    )

    assert (attempts, True, []) == (len(shop.attempts), error in repr(outcome.result), shop.texts())


def test_observers_hear_of_every_attempt(shop: Any, worker: Make) -> None:
    """Started and retried, then started and exhausted; or started and succeeded, with a duration."""
    seen: list[RuntimeEvent] = []

    class Observing:
        def on_event(self, event: RuntimeEvent) -> None:
            seen.append(event)

    task = worker(metrics=Observing()).tasks["loom.job.Work"]
    task.apply(kwargs={"params": {"times": 1}, "payload": {"name": "plums", "how": "fails"}, "trace_id": "t-1"})
    task.apply(kwargs=WORK)

    jobs = [event for event in seen if event.kind.startswith("job_") and event.use_case_name == "Work"]
    assert [
        EventKind.JOB_STARTED,
        EventKind.JOB_RETRYING,
        EventKind.JOB_STARTED,
        EventKind.JOB_EXHAUSTED,
        EventKind.JOB_STARTED,
        EventKind.JOB_SUCCEEDED,
    ] == [event.kind for event in jobs]
    assert [None, "retrying", None, "exhausted", None, "success"] == [event.status for event in jobs]
    assert ["t-1"] * 4 + [None] * 2 == [event.trace_id for event in jobs]
    assert isinstance(jobs[3].error, LookupError)
    assert all(event.duration_ms is not None for event in (jobs[3], jobs[5]))


def test_callbacks_hear_how_it_ended(shop: Any, worker: Make) -> None:
    """A success task takes the result; a failure task is told type and text by the job that links to it."""
    app = worker()
    about = {"job_id": "j-1", "context": {"name": "pears"}, "trace_id": "t-2"}
    failed = {**WORK, "payload": {"name": "figs", "how": "conflicts"}}

    app.tasks["loom.callback.Heard"].apply(args=[{"name": "pears"}], kwargs=about)
    link = app.signature("loom.callback_error.Heard", kwargs=about, immutable=True)
    app.tasks["loom.job.Work"].apply(kwargs=failed, link_error=link)

    assert [
        ("heard pears of pears", "t-2"),
        ("heard Conflict: somebody was faster of pears", "t-2"),
    ] == shop.marks()


def test_a_failure_nobody_described_is_looked_up(shop: Any, worker: Make) -> None:
    """Where the worker died, the result backend is asked; where it knows nothing, the failure is unknown."""
    app = worker()
    app.backend.store_result("died", ValueError("gone"), "FAILURE")

    for job_id in ("died", "never heard of"):
        app.tasks["loom.callback_error.Heard"].apply(kwargs={"job_id": job_id, "context": {}})

    assert ["heard ValueError: gone of None", "heard Unknown:  of None"] == shop.texts()


def test_a_callback_has_the_tasks_it_can_hear(shop: Any, worker: Make) -> None:
    """A class with on_failure alone has one task."""
    names = [name for name in worker().tasks if OnlyFailure.__qualname__ in name]

    assert ["loom.callback_error.OnlyFailure"] == names


def test_an_eager_worker_runs_what_its_jobs_dispatch(shop: Any, worker: Make) -> None:
    """With task_always_eager a job's own dispatches run in the process, after its commit."""
    shop.eager = True

    worker().tasks[f"loom.job.{Chain.__qualname__}"].apply(kwargs={"params": {"name": "nuts"}})

    assert ["nuts x1"] == shop.texts()


async def test_an_eager_api_runs_jobs_and_callbacks_itself(shop: Any, api: Any) -> None:
    """With task_always_eager the API needs no worker; callbacks included."""
    from celery_shop import Ask, Work

    shop.eager = True
    app = api()
    async with app.router.lifespan_context(app):
        dispatch = (Work, {**WORK, "on_success": Heard})
        (handle,) = await app.state.loom.kernel.app.invoke(Ask, params={"dispatches": [dispatch]})

    assert ({"name": "pears", "times": 2}, ["pears x2", "heard pears of pears"]) == (handle.wait(), shop.texts())
