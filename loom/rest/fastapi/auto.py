"""`create_app`: from configuration to a served application, everything wired, nothing shared with another one."""

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from msgspec import structs
from omegaconf import DictConfig

from loom.core.assembly import (
    add_code_path,
    build_kernel,
    build_tables,
    discovery_engine,
    inline_jobs,
    open_cache,
    open_sessions,
)
from loom.core.bootstrap import KernelRuntime, Module
from loom.core.cache import RepositoryCache
from loom.core.config import Settings, load_config, names_broker, read_app_config
from loom.core.config.loader import ConfigSource, given
from loom.core.discovery import DiscoveryResult, classes_of
from loom.core.engine import CompilationError, UseCaseCompiler
from loom.core.errors import Diagnostic, DiagnosticError
from loom.core.job.service import Closable, JobService
from loom.core.logger import configure_logging_from_values
from loom.core.observe import Observer
from loom.core.repository.sqlalchemy import SessionManager
from loom.rest.application import Application
from loom.rest.autocrud import crud_use_case
from loom.rest.compiler import RestInterfaceCompiler
from loom.rest.decode import BodyRules
from loom.rest.fastapi.app import serve_routes
from loom.rest.fastapi.health import add_health
from loom.rest.fastapi.metrics import metrics_observer, serve_metrics
from loom.rest.route import CompiledRoute

_log = logging.getLogger("loom.app")


def create_app(
    *config_paths: ConfigSource,
    code_path: str | Path | None = None,
    metrics_registry: Any = None,
    interfaces: Sequence[type[Any]] = (),
) -> FastAPI:
    """Build the application a configuration describes. Tables are made when its lifespan starts.

    Args:
        config_paths: YAML files, later ones winning; a mapping stands for a file with that content.
        code_path: directory of the application's modules; overrides `app.code_path`.
        metrics_registry: Prometheus registry for when metrics are on; the process-wide one by default.
        interfaces: serve exactly these instead of what discovery finds.

    Raises:
        ConfigError: the configuration cannot be read or does not fit.
        DiagnosticError: with every problem of every model, use case and interface; a `CompilationError` where a use
            case has one, an `InterfaceCompilationError` where only interfaces have.
        RuntimeError: there is no interface, use case or model.
    """
    config = load_config(*config_paths)
    settings = read_app_config(config)
    if given(config, "logger"):
        configure_logging_from_values(**structs.asdict(settings.logger))
    metrics = metrics_observer(settings.metrics, metrics_registry)
    add_code_path(settings, config_paths, code_path)
    found = classes_of(interfaces) if interfaces else discovery_engine(settings.app.discovery).discover()
    app = _assemble(settings, _complete(found), [_jobs(config, settings, metrics)], metrics)
    serve_metrics(app, settings.metrics, metrics_registry)
    return app


def _complete(found: DiscoveryResult) -> DiscoveryResult:
    missing = [name for name in ("interfaces", "use_cases", "models") if not getattr(found, name)]
    if missing:
        raise RuntimeError(f"discovery found no {' and no '.join(missing)}")
    return found


def _jobs(config: DictConfig, settings: Settings, metrics: Observer | None) -> Module:
    """Return the binding of `JobService`: Celery's where a `celery` section names a broker, else this process."""
    if not names_broker(config):
        return inline_jobs(settings.jobs, metrics)
    try:
        from loom.celery.config import require_celery_config  # Celery is optional: the extra 'celery'
        from loom.celery.service import celery_jobs
    except ImportError as error:
        _log.warning("jobs run in this process: the celery section needs the extra 'celery' (%s)", error)
        return inline_jobs(settings.jobs, metrics)
    return celery_jobs(require_celery_config(config), settings.jobs, metrics)


def _assemble(
    settings: Settings, found: DiscoveryResult, modules: Sequence[Module], metrics: Observer | None
) -> FastAPI:
    tables, problems = build_tables(found.models)
    if problems:
        raise DiagnosticError([*problems, *_use_case_problems(found), *_interface_problems(found)])
    manager = open_sessions(settings.database, tables)
    cache = open_cache(settings, tables.models)
    kernel, routes = _compiled(settings, found, manager, modules, cache, metrics)
    app = serve_routes(
        routes,
        kernel.factory,
        kernel.executor,
        trace_header=settings.trace.header if settings.trace.enabled else None,
        rules=BodyRules(max_bytes=settings.app.rest.max_body_bytes, strict=settings.app.rest.strict_bodies),
        title=settings.app.rest.title,
        version=settings.app.rest.version,
        docs_url=settings.app.rest.docs_url,
        redoc_url=settings.app.rest.redoc_url,
        lifespan=_lifespan(settings, manager, cache, kernel),
    )
    add_health(app, settings.app.rest.health_path, settings.app.rest.ready_path, {"database": manager.ping})
    app.state.loom = Application(
        name=settings.app.name,
        version=settings.app.rest.version,
        settings=settings,
        plans=tuple(plan.plan for plan in kernel.compiler.plans if plan.plan is not None),
        routes=tuple(routes),
        models=tables.models,
        tables=tables,
        kernel=kernel,
        database_url=settings.database.url,
    )
    return app


def _compiled(
    settings: Settings,
    found: DiscoveryResult,
    manager: SessionManager,
    modules: Sequence[Module],
    cache: RepositoryCache | None,
    metrics: Observer | None,
) -> tuple[KernelRuntime, list[CompiledRoute]]:
    """Compile use cases, then interfaces; what is wrong with either is reported together."""
    try:
        kernel = build_kernel(
            settings, found, manager, crud=crud_use_case, modules=modules, cache=cache, metrics=metrics
        )
    except CompilationError as error:
        raise CompilationError([*error.diagnostics, *_interface_problems(found)]) from None
    return kernel, RestInterfaceCompiler(kernel.compiler).compile_all(found.interfaces)


def _use_case_problems(found: DiscoveryResult) -> list[Diagnostic]:
    return UseCaseCompiler().compile_all((*found.use_cases, *found.jobs))


def _interface_problems(found: DiscoveryResult) -> list[Diagnostic]:
    """Return what is wrong with the interfaces of an application whose use cases may not all compile."""
    compiler = UseCaseCompiler()
    compiler.compile_all(found.use_cases)
    broken = {use_case for use_case in found.use_cases if compiler.get_plan(use_case) is None}
    return RestInterfaceCompiler(compiler).problems(found.interfaces, known=broken)


def _lifespan(
    settings: Settings, manager: SessionManager, cache: RepositoryCache | None, kernel: KernelRuntime
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if settings.database.create_all:
            await manager.create_tables()
        try:
            yield
        finally:
            if cache is not None:
                await cache.close()
            await manager.dispose()
            jobs = kernel.container.resolve(JobService)
            if isinstance(jobs, Closable):
                jobs.close()

    return lifespan
