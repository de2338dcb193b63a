"""Jobs run inline: after the commit, in their own run, with callbacks that cannot change how they ended."""

from typing import Any

import pytest

from loom.core.command import Command
from loom.core.di import LoomContainer
from loom.core.engine import RuntimeExecutor, UseCaseCompiler
from loom.core.job import InlineJobService, Job, JobFailedError, JobHandle, JobTimeoutError
from loom.core.use_case import Input, UseCase
from loom.core.use_case.factory import UseCaseFactory


class Mail(Command):
    product_id: int
    recipient: str


class SendMail(Job[str]):
    __queue__ = "mail"

    async def execute(self, product_id: int, cmd: Mail = Input()) -> str:
        if cmd.recipient == "fail":
            raise LookupError("no such mailbox")
        return f"{product_id}:{cmd.recipient}"


class Blocking(Job[int]):
    def execute(self) -> int:
        return 42


class Ask(UseCase[Any, JobHandle]):
    def __init__(self, body: Any) -> None:
        self._body = body

    async def execute(self) -> JobHandle:
        handle: JobHandle = self._body()
        return handle


HEARD: list[tuple[Any, ...]] = []


class OnlySuccess:
    async def on_success(self, job_id: str, result: Any, **context: Any) -> None:
        HEARD.append(("success", result, context))


class OnlyFailure:
    def on_failure(self, job_id: str, exc_type: str, exc_msg: str, **context: Any) -> None:
        HEARD.append(("failure", exc_type, exc_msg, context))


class Exploding:
    def on_success(self, job_id: str, result: Any, **context: Any) -> None:
        raise RuntimeError("callback")

    def on_failure(self, **context: Any) -> None:
        HEARD.append(("must not happen",))


@pytest.fixture
def runner() -> RuntimeExecutor:
    HEARD.clear()
    return RuntimeExecutor(UseCaseCompiler())


@pytest.fixture
def jobs(runner: RuntimeExecutor) -> InlineJobService:
    return InlineJobService(UseCaseFactory(LoomContainer()), runner)


async def ask(runner: RuntimeExecutor, body: Any) -> JobHandle:
    handle: JobHandle = await runner.execute(Ask(body))
    return handle


def mail(recipient: str) -> dict[str, Any]:
    return {"params": {"product_id": 7}, "payload": {"product_id": 7, "recipient": recipient}}


async def test_a_dispatched_job_has_run_when_the_use_case_returns(runner: Any, jobs: Any) -> None:
    """The handle carries queue, a 36-character id, and the result."""
    handle = await ask(runner, lambda: jobs.dispatch(SendMail, **mail("a@b")))

    assert (handle.queue, len(handle.job_id), handle.wait()) == ("mail", 36, "7:a@b")


async def test_a_handle_before_the_commit_says_the_job_has_not_run(jobs: Any) -> None:
    """Waiting inside the use case cannot succeed and says so."""
    with pytest.raises(JobTimeoutError):
        jobs.dispatch(SendMail, **mail("a@b")).wait()


async def test_callbacks_may_have_one_method_and_get_params_and_payload(runner: Any, jobs: Any) -> None:
    """A success calls on_success where it exists; a failure calls on_failure where it exists."""
    both = {"on_success": OnlySuccess, "on_failure": OnlyFailure}

    await ask(runner, lambda: jobs.dispatch(SendMail, **mail("a@b"), **both))
    await ask(runner, lambda: jobs.dispatch(SendMail, **mail("fail"), **both))

    assert HEARD == [
        ("success", "7:a@b", {"product_id": 7, "recipient": "a@b"}),
        ("failure", "LookupError", "no such mailbox", {"product_id": 7, "recipient": "fail"}),
    ]


async def test_a_failed_job_tells_its_handle_and_not_the_caller(runner: Any, jobs: Any) -> None:
    """The use case returns normally; waiting raises with the cause."""
    handle = await ask(runner, lambda: jobs.dispatch(SendMail, **mail("fail")))

    with pytest.raises(JobFailedError) as caught:
        handle.wait()
    assert isinstance(caught.value.cause, LookupError)


async def test_a_failing_success_callback_does_not_make_the_job_fail(runner: Any, jobs: Any) -> None:
    """on_failure is for the job, never for a callback."""
    handle = await ask(
        runner, lambda: jobs.dispatch(SendMail, **mail("a@b"), on_success=Exploding, on_failure=Exploding)
    )

    assert (handle.wait(), HEARD) == ("7:a@b", [])


async def test_a_payload_that_is_no_mapping_fails_the_job_and_not_the_request(runner: Any, jobs: Any) -> None:
    """`payload={...}` is a set with an Ellipsis; the request still answers."""
    await ask(runner, lambda: jobs.dispatch(SendMail, params={"product_id": 1}, payload={...}, on_failure=OnlyFailure))

    assert HEARD[0][:2] == ("failure", "TypeError")


async def test_a_sync_job_runs(runner: Any, jobs: Any) -> None:
    """`execute` may be a plain function."""
    assert (await ask(runner, lambda: jobs.dispatch(Blocking))).wait() == 42


async def test_a_group_calls_back_once(runner: Any, jobs: Any) -> None:
    """on_all_success hears every result, in order."""
    await runner.execute(Ask(lambda: jobs.dispatch_parallel([(Blocking, None)] * 2, on_all_success=OnlySuccess)))

    assert HEARD == [("success", [42, 42], {})]


async def test_an_observer_that_fails_changes_nothing(runner: Any) -> None:
    """What an observer of jobs raises is dropped; the job runs and its handle has the result."""

    class Failing:
        def on_event(self, event: Any) -> None:
            raise RuntimeError("observer")

    observed = InlineJobService(UseCaseFactory(LoomContainer()), runner, metrics=Failing())

    assert 42 == (await ask(runner, lambda: observed.dispatch(Blocking))).wait()
