"""Serving the metrics of an application. Needs the extra `prometheus`."""

from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from loom.core.config import ConfigError, MetricsConfig
from loom.core.observe import Observer


def metrics_observer(config: MetricsConfig, registry: Any) -> Observer | None:
    """Return what counts runs, or None where metrics are off.

    Raises:
        ConfigError: the extra is not installed.
    """
    if not config.enabled:
        return None
    try:
        from loom.prometheus import PrometheusMetricsAdapter
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"metrics.enabled needs the extra 'prometheus': {error}",
            where="metrics.enabled",
            hint="pip install 'loom-studio[prometheus]'",
        ) from error
    return PrometheusMetricsAdapter(registry)


def serve_metrics(app: FastAPI, config: MetricsConfig, registry: Any) -> None:
    """Count every request, and answer the metrics at `config.path`, before any other route; nothing where they are off."""
    if not config.enabled:
        return
    from loom.prometheus import PrometheusMiddleware, scrape

    async def metrics(request: Request) -> Response:
        body, content_type = scrape(registry, request.headers.get("accept", ""))
        return Response(body, headers={"content-type": content_type})

    app.router.routes.insert(0, Route(config.path, metrics, methods=["GET"], include_in_schema=False))
    app.add_middleware(PrometheusMiddleware, registry=registry)
