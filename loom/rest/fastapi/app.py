"""A FastAPI application over compiled routes.

It is a FastAPI application in every other respect: routes, middleware and exception handlers a user adds work as they do
elsewhere. The request id is put around all of it, the handler of unexpected errors included.
"""

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp

from loom.core.bootstrap import BootstrapResult, KernelRuntime
from loom.core.di import ResolutionError
from loom.core.engine import RuntimeExecutor
from loom.core.use_case.factory import UseCaseFactory
from loom.rest.compiler import RestInterfaceCompiler
from loom.rest.decode import BodyRules
from loom.rest.fastapi.answers import answer_errors
from loom.rest.fastapi.endpoint import make_endpoint
from loom.rest.fastapi.routing import serve
from loom.rest.middleware import TraceIdMiddleware
from loom.rest.model import RestApiDefaults
from loom.rest.openapi import build_openapi
from loom.rest.route import CompiledRoute

_RULES = BodyRules()


class LoomFastAPI(FastAPI):
    """FastAPI with loom's routes in its OpenAPI document.

    Attributes:
        loom_routes: the compiled routes it serves, in the order they match.
        trace_header: name of the request id's header; None leaves requests without one.
    """

    loom_routes: tuple[CompiledRoute, ...] = ()
    trace_header: str | None = None

    def openapi(self) -> dict[str, Any]:
        """Return the document, built once: loom's routes from their plans, the user's own from FastAPI."""
        if self.openapi_schema is None:
            base = super().openapi()
            self.openapi_schema = build_openapi(self.title, self.version, self.loom_routes, base=base)
        return self.openapi_schema

    def build_middleware_stack(self) -> ASGIApp:
        """Put the request id around everything, so that even an answer to a crash carries it."""
        stack = super().build_middleware_stack()
        return stack if self.trace_header is None else TraceIdMiddleware(stack, header=self.trace_header)


def create_fastapi_app(
    result: BootstrapResult | KernelRuntime,
    interfaces: Sequence[type[Any]],
    *,
    middleware: Sequence[type[Any]] = (),
    defaults: RestApiDefaults | None = None,
    **options: Any,
) -> FastAPI:
    """Return an app that serves `interfaces`.

    Args:
        result: what `bootstrap_app` or `create_kernel` gave; its container holds the executor.
        middleware: ASGI middleware classes, outermost first.
        defaults: what routes and interfaces leave open.
        options: go to FastAPI: title, version, lifespan, ...

    Raises:
        InterfaceCompilationError: with everything wrong with any interface.
        RuntimeError: the container has no executor.
    """
    routes = RestInterfaceCompiler(result.compiler, defaults).compile_all(interfaces)
    return serve_routes(routes, result.factory, _executor(result), middleware=middleware, **options)


def serve_routes(
    routes: Sequence[CompiledRoute],
    factory: UseCaseFactory,
    executor: RuntimeExecutor,
    *,
    middleware: Sequence[type[Any]] = (),
    trace_header: str | None = None,
    rules: BodyRules = _RULES,
    **options: Any,
) -> LoomFastAPI:
    """Return an app that serves `routes`.

    Args:
        middleware: outermost first.
        trace_header: name of the request id's header; None leaves requests without one.
        rules: what bodies may be.
        options: go to FastAPI.
    """
    app = LoomFastAPI(**options)
    app.trace_header = trace_header
    answer_errors(app)
    _add_routes(app, routes, factory, executor, rules)
    for each in reversed(middleware):
        app.add_middleware(each)
    return app


def bind_interfaces(
    app: FastAPI, routes: Sequence[CompiledRoute], factory: UseCaseFactory, executor: RuntimeExecutor
) -> dict[str, Any]:
    """Serve `routes` on `app`, and return the component schemas they document, by name."""
    _add_routes(app, routes, factory, executor, _RULES)
    schemas: dict[str, Any] = build_openapi(app.title, app.version, routes)["components"]["schemas"]
    return schemas


def _add_routes(
    app: FastAPI,
    routes: Sequence[CompiledRoute],
    factory: UseCaseFactory,
    executor: RuntimeExecutor,
    rules: BodyRules,
) -> None:
    app.router.routes += serve(routes, lambda each: make_endpoint(each, factory, executor, rules=rules))
    if isinstance(app, LoomFastAPI):
        app.loom_routes += tuple(routes)


def _executor(result: BootstrapResult | KernelRuntime) -> RuntimeExecutor:
    try:
        executor: RuntimeExecutor = result.container.resolve(RuntimeExecutor)
    except ResolutionError as error:
        raise RuntimeError("the container has no RuntimeExecutor") from error
    return executor
