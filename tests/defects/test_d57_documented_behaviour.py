"""D57: what the documentation says holds."""

from typing import Any

import pytest

from loom.core.bootstrap import BootstrapError, create_kernel
from loom.core.command import Command
from loom.core.di import LoomContainer
from loom.core.engine import CompilationError, RuntimeExecutor, UseCaseCompiler
from loom.core.job import InlineJobService, Job, flush_pending_dispatches
from loom.core.model import BaseModel, ColumnField
from loom.core.use_case import Exists, F, Input, LoadById, OnMissing, Rule, UseCase
from loom.core.use_case.factory import UseCaseFactory


class Thing(BaseModel):
    __tablename__ = "documented_things"
    id: int = ColumnField(primary_key=True)


class Sized(Command):
    size: int


class Nothing:
    async def get_by_id(self, *_: Any, **__: Any) -> None:
        return None

    async def exists_by(self, *_: Any) -> bool:
        return False


async def test_d57_none_is_what_is_missing() -> None:
    """`OnMissing.NONE` gives None for a load and False for an existence check."""

    class Look(UseCase[Any, Any]):
        async def execute(
            self,
            thing_id: int,
            thing: Thing | None = LoadById(Thing, by="thing_id", on_missing=OnMissing.NONE),
            there: bool = Exists(Thing, from_param="thing_id", against="id", on_missing=OnMissing.NONE),
        ) -> Any:
            return thing, there

    executor = RuntimeExecutor(UseCaseCompiler())

    assert (None, False) == await executor.execute(Look(), params={"thing_id": 1}, dependencies={Thing: Nothing()})


def test_d57_an_unknown_field_fails_when_compiled() -> None:
    """A reference to a field the command does not have stops the application, with the likely name."""

    class Size(UseCase[Any, int]):
        rules = (Rule.check(F(Sized).sise, via=lambda size: size < 0, message="too small"),)

        async def execute(self, cmd: Sized = Input()) -> int:
            return cmd.size

    with pytest.raises((CompilationError, BootstrapError), match="did you mean 'size'"):
        create_kernel(config={}, use_cases=[Size])


async def test_d57_callbacks_get_params_and_payload() -> None:
    """Both are in the context; where they share a name, the payload's value counts."""
    heard: list[Any] = []

    class Measure(Job[int]):
        async def execute(self, size: int, unit: str, cmd: Sized = Input()) -> int:
            return size + cmd.size

    class Measured:
        def on_success(self, job_id: str, result: int, **context: Any) -> None:
            heard.append((result, context))

    jobs = InlineJobService(UseCaseFactory(LoomContainer()), RuntimeExecutor(UseCaseCompiler()))
    jobs.dispatch(Measure, params={"size": 1, "unit": "m"}, payload={"size": 2}, on_success=Measured)
    await flush_pending_dispatches()

    assert [(3, {"size": 2, "unit": "m"})] == heard


async def test_d57_a_condition_may_take_command_and_fields() -> None:
    """A condition with three arguments works behind `.from_command(ref).from_params(name)`."""

    class Resize(UseCase[Any, int]):
        rules = (
            Rule.forbid(lambda cmd, fields, limit: cmd.size > limit, message="too large")
            .from_command(F(Sized).size)
            .from_params("limit"),
        )

        async def execute(self, limit: int, cmd: Sized = Input()) -> int:
            return cmd.size

    executor = RuntimeExecutor(UseCaseCompiler())

    assert 2 == await executor.execute(Resize(), params={"limit": 3}, payload={"size": 2})
    with pytest.raises(Exception, match="too large"):
        await executor.execute(Resize(), params={"limit": 3}, payload={"size": 4})


def test_d57_a_job_is_not_retried_unless_it_says_so() -> None:
    """The default is no further attempt."""
    assert 0 == Job.__retries__
