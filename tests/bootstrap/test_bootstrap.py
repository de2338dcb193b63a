"""One kernel per application: what is wired, in which order, and what is refused."""

from typing import Any

import pytest

from loom.core.bootstrap import BootstrapError, BootstrapResult, bootstrap_app, create_kernel
from loom.core.di import LoomContainer, Scope
from loom.core.engine import CompilationError, RuntimeExecutor
from loom.core.job import InlineJobService, Job, JobService
from loom.core.use_case import UseCase
from loom.core.use_case.factory import UseCaseFactory
from loom.core.use_case.invoker import ApplicationInvoker
from loom.core.use_case.keys import set_use_case_key
from loom.core.use_case.registry import UseCaseRegistry


class Settings:
    """Any object is a configuration."""


class Ping(UseCase[Any, str]):
    async def execute(self) -> str:
        return "pong"


class Work(Job[int]):
    def execute(self) -> int:
        return 1


class Broken(UseCase[Any, str]):
    """Declares nothing to run."""


def test_everything_built_in_can_be_resolved() -> None:
    """Config under its own type; factory, executor, registry, invoker and an inline job service, each the kernel's own."""
    settings = Settings()

    kernel = create_kernel(config=settings, use_cases=[Ping, Work])

    assert [settings, kernel.factory, kernel.executor, kernel.registry, kernel.app] == [
        kernel.container.resolve(key)
        for key in (Settings, UseCaseFactory, RuntimeExecutor, UseCaseRegistry, ApplicationInvoker)
    ]
    assert isinstance(kernel.container.resolve(JobService), InlineJobService)


def test_a_mapping_is_a_configuration() -> None:
    """It is found under `dict`."""
    assert {"a": 1} == create_kernel(config={"a": 1}, use_cases=[]).container.resolve(dict)


def test_use_cases_and_jobs_are_compiled_before_anything_runs() -> None:
    """Plans are there when the kernel is."""
    kernel = create_kernel(config={}, use_cases=[Ping, Work])

    assert [Ping, Work] == [plan.use_case_type for plan in kernel.compiler.plans]


def test_modules_are_called_in_order_before_anything_is_made() -> None:
    """A later module replaces an earlier binding; a provider may need what is registered after it."""
    made: list[str] = []

    def first(container: LoomContainer) -> None:
        container.register("needs", lambda: made.append(container.resolve("late")), Scope.APPLICATION)
        container.register("late", lambda: "first", Scope.APPLICATION)

    create_kernel(config={}, use_cases=[], modules=[first, lambda c: c.register("late", lambda: "second")])

    assert ["second"] == made


def test_a_binding_of_the_application_wins() -> None:
    """A module's job service replaces the inline one."""
    mine = object()

    kernel = create_kernel(
        config={}, use_cases=[], modules=[lambda c: c.register(JobService, lambda: mine, Scope.APPLICATION)]
    )

    assert mine is kernel.container.resolve(JobService)


def test_what_cannot_be_made_is_named() -> None:
    """Every application-scoped binding is made at the start; the cause is chained."""

    def gone() -> Any:
        raise OSError("no such host")

    with pytest.raises(BootstrapError, match=r"^Bootstrap failed: .*mailer.*no such host") as caught:
        create_kernel(config={}, use_cases=[], modules=[lambda c: c.register("mailer", gone, Scope.APPLICATION)])
    assert caught.value.__cause__ is not None


def test_a_module_that_fails_is_a_bootstrap_error() -> None:
    """Whatever it raises is the cause."""

    def module(_: LoomContainer) -> None:
        raise KeyError("x")

    with pytest.raises(BootstrapError) as caught:
        create_kernel(config={}, use_cases=[], modules=[module])
    assert isinstance(caught.value.__cause__, KeyError)


def test_two_use_cases_of_one_key_are_refused() -> None:
    """The error names the key."""

    class Other(Ping):
        """Pings as well."""

    pair = [Ping, Other]
    for use_case in pair:
        set_use_case_key(use_case, "demo.ping")

    with pytest.raises(BootstrapError, match=r"Duplicate use-case key 'demo\.ping'"):
        create_kernel(config={}, use_cases=pair)


def test_what_does_not_compile_stops_the_kernel() -> None:
    """With every diagnostic."""
    with pytest.raises(CompilationError, match="must override execute"):
        create_kernel(config={}, use_cases=[Ping, Broken])


def test_bootstrap_app_wraps_every_failure() -> None:
    """There, what does not compile is a bootstrap error too."""
    with pytest.raises(BootstrapError, match=r"^Bootstrap failed") as caught:
        bootstrap_app({}, [Broken])
    assert isinstance(caught.value.__cause__, CompilationError)


async def test_bootstrap_app_gives_what_runs_use_cases() -> None:
    """Container, compiler and factory of one application; its executor has no unit of work."""
    result = bootstrap_app({}, [Ping])

    assert isinstance(result, BootstrapResult)
    executor = result.container.resolve(RuntimeExecutor)
    assert "pong" == await executor.execute(result.factory.build(Ping))


async def test_two_kernels_share_nothing() -> None:
    """Each has its own container, compiler and executor for the same classes."""
    first, second = (create_kernel(config={}, use_cases=[Ping]) for _ in range(2))

    assert ["pong", "pong"] == [await kernel.app.invoke(Ping) for kernel in (first, second)]
    assert first.executor is not second.executor
    assert first.compiler.get_plan(Ping) is not second.compiler.get_plan(Ping)
