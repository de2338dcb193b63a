"""Requests: everything recorded, newest first, found by the search language; new ones are counted, never pushed in."""

import asyncio
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from studio.archive.archive import Archive
from studio.archive.search import parse
from studio.archive.summary import Row
from studio.snapshot import Snapshot
from studio.web.page import Page, PageRoute, Studio

SHOWN = 100
CHIPS = (
    ("Failed", "status:failed"),
    ("Rejected", "status:rejected"),
    ("Not found", "status:missing"),
    ("Slower than 200 ms", "p>200ms"),
    ("Over 10 statements", "sql>10"),
    ("Last 15 min", "since:15m"),
)
"""Terms that one click adds to the query or takes out of it."""

SUGGESTED = (
    "status:failed",
    "status:rejected",
    "status:4xx",
    "status:5xx",
    "method:post",
    "p>200ms",
    "sql>10",
    "since:15m",
)


class Chip(Struct, frozen=True, kw_only=True):
    """A term of the query as a switch; `href` is the page with it switched."""

    words: str
    href: str
    on: bool


class RequestsView(Struct, frozen=True, kw_only=True):
    """What the page shows.

    Attributes:
        rows: newest first, at most `SHOWN`.
        total: how many match; `kept` how many there are.
        newest: place of the newest trace there is, whether it matches or not.
        older: place to go on from; 0 where nothing is left.
        problem: what of the query was not understood.
        dropped: traces lost because nobody could take them.
        terms: what to suggest.
        example: a command that sends a first request; "" without a route to send it to.
    """

    rows: tuple[Row, ...]
    query: str
    total: int
    kept: int
    newest: int
    older: int = 0
    problem: str = ""
    dropped: int = 0
    chips: tuple[Chip, ...] = ()
    terms: tuple[str, ...] = ()
    example: str = ""


class NewerView(Struct, frozen=True, kw_only=True):
    """How many matching traces have come since the list was drawn."""

    query: str
    after: int
    count: int


async def show(request: Request, studio: Studio) -> Response:
    """Render the list; `?q=` searches, `?before=` goes on from a place. The address follows the search."""
    query, before = request.query_params.get("q", ""), _place(request, "before")
    view = await asyncio.to_thread(_view, studio, query, before)
    answer = studio.renderer.page(request, REQUESTS, "requests.html", view, title="Requests")
    if request.query_params.get("part") == "list":
        answer.headers["hx-replace-url"] = address(query)
    return answer


async def show_newer(request: Request, studio: Studio) -> Response:
    """Render how many new ones there are since `?after=`."""
    query, after = request.query_params.get("q", ""), _place(request, "after")
    count = await asyncio.to_thread(studio.store.traces.count, parse(query), after=after)
    view = NewerView(query=query, after=after, count=count)
    return studio.renderer.page(request, REQUESTS, "requests.html", view, title="Requests", part="newer")


def address(query: str) -> str:
    """Return the address of the page for `query`."""
    return "/requests" + (f"?{urlencode({'q': query})}" if query else "")


def _view(studio: Studio, query: str, before: int) -> RequestsView:
    archive, snapshot = studio.store.traces, studio.store.snapshot
    search, chips = parse(query), tuple(_chips(query))
    newest = max((row.n for row in archive.rows(limit=1)), default=0)
    about: dict[str, Any] = {"query": query, "chips": chips, "kept": archive.count(), "newest": newest}
    about |= {"dropped": archive.dropped, "terms": _terms(snapshot)}
    if search.problem:
        return RequestsView(rows=(), total=0, problem=search.problem, **about)
    rows = archive.rows(search, before=before, limit=SHOWN)
    return RequestsView(
        rows=rows,
        total=archive.count(search),
        older=_older(archive, rows),
        example=_example(studio) if not newest else "",
        **about,
    )


def _older(archive: Archive, rows: tuple[Row, ...]) -> int:
    return rows[-1].n if len(rows) == SHOWN else 0


def _chips(query: str) -> Iterator[Chip]:
    terms = query.split()
    for words, term in CHIPS:
        on = term in terms
        switched = [other for other in terms if other != term] if on else [*terms, term]
        yield Chip(words=words, href=address(" ".join(switched)), on=on)


def _terms(snapshot: Snapshot | None) -> tuple[str, ...]:
    names = [f"use:{plan.name}" for plan in snapshot.plans] if snapshot else []
    return (*SUGGESTED, *names)


def _example(studio: Studio) -> str:
    snapshot = studio.store.snapshot
    route = next((r for r in snapshot.routes if r.method == "GET" and "{" not in r.path), None) if snapshot else None
    return f"curl {studio.store.status.url.rstrip('/')}{route.path}" if route else ""


def _place(request: Request, name: str) -> int:
    text = request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


REQUESTS = Page(
    slug="requests",
    title="Requests",
    group="Observe",
    key="q",
    icon="requests",
    routes=(PageRoute(path="/requests", handler=show), PageRoute(path="/requests/newer", handler=show_newer)),
)
