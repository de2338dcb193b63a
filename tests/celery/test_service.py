"""What the API sends to the broker: one message per committed dispatch, exactly as asked for. The broker is in memory."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from celery import Celery
from celery_shop import Heard, Line, OnlyFailure, ReadMark, Work

from loom.celery import CeleryConfig, CeleryJobService, create_celery_app
from loom.core.job import (
    JobConfig,
    JobFailedError,
    JobTimeoutError,
    clear_pending_dispatches,
    flush_pending_dispatches,
)
from loom.core.observe import EventKind, RuntimeEvent
from loom.core.tracing import reset_trace_id, set_trace_id


class Broker:
    """An application on a broker in memory, and the messages in its queues."""

    def __init__(self) -> None:
        self.queue = f"loom_test_{uuid4().hex}"
        config = CeleryConfig(broker_url="memory://", result_backend="cache+memory://", task_default_queue=self.queue)
        self.app: Celery = create_celery_app(config)

    def taken(self, queue: str = "") -> list[Any]:
        """Take every message out of a queue."""
        found = []
        with self.app.connection_for_read() as connection:
            simple = connection.SimpleQueue(queue or self.queue)
            while simple.qsize():
                message = simple.get(block=False)
                message.ack()
                found.append(message)
            simple.close()
        return found


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def jobs(broker: Broker) -> CeleryJobService:
    return CeleryJobService(broker.app, configs={"Work": JobConfig(queue=broker.queue)})


Sent = Callable[..., Any]


@pytest.fixture
def sent(broker: Broker, jobs: CeleryJobService) -> Sent:
    """Dispatch, commit, and return the one message sent."""

    async def send(job: type[Any] = Work, queue: str = "", **options: Any) -> Any:
        jobs.dispatch(job, queue=queue or broker.queue, **options)
        await flush_pending_dispatches()
        (message,) = broker.taken(queue)
        return message

    return send


async def test_nothing_is_sent_before_the_commit(broker: Broker, jobs: CeleryJobService) -> None:
    """A dispatch is only remembered; one that is forgotten was never sent."""
    jobs.dispatch(Work, payload={"name": "pears"})
    before = broker.taken()
    clear_pending_dispatches()
    await flush_pending_dispatches()

    assert ([], []) == (before, broker.taken())


async def test_a_message_says_what_to_run_with_which_values(sent: Sent) -> None:
    """Task name, payload, params and trace id travel; an absent payload is an empty one."""
    token = set_trace_id("trace-7")
    message = await sent(params={"times": 2})
    reset_trace_id(token)

    (_, kwargs, _) = message.payload
    assert "loom.job.Work" == message.headers["task"]
    assert {"payload": {}, "params": {"times": 2}, "trace_id": "trace-7"} == kwargs


async def test_structs_and_dates_travel(sent: Sent) -> None:
    """A nested command becomes plain values; what Celery's JSON knows stays what it is."""
    when, price = datetime(2026, 1, 2, tzinfo=UTC), Decimal("1.50")

    message = await sent(payload={"line": Line(size=3), "when": when, "price": price, "tags": {"a"}})

    assert {"line": {"size": 3}, "when": when, "price": price, "tags": ["a"]} == message.payload[1]["payload"]


async def test_the_values_are_those_of_the_dispatch(broker: Broker, jobs: CeleryJobService) -> None:
    """What is changed between dispatch and commit does not reach the job."""
    payload = {"name": "pears"}
    jobs.dispatch(Work, payload=payload)
    payload["name"] = "plums"
    await flush_pending_dispatches()

    (message,) = broker.taken()
    assert {"name": "pears"} == message.payload[1]["payload"]


@pytest.mark.parametrize(
    ("config", "given", "expected"),
    [
        (JobConfig(), {}, (None, None)),
        (JobConfig(timeout=9, priority=4), {}, (9, 4)),
        (JobConfig(priority=4), {"priority": 0}, (None, 0)),
    ],
)
async def test_an_argument_beats_the_configuration_which_beats_the_class(
    broker: Broker, config: JobConfig, given: dict[str, Any], expected: tuple[Any, Any]
) -> None:
    """Also a zero is an answer; what nobody says is the class's."""
    jobs = CeleryJobService(broker.app, configs={"Work": config})
    jobs.dispatch(Work, queue=broker.queue, **given)
    await flush_pending_dispatches()

    (message,) = broker.taken()
    priority = message.properties["priority"] or None if expected[1] is None else message.properties["priority"]
    assert expected == (message.headers["timelimit"][1], priority)


async def test_a_countdown_delays_and_an_explicit_zero_does_not(broker: Broker) -> None:
    """A configured countdown becomes an eta unless the caller says 0, or says when."""
    jobs = CeleryJobService(broker.app, configs={"Work": JobConfig(queue=broker.queue, countdown=60)})
    when = datetime(2030, 1, 1, tzinfo=UTC)
    for given in ({}, {"countdown": 0}, {"eta": when}):
        jobs.dispatch(Work, **given)
    await flush_pending_dispatches()

    etas = [message.headers["eta"] for message in broker.taken()]
    assert (True, None, when.isoformat()) == (etas[0] is not None, *etas[1:])


async def test_callbacks_travel_with_the_job(sent: Sent) -> None:
    """The success link takes the result, the failure link nothing; both know id and context."""
    message = await sent(params={"times": 2}, payload={"name": "figs"}, on_success=Heard, on_failure=Heard)

    embed = message.payload[2]
    (success,), (failure,) = embed["callbacks"], embed["errbacks"]
    assert ("loom.callback.Heard", False) == (success["task"], success["immutable"])
    assert ("loom.callback_error.Heard", True) == (failure["task"], failure["immutable"])
    about = {"job_id": message.headers["id"], "context": {"times": 2, "name": "figs"}, "trace_id": None}
    assert [about, about] == [success["kwargs"], failure["kwargs"]]


async def test_a_callback_without_the_method_is_not_linked(sent: Sent) -> None:
    """A class that cannot hear a success is not called for one."""
    message = await sent(on_success=OnlyFailure, on_failure=OnlyFailure)

    assert (None, 1) == (message.payload[2]["callbacks"], len(message.payload[2]["errbacks"]))


@pytest.mark.parametrize("payload", [{...}, {"thing": object()}])
async def test_a_payload_that_cannot_travel_fails_the_job_and_not_the_request(
    broker: Broker, jobs: CeleryJobService, payload: Any
) -> None:
    """Dispatch returns; after the commit the failure callback is told, and the handle knows."""
    handle = jobs.dispatch(Work, payload=payload, on_failure=OnlyFailure)
    await flush_pending_dispatches()

    (message,) = broker.taken()
    told = ("loom.callback_error.OnlyFailure", "TypeError", handle.job_id)
    assert told == (message.headers["task"], message.payload[1]["exc_type"], message.payload[1]["job_id"])
    with pytest.raises(JobFailedError):
        handle.wait()


def test_a_handle_before_the_commit_does_not_wait(jobs: CeleryJobService) -> None:
    """Waiting for a job that has not been sent cannot succeed, and says so at once."""
    handle = jobs.dispatch(Work)
    clear_pending_dispatches()

    with pytest.raises(JobTimeoutError, match="committed"):
        handle.wait()


@pytest.mark.slow
async def test_a_dead_broker_fails_the_job_and_not_the_caller(caplog: pytest.LogCaptureFixture) -> None:
    """The commit stands; the failure is logged and the handle knows; the next dispatch is tried as well."""
    app = create_celery_app(CeleryConfig(broker_url="amqp://127.0.0.1:1//", result_backend="disabled://"))
    app.conf.task_publish_retry = False
    jobs = CeleryJobService(app)
    handles = [jobs.dispatch(Work), jobs.dispatch(ReadMark)]
    await flush_pending_dispatches()

    for handle in handles:
        assert handle.job_id in caplog.text
        with pytest.raises(JobFailedError):
            handle.wait()


def test_a_dispatch_is_observed(broker: Broker) -> None:
    """The observer hears of every dispatch."""
    seen: list[RuntimeEvent] = []

    class Observing:
        def on_event(self, event: RuntimeEvent) -> None:
            seen.append(event)

    CeleryJobService(broker.app, Observing()).dispatch(Work)
    clear_pending_dispatches()

    assert [(EventKind.JOB_DISPATCHED, "Work")] == [(event.kind, event.use_case_name) for event in seen]


async def test_run_needs_something_to_run_with(jobs: CeleryJobService) -> None:
    """A service made for sending alone says what it lacks."""
    with pytest.raises(NotImplementedError, match="factory"):
        await jobs.run(Work)


async def test_a_group_is_its_jobs(broker: Broker, jobs: CeleryJobService) -> None:
    """Each job is a message; callbacks for the whole are refused before anything is dispatched."""
    with pytest.raises(NotImplementedError):
        jobs.dispatch_parallel([(Work, {"name": "a"})], on_all_success=Heard)
    group = jobs.dispatch_parallel([(Work, {"name": "a"}), (Work, {"name": "b"})])
    await flush_pending_dispatches()

    assert [handle.job_id for handle in group.handles] == [message.headers["id"] for message in broker.taken()]
