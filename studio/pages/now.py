"""Now: what the app is doing, what is broken, what the newest build changed, and where everything answers.

Also what every page asks for beside its own content: the state in the header and what the palette found.
"""

import asyncio
import time
from collections import Counter

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from loom.core.engine.plan import LANE_OF, Lane, PlanKind
from studio.archive.archive import Trouble
from studio.archive.summary import Row
from studio.events import Failure
from studio.pages.palette import find
from studio.snapshot import Snapshot
from studio.store import Build, Store
from studio.web.page import Page, PageRoute, Studio

BUILDS_SHOWN = 6
TRACES_SHOWN = 6
TROUBLE_S = 3600.0

EXAMPLE = """\
from loom.core.use_case import UseCase


class SayHello(UseCase[object, str]):
    async def execute(self, name: str) -> str:
        return f"Hello, {name}"
"""


class Figure(Struct, frozen=True, kw_only=True):
    """A count of something declared; `href` leads to its list, `lane` gives it a hue; both may be ""."""

    noun: str
    count: int
    href: str = ""
    lane: str = ""


class NowView(Struct, frozen=True, kw_only=True):
    """What the page shows.

    Attributes:
        failure: why the newest code does not serve; None where it does.
        failure_text: the same as plain text, to copy.
        newest: the newest build that served; its changes are shown.
        builds: the latest ones, newest first.
        figures: what the app declares.
        traces: the latest, newest first.
        troubles: what needs attention, of the last hour.
        example: a first use case, for an app that has none.
    """

    snapshot: Snapshot | None
    failure: Failure | None
    failure_text: str
    newest: Build | None
    builds: tuple[Build, ...]
    figures: tuple[Figure, ...]
    traces: tuple[Row, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    example: str = EXAMPLE


async def show(request: Request, studio: Studio) -> Response:
    """Render the page."""
    view = await asyncio.to_thread(_view, studio.store)
    return studio.renderer.page(request, NOW, "now.html", view, title="Now")


async def show_status(request: Request, studio: Studio) -> Response:
    """Render the state in the header."""
    return studio.renderer.page(request, NOW, "status.html", None, title="Status", part="status")


async def show_found(request: Request, studio: Studio) -> Response:
    """Render what `?q=` finds among pages, use cases, routes and steps."""
    view = find(request.query_params.get("q", ""), PALETTE_PAGES, studio.store.snapshot)
    return studio.renderer.page(request, NOW, "found.html", view, title="Find", part="found")


def text_of(failure: Failure) -> str:
    """Return a failure as plain text, own frames with their code."""
    lines = [f"{failure.title}: {failure.message}", *([failure.hint] if failure.hint else [])]
    lines += [str(item) for item in failure.diagnostics]
    for frame in failure.frames:
        lines.append(f"  {frame.file}:{frame.line} in {frame.function}")
        code = frame.code.splitlines() if frame.own else []
        lines += [f"  {'>' if n == frame.line else ' '} {n:4} {text}" for n, text in enumerate(code, frame.first_line)]
    return "\n".join(lines)


def _view(store: Store) -> NowView:
    builds = store.builds
    failure = store.status.failure or (builds[0].failure if builds else None)
    return NowView(
        snapshot=store.snapshot,
        failure=failure,
        failure_text=text_of(failure) if failure else "",
        newest=store.serving,
        builds=builds[:BUILDS_SHOWN],
        figures=_figures(store.snapshot) if store.snapshot else (),
        traces=store.traces.rows(limit=TRACES_SHOWN),
        troubles=store.traces.troubles(since=time.time() - TROUBLE_S),
    )


def _figures(snapshot: Snapshot) -> tuple[Figure, ...]:
    kinds = Counter(plan.kind for plan in snapshot.plans)
    lanes = Counter(LANE_OF[step.kind] for plan in snapshot.plans for step in plan.steps)
    declared = (Lane.LOADS, Lane.COMPUTES, Lane.RULES)
    return (
        Figure(noun="routes", count=len(snapshot.routes), href="/routes"),
        Figure(noun="use cases", count=kinds[PlanKind.USE_CASE], href="/plans"),
        Figure(noun="jobs", count=kinds[PlanKind.JOB], href="/plans?q=job", lane="jobs"),
        *(Figure(noun=lane, count=lanes[lane], lane=lane) for lane in declared),
        Figure(noun="models", count=len(snapshot.models)),
    )


NOW = Page(
    slug="now",
    title="Now",
    group="",
    key="n",
    icon="now",
    routes=(
        PageRoute(path="/", handler=show),
        PageRoute(path="/now", handler=show),
        PageRoute(path="/status", handler=show_status),
        PageRoute(path="/palette", handler=show_found),
    ),
)

PALETTE_PAGES = (
    ("Now", "/now"),
    ("Routes", "/routes"),
    ("Use cases", "/plans"),
    ("Requests", "/requests"),
    ("Changes", "/changes"),
)
