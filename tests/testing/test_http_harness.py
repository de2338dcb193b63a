"""HttpTestHarness: interfaces over HTTP against fakes."""

from typing import Any, Protocol

import pytest

from loom.core.errors import Conflict, Forbidden
from loom.core.repository.memory import InMemoryRepository
from loom.core.repository.sqlalchemy import RepositorySQLAlchemy, repository_for
from loom.core.use_case import UseCase
from loom.rest.compiler import InterfaceCompilationError
from loom.rest.model import RestInterface, RestRoute
from loom.testing import HttpTestHarness
from tests.testing.shop import Customer, CustomerInterface, Line, Order, OrderInterface, WelcomeInterface

ANN = {"fullName": "Ann", "email": "ann@x"}


def harness() -> HttpTestHarness:
    made = HttpTestHarness()
    made.inject_repo(Customer, InMemoryRepository(Customer))
    made.inject_repo(Order, InMemoryRepository(Order))
    return made


def test_auto_crud_runs_on_fakes() -> None:
    """All five operations, one fake class serving two models."""
    client = harness().build_app([CustomerInterface, OrderInterface])

    made = client.post("/customers/", json=ANN)
    assert (201, 1, "Ann", None) == (made.status_code, *(made.json()[k] for k in ("id", "fullName", "nickName")))
    assert 201 == client.post("/orders/", json={"customerId": 1}).status_code
    assert "created" == client.get("/orders/1").json()["status"]
    changed = client.patch("/customers/1", json={"nickName": "A"}).json()
    assert ("Ann", "A") == (changed["fullName"], changed["nickName"])
    assert 1 == client.get("/customers/", params={"full_name__like": "A%"}).json()["total_count"]
    assert client.delete("/customers/1").json() is True
    assert 404 == client.get("/customers/1").status_code


def test_refusals_are_the_real_ones() -> None:
    """Decoding, unique columns and bad queries answer as an application does."""
    client = harness().build_app([CustomerInterface])
    client.post("/customers/", json=ANN)

    assert 409 == client.post("/customers/", json=ANN).status_code
    missing = client.post("/customers/", json={"email": "x"})
    assert (422, ["full_name"]) == (missing.status_code, [v["field"] for v in missing.json()["detail"]["violations"]])
    assert 400 == client.get("/customers/", params={"unknown": "1"}).status_code


@pytest.mark.parametrize(("error", "status"), [(Conflict("taken"), 409), (Forbidden(), 403), (KeyError("x"), 500)])
def test_a_forced_error_is_answered_as_it_would_be(error: Exception, status: int) -> None:
    """Domain errors by their status, anything else as a 500 that says nothing; other models are untouched."""
    made = harness()
    made.force_error(Customer, "create", error)
    client = made.build_app([CustomerInterface, OrderInterface])

    answer = client.post("/customers/", json=ANN)
    assert status == answer.status_code
    assert 201 == client.post("/orders/", json={"customerId": 1}).status_code


def test_d43_a_simulated_system_error_is_a_500() -> None:
    """It reaches the client as the generic answer, also where it is set up after the application."""
    made = harness()
    client = made.build_app([CustomerInterface])
    made.simulate_system_error(Customer, "list_with_query")

    answer = client.get("/customers/")

    assert (500, "internal_error") == (answer.status_code, answer.json()["code"])
    assert "simulated" not in answer.text


def test_jobs_and_the_invoker_are_provided() -> None:
    """A use case that dispatches gets a service that runs the job after it, through the same fakes."""
    client = harness().build_app([CustomerInterface, WelcomeInterface])
    client.post("/customers/", json=ANN)

    assert (202, "default") == ((answer := client.post("/welcome/1")).status_code, answer.json())
    assert "welcomed" == client.get("/customers/1").json()["nickName"]


class LineRepo(Protocol):
    async def skus(self) -> list[str]: ...


@repository_for(Line, contract=LineRepo)
class StoredLines(RepositorySQLAlchemy[Line, int]):
    async def skus(self) -> list[str]:
        raise NotImplementedError


class ListSkus(UseCase[Line, list[str]]):
    def __init__(self, lines: LineRepo) -> None:
        self._lines = lines

    async def execute(self) -> list[str]:
        return await self._lines.skus()


class SkuInterface(RestInterface[Line]):
    prefix = "/skus"
    routes = (RestRoute(use_case=ListSkus, method="GET", path="/"),)


class FakeLines:
    async def skus(self) -> list[str]:
        return ["a"]


def test_a_fake_answers_to_the_contract_of_its_model() -> None:
    """Where a custom repository is registered with one; errors reach it there too."""
    made = HttpTestHarness()
    made.inject_repo(Line, FakeLines())
    client = made.build_app([SkuInterface])

    assert ["a"] == client.get("/skus/").json()
    made.force_error(Line, "skus", Forbidden())
    assert 403 == client.get("/skus/").status_code


def test_options_go_to_fastapi() -> None:
    """Title and the like are the application's."""
    client = harness().build_app([CustomerInterface], title="Shop")

    assert "Shop" == client.get("/openapi.json").json()["info"]["title"]


def test_profiles_show_what_a_seeded_entity_holds() -> None:
    """Relations and projections come from memory, by the profile asked for."""
    made, orders = harness(), InMemoryRepository(Order)
    orders.seed(Order(id=1, customer_id=1, lines=[Line(id=1, order_id=1, sku="a")]))
    made.inject_repo(Order, orders)
    client = made.build_app([OrderInterface])
    plain: dict[str, Any] = {"id": 1, "customerId": 1, "status": "created"}
    line = {"id": 1, "orderId": 1, "sku": "a"}

    assert {**plain, "hasLines": True} == client.get("/orders/1").json()
    assert {**plain, "lineCount": 1, "skus": [{"sku": "a"}]} == client.get("/orders/1?profile=summary").json()
    assert {**plain, "hasLines": True, "lineCount": 1, "lines": [line]} == client.get("/orders/1?profile=detail").json()
    assert 400 == client.get("/orders/1?profile=secret").status_code


def test_an_interface_that_cannot_be_served_says_so() -> None:
    """The mistakes of a declaration come out where the application is built."""

    class Empty(RestInterface[Customer]):
        prefix = ""

    with pytest.raises(InterfaceCompilationError):
        harness().build_app([Empty])
