"""What the recorder takes note of while a real application serves real requests."""

import asyncio
import contextlib

import httpx
import pytest
from fastapi import FastAPI

from loom.core.observe import active_watch
from loom.core.use_case.use_case import UseCase
from studio.archive.archive import Archive
from studio.explain.overlay import State, overlay
from studio.explain.statements import Expected, group
from studio.explain.travel import command_at, moment_at
from studio.explain.why import why
from studio.recorder.live import MAX_CALLS, LiveTrace
from studio.recorder.redact import HIDDEN
from studio.trace import Outcome, SpanKind, Trace, Verdict
from tests.studio_recorder.conftest import CountSlowly, Item, Recorded

PRICE = {"amount": 3.0, "quantity": 2}


def run_of(trace: Trace, name: str) -> int:
    return next(i for i, span in enumerate(trace.spans) if span.name == name and span.plan)


def states_of(trace: Trace, archive: Archive, name: str) -> dict[str, tuple[State, str]]:
    span = trace.spans[run_of(trace, name)]
    plan = archive.plan(span.plan_hash)
    assert plan is not None
    return {view.step.id: (view.state, view.words) for view in overlay(plan, span)}


async def test_every_step_of_a_good_run_is_told_in_order(client: httpx.AsyncClient, last: Recorded) -> None:
    """Each step of the plan has one record, passed, beginning after the one before."""
    await client.post("/items/1/price", json=PRICE)
    steps = last().spans[1].steps

    assert [*range(8)] == [step.index for step in steps]
    assert {Verdict.PASS} == {step.verdict for step in steps}
    assert sorted(step.at for step in steps) == [step.at for step in steps]


async def test_computes_are_kept_as_what_they_set(client: httpx.AsyncClient, last: Recorded, archive: Archive) -> None:
    """The command before computes and one delta for each rebuild the command at any step."""
    await client.post("/items/1/price", json=PRICE)
    span = last().spans[1]
    plan = archive.plan(span.plan_hash)
    assert plan is not None
    ids = [step.id for step in plan.steps]

    assert [{"net": 6.0}, {"gross": 12.0}] == [step.value for step in span.steps if ids[step.index][:7] == "compute"]
    assert {**PRICE, "password": HIDDEN, "net": 6.0, "gross": None} == command_at(plan, span, ids.index("compute:1"))


async def test_the_stepper_marks_what_a_compute_set(
    client: httpx.AsyncClient, last: Recorded, archive: Archive
) -> None:
    """After compute 2 of 2 only `gross` is new, and the way back leads to compute 1."""
    await client.post("/items/1/price", json=PRICE)
    span = last().spans[1]
    plan = archive.plan(span.plan_hash)
    assert plan is not None
    moment = moment_at(plan, span, [step.id for step in plan.steps].index("compute:2"))

    assert moment is not None
    assert ["gross"] == [field.name for field in moment.fields if field.changed]
    assert (2, 2, "compute:1", "") == (moment.place, moment.of, moment.before, moment.after)


async def test_a_rule_that_says_no_is_explained(client: httpx.AsyncClient, last: Recorded, archive: Archive) -> None:
    """The reason names the rule, its input with its origin, the raw return and how that was read."""
    await client.post("/items/1/price", json={"amount": -1, "quantity": 2})
    trace = last()
    plan = archive.plan(trace.spans[1].plan_hash)
    assert plan is not None
    (reason,) = why(trace, trace.spans[1], plan)

    assert "Rejected by rule 1: amount must be above zero" == reason.title
    assert [("cmd.amount", -1.0, "the body, field amount")] == [(g.name, g.value, g.origin) for g in reason.given]
    assert (True, "True means bad; the words are the rule's own message.") == (reason.returned, reason.reading)


async def test_a_value_that_a_compute_made_leads_to_it(
    client: httpx.AsyncClient, last: Recorded, archive: Archive
) -> None:
    """Where the rule read a derived field, the reason links the compute; a text is the complaint itself."""
    await client.post("/items/1/price", json={"amount": 900, "quantity": 2})
    trace = last()
    plan = archive.plan(trace.spans[1].plan_hash)
    assert plan is not None
    (reason,) = why(trace, trace.spans[1], plan)

    assert ("compute:2", "compute 2, gross", 3600.0) == (
        reason.given[0].step,
        reason.given[0].origin,
        reason.given[0].value,
    )
    assert "too dear" == reason.returned


async def test_steps_that_were_not_taken_say_why(client: httpx.AsyncClient, last: Recorded, archive: Archive) -> None:
    """An absent patch field skips its rule and its check; a missing load leaves everything after it unreached."""
    await client.patch("/items/1", json={})
    skipped = states_of(last(), archive, "RenameItem")
    await client.post("/items/99/price", json=PRICE)
    missing = states_of(last(), archive, "PriceItem")

    assert (State.SKIP, "Skipped: name was not sent.") == skipped["rule:1"]
    assert (State.SKIP, "Skipped: cmd.name was not sent, so there is nothing to look up.") == skipped["exists:taken"]
    assert State.FAIL is missing["load:item"][0]
    assert (State.UNREACHED, "Not reached: load item stopped the run.") == missing["rule:1"]


async def test_a_rule_that_said_no_leaves_execute_unreached(
    client: httpx.AsyncClient, last: Recorded, archive: Archive
) -> None:
    """The words name who stopped it."""
    await client.post("/items/1/price", json={"amount": -1})

    assert (State.UNREACHED, "Not reached: rule 1 said no.") == states_of(last(), archive, "PriceItem")["execute"]


async def test_statements_know_their_step_and_their_line(
    client: httpx.AsyncClient, last: Recorded, archive: Archive
) -> None:
    """A load's statement is declared; one asked for in execute carries the line that asked, its values and its rows."""
    await client.post("/items/1/price", json=PRICE)
    declared = group(last(), archive.plan)
    await client.get("/items/count?times=1")
    (asked,) = group(last(), archive.plan)

    assert [("load item", Expected.DECLARED)] == [(found.title, found.expected) for found in declared]
    assert ("execute", Expected.CODE) == (asked.title, asked.expected)
    assert "CountSlowly.execute" == asked.shapes[0].function
    assert asked.shapes[0].file == __file__.replace("test_recorder", "conftest")
    assert 1 == asked.shapes[0].rows
    assert 1 in asked.shapes[0].parameters.values()


async def test_the_same_statement_again_and_again_is_named(
    client: httpx.AsyncClient, last: Recorded, archive: Archive
) -> None:
    """Four equal statements in execute are an N+1 with count and call site; two are not."""
    await client.get("/items/count?times=4")
    (many,) = group(last(), archive.plan)
    await client.get("/items/count?times=2")
    (few,) = group(last(), archive.plan)

    assert (Expected.SURPRISE, 4, True) == (many.expected, many.shapes[0].count, many.shapes[0].repeated)
    assert "4 times" in many.note
    assert many.shapes[0].line > 0
    assert Expected.CODE is few.expected


async def test_what_is_too_much_is_counted(client: httpx.AsyncClient, last: Recorded) -> None:
    """Statements beyond the limit are left out and counted."""
    await client.get(f"/items/count?times={MAX_CALLS + 7}")

    assert (MAX_CALLS, {"calls": 7}) == (len(last().calls), last().left_out)


async def test_logs_stand_in_their_run_and_step(client: httpx.AsyncClient, last: Recorded) -> None:
    """A record logged in execute knows the run and the step it came from."""
    await client.post("/items/", json={"name": "shuttle"})
    (line,) = last().logs

    assert ("WARNING", "shop", "storing shuttle with ") == (line.level, line.logger, line.text)
    assert (1, last().spans[1].steps[-1].index) == (line.span, line.step)


async def test_request_run_invoked_run_job_and_callback_are_one_trace(
    client: httpx.AsyncClient, last: Recorded
) -> None:
    """HTTP > use case > invoked use case, and > attempt > job, callback after the commit, under one id."""
    answer = await client.post("/items/1/publish", headers={"x-request-id": "chain-1"})
    trace = last()
    chain = [(span.kind, span.name, span.parent) for span in trace.spans]

    assert 200 == answer.status_code
    assert "chain-1" == trace.trace_id
    assert [
        (SpanKind.REQUEST, "POST", -1),
        (SpanKind.USE_CASE, "Publish", 0),
        (SpanKind.USE_CASE, "CountSlowly", 1),
        (SpanKind.ATTEMPT, "Announce", 1),
        (SpanKind.JOB, "Announce", 3),
        (SpanKind.CALLBACK, "Announced.on_success", 3),
    ] == chain
    assert [("Announce", {"item_id": 1})] == [(asked.name, asked.params) for asked in trace.dispatches]
    assert trace.spans[1].at + trace.spans[1].took <= trace.spans[3].at


async def test_a_job_that_fails_is_found_though_the_request_went_well(
    client: httpx.AsyncClient, last: Recorded, archive: Archive
) -> None:
    """The row says what the job died of, wants attention, and is found by status:failed; the frame is the user's own."""
    await client.post("/items/13/publish")
    trace = last()
    archive.add([trace])
    row = archive.row(trace.id)
    failed = next(span for span in trace.spans if span.outcome is Outcome.FAILED)

    assert row is not None
    assert ("ok", 1, "Announce: OSError: no one listens") == (row.outcome, row.attention, row.said)
    assert ("Announce.execute", True) == (failed.frames[0].function, failed.frames[0].own)


async def test_a_cancelled_request_says_so(client: httpx.AsyncClient, last: Recorded) -> None:
    """A client that leaves ends the run as cancelled, not as failed."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.2):
            await client.get("/items/wait")

    assert Outcome.CANCELLED is last().spans[1].outcome


async def test_work_that_outlives_its_request_is_a_trace_of_its_own(
    client: httpx.AsyncClient, app: FastAPI, live: list[LiveTrace]
) -> None:
    """A task started in a request, running after the answer, does not write into a finished trace."""
    await client.get("/items/count?times=1")
    closed = live[-1]
    token = active_watch.set(closed.spans[1])
    await app.state.loom.kernel.app.invoke(CountSlowly, params={"times": 1})
    active_watch.reset(token)

    assert (2, 2) == (len(live), len(closed.spans))
    assert "CountSlowly" == live[1].spans[0].name


@pytest.mark.parametrize("full", [False])
async def test_an_outline_holds_steps_and_no_values(client: httpx.AsyncClient, last: Recorded, full: bool) -> None:
    """Verdicts and durations are there; bodies, headers, parameters and values are not."""
    await client.post("/items/1/price?q=1", json={"amount": -1})
    trace = last()
    run = trace.spans[1]

    assert "outline" == trace.depth
    assert Verdict.FAIL in {step.verdict for step in run.steps}
    assert {None} == {step.value for step in run.steps} | {run.params, run.payload}
    assert {None} == {call.parameters for call in trace.calls}
    assert trace.exchange is not None
    assert ((), (), None) == (trace.exchange.headers, trace.exchange.query, trace.exchange.body.content)


async def test_without_a_recorder_a_run_tells_nobody(app: FastAPI) -> None:
    """Nothing is watched in a run of an application that no recorder was put on."""
    seen: list[object] = []

    class Look(UseCase[Item, None]):
        async def execute(self) -> None:
            seen.append(active_watch.get())

    async with app.router.lifespan_context(app):
        await app.state.loom.kernel.app.invoke(Look)

    assert [None] == seen
