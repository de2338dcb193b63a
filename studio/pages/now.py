"""Now: what the app is doing, the newest build in words, and what is broken."""

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from loom.core.engine.plan import StepKind
from studio.snapshot import Snapshot
from studio.store import AppStatus, Build
from studio.web.page import Page, PageRoute, Studio


class NowView(Struct, frozen=True, kw_only=True):
    """What the page shows; `failed` is the newest build where it did not serve."""

    status: AppStatus
    snapshot: Snapshot | None
    serving: Build | None
    failed: Build | None
    builds: tuple[Build, ...]
    rules: int
    computes: int


async def show(request: Request, studio: Studio) -> Response:
    """Render the page."""
    store = studio.store
    builds = store.builds
    steps = [step.kind for plan in (store.snapshot.plans if store.snapshot else ()) for step in plan.steps]
    view = NowView(
        status=store.status,
        snapshot=store.snapshot,
        serving=store.serving,
        failed=builds[0] if builds and not builds[0].ok else None,
        builds=builds[:8],
        rules=steps.count(StepKind.RULE),
        computes=steps.count(StepKind.COMPUTE),
    )
    return studio.renderer.page(request, NOW, "now.html", view, title="Now")


NOW = Page(slug="now", title="Now", group="", key="n", icon="now", routes=(PageRoute(path="/", handler=show),))
