"""A trace in one line: the row that lists show, filter and sort by, and what happened in words. Pure."""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from loom.core.engine.plan import Plan, Step, StepKind
from studio.trace import Outcome, Span, SpanKind, StepRun, Trace, Verdict

RUNS = frozenset({SpanKind.USE_CASE, SpanKind.JOB})
SAID_CHARS = 240


class Row(Struct, frozen=True):
    """One trace in a list.

    Attributes:
        n: place in the archive, growing; 0 before it is kept.
        at: seconds since 1970; took: microseconds.
        kind: of its first span.
        use: name of its outermost run; "" where none ran.
        uses: names of every run, space between.
        said: what happened, in words; "" where all went well.
        rules: labels of the rules that said no, a line each.
        calls, logs, jobs: how many statements, log records and dispatched jobs.
        attention: True where a developer should look: it failed, or a job inside it did.
    """

    n: int
    id: str
    trace_id: str
    at: float
    took: int
    kind: str
    method: str
    path: str
    status: int
    outcome: str
    use: str
    uses: str
    said: str
    rules: str
    calls: int
    logs: int
    jobs: int
    attention: bool = False


class RunRow(Struct, frozen=True):
    """One run inside a trace, as the page of its plan lists it; `id` is the trace's, `span` its number there."""

    id: str
    span: int
    at: float
    took: int
    outcome: str
    said: str
    method: str
    path: str
    status: int
    plan_hash: str


def summarise(trace: Trace, plans: Mapping[str, Plan]) -> Row:
    """Return the row of `trace`; `plans` by hash."""
    exchange, runs = trace.exchange, [span for span in trace.spans if span.kind in RUNS]
    first = trace.spans[0] if trace.spans else None
    told = runs[0] if runs else None
    outcome = _outcome(trace, told or first)
    return Row(
        n=0,
        id=trace.id,
        trace_id=trace.trace_id,
        at=trace.at,
        took=trace.took,
        kind=first.kind if first else "",
        method=exchange.method if exchange else "",
        path=exchange.path if exchange else "",
        status=exchange.status if exchange else 0,
        outcome=outcome,
        use=told.name if told else "",
        uses=" ".join(dict.fromkeys(span.name for span in runs)),
        said=_said(trace, told, plans)[:SAID_CHARS],
        rules="\n".join(dict.fromkeys(label for span in runs for label in _no_sayers(span, plans))),
        calls=len(trace.calls) + trace.left_out.get("calls", 0),
        logs=len(trace.logs) + trace.left_out.get("logs", 0),
        jobs=len(trace.dispatches),
        attention=outcome == Outcome.FAILED or any(span.outcome is Outcome.FAILED for span in trace.spans),
    )


def run_said(span: Span, plans: Mapping[str, Plan]) -> str:
    """Return what happened to one run: `Rejected by rule 2: email must be valid`; "" where it went well."""
    if span.outcome is Outcome.OK:
        return ""
    plan = plans.get(span.plan_hash)
    stopped = [step for step in span.steps if step.verdict is Verdict.FAIL]
    if plan is None or not stopped:
        return _plainly(span)
    known = [(plan.steps[step.index], step) for step in stopped if step.index < len(plan.steps)]
    if span.outcome is Outcome.REJECTED:
        rules = [(step, run) for step, run in known if step.kind is StepKind.RULE]
        return f"Rejected by {_rules(rules)}" if rules else _by(known)
    return _by(known) if known and known[-1][0].kind is not StepKind.EXECUTE else _plainly(span)


def ordinal(step: Step) -> str:
    """Return what a step is called in a sentence: `rule 2`, `compute 3`, `load record`."""
    return f"{step.kind} {step.id.partition(':')[2]}".strip()


def _outcome(trace: Trace, span: Span | None) -> Outcome:
    """How the whole ended: what the client was told weighs more than what happened after the commit."""
    if span is not None and span.outcome is not Outcome.OK:
        return span.outcome
    status = trace.exchange.status if trace.exchange else 0
    if status >= 500 or (trace.exchange is not None and status == 0):
        return Outcome.FAILED if status else Outcome.CANCELLED
    return Outcome.MISSING if status == 404 else Outcome.INVALID if status >= 400 else Outcome.OK


def _said(trace: Trace, run: Span | None, plans: Mapping[str, Plan]) -> str:
    if run is not None and (said := run_said(run, plans)):
        return said
    later = next((span for span in trace.spans if span.outcome is not Outcome.OK and span.kind in RUNS), None)
    if later is not None:
        return f"{later.name}: {run_said(later, plans)}"
    status = trace.exchange.status if trace.exchange else 0
    first = trace.spans[0] if trace.spans else None
    if first is not None and first.error:
        return _plainly(first)
    return _answered(trace) if status >= 400 else ""


def _answered(trace: Trace) -> str:
    """What the answer says about an error that no run raised."""
    content = trace.exchange.answer.content if trace.exchange else None
    detail = content.get("detail") if isinstance(content, dict) else None
    if isinstance(detail, dict):
        detail = detail.get("message")
    if trace.exchange and trace.exchange.status == 404 and detail == "Not Found":
        return "No route answers here"
    return str(detail) if detail else ""


def _no_sayers(span: Span, plans: Mapping[str, Plan]) -> Iterator[str]:
    plan = plans.get(span.plan_hash)
    for step in span.steps:
        if plan is not None and step.verdict is Verdict.FAIL and step.index < len(plan.steps):
            told = plan.steps[step.index]
            if told.kind is StepKind.RULE:
                yield from dict.fromkeys((told.label, step.reason))


def _rules(rules: list[tuple[Step, StepRun]]) -> str:
    first = f"{ordinal(rules[0][0])}: {rules[0][1].reason}"
    return first if len(rules) == 1 else f"{first}, and {len(rules) - 1} more"


def _by(steps: list[tuple[Step, StepRun]]) -> str:
    if not steps:
        return ""
    step, run = steps[-1]
    verb = "Not found by" if step.kind in {StepKind.LOAD, StepKind.EXISTS} else "Stopped at"
    return f"{verb} {ordinal(step)}: {run.reason}"


def _plainly(span: Span) -> str:
    if span.outcome is Outcome.CANCELLED:
        return "Cancelled: the client left, or time was up"
    return f"{span.error}: {span.message}" if span.outcome is Outcome.FAILED else span.message
