"""Requests as metrics, by the template of the route that answered."""

import time
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from prometheus_client import CollectorRegistry

from loom.prometheus.instruments import instruments_of, known_method

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]
AsgiApp = Callable[[Any, Receive, Send], Awaitable[None]]

UNMATCHED = "__unmatched__"


class PrometheusMiddleware:
    """Pure ASGI; anything but HTTP passes through. The route is known only once the application inside has run.

    Args:
        registry: the process-wide one by default.
    """

    def __init__(self, app: AsgiApp, registry: CollectorRegistry | None = None) -> None:
        self._app = app
        self._instruments = instruments_of(registry)
        self._paths: dict[Any, str] = {}

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Run one request and count it; one that raises without an answer is a 500."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status: int | None = None

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        started = time.perf_counter()
        try:
            await self._app(scope, receive, noting)
        except BaseException:
            status = status or 500
            raise
        finally:
            self._count(scope, status or 200, time.perf_counter() - started)

    def _count(self, scope: Any, status: int, seconds: float) -> None:
        method, template = known_method(scope["method"]), self._template(scope)
        self._instruments.requests.labels(method, template, str(status)).inc()
        self._instruments.request_seconds.labels(method, template).observe(seconds)

    def _template(self, scope: Any) -> str:
        """Return the path of the route that was chosen: routers leave the route itself, or the endpoint it leads to."""
        route, endpoint = scope.get("route"), scope.get("endpoint")
        if route is not None:
            return str(getattr(route, "path", UNMATCHED))
        if endpoint is None:
            return UNMATCHED
        known = self._paths.get(endpoint)
        if known is None:
            known = self._paths[endpoint] = _path_of(endpoint, getattr(scope.get("app"), "routes", ()))
        return known


def _path_of(endpoint: Any, routes: Iterable[Any]) -> str:
    """Return the path of the route, or of the mount, that leads to `endpoint`."""
    leading = (route for route in routes if endpoint in (getattr(route, "endpoint", None), getattr(route, "app", None)))
    return str(getattr(next(leading, None), "path", UNMATCHED))
