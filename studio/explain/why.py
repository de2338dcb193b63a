"""Why a run failed: the step that stopped it, what it was given, where each value came from, and how its answer was read."""

from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from loom.core.engine.plan import Plan, Step, StepKind
from studio.explain.overlay import name_of
from studio.explain.travel import command_at
from studio.trace import Outcome, Span, StepRun, Trace, Verdict


class Given(Struct, frozen=True, kw_only=True):
    """One value a step was given; `step` is the id of the one that made it, "" where it came from outside."""

    name: str
    value: Any
    origin: str
    step: str = ""


class Why(Struct, frozen=True, kw_only=True):
    """One reason.

    Attributes:
        title: `Rejected by rule 3: Unsupported country`.
        given: bound inputs, in the order they were passed.
        returned: what the evaluator returned; only where `judged`.
        reading: how that is read, in a sentence.
        answer: what the caller got: `422 country`.
        complaints: field and text, where an input did not fit.
    """

    step: Step
    title: str
    given: tuple[Given, ...] = ()
    judged: bool = False
    returned: Any = None
    reading: str = ""
    answer: str = ""
    complaints: tuple[tuple[str, str], ...] = ()


def why(trace: Trace, span: Span, plan: Plan) -> tuple[Why, ...]:
    """Return every reason why `span` did not end well, in plan order; nothing where it did."""
    if span.outcome is Outcome.OK:
        return ()
    failed = (run for run in span.steps if run.verdict is Verdict.FAIL and run.index < len(plan.steps))
    return tuple(_reason(trace, span, plan, run) for run in failed)


def _reason(trace: Trace, span: Span, plan: Plan, run: StepRun) -> Why:
    step = plan.steps[run.index]
    given = tuple(_given(trace, span, plan, run, step))
    answer = step.on_failure
    if step.kind is StepKind.RULE:
        title = f"Rejected by {name_of(step)}: {run.reason}"
        reading, judged = read_verdict(run), run.inputs is not None
        return Why(
            step=step, title=title, given=given, judged=judged, returned=run.value, reading=reading, answer=answer
        )
    if step.kind in {StepKind.LOAD, StepKind.EXISTS}:
        reading = f"{step.detail} found nothing, and a missing one ends the run."
        return Why(
            step=step, title=f"Not found by {name_of(step)}: {run.reason}", given=given, reading=reading, answer=answer
        )
    if step.kind in {StepKind.INPUT, StepKind.PARAM}:
        title = f"{'The body' if step.kind is StepKind.INPUT else step.label} does not fit"
        return Why(step=step, title=title, complaints=tuple(_complaints(run.reason)), answer=answer)
    if step.kind is StepKind.COMPUTE:
        return Why(step=step, title=f"{name_of(step).capitalize()} failed: {run.reason}", given=given, answer="422")
    return Why(step=step, title=_title(span), answer="" if span.outcome is Outcome.FAILED else span.message)


def read_verdict(run: StepRun) -> str:
    """Say how what a rule's evaluator returned was read."""
    if run.inputs is None:
        return "A value that must be there is not."
    if run.value is True:
        return "True means bad; the words are the rule's own message."
    if isinstance(run.value, str):
        return "A text is the complaint itself; None would have meant that all is well."
    return "A violation was raised or returned."


def _given(trace: Trace, span: Span, plan: Plan, run: StepRun, step: Step) -> Iterator[Given]:
    """Pair what a step reads with the values it got. A rule over the whole command is passed that and the names sent."""
    if step.kind is StepKind.RULE and run.inputs is not None and len(run.inputs) != len(step.reads):
        yield from _whole(trace, span, plan, run, step)
        return
    values = run.inputs if step.kind is StepKind.RULE and run.inputs is not None else None
    for place, name in enumerate(step.reads):
        value = values[place] if values is not None else _value(plan, span, run.index, name)
        yield _provided(trace, span, plan, run.index, name, value)


def _whole(trace: Trace, span: Span, plan: Plan, run: StepRun, step: Step) -> Iterator[Given]:
    inputs = run.inputs or []
    names = [name for name in step.reads if not plan.command or name != plan.command.param]
    lead = ("command", "fields sent")[: max(0, len(inputs) - len(names))]
    for name, value in zip(lead, inputs, strict=False):
        yield Given(name=name, value=value, origin="the whole command" if name == "command" else "names the body holds")
    for name, value in zip(names, inputs[len(lead) :], strict=False):
        yield _provided(trace, span, plan, run.index, name, value)


def _value(plan: Plan, span: Span, index: int, name: str) -> Any:
    """The value of `name` when step `index` began."""
    command = command_at(plan, span, index - 1) or {}
    param = plan.command.param if plan.command else ""
    if param and name.startswith(f"{param}."):
        return command.get(name.removeprefix(f"{param}."))
    if name == param:
        return command
    made = next((run for run in span.steps if _writes(plan, run.index, name) and run.index < index), None)
    return made.value if made else None


def _writes(plan: Plan, index: int, name: str) -> bool:
    return index < len(plan.steps) and name in plan.steps[index].writes


def _provided(trace: Trace, span: Span, plan: Plan, index: int, name: str, value: Any) -> Given:
    writers = [step for step in plan.steps[:index] if name in step.writes]
    if not writers:
        return Given(name=name, value=value, origin="")
    writer = writers[-1]
    if writer.kind is StepKind.INPUT:
        return Given(name=name, value=value, origin=_sent(trace, span, plan, name), step=writer.id)
    if writer.kind is StepKind.PARAM:
        return Given(name=name, value=value, origin=_param(trace, span, name, value), step=writer.id)
    how = f"{name_of(writer)}, {writer.label}" if writer.kind is StepKind.COMPUTE else name_of(writer)
    return Given(name=name, value=value, origin=how, step=writer.id)


def _sent(trace: Trace, span: Span, plan: Plan, name: str) -> str:
    """Where a command field came from: the body under its wire name, or nobody sent it."""
    field = name.partition(".")[2].partition(".")[0]
    by_request = span.parent == 0 and trace.exchange is not None
    source = trace.exchange.body.content if by_request and trace.exchange else span.payload
    where = "the body" if by_request else "the payload"
    wire = next((f.wire for f in plan.command.fields if f.name == field), field) if plan.command else field
    if not field:
        return where
    if isinstance(source, dict) and not {field, wire} & source.keys():
        return f"its default: {where} does not name it"
    return f"{where}, field {wire if isinstance(source, dict) and wire in source else field}"


def _param(trace: Trace, span: Span, name: str, value: Any) -> str:
    if span.parent != 0 or trace.exchange is None:
        return "the caller" if isinstance(span.params, dict) and name in span.params else "its default"
    if any(key.replace("-", "_") == name for key, _ in trace.exchange.query):
        return "the query"
    if str(value) in trace.exchange.path.split("/"):
        return "the path"
    return "the request" if isinstance(span.params, dict) and name in span.params else "its default"


def _complaints(reason: str) -> Iterator[tuple[str, str]]:
    for part in reason.split("; "):
        field, colon, text = part.partition(": ")
        yield (field, text) if colon and " " not in field else ("", part)


def _title(span: Span) -> str:
    if span.outcome is Outcome.CANCELLED:
        return "Cancelled while execute was running"
    return f"{span.error} in execute: {span.message}" if span.error else span.message
