"""A studio with two small pages, in memory or behind a real server on a free port, and a browser to look at it."""

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx
import pytest
import uvicorn
from playwright.async_api import Browser, async_playwright
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from studio.store import Store
from studio.web.app import StudioApp, create_studio
from studio.web.page import Page, PageRoute, Studio

TOKEN = "s3cret-of-this-run"
HOST = "127.0.0.1:8700"
AUTHORISED = {"authorization": f"Bearer {TOKEN}"}
JSON = {"content-type": "application/json"}

StudioFactory = Callable[..., StudioApp]
Serve = Callable[..., AbstractAsyncContextManager[str]]
Launch = Callable[..., Awaitable[Browser]]


class Controls:
    """Remembers what was asked; has no editor unless told so."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.editor = True

    async def reload(self) -> None:
        self.asked.append(("reload",))

    async def open_in_editor(self, file: str, line: int) -> None:
        if not self.editor:
            raise LookupError("set EDITOR to open files")
        self.asked.append(("open", file, str(line)))


class Visits(list[str]):
    """Names of the handlers that were reached, in order."""


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def controls() -> Controls:
    return Controls()


@pytest.fixture
def visits() -> Visits:
    return Visits()


@pytest.fixture
def pages(visits: Visits) -> Sequence[Page]:
    async def now(request: Request, studio: Studio) -> Response:
        visits.append("now")
        asks = 'hx-get="?part=panel" hx-trigger="loom:build from:document" hx-swap="morph"'
        panel = f'<div id="panel" {asks}>builds heard: {studio.store.last_fact_id}</div>'
        if request.query_params.get("part") == "panel":
            return HTMLResponse(panel)
        link = '<a href="/routes?q=1">Routes</a>'
        return HTMLResponse(f'<title>Now</title><body data-page="now"><h1>Now</h1>{link}{panel}</body>')

    async def routes(request: Request, studio: Studio) -> Response:
        visits.append("routes")
        button = '<button hx-post="/act" hx-target="#out" name="a" value="1">Act</button><p id="out"></p>'
        link = f'<a href="/boom" target="_blank">New tab</a>{button}'
        return HTMLResponse(f'<title>Routes</title><body data-page="routes"><h1>Routes</h1>{link}</body>')

    async def act(request: Request, studio: Studio) -> Response:
        visits.append("act")
        return JSONResponse(await request.json(), headers={"access-control-allow-origin": "*"})

    async def boom(request: Request, studio: Studio) -> Response:
        visits.append("boom")
        raise RuntimeError("a secret detail")

    now_page = Page(slug="now", title="Now", group="", key="n", icon="now", routes=(PageRoute(path="/", handler=now),))
    found = (
        PageRoute(path="/routes", handler=routes),
        PageRoute(path="/boom", handler=boom),
        PageRoute(path="/act", handler=act, method="POST"),
    )
    return now_page, Page(slug="routes", title="Routes", group="Explore", key="r", icon="routes", routes=found)


@pytest.fixture
def make_studio(store: Store, controls: Controls, pages: Sequence[Page]) -> StudioFactory:
    """Return a studio; `hosts` and `pages` may be given."""

    def make(*, hosts: frozenset[str] = frozenset({HOST}), pages: Sequence[Page] = pages) -> StudioApp:
        return create_studio(store=store, controls=controls, token=TOKEN, hosts=hosts, pages=pages)

    return make


@pytest.fixture
def studio(make_studio: StudioFactory) -> StudioApp:
    return make_studio()


@pytest.fixture
async def client(studio: StudioApp) -> AsyncIterator[httpx.AsyncClient]:
    """Speaks to the studio from loopback, without a token."""
    transport = httpx.ASGITransport(studio, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}") as client:
        yield client


@pytest.fixture
def serve(make_studio: StudioFactory) -> Serve:
    """Run a studio on a free port of 127.0.0.1; `names` are its hosts. Yields the base URL."""

    @asynccontextmanager
    async def serving(*, names: Sequence[str] = ("127.0.0.1",)) -> AsyncIterator[str]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            app = make_studio(hosts=frozenset(f"{name}:{port}" for name in names))
            server = uvicorn.Server(uvicorn.Config(app, http="h11", log_level="critical", server_header=False))
            running = asyncio.create_task(server.serve(sockets=[listener]))
            yield f"http://127.0.0.1:{port}"
            app.close()
            server.should_exit = True
            await asyncio.wait_for(running, 5)

    return serving


@pytest.fixture
async def launch() -> AsyncIterator[Launch]:
    """Start Chromium with further arguments."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no chromium on PATH")
    async with async_playwright() as playwright:

        async def start(*more: str) -> Browser:
            args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", *more]
            return await playwright.chromium.launch(executable_path=path, args=args)

        yield start
