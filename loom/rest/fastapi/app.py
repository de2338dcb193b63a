"""A FastAPI application over compiled routes."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from loom.core.bootstrap import KernelRuntime
from loom.core.errors import LoomError
from loom.rest.compiler import CompiledRoute
from loom.rest.errors import error_body
from loom.rest.fastapi.endpoint import make_endpoint
from loom.rest.fastapi.response import MsgspecJSONResponse
from loom.rest.openapi import build_openapi


def create_fastapi_app(
    kernel: KernelRuntime, routes: Sequence[CompiledRoute], *, middleware: Sequence[type[Any]] = (), **options: Any
) -> FastAPI:
    """Return an app that serves `routes`; middleware is outermost first, `options` go to FastAPI."""
    app = FastAPI(**options)
    for compiled in routes:
        endpoint = make_endpoint(compiled, kernel.factory, kernel.executor)
        method = compiled.route.method.upper()
        app.router.routes.append(Route(compiled.full_path, endpoint, methods=[method]))
    for each in reversed(middleware):
        app.add_middleware(each)
    app.add_exception_handler(LoomError, _answer)
    app.openapi = partial(_openapi, app, tuple(routes))  # type: ignore[method-assign]  # FastAPI's documented hook
    return app


async def _answer(_: Request, error: Exception) -> Response:
    status, body = error_body(error)
    return MsgspecJSONResponse(body, status)


def _openapi(app: FastAPI, routes: tuple[CompiledRoute, ...]) -> dict[str, Any]:
    """Return the document, built once: loom's routes from their plans, the user's own from FastAPI."""
    if app.openapi_schema is None:
        app.openapi_schema = build_openapi(app.title, app.version, routes, base=FastAPI.openapi(app))
    return app.openapi_schema
