"""The repository harness: scenarios on a real database."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from loom.core.backend.sqlalchemy import Tables
from loom.core.repository.sqlalchemy import RepositorySQLAlchemy, SessionManager, repository_for
from loom.testing import RepositoryIntegrationHarness, build_repository_harness
from tests.testing.shop import CreateCustomer, Customer, Line, Order

MODELS = {"lines": Line, "orders": Order, "customers": Customer}
ORDER = {"customerId": 1, "status": "paid"}


class Loud(RepositorySQLAlchemy[Customer, int]):
    async def shout(self) -> str:
        found = await self.get_by_id(1)
        return found.full_name.upper() if found else ""


@pytest.fixture
async def manager(tmp_path: Path) -> AsyncIterator[SessionManager]:
    tables = Tables()
    tables.compile(*MODELS.values())
    opened = SessionManager(f"sqlite+aiosqlite:///{tmp_path / 'kit.db'}", tables=tables)
    await opened.create_tables()
    yield opened
    await opened.dispose()


@pytest.fixture
def harness(manager: SessionManager) -> RepositoryIntegrationHarness:
    return build_repository_harness(session_manager=manager, models=MODELS, load_order=("customers", "orders"))


async def test_a_scenario_is_created_parents_first(harness: RepositoryIntegrationHarness) -> None:
    """The load order comes first, whatever the order of the scenario, so that foreign keys hold."""
    scenario: dict[str, list[Any]] = {
        "lines": [{"orderId": 1, "sku": "a"}, {"order_id": 1, "sku": "b"}],
        "orders": [ORDER],
        "customers": [CreateCustomer(full_name="Ann", email="ann@x")],
    }

    created = await harness.load(scenario)

    assert ["customers", "orders", "lines"] == list(created)
    assert ["a", "b"] == [line.sku for line in created["lines"]]
    assert "paid" == (await harness.orders.repository.get_by_id(1)).status


async def test_without_a_load_order_the_scenario_decides(manager: SessionManager) -> None:
    """Rows are created in the order they are written."""
    plain = build_repository_harness(session_manager=manager, models=MODELS)

    created = await plain.load({"customers": [{"fullName": "Ann", "email": "a"}], "orders": [ORDER]})

    assert ["customers", "orders"] == list(created)


async def test_an_unknown_name_creates_nothing(harness: RepositoryIntegrationHarness) -> None:
    """The mistake is named before anything is written."""
    with pytest.raises(ValueError, match="custommers"):
        await harness.load({"customers": [{"fullName": "Ann", "email": "a"}], "custommers": []})

    assert 0 == await harness.customers.repository.count()


def test_an_unknown_entity_is_no_attribute(harness: RepositoryIntegrationHarness, manager: SessionManager) -> None:
    """Known ones have a repository and no service; the database is at hand."""
    assert (Order, None) == (harness.orders.repository.model, harness.orders.service)
    assert manager is harness.session_manager
    with pytest.raises(AttributeError, match="custommers"):
        _ = harness.custommers


async def test_the_registered_class_of_a_model_is_used(manager: SessionManager) -> None:
    """What an application registers for a model is what its tests get."""

    @repository_for(Order)
    class Orders(RepositorySQLAlchemy[Order, int]):
        pass

    made = build_repository_harness(session_manager=manager, models=MODELS)

    assert (Orders, RepositorySQLAlchemy) == (type(made.orders.repository), type(made.customers.repository))


async def test_a_repository_of_ones_own_takes_the_place(manager: SessionManager) -> None:
    """As a class, which is made, or as an instance."""
    instance = Loud(session_manager=manager, model=Customer)
    by_class = build_repository_harness(
        session_manager=manager, models={"customers": Customer}, repositories={"customers": Loud}
    )
    by_instance = build_repository_harness(
        session_manager=manager, models={"customers": Customer}, repositories={"customers": instance}
    )
    await by_class.load({"customers": [{"fullName": "Ann", "email": "a"}]})

    assert "ANN" == await by_class.customers.repository.shout()
    assert instance is by_instance.customers.repository
