"""Use cases and jobs, and the drawn plan of each."""

from collections import Counter

from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from loom.core.engine.plan import Lane, Plan, Step
from studio.planview import Drawing, draw
from studio.snapshot import Route
from studio.web.page import Page, PageRoute, Studio

TABS = ("plan", "table", "source", "json")


class PlanRow(Struct, frozen=True, kw_only=True):
    """One plan in the list; `counts` is steps by lane, in lane order."""

    plan: Plan
    counts: tuple[int, ...]
    routes: int


class PlansView(Struct, frozen=True, kw_only=True):
    """Every plan; `lanes` heads the counts."""

    rows: tuple[PlanRow, ...]
    lanes: tuple[str, ...] = tuple(Lane)


class PlanView(Struct, frozen=True, kw_only=True):
    """One plan, drawn, with the selected step and the routes that lead here."""

    plan: Plan
    drawing: Drawing
    selected: Step
    routes: tuple[Route, ...]
    tab: str
    tabs: tuple[str, ...] = TABS


async def show_list(request: Request, studio: Studio) -> Response:
    """Render the list."""
    snapshot = studio.store.snapshot
    leading = Counter(route.use_case for route in snapshot.routes) if snapshot else Counter[str]()
    rows = tuple(
        PlanRow(plan=plan, counts=_counts(plan), routes=leading[plan.name])
        for plan in (snapshot.plans if snapshot else ())
    )
    return studio.renderer.page(request, PLANS, "plans.html", PlansView(rows=rows), title="Use cases")


async def show_plan(request: Request, studio: Studio) -> Response:
    """Render one plan; `?step=` selects a step, `?tab=` a tab."""
    name, snapshot = request.path_params["name"], studio.store.snapshot
    plan = next((p for p in (snapshot.plans if snapshot else ()) if p.name == name), None)
    if plan is None or snapshot is None:
        raise HTTPException(404)
    asked, tab = request.query_params.get("step"), request.query_params.get("tab", "plan")
    view = PlanView(
        plan=plan,
        drawing=draw(plan),
        selected=next((s for s in plan.steps if s.id == asked), plan.steps[-1]),
        routes=tuple(r for r in snapshot.routes if r.use_case == name),
        tab=tab if tab in TABS else "plan",
    )
    return studio.renderer.page(request, PLANS, "plan.html", view, title=name)


def _counts(plan: Plan) -> tuple[int, ...]:
    by_lane = Counter(step.lane for step in plan.steps)
    return tuple(by_lane[lane] for lane in Lane)


PLANS = Page(
    slug="plans",
    title="Use cases",
    group="Explore",
    key="u",
    icon="plans",
    routes=(PageRoute(path="/plans", handler=show_list), PageRoute(path="/plans/{name}", handler=show_plan)),
)
