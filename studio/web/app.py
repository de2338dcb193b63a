"""The studio as one ASGI application: every page's routes, the live stream and two actions, all inside the gate."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from studio.store import Store
from studio.web.assets import read_assets, static_folder
from studio.web.page import Controls, Handler, Page, PageRoute, Studio
from studio.web.render import Problem, Renderer
from studio.web.security import Gate
from studio.web.sources import Place
from studio.web.stream import EventStream

HANDLER_S = 5.0

PROBLEMS = {
    404: Problem(status=404, title="No such page", text="Nothing lives at this address. The menu lists every page."),
    405: Problem(status=405, title="Not allowed", text="This address does not answer that method."),
    500: Problem(status=500, title="The studio failed", text="The terminal has the details. Your app is not affected."),
    503: Problem(status=503, title="Too slow", text="The page took over 5 seconds and was given up. Try again."),
}


class OpenRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `POST /_open`: an id that `source_id` issued."""

    id: str


class StudioApp:
    """The ASGI application; hand it to one server.

    Attributes:
        routes: every route behind the gate.
    """

    def __init__(self, gate: Gate, routes: Sequence[Route], stream: EventStream) -> None:
        self._gate = gate
        self._stream = stream
        self.routes = tuple(routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        await self._gate(scope, receive, send)

    def close(self) -> None:
        """End the live streams, so that a server waiting for its connections can stop. Call it before stopping one."""
        self._stream.close()


def create_studio(
    *, store: Store, controls: Controls, token: str, hosts: frozenset[str], pages: Sequence[Page]
) -> StudioApp:
    """Return the studio for one run.

    Args:
        store: what the pages show.
        controls: what the pages may ask of the supervisor.
        token: secret of this run; every request but the shell and the static files must carry it.
        hosts: values of `Host` that are ours, with port: `127.0.0.1:8700`.
        pages: in menu order; the first route of the first one is `/`.
    """
    assets = read_assets(static_folder())
    renderer = Renderer(store=store, pages=pages, assets=assets)
    studio = Studio(store=store, controls=controls, renderer=renderer)
    stream = EventStream(store)
    routes = _routes(studio, stream, pages)
    inner = Starlette(routes=routes, exception_handlers=_exception_handlers(renderer))
    shell = renderer.text("shell.html", {}).encode()
    return StudioApp(Gate(inner, token=token, hosts=hosts, assets=assets, shell=shell), routes, stream)


def _routes(studio: Studio, stream: EventStream, pages: Sequence[Page]) -> list[Route]:
    own = (
        PageRoute(path="/_reload", handler=_reload, method="POST"),
        PageRoute(path="/_open", handler=_open, method="POST"),
    )
    every = (*own, *(route for page in pages for route in page.routes))
    return [
        Route("/_events", stream, methods=["GET"]),
        *(Route(route.path, _bound(route.handler, studio), methods=[route.method]) for route in every),
    ]


def _bound(handler: Handler, studio: Studio) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            async with asyncio.timeout(HANDLER_S):
                return await handler(request, studio)
        except TimeoutError as error:
            raise HTTPException(503) from error

    return endpoint


async def _reload(request: Request, studio: Studio) -> Response:
    await studio.controls.reload()
    return JSONResponse({"ok": True}, status_code=202)


async def _open(request: Request, studio: Studio) -> Response:
    place = studio.renderer.sources.find(await _open_id(request))
    if place is None or not _is_ours(place, studio.store):
        return JSONResponse({"error": "Nothing to open: the page is older than the studio."}, status_code=404)
    try:
        await studio.controls.open_in_editor(place.file, place.line)
    except LookupError as error:
        return JSONResponse({"error": str(error.args[0] if error.args else error)}, status_code=409)
    return JSONResponse({"ok": True}, status_code=202)


async def _open_id(request: Request) -> str:
    try:
        return msgspec.json.decode(await request.body(), type=OpenRequest).id
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise HTTPException(422) from error


def _is_ours(place: Place, store: Store) -> bool:
    """True where the file exists and, once the project's folder is known, lies in it."""
    path = Path(place.file).resolve()
    root = store.snapshot.root if store.snapshot else ""
    return path.is_file() and (not root or path.is_relative_to(Path(root).resolve()))


def _exception_handlers(renderer: Renderer) -> dict[object, Callable[[Request, Exception], Awaitable[Response]]]:
    async def on_http(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        if status not in PROBLEMS:
            return Response(status_code=status)
        answer = renderer.problem(PROBLEMS[status])
        answer.headers.update((error.headers or {}) if isinstance(error, HTTPException) else {})
        return answer

    return {HTTPException: on_http, Exception: on_http}
