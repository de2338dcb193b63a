"""From configuration to a worker: the classes it needs, its kernel, and a Celery task for each job and callback."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from celery import Celery

from loom.celery.config import CeleryConfig, create_celery_app, queues_of, require_celery_config
from loom.celery.service import celery_jobs
from loom.celery.tasks import register_callback, register_job
from loom.celery.worker import Worker, configure_logging
from loom.core.assembly import add_code_path, build_kernel, build_tables, discovery_engine, open_cache, open_sessions
from loom.core.bootstrap import BootstrapError, Module
from loom.core.config import JobConfig, WorkerSettings, load_config, read_worker_config
from loom.core.config.loader import ConfigSource
from loom.core.di import LoomContainer
from loom.core.discovery import DiscoveryResult, classes_of
from loom.core.engine import UseCaseCompiler
from loom.core.errors import DiagnosticError, did_you_mean
from loom.core.job.callback import NullJobCallback
from loom.core.job.config import apply_job_config, job_options
from loom.core.observe import Observer
from loom.core.use_case.factory import UseCaseFactory
from loom.rest.autocrud import crud_use_case

_log = logging.getLogger("loom.celery")


@dataclass(frozen=True)
class WorkerBootstrapResult:
    """A worker, put together.

    Attributes:
        celery_app: what `celery -A` runs.
    """

    container: LoomContainer
    factory: UseCaseFactory
    celery_app: Celery


def bootstrap_worker(
    *config_paths: ConfigSource,
    jobs: Sequence[type[Any]] = (),
    use_cases: Sequence[type[Any]] = (),
    interfaces: Sequence[type[Any]] = (),
    callbacks: Sequence[type[Any]] = (),
    modules: Sequence[Module] = (),
    metrics: Observer | None = None,
) -> WorkerBootstrapResult:
    """Return the worker a configuration describes. Nothing connects before a worker process starts.

    Args:
        config_paths: YAML files, later ones winning; a mapping stands for a file with that content.
        jobs: run exactly these instead of those that discovery finds; so with `use_cases`.
        interfaces: further sources of use cases and models.
        callbacks: further callbacks.
        modules: further bindings of the container.
        metrics: observer of runs and jobs.

    Raises:
        ConfigError: the configuration does not fit, or names no broker.
        RuntimeError: there is no job.
        DiagnosticError: with every problem of every model, or of every use case and job.
        BootstrapError: two jobs, or two callbacks, have one task name; or a binding cannot be made.
    """
    config = load_config(*config_paths)
    celery_config, settings = require_celery_config(config), read_worker_config(config)
    if settings.logger is not None:
        configure_logging(settings.logger)
    add_code_path(settings, config_paths)
    given = DiscoveryResult(use_cases=tuple(use_cases), jobs=tuple(jobs), callbacks=tuple(callbacks))
    found = _merged(given, classes_of(interfaces), _discovered(settings, explicit=bool(jobs or use_cases)))
    _configure_jobs(found.jobs, settings.jobs)
    celery_app = create_celery_app(celery_config)
    modules = [celery_jobs(celery_config, {}, metrics, celery_app), *modules]
    worker = _worker(settings, found, modules, metrics)
    kernel = worker.kernel
    worker.attach(celery_app)
    _register(celery_app, found, worker)
    _consume(celery_app, celery_config, found.jobs)
    return WorkerBootstrapResult(kernel.container, kernel.factory, celery_app)


def _discovered(settings: WorkerSettings, *, explicit: bool) -> DiscoveryResult:
    """Return what discovery finds. Where jobs were given, theirs do not count and a failure is only logged."""
    if not explicit:
        found = discovery_engine(settings.app.discovery).discover() if settings.discovers else DiscoveryResult()
        if not found.jobs:
            raise RuntimeError("there is no job to run: list job modules in app.discovery, or give jobs")
        return found
    if not settings.discovers:
        return DiscoveryResult()
    try:
        return replace(discovery_engine(settings.app.discovery).discover(), jobs=())
    except Exception:
        _log.exception("discovery failed; the worker goes on with the jobs it was given")
        return DiscoveryResult()


def _merged(*parts: DiscoveryResult) -> DiscoveryResult:
    def all_of(kind: str) -> tuple[type[Any], ...]:
        return tuple(dict.fromkeys(cls for part in parts for cls in getattr(part, kind) if cls is not NullJobCallback))

    return DiscoveryResult(**{kind: all_of(kind) for kind in DiscoveryResult.__dataclass_fields__})


def _configure_jobs(jobs: Sequence[type[Any]], configs: Mapping[str, JobConfig]) -> None:
    by_name = {job.__name__: job for job in jobs}
    for name, config in configs.items():
        if name in by_name:
            apply_job_config(by_name[name], config)
        else:
            _log.warning("jobs.%s configures no job of this worker %s", name, did_you_mean(name, by_name))


def _worker(
    settings: WorkerSettings, found: DiscoveryResult, modules: Sequence[Module], metrics: Observer | None
) -> Worker:
    tables, problems = build_tables(_models(found))
    if problems:
        raise DiagnosticError(problems)
    manager = open_sessions(settings.database, tables) if settings.database is not None else None
    cache = open_cache(settings, tables.models)
    kernel = build_kernel(settings, found, manager, crud=crud_use_case, modules=modules, metrics=metrics, cache=cache)
    return Worker(settings, kernel, manager, cache, metrics)


def _models(found: DiscoveryResult) -> tuple[type[Any], ...]:
    """Return the models that were found, and those that use cases and jobs load or look for."""
    compiler = UseCaseCompiler()
    compiler.compile_all((*found.use_cases, *found.jobs))
    loaded = [step.entity_type for plan in compiler.plans for step in plan.load_steps]
    looked_for = [step.entity_type for plan in compiler.plans for step in plan.exists_steps]
    reached = (cls for cls in (*loaded, *looked_for) if getattr(cls, "__loom_kind__", "") == "model")
    return tuple(dict.fromkeys((*found.models, *reached)))


def _register(celery_app: Celery, found: DiscoveryResult, worker: Worker) -> None:
    for job_type in _distinct("jobs", found.jobs):
        register_job(celery_app, job_type, worker)
    for callback in _distinct("callbacks", found.callbacks):
        register_callback(celery_app, callback, worker)


def _distinct(what: str, classes: Iterable[type[Any]]) -> list[type[Any]]:
    """Return `classes`; tasks are named by qualified names, so two of them must not share one."""
    by_name: dict[str, type[Any]] = {}
    for cls in classes:
        other = by_name.setdefault(cls.__qualname__, cls)
        if other is not cls:
            raise BootstrapError(
                f"two {what} would be the task {cls.__qualname__!r}: {other.__module__}.{other.__qualname__} "
                f"and {cls.__module__}.{cls.__qualname__}; rename one"
            )
    return list(by_name.values())


def _consume(celery_app: Celery, config: CeleryConfig, jobs: Sequence[type[Any]]) -> None:
    """Consume the queues of the jobs where the configuration lists none; else say which job waits in none of them."""
    wanted = {str(job_options(job).queue): job for job in jobs}
    if not config.queues:
        celery_app.conf.task_queues = queues_of(list(dict.fromkeys([config.task_default_queue, *wanted])))
        return
    for queue, job in wanted.items():
        if queue not in config.queues:
            _log.warning("%s waits in the queue %r, which celery.queues does not list", job.__qualname__, queue)
