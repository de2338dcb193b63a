"""A trace along its time: spans, their steps and statements as rows, each with its bar on one common scale."""

from collections.abc import Callable, Iterator

from msgspec import Struct

from loom.core.engine.plan import Plan
from studio.explain.overlay import name_of
from studio.trace import Span, Trace, Verdict

SCALE = 1000
"""Width of the whole trace, in the units of a bar."""

MAX_ROWS = 400
MAX_DEPTH = 6


class Line(Struct, frozen=True, kw_only=True):
    """One row.

    Attributes:
        depth: how far to indent.
        x, width: its bar, on a scale of `SCALE`.
        kind: of a span its kind, else `step` or `sql`.
        bad: True where it went wrong.
    """

    name: str
    detail: str
    depth: int
    kind: str
    lane: str
    at: int
    took: int
    x: float
    width: float
    bad: bool = False
    href: str = ""


def timeline(trace: Trace, plan_of: Callable[[str], Plan | None]) -> tuple[Line, ...]:
    """Return the rows of `trace`, each span followed by what happened inside it; at most `MAX_ROWS`."""
    children: dict[int, list[int]] = {}
    for number, span in enumerate(trace.spans):
        children.setdefault(span.parent, []).append(number)
    rows = [row for number in children.get(-1, []) for row in _span(trace, number, 0, children, plan_of)]
    return tuple(rows[:MAX_ROWS])


def _span(
    trace: Trace, number: int, depth: int, children: dict[int, list[int]], plan_of: Callable[[str], Plan | None]
) -> Iterator[Line]:
    span = trace.spans[number]
    href = f"/requests/{trace.id}?span={number}" if span.plan else ""
    yield _line(trace, _name(trace, span), "", depth, span.kind, span.at, span.took, "", span.error != "", href)
    inner = [*_steps(trace, number, depth + 1, plan_of), *_calls(trace, number, depth + 2)]
    later = [
        (trace.spans[child].at, list(_span(trace, child, depth + 1, children, plan_of)))
        for child in children.get(number, [])
    ]
    pieces = [(line.at, [line]) for line in inner] + later
    for _, lines in sorted(pieces, key=lambda piece: piece[0]):
        yield from lines


def _steps(trace: Trace, number: int, depth: int, plan_of: Callable[[str], Plan | None]) -> Iterator[Line]:
    span = trace.spans[number]
    plan = plan_of(span.plan_hash) if span.plan_hash else None
    for run in span.steps if plan else ():
        if plan and run.verdict is not Verdict.SKIP and run.index < len(plan.steps):
            step = plan.steps[run.index]
            href = f"/requests/{trace.id}?span={number}&step={step.id}"
            bad = run.verdict is Verdict.FAIL
            yield _line(trace, name_of(step), step.label, depth, "step", run.at, run.took, step.lane, bad, href)


def _calls(trace: Trace, number: int, depth: int) -> Iterator[Line]:
    for call in trace.calls:
        if call.span == number:
            text = " ".join(call.statement.split())[:160]
            href = f"/requests/{trace.id}?tab=sql"
            yield _line(trace, "SQL", text, depth, "sql", call.at, call.took, "", call.error != "", href)


def _name(trace: Trace, span: Span) -> str:
    if span.kind == "request" and trace.exchange is not None:
        return f"{trace.exchange.method} {trace.exchange.path}"
    return span.name


def _line(
    trace: Trace, name: str, detail: str, depth: int, kind: str, at: int, took: int, lane: str, bad: bool, href: str
) -> Line:
    whole = max(trace.took, 1)
    x = min(at / whole, 1.0) * SCALE
    return Line(
        name=name,
        detail="" if name.endswith(detail) else detail,
        depth=min(depth, MAX_DEPTH),
        kind=kind,
        lane=lane,
        at=at,
        took=took,
        x=round(x, 1),
        width=round(max(min(took / whole * SCALE, SCALE - x), 2.0), 1),
        bad=bad,
        href=href,
    )
