"""One recorded request: its runs on their plans, why it failed, its time, its SQL, its logs and what travelled."""

import asyncio
from collections.abc import Iterator

from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from loom.core.engine.plan import Plan, Step, StepKind
from studio.archive.archive import Archive
from studio.archive.summary import Row
from studio.explain.overlay import StepView, overlay, states
from studio.explain.statements import Group, group, surprises
from studio.explain.timeline import Line, timeline
from studio.explain.travel import Moment, moment_at
from studio.explain.why import Why, why
from studio.pages.requests import REQUESTS
from studio.planview import Drawing, draw
from studio.trace import Dispatch, Outcome, Span, Trace
from studio.web.page import PageRoute, Studio

TABS = ("plan", "table", "timeline", "sql", "logs", "payload")


class Node(Struct, frozen=True, kw_only=True):
    """One span in the tree of the trace: its number, how deep it stands, and whether it began after the commit."""

    number: int
    span: Span
    depth: int
    after_commit: bool = False


class Inspected(Struct, frozen=True, kw_only=True):
    """The step in the inspector: how it went, the command at that moment, why it failed; `asked` as in a plan's."""

    step: Step
    view: StepView
    moment: Moment | None
    why: Why | None
    asked: bool


class RunView(Struct, frozen=True, kw_only=True):
    """One run over its plan.

    Attributes:
        steps: by id.
        reasons: why it failed; shown until a step is asked for.
        changed: True where the plan has been edited since.
    """

    number: int
    span: Span
    plan: Plan
    drawing: Drawing
    views: tuple[StepView, ...]
    steps: dict[str, StepView]
    reasons: tuple[Why, ...]
    selected: Inspected | None
    changed: bool
    dispatched: tuple[Dispatch, ...]


class TraceView(Struct, frozen=True, kw_only=True):
    """What the page shows; `run` is None where no plan was walked, or it is no longer known."""

    row: Row
    trace: Trace
    nodes: tuple[Node, ...]
    run: RunView | None
    tab: str
    groups: tuple[Group, ...]
    surprises: int
    lines: tuple[Line, ...]
    query: str
    tabs: tuple[str, ...] = TABS


async def show(request: Request, studio: Studio) -> Response:
    """Render one trace; `?span=` chooses a run, `?step=` a step of it, `?tab=` a view."""
    view = await asyncio.to_thread(_view, studio, request)
    if view is None:
        raise HTTPException(404)
    exchange = view.trace.exchange
    title = f"{exchange.method} {exchange.path}" if exchange else view.row.use
    return studio.renderer.page(request, REQUESTS, "trace.html", view, title=title)


def _view(studio: Studio, request: Request) -> TraceView | None:
    archive, id_ = studio.store.traces, request.path_params["id"]
    trace, row = archive.trace(id_), archive.row(id_)
    if trace is None or row is None:
        return None
    tab = request.query_params.get("tab", "plan")
    groups = group(trace, archive.plan)
    return TraceView(
        row=row,
        trace=trace,
        nodes=tuple(_nodes(trace, -1, 0)),
        run=_run(studio, trace, request),
        tab=tab if tab in TABS else "plan",
        groups=groups,
        surprises=surprises(groups),
        lines=timeline(trace, archive.plan) if tab == "timeline" else (),
        query=request.query_params.get("q", ""),
    )


def _nodes(trace: Trace, parent: int, depth: int) -> Iterator[Node]:
    around = trace.spans[parent] if parent >= 0 else None
    for number, span in enumerate(trace.spans):
        if span.parent == parent and number != parent:
            late = around is not None and bool(around.plan) and span.at >= around.at + around.took
            yield Node(number=number, span=span, depth=depth, after_commit=late)
            yield from _nodes(trace, number, depth + 1)


def _run(studio: Studio, trace: Trace, request: Request) -> RunView | None:
    found = _chosen(studio.store.traces, trace, request.query_params.get("span", ""))
    if found is None:
        return None
    number, plan = found
    span = trace.spans[number]
    views, reasons = overlay(plan, span), why(trace, span, plan)
    asked = request.query_params.get("step")
    snapshot = studio.store.snapshot
    today = next((p.hash for p in snapshot.plans if p.key == plan.key), "") if snapshot else ""
    return RunView(
        number=number,
        span=span,
        plan=plan,
        drawing=draw(plan),
        views=views,
        steps=dict(states(views)),
        reasons=reasons,
        selected=_inspected(trace, span, plan, views, reasons, asked),
        changed=bool(today) and today != plan.hash,
        dispatched=tuple(d for d in trace.dispatches if d.span == number),
    )


def _chosen(archive: Archive, trace: Trace, asked: str) -> tuple[int, Plan] | None:
    """The run that was asked for; else the first that went wrong, else the first."""
    known = {n: plan for n, span in enumerate(trace.spans) if span.plan and (plan := archive.plan(span.plan_hash))}
    if asked.isdigit() and int(asked) in known:
        return int(asked), known[int(asked)]
    went_wrong = (item for item in known.items() if trace.spans[item[0]].outcome is not Outcome.OK)
    return next(went_wrong, None) or next(iter(known.items()), None)


def _inspected(
    trace: Trace, span: Span, plan: Plan, views: tuple[StepView, ...], reasons: tuple[Why, ...], asked: str | None
) -> Inspected | None:
    """The step that was asked for; nothing where the inspector was closed, or the reasons stand in its place."""
    index = next((i for i, step in enumerate(plan.steps) if step.id == asked), -1)
    if index < 0 and (asked == "" or reasons or not plan.steps):
        return None
    index = index if index >= 0 else len(plan.steps) - 1
    step = plan.steps[index]
    return Inspected(
        step=step,
        view=views[index],
        asked=step.id == asked,
        moment=moment_at(plan, span, index) if step.kind in _MOMENTS else None,
        why=next((reason for reason in reasons if reason.step.id == step.id), None),
    )


_MOMENTS = frozenset({StepKind.INPUT, StepKind.COMPUTE, StepKind.EXECUTE})
"""Steps beside which the command is shown; a rule shows what it was given, a load what it found."""


TRACE_ROUTE = PageRoute(path="/requests/{id}", handler=show)
