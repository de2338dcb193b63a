"""`create_app`: from configuration to a served application, everything wired, nothing shared with another one."""

import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from loom.core.backend.sqlalchemy import Tables
from loom.core.bootstrap import KernelRuntime, create_kernel
from loom.core.config import ConfigError, Settings, load_config, read_app_config, resolve_code_path
from loom.core.config.loader import ConfigSource
from loom.core.di import LoomContainer, Scope
from loom.core.discovery import (
    DiscoveryEngine,
    DiscoveryResult,
    InterfacesDiscoveryEngine,
    ManifestDiscoveryEngine,
    ModulesDiscoveryEngine,
    classes_of,
)
from loom.core.engine import CompilationError
from loom.core.repository.sqlalchemy import RepositorySQLAlchemy, SessionManager, SQLAlchemyUnitOfWorkFactory
from loom.core.use_case.keys import CrudOp
from loom.rest.application import Application
from loom.rest.autocrud import crud_use_case
from loom.rest.compiler import CompiledRoute, RestInterfaceCompiler
from loom.rest.fastapi.app import create_fastapi_app
from loom.rest.middleware import TraceIdMiddleware


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
        CompilationError: with every problem of every use case and interface.
        RuntimeError: there is no interface, use case or model.
    """
    del metrics_registry
    settings = read_app_config(load_config(*config_paths))
    if settings.metrics.enabled:
        raise ConfigError("metrics.enabled is set, but this version has no metrics endpoint")
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
    tables = Tables()
    tables.compile(*found.models)
    manager = _session_manager(settings, tables)
    kernel, routes = _compiled(settings, found, manager)
    app = create_fastapi_app(
        kernel,
        routes,
        title=settings.app.rest.title,
        version=settings.app.rest.version,
        docs_url=settings.app.rest.docs_url,
        redoc_url=settings.app.rest.redoc_url,
        lifespan=_lifespan(settings, manager),
    )
    if settings.trace.enabled:
        app.add_middleware(TraceIdMiddleware, header=settings.trace.header)
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
        tables=tables,
    )


def _compiled(
    settings: Settings, found: DiscoveryResult, manager: SessionManager
) -> tuple[KernelRuntime, list[CompiledRoute]]:
    """Compile use cases, then interfaces; what is wrong with either is reported together."""
    kernel = create_kernel(
        config=settings,
        use_cases=(*found.use_cases, *found.jobs),
        modules=[_repositories(manager)],
        uow_factory=SQLAlchemyUnitOfWorkFactory(manager),
        crud=_crud,
    )
    routes, problems = RestInterfaceCompiler(kernel.compiler).compile_all(found.interfaces)
    if problems:
        raise CompilationError(problems)
    return kernel, routes


def _crud(model: type[Any], op: CrudOp) -> type[Any]:
    return crud_use_case(model, op)


def _repositories(manager: SessionManager) -> Callable[[LoomContainer], None]:
    def register(container: LoomContainer) -> None:
        container.register(SessionManager, lambda: manager, Scope.APPLICATION)
        for model in manager.tables.models:
            repository: Any = RepositorySQLAlchemy(manager, model)
            container.register(("repository", model), partial(_same, repository), Scope.APPLICATION)
            container.register_repo(model, ("repository", model))

    return register


def _same(instance: Any) -> Any:
    return instance


def _lifespan(settings: Settings, manager: SessionManager) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if settings.database.create_all:
            await manager.create_tables()
        yield
        await manager.dispose()

    return lifespan
