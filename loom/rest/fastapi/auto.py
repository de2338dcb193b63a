"""`create_app`: from configuration to a served application, everything wired, nothing shared with another one."""

import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from loom.core.backend.sqlalchemy import Tables
from loom.core.bootstrap import KernelRuntime, create_kernel
from loom.core.config import ConfigError, Settings, load_config, read_app_config, resolve_code_path
from loom.core.config.loader import ConfigSource
from loom.core.discovery import (
    DiscoveryEngine,
    DiscoveryResult,
    InterfacesDiscoveryEngine,
    ManifestDiscoveryEngine,
    ModulesDiscoveryEngine,
    classes_of,
)
from loom.core.engine import CompilationError, UseCaseCompiler
from loom.core.errors import Diagnostic, DiagnosticError
from loom.core.repository.sqlalchemy import (
    SessionManager,
    SQLAlchemyUnitOfWorkFactory,
    build_repository_registration_module,
)
from loom.rest.application import Application
from loom.rest.autocrud import crud_use_case
from loom.rest.compiler import RestInterfaceCompiler
from loom.rest.decode import BodyRules
from loom.rest.fastapi.app import serve_routes
from loom.rest.fastapi.health import add_health
from loom.rest.route import CompiledRoute


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
        metrics_registry: Prometheus registry, for when metrics are on.
        interfaces: serve exactly these instead of what discovery finds.

    Raises:
        ConfigError: the configuration cannot be read or does not fit.
        DiagnosticError: with every problem of every model, use case and interface; a `CompilationError` where a use
            case has one, an `InterfaceCompilationError` where only interfaces have.
        RuntimeError: there is no interface, use case or model.
    """
    del metrics_registry
    settings = read_app_config(load_config(*config_paths))
    if settings.metrics.enabled:
        raise ConfigError(
            "metrics.enabled needs loom.prometheus, which is not here; it comes with the extra 'prometheus'"
        )
    _add_code_path(settings, config_paths, code_path)
    found = classes_of(interfaces) if interfaces else _engine(settings).discover()
    return _assemble(settings, _complete(found))


def _add_code_path(settings: Settings, sources: Sequence[ConfigSource], explicit: str | Path | None) -> None:
    first = next((Path(source) for source in sources if not isinstance(source, Mapping)), None)
    directory = resolve_code_path(settings, first, explicit)
    if directory is not None and str(directory) not in sys.path:
        sys.path.insert(0, str(directory))


def _engine(settings: Settings) -> DiscoveryEngine:
    discovery = settings.app.discovery
    engines: dict[str, Callable[[], DiscoveryEngine]] = {
        "modules": lambda: ModulesDiscoveryEngine(discovery.modules.include),
        "manifest": lambda: ManifestDiscoveryEngine(discovery.manifest.module),
        "interfaces": lambda: InterfacesDiscoveryEngine(
            discovery.interfaces.modules, warn_recommended=discovery.interfaces.warn_recommended
        ),
    }
    if discovery.mode not in engines:
        raise ValueError(f"discovery.mode must be one of {', '.join(engines)}, not {discovery.mode!r}")
    return engines[discovery.mode]()


def _complete(found: DiscoveryResult) -> DiscoveryResult:
    missing = [name for name in ("interfaces", "use_cases", "models") if not getattr(found, name)]
    if missing:
        raise RuntimeError(f"discovery found no {' and no '.join(missing)}")
    return found


def _assemble(settings: Settings, found: DiscoveryResult) -> FastAPI:
    tables, problems = _tables(found.models)
    if problems:
        raise DiagnosticError([*problems, *_use_case_problems(found), *_interface_problems(found)])
    manager = _session_manager(settings, tables)
    kernel, routes = _compiled(settings, found, manager)
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
        lifespan=_lifespan(settings, manager),
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


def _tables(models: Sequence[type[Any]]) -> tuple[Tables, Sequence[Diagnostic]]:
    tables = Tables()
    try:
        tables.compile(*models)
    except DiagnosticError as error:
        return tables, error.diagnostics
    return tables, ()


def _session_manager(settings: Settings, tables: Tables) -> SessionManager:
    database = settings.database
    return SessionManager(
        database.url,
        echo=bool(database.echo),
        pool_pre_ping=database.pool_pre_ping,
        pool_size=database.pool_size,
        max_overflow=database.max_overflow,
        pool_timeout=database.pool_timeout,
        pool_recycle=database.pool_recycle,
        connect_args=database.connect_args,
        fast_path=database.fast_path,
        tables=tables,
    )


def _compiled(
    settings: Settings, found: DiscoveryResult, manager: SessionManager
) -> tuple[KernelRuntime, list[CompiledRoute]]:
    """Compile use cases, then interfaces; what is wrong with either is reported together."""
    try:
        kernel = create_kernel(
            config=settings,
            use_cases=(*found.use_cases, *found.jobs),
            modules=[build_repository_registration_module(manager, manager.tables.models)],
            uow_factory=SQLAlchemyUnitOfWorkFactory(manager),
            crud=crud_use_case,
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


def _lifespan(settings: Settings, manager: SessionManager) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if settings.database.create_all:
            await manager.create_tables()
        try:
            yield
        finally:
            await manager.dispose()

    return lifespan
