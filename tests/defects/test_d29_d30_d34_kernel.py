"""D29, D30, D34: two models of one name, a missing row through the invoker, and the one executor."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from loom.core.assembly import build_kernel, build_tables
from loom.core.bootstrap import BootstrapError, KernelRuntime, create_kernel
from loom.core.di import LoomContainer, Scope
from loom.core.discovery import DiscoveryResult
from loom.core.engine import RuntimeExecutor
from loom.core.job import InlineJobService, JobService
from loom.core.model import BaseModel, ColumnField
from loom.core.repository.sqlalchemy import SessionManager
from loom.core.use_case import UseCase
from loom.core.use_case.factory import UseCaseFactory
from loom.core.use_case.invoker import ApplicationInvoker
from loom.rest.autocrud import crud_use_case


class Item(BaseModel):
    __tablename__ = "kernel_items"
    id: int = ColumnField(primary_key=True, autoincrement=True)
    name: str = ColumnField(length=20)


def same_name() -> type[Any]:
    class Item(BaseModel):
        __tablename__ = "other_items"
        id: int = ColumnField(primary_key=True, autoincrement=True)

    return Item


@pytest.fixture
async def kernel(tmp_path: Path) -> AsyncIterator[KernelRuntime]:
    """An application with one model and no interface."""
    tables, _ = build_tables([Item])
    manager = SessionManager(f"sqlite+aiosqlite:///{tmp_path / 'k.db'}", tables=tables)
    await manager.create_tables()
    yield build_kernel({}, DiscoveryResult(models=(Item,)), manager, crud=crud_use_case)
    await manager.dispose()


def test_d29_two_models_with_one_key_are_refused() -> None:
    """The error names both classes: `entity(Item)` could mean either."""
    other = same_name()
    tables, _ = build_tables([Item, other])
    manager = SessionManager("sqlite+aiosqlite://", tables=tables)

    with pytest.raises(BootstrapError, match=r"'item'.*\.Item and .*same_name.<locals>.Item"):
        build_kernel({}, DiscoveryResult(models=(Item, other)), manager, crud=crud_use_case)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda entity: entity.get(params={"id": 99}), None),
        (lambda entity: entity.update(params={"id": 99}, payload={"name": "x"}), None),
        (lambda entity: entity.delete(params={"id": 99}), False),
    ],
)
async def test_d30_a_missing_row_is_an_answer(kernel: KernelRuntime, call: Any, expected: Any) -> None:
    """The invoker returns None or False, where HTTP says 404."""
    assert expected is await call(kernel.app.entity(Item))


async def test_d30_every_model_has_its_operations(kernel: KernelRuntime) -> None:
    """No interface need expose them."""
    created = await kernel.app.entity(Item).create(payload={"name": "pear"})

    assert created == await kernel.app.entity(Item).get(params={"id": created.id})


async def test_d30_a_missing_row_elsewhere_is_still_an_error(kernel: KernelRuntime) -> None:
    """Only the entity's own absence is an answer; the unit of work of the caller goes on."""

    class LookTwice(UseCase[Item, Any]):
        def __init__(self, app: ApplicationInvoker) -> None:
            self._app = app

        async def execute(self) -> Any:
            first = await self._app.entity(Item).get(params={"id": 99})
            made = await self._app.entity(Item).create(payload={"name": "plum"})
            return first, made.name

    assert (None, "plum") == await kernel.app.invoke(LookTwice)
    assert "plum" == (await kernel.app.entity(Item).get(params={"id": 1})).name


def test_d34_a_module_sees_the_one_executor() -> None:
    """What a provider resolves is the kernel's executor and factory, whenever it was registered."""
    seen: list[Any] = []

    def module(container: LoomContainer) -> None:
        def service() -> InlineJobService:
            seen.extend((container.resolve(RuntimeExecutor), container.resolve(UseCaseFactory)))
            return InlineJobService(seen[1], seen[0])

        container.register(JobService, service, Scope.APPLICATION)

    kernel = create_kernel(config={}, use_cases=[], modules=[module])

    assert (True, True) == (seen[0] is kernel.executor, seen[1] is kernel.factory)
    assert kernel.executor is kernel.container.resolve(RuntimeExecutor)


async def test_d34_a_job_run_by_such_a_service_has_a_transaction(kernel: KernelRuntime) -> None:
    """The service's executor opens units of work."""
    assert kernel.container.resolve(JobService)._executor is kernel.executor
