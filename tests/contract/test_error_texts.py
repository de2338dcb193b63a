"""The words of errors that code outside may look for."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from loom.core.bootstrap import BootstrapError, create_kernel
from loom.core.command import Command
from loom.core.config import ConfigError, load_config, section
from loom.core.di import LoomContainer, ResolutionError, Scope
from loom.core.engine import CompilationError, ParameterBindingError, UseCaseCompiler
from loom.core.errors import LoomError
from loom.core.logger import configure_logging_from_values
from loom.core.model import Projection
from loom.core.projection import build_projection_plan, execute_projection_plan
from loom.core.repository.abc import PageParams
from loom.core.repository.sqlalchemy import SessionManager, SQLAlchemyUnitOfWork
from loom.core.use_case import Exists, F, Input, Load, LoadById, Rule, UseCase, UseCaseRegistry, use_case_key
from loom.rest import InterfaceCompilationError, RestInterface, RestInterfaceCompiler, RestRoute
from loom.testing import UseCaseTest


class Item(msgspec.Struct, frozen=True):
    id: int


class Order(Command, frozen=True):
    amount: int = 1


class Take(UseCase[Item, int]):
    async def execute(self, item_id: int, item: Any = LoadById(Item, by="item_id"), cmd: Order = Input()) -> int:
        return item_id


class Unwritten(UseCase[Item, int]): ...


class TwoInputs(UseCase[Item, int]):
    async def execute(self, a: Order = Input(), b: Order = Input()) -> int:
        return 1


class NoCommand(UseCase[Item, int]):
    async def execute(self, a: int = Input()) -> int:
        return 1


class ByInput(UseCase[Item, int]):
    async def execute(self, cmd: Order = Input(), item: Any = LoadById(Item, by="cmd")) -> int:
        return 1


class NoSource(UseCase[Item, int]):
    async def execute(self, known: bool = Exists(Item, from_command="amount", against="id")) -> int:
        return 1


@use_case_key("a.b")
class First(Take): ...


@use_case_key("a.b")
class Second(Take): ...


class Interface(RestInterface[Item]):
    prefix = "/items"
    routes = (RestRoute(Take, "GET", "/{item_id}"),)


class NoPrefix(Interface):
    prefix = ""


class NoRoutes(Interface):
    routes = ()


class Twice(Interface):
    routes = (*Interface.routes, RestRoute(Take, "get", "/{item_id}"))


class Exposed(Interface):
    expose_profile = True


class InMemory:
    def load_from_object(self, obj: Any, context: Any = None) -> int:
        return 1


class Batched:
    async def load_many(self, session: Any, ids: Any) -> dict[Any, Any]:
        return {}


class Settings(msgspec.Struct):
    number: int


def compiled(cls: type[Any]) -> Callable[[], Any]:
    return lambda: UseCaseCompiler().compile(cls)


def interface(cls: type[Any], *, known: bool = True) -> Callable[[], Any]:
    def compile_it() -> Any:
        compiler = UseCaseCompiler()
        if known:
            compiler.compile(Take)
        return RestInterfaceCompiler(compiler).compile(cls)

    return compile_it


def cycle() -> Any:
    declared = {
        "a": Projection(loader=InMemory(), depends_on=("projection:b",)),
        "b": Projection(loader=InMemory(), depends_on=("a",)),
    }
    return build_projection_plan(declared)


def unbootable() -> Any:
    def module(container: LoomContainer) -> None:
        container.register(Item, lambda: 1 // 0, Scope.APPLICATION)

    return create_kernel(config={}, use_cases=[], modules=[module])


CALLS: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (compiled(Unwritten), CompilationError, "must override execute"),
    (compiled(TwoInputs), CompilationError, "only one Input"),
    (compiled(NoCommand), CompilationError, "must implement from_payload"),
    (compiled(ByInput), CompilationError, "'cmd' not found"),
    (compiled(NoSource), CompilationError, "'amount'.*Input"),
    (lambda: Load(Item, against="id"), ValueError, "exactly one"),
    (lambda: Load(Item, from_param="a", from_command="b", against="id"), ValueError, "exactly one"),
    (lambda: Exists(Item, against="id"), ValueError, "exactly one"),
    (
        lambda: Rule.check(F(Order).amount, via=print).from_params("x")(Order(), frozenset()),
        ValueError,
        "runtime context",
    ),
    (lambda: UseCaseRegistry.build([First, Second]), ValueError, "Duplicate use-case key"),
    (lambda: UseCaseRegistry.build([]).resolve("a.b"), KeyError, "not registered"),
    (lambda: PageParams(page=0), ValueError, "page must be >= 1"),
    (lambda: PageParams(limit=1001), ValueError, r"limit must be in \[1, 1000\]"),
    (load_config, ConfigError, "at least one"),
    (lambda: load_config("nowhere.yaml"), ConfigError, "not found"),
    (lambda: section(load_config({"a": {}}), "a.b", dict), ConfigError, "not found"),
    (lambda: section(load_config({"a": {"number": "x"}}), "a", Settings), ConfigError, "validation"),
    (unbootable, BootstrapError, "^Bootstrap failed"),
    (lambda: LoomContainer().resolve(Item), ResolutionError, "Item"),
    (lambda: LoomContainer().resolve_repo(Item), ResolutionError, "Item"),
    (interface(NoPrefix), InterfaceCompilationError, "prefix"),
    (interface(NoRoutes), InterfaceCompilationError, "routes"),
    (interface(Interface, known=False), InterfaceCompilationError, "not been compiled"),
    (interface(Twice), InterfaceCompilationError, "duplicate"),
    (interface(Exposed), InterfaceCompilationError, "(?s)profile exposure.*expose_profile"),
    (lambda: configure_logging_from_values(renderer="xml"), ValueError, "Unsupported renderer"),
    (cycle, ValueError, "cycle"),
]


@pytest.mark.parametrize(("call", "error", "words"), CALLS, ids=[re.sub(r"\W+", "_", words) for *_, words in CALLS])
def test_a_mistake_is_worded_as_promised(call: Callable[[], Any], error: type[Exception], words: str) -> None:
    """The error is of its class and its text holds the words."""
    with pytest.raises(error, match=words):
        call()


def test_a_circle_of_includes_is_called_one(tmp_path: Path) -> None:
    """Two files that include each other are a ConfigError."""
    (tmp_path / "a.yaml").write_text("includes: [b.yaml]\n")
    (tmp_path / "b.yaml").write_text("includes: [a.yaml]\n")

    with pytest.raises(ConfigError, match=r"[Cc]ircular"):
        load_config(tmp_path / "a.yaml")


RUNS: list[tuple[UseCaseTest, type[Exception], str]] = [
    (UseCaseTest(Take()).with_input(), ValueError, "missing required parameter 'item_id'"),
    (
        UseCaseTest(Take()).with_params(item_id="x").with_input(),
        ParameterBindingError,
        "invalid value for parameter 'item_id'",
    ),
    (UseCaseTest(Take()).with_params(item_id=1), ValueError, "payload is required"),
    (UseCaseTest(Take()).with_params(item_id=1).with_input(), RuntimeError, "No dependencies provided"),
    (
        UseCaseTest(Take()).with_params(item_id=1).with_input().with_deps(Order, object()),
        RuntimeError,
        "No repository registered",
    ),
]


@pytest.mark.parametrize(("case", "error", "words"), RUNS, ids=[re.sub(r"\W+", "_", words) for *_, words in RUNS])
async def test_a_run_that_cannot_be_is_worded_as_promised(
    case: UseCaseTest, error: type[Exception], words: str
) -> None:
    """Each way to call a use case wrongly has its own words."""
    with pytest.raises(error, match=words):
        await case.run()


def test_a_parameter_error_is_a_value_error() -> None:
    """Code that catches ValueError keeps working."""
    assert issubclass(ParameterBindingError, ValueError)
    assert issubclass(ParameterBindingError, LoomError)


async def test_a_unit_of_work_is_used_in_its_order(tmp_path: Path) -> None:
    """Ending one before it began, and beginning one twice, are told apart."""
    manager = SessionManager(f"sqlite+aiosqlite:///{tmp_path / 'w.db'}")
    for end in ("commit", "rollback"):
        with pytest.raises(RuntimeError, match="before begin"):
            await getattr(SQLAlchemyUnitOfWork(manager), end)()

    async with SQLAlchemyUnitOfWork(manager) as work:
        with pytest.raises(RuntimeError, match="called twice"):
            await work.begin()
    await manager.dispose()


async def test_a_batched_loader_needs_a_backend() -> None:
    """Outside a repository there is no session to hand to it."""
    plan = build_projection_plan({"a": Projection(loader=Batched())})

    with pytest.raises(RuntimeError, match="requires backend context"):
        await execute_projection_plan(plan, objs=[Item(id=1)], id_attr="id", backend_context=None)
