"""A real worker process on a real broker: what the API dispatches happens there, once, with its callbacks."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from celery_shop import Ask, Chain, DiesOnce, Heard, OnlyFailure, ReadMark, Slow, Work

from loom.core.errors import Conflict
from loom.core.job import JobFailedError
from loom.core.tracing import reset_trace_id, set_trace_id
from loom.core.use_case.invoker import ApplicationInvoker
from loom.rest.fastapi.auto import create_app

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("celery")]


@pytest.fixture
async def ask(running_shop: Any) -> AsyncIterator[Any]:
    """Dispatch through a use case of the shop's API, (job, options) each, and return the handles."""
    app = create_app(running_shop.config)
    invoker: ApplicationInvoker = app.state.loom.kernel.app
    async with app.router.lifespan_context(app):
        yield lambda *dispatches, **more: invoker.invoke(Ask, params={"dispatches": list(dispatches), **more})


def work(name: str, how: str = "well", **options: Any) -> tuple[Any, dict[str, Any]]:
    return Work, {"params": {"times": 2}, "payload": {"name": name, "how": how}, **options}


async def test_a_job_and_its_callback_happen_in_the_worker(running_shop: Any, ask: Any) -> None:
    """Job and callback each commit, in order, under the trace id of the request."""
    token = set_trace_id("trace-of-the-request")

    await ask(work("pears", on_success=Heard, on_failure=Heard))

    reset_trace_id(token)
    running_shop.wait_for("heard pears of pears")
    ours = [mark for mark in running_shop.marks() if "pears" in mark[0]]
    assert [("pears x2", "trace-of-the-request"), ("heard pears of pears", "trace-of-the-request")] == ours


async def test_a_failing_job_is_tried_again_and_then_its_callback_hears_why(running_shop: Any, ask: Any) -> None:
    """With one retry there are two attempts; both are rolled back; type and text reach the callback."""
    await ask(work("plums", "fails", on_success=Heard, on_failure=Heard))

    texts = running_shop.wait_for("heard LookupError: not in stock of plums")
    assert (2, []) == (running_shop.attempts.count("plums"), [text for text in texts if text == "plums x2"])


async def test_a_business_failure_is_final(running_shop: Any, ask: Any) -> None:
    """A DomainError is not tried again."""
    await ask(work("figs", "conflicts", on_failure=Heard))

    running_shop.wait_for("heard Conflict: somebody was faster of figs")
    assert 1 == running_shop.attempts.count("figs")


async def test_a_callback_with_one_method_hears_that_one(running_shop: Any, ask: Any) -> None:
    """A class without on_success may be given for both."""
    await ask(work("dates", on_success=OnlyFailure), work("limes", "conflicts", on_failure=OnlyFailure))

    assert "dates x2" in running_shop.wait_for("only heard Conflict")


async def test_what_is_rolled_back_is_never_sent(running_shop: Any, ask: Any) -> None:
    """A job dispatched before the failure of its use case does not exist; one dispatched afterwards does."""
    with pytest.raises(Conflict):
        await ask(work("never"), fail=True)

    await ask(work("after", on_success=Heard))

    running_shop.wait_for("heard after of after")
    assert [] == [name for name in running_shop.attempts if name == "never"]


async def test_a_handle_waits_for_the_result(running_shop: Any, ask: Any) -> None:
    """After the commit the result of the worker comes back."""
    (handle,) = await ask(work("kiwis"))

    assert {"name": "kiwis", "times": 2} == handle.wait(timeout=20)


async def test_a_handle_of_a_failed_job_says_so(running_shop: Any, ask: Any) -> None:
    """Waiting for a job that failed raises."""
    (handle,) = await ask((ReadMark, {"params": {"mark_id": 10**6}}))

    with pytest.raises(JobFailedError, match=handle.job_id):
        handle.wait(timeout=20)


async def test_a_job_may_ask_for_more_work(running_shop: Any, ask: Any) -> None:
    """What a job dispatches is sent when the job has committed."""
    await ask((Chain, {"params": {"name": "nuts"}}))

    assert "nuts x1" in running_shop.wait_for("nuts x1")


async def test_a_job_that_takes_too_long_is_cut_short_and_rolled_back(running_shop: Any, ask: Any) -> None:
    """Beyond its timeout an attempt fails, and what it wrote is gone."""
    await ask((Slow, {"params": {"name": "sloes"}, "payload": {"name": "sloes"}, "on_failure": Heard}))

    texts = running_shop.wait_for("heard SoftTimeLimitExceeded: SoftTimeLimitExceeded() of sloes")
    assert "sloes half done" not in texts


async def test_a_job_whose_process_dies_runs_again(running_shop: Any, ask: Any, tmp_path: Path) -> None:
    """A message is acknowledged only when its job has ended."""
    (handle,) = await ask((DiesOnce, {"params": {"died": str(tmp_path / "died")}}))

    assert "alive" == handle.wait(timeout=30)
