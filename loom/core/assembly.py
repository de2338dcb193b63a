"""Puts an application together: its code is found, models become tables with repositories, use cases and jobs a kernel.

The one place that does it, for whoever runs business code: the API, the worker. What is served on top is not here.
"""

import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from loom.core.backend.sqlalchemy import Tables
from loom.core.bootstrap import BootstrapError, KernelRuntime, Module, create_kernel
from loom.core.cache import RepositoryCache, namespace_of
from loom.core.config import (
    ConfigError,
    DatabaseConfig,
    DiscoveryConfig,
    JobConfig,
    Settings,
    WorkerSettings,
    resolve_code_path,
)
from loom.core.config.loader import ConfigSource
from loom.core.di import LoomContainer, Scope
from loom.core.discovery import (
    DiscoveryEngine,
    DiscoveryResult,
    InterfacesDiscoveryEngine,
    ManifestDiscoveryEngine,
    ModulesDiscoveryEngine,
)
from loom.core.engine import RuntimeExecutor
from loom.core.errors import Diagnostic, DiagnosticError, did_you_mean
from loom.core.job.service import InlineJobService, JobService
from loom.core.observe import Observer
from loom.core.repository.sqlalchemy import (
    SessionManager,
    SQLAlchemyUnitOfWorkFactory,
    build_repository_registration_module,
)
from loom.core.use_case.factory import UseCaseFactory
from loom.core.use_case.invoker import CrudSource
from loom.core.use_case.keys import model_entity_key

_log = logging.getLogger("loom.assembly")


def add_code_path(
    settings: Settings | WorkerSettings, sources: Sequence[ConfigSource], explicit: str | Path | None = None
) -> None:
    """Put the directory of the application's modules on `sys.path`, as `resolve_code_path` finds it.

    Raises:
        ConfigError: `explicit` is nowhere.
    """
    first = next((Path(source) for source in sources if not isinstance(source, Mapping)), None)
    directory = resolve_code_path(settings, first, explicit)
    if directory is not None and str(directory) not in sys.path:
        sys.path.insert(0, str(directory))


def discovery_engine(discovery: DiscoveryConfig) -> DiscoveryEngine:
    """Return the engine of `discovery.mode`.

    Raises:
        ValueError: there is no such mode.
    """
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


def build_tables(models: Sequence[type[Any]]) -> tuple[Tables, Sequence[Diagnostic]]:
    """Return the tables of `models`, and what is wrong with them; then there are none."""
    tables = Tables()
    try:
        tables.compile(*models)
    except DiagnosticError as error:
        return tables, error.diagnostics
    return tables, ()


def open_sessions(database: DatabaseConfig, tables: Tables) -> SessionManager:
    """Return the session manager `database` describes; nothing connects yet."""
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


def open_cache(settings: Settings | WorkerSettings, models: Sequence[type[Any]]) -> RepositoryCache | None:
    """Return the cache the configuration asks for, or None; nothing connects yet.

    Raises:
        ConfigError: it cannot be made, or the extra it needs is not installed.
    """
    config = settings.cache
    if config is None or not config.enabled or settings.database is None:
        return None
    namespace = namespace_of(settings.app.name, settings.database.url)
    try:
        return RepositoryCache(config, models, namespace=namespace)
    except ImportError as error:
        hint = "pip install 'loom-studio[cache]'"
        raise ConfigError(
            f"cache.enabled needs the extra 'cache': {error}", where="cache.enabled", hint=hint
        ) from error
    except ValueError as error:
        raise ConfigError(str(error), where="cache") from error


def build_kernel(
    config: Any,
    found: DiscoveryResult,
    manager: SessionManager | None,
    *,
    crud: CrudSource,
    modules: Sequence[Module] = (),
    metrics: Observer | None = None,
    cache: RepositoryCache | None = None,
) -> KernelRuntime:
    """Compile what was found and wire it to the repositories of `manager`.

    Args:
        config: registered in the container under its own type.
        manager: None runs without repositories and without a unit of work.
        crud: gives auto-CRUD use cases that no interface exposes.
        modules: further bindings, after the repositories'.
        cache: what repositories are read through; None reads the database every time.

    Raises:
        CompilationError: with every problem of every use case and job.
        BootstrapError: a binding cannot be made, or two use cases or two models share a key.
    """
    _refuse_shared_keys(manager.tables.models if manager is not None else found.models)
    return create_kernel(
        config=config,
        use_cases=(*found.use_cases, *found.jobs),
        modules=[*([_repositories(manager, cache)] if manager is not None else ()), *modules],
        metrics=metrics,
        uow_factory=SQLAlchemyUnitOfWorkFactory(manager) if manager is not None else None,
        crud=crud,
    )


def inline_jobs(configs: Mapping[str, JobConfig], metrics: Observer | None = None) -> Module:
    """Return the binding that runs dispatched jobs in this process.

    Args:
        configs: by class name, what replaces a job's own options.
    """

    def make(container: LoomContainer) -> InlineJobService:
        factory, executor = container.resolve(UseCaseFactory), container.resolve(RuntimeExecutor)
        return InlineJobService(factory, executor, configs=configs, metrics=metrics)

    return lambda container: container.register(JobService, partial(make, container), Scope.APPLICATION)


def warn_of_unknown_jobs(configs: Mapping[str, JobConfig], jobs: Sequence[type[Any]]) -> None:
    """Log a warning for each name of `configs` that no job of the application has."""
    known = [job.__name__ for job in jobs]
    for name in configs:
        if name not in known:
            _log.warning("jobs.%s configures no job of this application %s", name, did_you_mean(name, known))


def _repositories(manager: SessionManager, cache: RepositoryCache | None) -> Module:
    wrap = None if cache is None else cache.wrap
    return build_repository_registration_module(manager, manager.tables.models, wrap=wrap)


def _refuse_shared_keys(models: Sequence[type[Any]]) -> None:
    """`entity(Model)` finds its use cases by the model's key: two models must not have the same one."""
    by_key: dict[str, type[Any]] = {}
    for model in models:
        other = by_key.setdefault(model_entity_key(model), model)
        if other is not model:
            raise BootstrapError(
                f"two models have the key {model_entity_key(model)!r}: "
                f"{other.__module__}.{other.__qualname__} and {model.__module__}.{model.__qualname__}; rename one"
            )
