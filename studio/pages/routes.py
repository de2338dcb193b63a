"""Routes: every method and path with the plan behind it."""

import re
from collections.abc import Sequence

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from studio.snapshot import Route
from studio.web.page import Page, PageRoute, Studio

_PARAM = re.compile(r"{[^}]+}")


class RouteRow(Struct, frozen=True, kw_only=True):
    """One route; `shadowed_by` is the earlier path that catches its requests, or ""."""

    route: Route
    shadowed_by: str = ""


class RoutesView(Struct, frozen=True, kw_only=True):
    """Rows in the order they match."""

    rows: tuple[RouteRow, ...]


async def show(request: Request, studio: Studio) -> Response:
    """Render the page."""
    routes = studio.store.snapshot.routes if studio.store.snapshot else ()
    view = RoutesView(rows=tuple(RouteRow(route=r, shadowed_by=shadow(r, routes[:i])) for i, r in enumerate(routes)))
    return studio.renderer.page(request, ROUTES, "routes.html", view, title="Routes")


def shadow(route: Route, earlier: Sequence[Route]) -> str:
    """Return the first earlier path that also matches everything `route` does, or ""."""
    concrete = _PARAM.sub("0", route.path)
    for other in earlier:
        pattern = "".join(
            "[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"({[^}]+})", other.path)
        )
        if other.method == route.method and other.path != route.path and re.fullmatch(pattern, concrete):
            return other.path
    return ""


ROUTES = Page(
    slug="routes",
    title="Routes",
    group="Explore",
    key="r",
    icon="routes",
    routes=(PageRoute(path="/routes", handler=show),),
)
