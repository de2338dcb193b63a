"""GoldenHarness: use cases over fakes, built and run by a whole kernel; plans as plain data."""

import builtins
import json
import time
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pytest

from loom.core.di import ResolutionError
from loom.core.engine import UseCaseCompiler
from loom.core.errors import Conflict, RuleViolations
from loom.core.repository.abc import RepoFor
from loom.core.use_case import Exists, F, Input, Load, Rule, UseCase
from loom.testing import GoldenHarness, InMemoryRepository, serialize_plan
from loom.testing.golden import _ErrorProxy, _serialize_result
from tests.testing.shop import (
    CountBoth,
    CreateCustomer,
    Customer,
    DispatchWelcome,
    Mailer,
    Order,
    Register,
    Rename,
    UpdateCustomer,
)


class CustomerRepo(RepoFor[Customer], Protocol):
    async def by_email(self, email: str) -> Customer | None: ...


class Customers(InMemoryRepository[Customer]):
    async def by_email(self, email: str) -> Customer | None:
        return await self.get_by("email", email)


class FindByEmail(UseCase[Customer, Customer | None]):
    def __init__(self, customers: CustomerRepo) -> None:
        self._customers = customers

    async def execute(self, email: str) -> Customer | None:
        return await self._customers.by_email(email)


class Post:
    async def send(self, to: str) -> str:
        return f"to {to}"

    def address(self) -> str:
        return "a@b"


def shop() -> GoldenHarness:
    harness = GoldenHarness()
    customers = Customers(Customer)
    customers.seed(Customer(id=7, full_name="Ann", email="ann@x"))
    harness.inject_repo(CustomerRepo, customers, model=Customer)
    harness.inject_repo(RepoFor[Order], InMemoryRepository(Order))
    harness.inject_repo(Mailer, Post())
    return harness


REGISTER = {"fullName": "Bea", "email": "BEA@X"}


async def test_a_fake_is_injected_by_contract_and_serves_its_model() -> None:
    """One fake is the constructor's contract, the main repository and what loads and checks ask."""
    harness = shop()

    found = await harness.run(FindByEmail, params={"email": "ann@x"})
    made = await harness.run(Register, payload=REGISTER)
    renamed = await harness.run(Rename, params={"customer_id": 8}, payload={})

    assert (7, 8, "bea@x") == (found.id, made.id, renamed["customer"].email)


async def test_a_contract_a_generic_repository_and_a_service_are_injected_side_by_side() -> None:
    """`RepoFor[Model]` as the key stands for the model too."""
    assert (1, 0, "to a@b") == await shop().run(CountBoth)


async def test_jobs_and_the_invoker_are_there() -> None:
    """A dispatched job runs after the use case and writes through the same fakes."""
    harness = shop()

    assert "default" == await harness.run(DispatchWelcome, params={"customer_id": 7})
    assert "welcomed" == (await harness.run(FindByEmail, params={"email": "ann@x"})).nick_name


async def test_what_was_not_injected_is_named() -> None:
    """Building a use case that asks for more fails with the type."""
    with pytest.raises(ResolutionError, match="CustomerRepo"):
        await GoldenHarness().run(FindByEmail, params={"email": "x"})


async def test_rules_and_decoding_are_real() -> None:
    """Nothing of the pipeline is left out."""
    with pytest.raises(RuleViolations):
        await shop().run(Register, payload={"fullName": " ", "email": "x"})


async def test_a_forced_error_is_raised_by_that_method_only() -> None:
    """The others keep working; the error is the very one given."""
    harness, error = shop(), Conflict("taken")
    harness.force_error(CustomerRepo, "create", error)

    with pytest.raises(Conflict) as caught:
        await harness.run(Register, payload=REGISTER)
    assert caught.value is error
    assert "Ann" == (await harness.run(FindByEmail, params={"email": "ann@x"})).full_name


async def test_an_error_may_be_forced_before_the_fake_is_given() -> None:
    """The order of set-up does not matter."""
    harness = GoldenHarness()
    harness.force_error(CustomerRepo, "by_email", Conflict("early"))
    harness.inject_repo(CustomerRepo, Customers(Customer))

    with pytest.raises(Conflict):
        await harness.run(FindByEmail, params={"email": "x"})


async def test_d43_a_simulated_system_error_is_the_builtin_one() -> None:
    """It is what infrastructure raises, not an error of the application."""
    harness = shop()
    harness.simulate_system_error(CustomerRepo, "by_email")

    with pytest.raises(builtins.SystemError, match="by_email"):
        await harness.run(FindByEmail, params={"email": "x"})


async def test_a_failing_proxy_fails_the_way_the_method_would() -> None:
    """Awaited where the method is async or unknown, at the call where it is not; everything else is passed on."""
    proxy = _ErrorProxy(Post(), {"send": Conflict("a"), "address": Conflict("b"), "later": Conflict("c")})

    for later in (proxy.send("x"), proxy.later()):
        with pytest.raises(Conflict):
            await later
    with pytest.raises(Conflict):
        proxy.address()
    assert "to x" == await _ErrorProxy(Post(), {}).send("x")


async def test_a_run_within_its_baseline_is_recorded_and_returns_the_result(tmp_path: Path) -> None:
    """The file has what it took and what was allowed."""
    result = await shop().run_with_baseline(
        Register, payload=REGISTER, name="register", max_ms=60_000, baseline_dir=tmp_path / "new"
    )

    record = json.loads((tmp_path / "new" / "register.json").read_text())
    assert ("bea@x", "register", 60_000) == (result.email, record["name"], record["max_ms"])
    assert 0 < record["elapsed_ms"] < 60_000


async def test_a_run_slower_than_its_baseline_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Time is what `time.perf_counter` says; the record is written all the same."""
    ticks = iter([10.0, 10.25])
    monkeypatch.setattr(time, "perf_counter", lambda: next(ticks))

    with pytest.raises(AssertionError, match="baseline exceeded"):
        await shop().run_with_baseline(
            FindByEmail, params={"email": "x"}, name="find", max_ms=200, baseline_dir=str(tmp_path)
        )

    assert 250.0 == json.loads((tmp_path / "find.json").read_text())["elapsed_ms"]


async def test_compiling_is_not_part_of_what_is_timed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan is there when the clock is first read."""

    class Fresh(UseCase[Any, int]):
        async def execute(self) -> int:
            return 1

    seen: list[bool] = []
    monkeypatch.setattr(time, "perf_counter", lambda: float(seen.append(Fresh.__execution_plan__ is not None) or 0))
    await shop().run_with_baseline(Fresh, name="fresh", max_ms=1, baseline_dir=tmp_path)

    assert [True, True] == seen


def test_a_struct_is_serialized_and_anything_else_stays() -> None:
    """Builtins for a struct; the object itself otherwise."""
    dict_result = {"a": 1}

    assert {"fullName": "a", "email": "b"} == _serialize_result(CreateCustomer(full_name="a", email="b"))
    assert _serialize_result(dict_result) is dict_result


def _check(name: str | None) -> bool:
    return not name


class Everything(UseCase[Customer, Any]):
    computes = ()
    rules = (
        Rule.check(F(UpdateCustomer).full_name, via=_check).when_present(F(UpdateCustomer).full_name),
        Rule.require_present(F(UpdateCustomer).full_name),
        _check,
    )

    async def execute(
        self,
        customer_id: int,
        limit: int | None = None,
        names: list[Customer] | None = None,
        cmd: UpdateCustomer = Input(),
        customer: Customer = Load(Customer, from_param="customer_id", against="id", profile="default"),
        known: bool = Exists(Customer, from_command="nick_name", against="nick_name"),
    ) -> Any: ...


SHOP = "tests.testing.shop"


def test_a_plan_is_serialized_as_plain_data() -> None:
    """Types and functions by their full names, unions and declared rules included, keys sorted."""
    own = __name__
    data = serialize_plan(UseCaseCompiler().compile(Everything))

    assert {
        "compute_steps": [],
        "exists_steps": [
            {
                "against": "nick_name",
                "entity_type": f"{SHOP}.Customer",
                "name": "known",
                "on_missing": "return_false",
                "source_kind": "command",
                "source_name": "nick_name",
            }
        ],
        "input_binding": {"command_type": f"{SHOP}.UpdateCustomer", "name": "cmd"},
        "load_steps": [
            {
                "against": "id",
                "entity_type": f"{SHOP}.Customer",
                "lookup_kind": "by_field",
                "name": "customer",
                "on_missing": "raise",
                "profile": "default",
                "source_kind": "param",
                "source_name": "customer_id",
            }
        ],
        "param_bindings": [
            {"annotation": "builtins.int", "name": "customer_id"},
            {"annotation": "builtins.int | None", "name": "limit"},
            {"annotation": f"builtins.list[{SHOP}.Customer] | None", "name": "names"},
        ],
        "rule_steps": [
            {"fn": f"Rule.check(full_name)(full_name, via {own}._check, when full_name)"},
            {"fn": "Rule.require_present(full_name)()"},
            {"fn": f"{own}._check"},
        ],
        "use_case": f"{own}.Everything",
    } == data
    assert data == json.loads(msgspec.json.encode(data))
    assert sorted(data) == list(data)
    assert all(sorted(step) == list(step) for step in data["load_steps"] + data["exists_steps"])


def test_a_plan_without_input_has_none() -> None:
    """There is no command to name; computes are written with what they derive from."""
    register = serialize_plan(UseCaseCompiler().compile(Register))

    assert serialize_plan(UseCaseCompiler().compile(FindByEmail))["input_binding"] is None
    assert [{"fn": "Compute.set(email)(email, via builtins.str.lower)"}] == register["compute_steps"]
