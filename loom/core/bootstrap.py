"""The composition root of the core: container, compiler, factory, executor and invoker of one application, built once.

Everything an application declares hangs off the `KernelRuntime` made here; nothing is kept at module level, so any number
of applications live in one process.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from loom.core.di import LoomContainer, Scope
from loom.core.engine.compiler import CompilationError, UseCaseCompiler
from loom.core.engine.executor import RepoResolver, RuntimeExecutor
from loom.core.errors import LoomError
from loom.core.job.service import InlineJobService, JobService
from loom.core.logger import LoggerPort
from loom.core.observe import Observer
from loom.core.uow import UnitOfWorkFactory
from loom.core.use_case.factory import UseCaseFactory
from loom.core.use_case.invoker import AppInvoker, ApplicationInvoker, CrudSource
from loom.core.use_case.registry import UseCaseRegistry

Module = Callable[[LoomContainer], None]
"""Registers bindings on the container it is given."""


class BootstrapError(LoomError):
    """The application could not be put together; the cause is chained."""

    def __init__(self, message: str) -> None:
        super().__init__(f"Bootstrap failed: {message}", code="bootstrap_failed")


@dataclass(frozen=True)
class BootstrapResult:
    """What compiles and builds use cases."""

    container: LoomContainer
    compiler: UseCaseCompiler
    factory: UseCaseFactory
    metrics: Observer | None = None


@dataclass(frozen=True)
class KernelRuntime:
    """Everything needed to run use cases; `app` is the invoker business code sees."""

    container: LoomContainer
    compiler: UseCaseCompiler
    factory: UseCaseFactory
    executor: RuntimeExecutor
    registry: UseCaseRegistry
    app: AppInvoker
    metrics: Observer | None = None


def create_kernel(
    *,
    config: Any,
    use_cases: Sequence[type[Any]],
    modules: Sequence[Module] = (),
    logger: LoggerPort | None = None,
    metrics: Observer | None = None,
    uow_factory: UnitOfWorkFactory | None = None,
    repo_resolver: RepoResolver | None = None,
    crud: CrudSource | None = None,
) -> KernelRuntime:
    """Compile `use_cases` (jobs may be among them) and wire the application around them.

    Args:
        config: any object; registered under its own type.
        modules: called in order with the container, before anything is resolved.
        uow_factory: opens units of work; None runs everything without one.
        repo_resolver: model -> repository; by default the container's.
        crud: gives auto-CRUD use cases that no interface exposes.

    Raises:
        CompilationError: with every problem of every class.
        BootstrapError: a binding cannot be made, or two use cases share a key.
    """
    container = LoomContainer()
    _bind(container, type(config), config)
    for module in modules:
        _guarded(partial(module, container))
    compiler = UseCaseCompiler(logger, metrics)
    problems = compiler.compile_all(use_cases)
    if problems:
        raise CompilationError(problems)
    kernel = _assemble(container, compiler, use_cases, logger, metrics, uow_factory, repo_resolver, crud)
    _guarded(container.validate)
    return kernel


def bootstrap_app(
    config: Any,
    use_cases: Sequence[type[Any]],
    modules: Sequence[Module] = (),
    logger: LoggerPort | None = None,
    metrics: Observer | None = None,
) -> BootstrapResult:
    """Wire an application without a unit of work.

    Raises:
        BootstrapError: anything went wrong; the cause is chained.
    """
    kernel = _guarded(
        lambda: create_kernel(config=config, use_cases=use_cases, modules=modules, logger=logger, metrics=metrics)
    )
    return BootstrapResult(kernel.container, kernel.compiler, kernel.factory, metrics)


def _assemble(
    container: LoomContainer,
    compiler: UseCaseCompiler,
    use_cases: Sequence[type[Any]],
    logger: LoggerPort | None,
    metrics: Observer | None,
    uow_factory: UnitOfWorkFactory | None,
    repo_resolver: RepoResolver | None,
    crud: CrudSource | None,
) -> KernelRuntime:
    factory = UseCaseFactory(container)
    executor = RuntimeExecutor(
        compiler,
        uow_factory=uow_factory,
        logger=logger,
        metrics=metrics,
        repo_resolver=repo_resolver or container.resolve_repo,
    )
    registry: UseCaseRegistry = _guarded(lambda: UseCaseRegistry.build(use_cases))
    app = AppInvoker(factory, executor, registry, crud)
    _bind(container, UseCaseFactory, factory)
    _bind(container, RuntimeExecutor, executor)
    _bind(container, UseCaseRegistry, registry)
    _bind(container, ApplicationInvoker, app)
    if not container.is_registered(JobService):
        _bind(container, JobService, InlineJobService(factory, executor))
    return KernelRuntime(container, compiler, factory, executor, registry, app, metrics)


def _bind(container: LoomContainer, key: Any, instance: Any) -> None:
    container.register(key, lambda: instance, Scope.APPLICATION)


def _guarded(step: Callable[[], Any]) -> Any:
    try:
        return step()
    except BootstrapError:
        raise
    except Exception as error:
        raise BootstrapError(str(error)) from error
