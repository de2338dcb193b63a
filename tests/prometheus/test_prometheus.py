"""Counting runs and requests, alone and in an application."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from loom.core.config import ConfigError
from loom.core.errors import RuleViolations
from loom.core.model import BaseModel, ColumnField
from loom.core.observe import EventKind, RuntimeEvent
from loom.core.use_case import UseCase
from loom.prometheus import PrometheusMetricsAdapter, PrometheusMiddleware
from loom.rest.fastapi.auto import create_app
from loom.rest.model import RestInterface, RestRoute

Make = Callable[..., FastAPI]


class Gauge(BaseModel):
    __tablename__ = "prom_gauges"

    id: int = ColumnField(primary_key=True, autoincrement=True)
    label: str = ColumnField(length=20)


class Crash(UseCase[Any, None]):
    """Fail."""

    async def execute(self, depth: int) -> None:
        """Raise."""
        raise ZeroDivisionError


class GaugeInterface(RestInterface[Gauge]):
    prefix = "/gauges"
    auto = True


class CrashInterface(RestInterface[Any]):
    prefix = "/crash"
    routes = (RestRoute(Crash, "GET", "/{depth:int}/now"),)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def make(tmp_path: Path, registry: CollectorRegistry) -> Make:
    """Build the application; keyword arguments are its `metrics` section."""

    def build(registry: Any = registry, **metrics: Any) -> FastAPI:
        config = {
            "app": {"name": "gauges"},
            "database": {"url": f"sqlite+aiosqlite:///{tmp_path / 'prom.db'}"},
            "metrics": {"enabled": True, **metrics},
        }
        return create_app(config, interfaces=[GaugeInterface, CrashInterface], metrics_registry=registry)

    return build


@asynccontextmanager
async def connected(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the running app; redirects are not followed."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://gauges.test") as client,
    ):
        yield client


def value(registry: CollectorRegistry, name: str, **labels: str) -> float:
    """Return one sample; 0 where nothing was counted."""
    return registry.get_sample_value(name, labels) or 0.0


@pytest.mark.parametrize(
    ("path", "template", "status"),
    [
        ("/gauges/7", "/gauges/{id}", 404),
        ("/gauges/", "/gauges/", 200),
        ("/crash/3/now", "/crash/{depth:int}/now", 500),
        ("/openapi.json", "/openapi.json", 200),
        ("/nothing", "__unmatched__", 404),
        ("/metrics", "/metrics", 200),
    ],
)
async def test_a_request_is_counted_by_its_template(
    make: Make, registry: CollectorRegistry, path: str, template: str, status: int
) -> None:
    """The label is the route's own path, whatever the answer; what matches no route shares one label."""
    async with connected(make()) as client:
        answered = (await client.get(path)).status_code

    labels = {"method": "GET", "path_template": template}
    assert status == answered
    assert 1 == value(registry, "http_requests_total", **labels, status_code=str(status))
    assert 1 == value(registry, "http_request_duration_seconds_count", **labels)


async def test_a_refused_method_is_counted_at_its_route(make: Make, registry: CollectorRegistry) -> None:
    """Invented methods share one label."""
    async with connected(make()) as client:
        answers = [(await client.request(method, "/gauges/7")).status_code for method in ("PUT", "BREW")]

    labels = {"path_template": "/gauges/{id}", "status_code": "405"}
    assert [405, 405] == answers
    assert [1, 1] == [value(registry, "http_requests_total", method=m, **labels) for m in ("PUT", "OTHER")]


async def test_metrics_are_answered_directly(make: Make) -> None:
    """The exact path answers without a redirect, with both kinds of metrics, as text."""
    async with connected(make(path="/internal/metrics")) as client:
        await client.get("/gauges/")
        answer = await client.get("/internal/metrics")
        elsewhere = await client.get("/metrics")

    assert (200, 404) == (answer.status_code, elsewhere.status_code)
    assert answer.headers["content-type"].startswith("text/plain")
    for name in ("http_requests_total", "http_request_duration_seconds", "loom_usecase_requests_total"):
        assert name in answer.text


async def test_runs_are_counted(make: Make, registry: CollectorRegistry) -> None:
    """An application's use cases report to the same registry, failures by the exception's name."""
    async with connected(make()) as client:
        await client.get("/crash/1/now")

    assert 1 == value(registry, "loom_usecase_requests_total", usecase="Crash", status="failure")
    assert 1 == value(registry, "loom_usecase_errors_total", usecase="Crash", error_kind="ZeroDivisionError")


async def test_without_metrics_nothing_is_served(make: Make) -> None:
    """Off is 404."""
    async with connected(make(enabled=False)) as client:
        answer = await client.get("/metrics")

    assert 404 == answer.status_code


async def test_apps_share_the_process_wide_registry(make: Make) -> None:
    """Several applications in one process count together where none has a registry of its own."""
    async with connected(make(registry=None)) as one, connected(make(registry=None)) as two:
        await one.get("/gauges/")
        text = (await two.get("/metrics")).text

    assert 'path_template="/gauges/"' in text
    assert "python_info" in text


def test_a_missing_extra_is_named(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Metrics without the client library are refused at start."""
    import sys

    for name in [name for name in sys.modules if name.startswith("loom.prometheus")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "prometheus_client", None)

    with pytest.raises(ConfigError, match="extra 'prometheus'"):
        make()


def test_events_become_metrics(registry: CollectorRegistry) -> None:
    """Ends of runs count, with their status; everything else is ignored; adapters on one registry add up."""
    one, two = PrometheusMetricsAdapter(registry), PrometheusMetricsAdapter(registry)
    one.on_event(RuntimeEvent(EventKind.EXEC_START, "U"))
    one.on_event(RuntimeEvent(EventKind.EXEC_DONE, "U", duration_ms=500))
    two.on_event(RuntimeEvent(EventKind.EXEC_DONE, "U", status="success"))
    two.on_event(RuntimeEvent(EventKind.EXEC_ERROR, "U", status="rule_failure", error=RuleViolations([])))
    two.on_event(RuntimeEvent(EventKind.EXEC_ERROR, "U"))

    assert 2 == value(registry, "loom_usecase_requests_total", usecase="U", status="success")
    assert 1 == value(registry, "loom_usecase_requests_total", usecase="U", status="rule_failure")
    assert 1 == value(registry, "loom_usecase_errors_total", usecase="U", error_kind="RuleViolations")
    assert 1 == value(registry, "loom_usecase_errors_total", usecase="U", error_kind="unknown")
    assert 0.5 == value(registry, "loom_usecase_duration_seconds_sum", usecase="U")


async def test_what_is_not_http_passes_through(registry: CollectorRegistry) -> None:
    """A websocket is not a request; an answer without a start counts as 200."""
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["type"])

    middleware = PrometheusMiddleware(app, registry=registry)
    for kind in ("websocket", "http"):
        await middleware({"type": kind, "method": "GET"}, None, None)  # type: ignore[arg-type]  # neither is used

    labels = {"method": "GET", "path_template": "__unmatched__", "status_code": "200"}
    assert ["websocket", "http"] == seen
    assert 1 == value(registry, "http_requests_total", **labels)


async def test_a_route_that_is_set_already_is_taken(registry: CollectorRegistry) -> None:
    """Whoever routes outside says which route it was."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        """Answer nothing."""

    class Known:
        path = "/known/{id}"

    scope = {"type": "http", "method": "GET", "route": Known()}
    await PrometheusMiddleware(app, registry=registry)(scope, None, None)  # type: ignore[arg-type]  # neither is used

    labels = {"method": "GET", "path_template": "/known/{id}", "status_code": "200"}
    assert 1 == value(registry, "http_requests_total", **labels)
