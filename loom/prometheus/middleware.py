"""Requests as metrics, by the template of the route that answered."""

import time
from collections.abc import Awaitable, Callable, MutableMapping
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
        method, template = known_method(scope["method"]), str(getattr(scope.get("route"), "path", UNMATCHED))
        self._instruments.requests.labels(method, template, str(status)).inc()
        self._instruments.request_seconds.labels(method, template).observe(seconds)
