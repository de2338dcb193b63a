"""D45: a plan belongs to exactly one class."""

from typing import Any

from loom.core.engine import RuntimeExecutor, UseCaseCompiler
from loom.core.job import Job
from loom.core.use_case import UseCase


class Base(UseCase[Any, Any]):
    async def execute(self, name: str) -> Any:
        return name


class Derived(Base):
    async def execute(self, number: int) -> Any:  # type: ignore[override]
        return number


class BaseJob(Job[Any]):
    async def execute(self, name: str) -> Any:
        return name


class DerivedJob(BaseJob):
    async def execute(self, number: int) -> Any:  # type: ignore[override]
        return number


async def test_d45_a_subclass_of_a_run_class_has_its_own_plan() -> None:
    """Whatever ran before, a derived use case or job takes its own parameters."""
    executor = RuntimeExecutor(UseCaseCompiler())
    for base, derived in ((Base, Derived), (BaseJob, DerivedJob)):
        assert "a" == await executor.execute(base(), params={"name": "a"})
        assert 7 == await executor.execute(derived(), params={"number": "7"})


def test_d45_a_plan_on_the_class_is_not_seen_through_inheritance() -> None:
    """A subclass made after its base was compiled starts without a plan."""
    compiled = UseCaseCompiler().compile(Base)

    class Later(Base):
        pass

    assert Base.__execution_plan__ is compiled
    assert Later.__execution_plan__ is None
    assert UseCaseCompiler().compile(Later).use_case_type is Later
