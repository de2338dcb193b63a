"""Routes: every method and path with the plan behind it, by interface; routes that never answer are flagged."""

import re
from collections.abc import Sequence
from itertools import groupby

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from studio.snapshot import Route
from studio.web.page import Page, PageRoute, Studio

_PARAM = re.compile(r"({[^}]*})")


class RouteRow(Struct, frozen=True, kw_only=True):
    """One route; `shadowed_by` is the earlier path that catches its requests, or ""; `shown` under the filter."""

    route: Route
    shadowed_by: str = ""
    shown: bool = True


class RouteGroup(Struct, frozen=True, kw_only=True):
    """Routes of one interface, or of one first path segment where there is none, in the order they match."""

    title: str
    rows: tuple[RouteRow, ...]

    @property
    def shown(self) -> bool:
        """True where at least one row is."""
        return any(row.shown for row in self.rows)


class RoutesView(Struct, frozen=True, kw_only=True):
    """Groups in order of first appearance, the filter as it was asked, and how many rows there are and show."""

    groups: tuple[RouteGroup, ...]
    query: str
    total: int
    shown: int
    shadowed: int


async def show(request: Request, studio: Studio) -> Response:
    """Render the page; `?q=` filters."""
    routes, query = studio.store.snapshot.routes if studio.store.snapshot else (), request.query_params.get("q", "")
    rows = [
        RouteRow(route=route, shadowed_by=by, shown=matches(query, _text(route)))
        for route, by in zip(routes, shadows(routes), strict=True)
    ]
    view = RoutesView(
        groups=_grouped(rows),
        query=query,
        total=len(rows),
        shown=sum(row.shown for row in rows),
        shadowed=sum(bool(row.shadowed_by) for row in rows),
    )
    return studio.renderer.page(request, ROUTES, "routes.html", view, title="Routes")


def matches(query: str, text: str) -> bool:
    """Return whether every word of `query` occurs in `text`."""
    return all(word in text.lower() for word in query.lower().split())


def shadows(routes: Sequence[Route]) -> list[str]:
    """Return for each route the first earlier path that catches everything it should answer, or ""."""
    patterns = [(route.method, route.path, re.compile(_pattern(route.path))) for route in routes]
    found = []
    for index, route in enumerate(routes):
        concrete = _PARAM.sub("\x00", route.path)
        earlier = patterns[:index]
        found.append(next((p for m, p, regex in earlier if m == route.method and regex.fullmatch(concrete)), ""))
    return found


def _pattern(path: str) -> str:
    return "".join(_piece(piece) for piece in _PARAM.split(path))


def _piece(piece: str) -> str:
    if not piece.startswith("{"):
        return re.escape(piece)
    return ".+" if piece.endswith(":path}") else "[^/]+"


def _text(route: Route) -> str:
    return " ".join((route.method, route.path, route.use_case, route.summary, *route.tags))


def _grouped(rows: Sequence[RouteRow]) -> tuple[RouteGroup, ...]:
    order: dict[str, int] = {}
    for row in rows:
        order.setdefault(_group(row.route), len(order))
    ordered = sorted(rows, key=lambda row: order[_group(row.route)])  # stable: matching order inside a group
    return tuple(
        RouteGroup(title=title, rows=tuple(found)) for title, found in groupby(ordered, key=lambda r: _group(r.route))
    )


def _group(route: Route) -> str:
    return route.interface or "/" + route.path.lstrip("/").partition("/")[0]


ROUTES = Page(
    slug="routes",
    title="Routes",
    group="Explore",
    key="r",
    icon="routes",
    routes=(PageRoute(path="/routes", handler=show),),
)
