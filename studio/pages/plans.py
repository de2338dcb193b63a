"""Use cases and jobs, and the drawn plan of each."""

import asyncio
from collections import Counter

import msgspec
from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from loom.core.engine.plan import Lane, Plan, PlanKind, Step
from studio.archive.summary import RunRow
from studio.pages.routes import matches
from studio.planview import Drawing, Strip, draw, neighbours, strip
from studio.snapshot import Route, Snapshot
from studio.web.page import Page, PageRoute, Studio

TABS = ("plan", "table", "runs", "source", "json")
RUNS_SHOWN = 50


class PlanRow(Struct, frozen=True, kw_only=True):
    """One plan in the list; `counts` pairs each lane with its number of steps; `shown` under the filter."""

    plan: Plan
    counts: tuple[tuple[Lane, int], ...]
    strip: Strip
    routes: int
    shown: bool = True


class PlansView(Struct, frozen=True, kw_only=True):
    """Every plan, and the filter as it was asked; `lanes` heads the counts."""

    rows: tuple[PlanRow, ...]
    query: str
    total: int
    shown: int
    lanes: tuple[Lane, ...] = (Lane.LOADS, Lane.COMPUTES, Lane.RULES)


class Selected(Struct, frozen=True, kw_only=True):
    """The step in the inspector.

    Attributes:
        reads: each value it reads with the step that writes it.
        feeds: each value it writes with a step that reads it.
        asked: True where the address names it.
    """

    step: Step
    reads: tuple[tuple[str, Step | None], ...]
    feeds: tuple[tuple[str, Step | None], ...]
    asked: bool


class PlanView(Struct, frozen=True, kw_only=True):
    """One plan, drawn, with the selected step (None: the inspector is closed), the routes that lead here and its newest runs."""

    plan: Plan
    drawing: Drawing
    selected: Selected | None
    routes: tuple[Route, ...]
    tab: str
    json: str
    runs: tuple[RunRow, ...] = ()
    tabs: tuple[str, ...] = TABS


async def show_list(request: Request, studio: Studio) -> Response:
    """Render the list; `?q=` filters."""
    query = request.query_params.get("q", "")
    rows = _rows(studio.store.snapshot, query) if studio.store.snapshot else ()
    view = PlansView(rows=rows, query=query, total=len(rows), shown=sum(row.shown for row in rows))
    return studio.renderer.page(request, PLANS, "plans.html", view, title="Use cases")


async def show_plan(request: Request, studio: Studio) -> Response:
    """Render one plan, named by class or by key; `?step=` selects a step (empty: none), `?tab=` a tab."""
    snapshot = studio.store.snapshot
    plan = _find(snapshot, request.path_params["name"]) if snapshot else None
    if plan is None or snapshot is None:
        raise HTTPException(404)
    tab = request.query_params.get("tab", "plan")
    view = PlanView(
        plan=plan,
        drawing=draw(plan),
        selected=_selected(plan, request.query_params.get("step")),
        routes=tuple(route for route in snapshot.routes if route.plan == plan.key),
        tab=tab if tab in TABS else "plan",
        runs=await asyncio.to_thread(studio.store.traces.runs, plan.key, limit=RUNS_SHOWN) if tab == "runs" else (),
        json=msgspec.json.format(msgspec.json.encode(plan), indent=2).decode() if tab == "json" else "",
    )
    return studio.renderer.page(request, PLANS, "plan.html", view, title=plan.name)


def _rows(snapshot: Snapshot, query: str) -> tuple[PlanRow, ...]:
    leading = Counter(route.plan for route in snapshot.routes)
    return tuple(
        PlanRow(
            plan=plan,
            counts=_counts(plan),
            strip=strip(plan),
            routes=leading[plan.key],
            shown=matches(query, _text(plan)),
        )
        for plan in snapshot.plans
    )


def _text(plan: Plan) -> str:
    return " ".join((plan.name, plan.doc, plan.model, "job" if plan.kind is PlanKind.JOB else "use case"))


def _counts(plan: Plan) -> tuple[tuple[Lane, int], ...]:
    by_lane = Counter(step.lane for step in plan.steps)
    return tuple((lane, by_lane[lane]) for lane in (Lane.LOADS, Lane.COMPUTES, Lane.RULES))


def _find(snapshot: Snapshot, asked: str) -> Plan | None:
    by_key = (plan for plan in snapshot.plans if plan.key == asked)
    return next(by_key, None) or next((plan for plan in snapshot.plans if plan.name == asked), None)


def _selected(plan: Plan, asked: str | None) -> Selected | None:
    """The step that was asked for; the last one where none was, or where it is gone."""
    if asked == "" or not plan.steps:
        return None
    found = next((step for step in plan.steps if step.id == asked), None)
    step = found or plan.steps[-1]
    reads, feeds = neighbours(plan, step, back=True), neighbours(plan, step, back=False)
    return Selected(step=step, reads=reads, feeds=feeds, asked=found is not None)


PLANS = Page(
    slug="plans",
    title="Use cases",
    group="Explore",
    key="u",
    icon="plans",
    routes=(PageRoute(path="/plans", handler=show_list), PageRoute(path="/plans/{name}", handler=show_plan)),
)
