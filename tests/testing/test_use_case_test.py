"""UseCaseTest: one run described step by step."""

from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from loom.core.errors import InvalidPayload, NotFound, RuleViolations
from loom.core.use_case import Input, UseCase
from loom.testing import InMemoryRepository, UseCaseTest
from tests.testing.shop import CreateCustomer, Customer, Register, Rename, ShowTenant, UpdateCustomer

ANN = Customer(id=7, full_name="Ann", email="ann@x")


def customers(*seeded: Customer) -> InMemoryRepository[Customer]:
    repository = InMemoryRepository(Customer)
    repository.seed(*seeded)
    return repository


async def test_every_builder_returns_the_same_object() -> None:
    """A run is described in one expression."""
    case = UseCaseTest(Register())

    assert case is case.with_params(a=1).with_input(b=2).with_command(UpdateCustomer())
    assert case is case.with_loaded(Customer, ANN).with_deps(Customer, customers()).with_main_repo(customers())


async def test_the_whole_pipeline_runs() -> None:
    """Existence check, compute and rules happen before execute stores through the main repository."""
    repository = customers()

    made = (
        await UseCaseTest(Register())
        .with_input(full_name="Bea", email="BEA@X")
        .with_deps(Customer, repository)
        .with_main_repo(repository)
        .run()
    )

    assert (1, "Bea", "bea@x") == (made.id, made.full_name, made.email)
    assert 1 == await repository.count()


async def test_rules_judge_as_in_a_real_run() -> None:
    """Every violation is raised together."""
    case = UseCaseTest(Register()).with_input(full_name=" ", email="ann@x").with_deps(Customer, customers(ANN))

    with pytest.raises(RuleViolations) as caught:
        await case.run()

    assert ["full_name", "taken"] == [v.field for v in caught.value.violations]


async def test_input_is_decoded_as_in_a_real_run() -> None:
    """A field of the wrong type is refused; wire names are taken too."""
    case = UseCaseTest(Register()).with_input(fullName=5, email="a@x").with_deps(Customer, customers())

    with pytest.raises(InvalidPayload, match="full_name"):
        await case.run()


async def test_params_and_input_are_merged() -> None:
    """Later calls add to earlier ones and win over them."""
    case = UseCaseTest(Rename()).with_loaded(Customer, ANN)
    case.with_params(customer_id=1, profile="x").with_params(profile="detail").with_input(full_name="a")

    result = await case.with_input(full_name="b", nick_name=None).run()

    assert ("detail", "b", None) == (result["profile"], result["cmd"].full_name, result["cmd"].nick_name)


async def test_a_loaded_entity_bypasses_the_repository() -> None:
    """What is loaded by hand beats a repository that knows another row."""
    other = Customer(id=7, full_name="Other", email="other@x")
    case = UseCaseTest(Rename()).with_params(customer_id=7).with_input()

    result = await case.with_deps(Customer, customers(other)).with_loaded(Customer, ANN).run()

    assert ANN is result["customer"]


async def test_an_entity_loaded_as_none_is_missing() -> None:
    """The load's own `on_missing` decides what that means."""
    case = UseCaseTest(Rename()).with_params(customer_id=7).with_input().with_loaded(Customer, None)

    with pytest.raises(NotFound, match="Customer with id=7 not found"):
        await case.run()


PRESENCE: list[tuple[UpdateCustomer, set[str]]] = [
    (UpdateCustomer(), set()),
    (UpdateCustomer(full_name="x"), {"full_name"}),
    (UpdateCustomer.from_payload({"nickName": None})[0], {"nick_name"}),
]


@pytest.mark.parametrize(("command", "present"), PRESENCE, ids=["nothing", "value", "null"])
async def test_a_command_says_which_fields_count_as_sent(command: UpdateCustomer, present: set[str]) -> None:
    """A patch field left at its default was not sent; one that a payload named was, null included."""
    heard: list[frozenset[str]] = []

    class Listening(UseCase[Any, None]):
        rules = (lambda cmd, fields: heard.append(fields),)

        async def execute(self, cmd: UpdateCustomer = Input()) -> None: ...

    await UseCaseTest(Listening()).with_input(full_name="gone").with_command(command).run()

    assert [present] == heard


async def test_a_command_keeps_what_a_client_could_not_set() -> None:
    """Internal fields of a command built by the server reach the use case; in an input they are ignored."""
    command = CreateCustomer(full_name="a", email="b", tenant="acme")

    assert "acme" == await UseCaseTest(ShowTenant()).with_command(command).run()
    assert None is await UseCaseTest(ShowTenant()).with_input(full_name="a", email="b", tenant="acme").run()


async def test_input_after_a_command_changes_it() -> None:
    """The fields supplied last win and count as sent."""
    case = UseCaseTest(Rename()).with_params(customer_id=7).with_loaded(Customer, ANN)

    result = await case.with_command(UpdateCustomer()).with_input(full_name="new").run()

    assert "new" == result["cmd"].full_name


class Similar(msgspec.Struct, frozen=True):
    full_name: str
    email: str


@dataclass(frozen=True)
class Foreign:
    text: str

    @classmethod
    def from_payload(cls, payload: dict[str, Any]) -> tuple["Foreign", frozenset[str]]:
        return cls(payload["text"]), frozenset(payload)


async def test_a_command_of_another_class_is_read_field_by_field() -> None:
    """Any struct or dataclass with the fields will do."""

    class Echo(UseCase[Any, str]):
        async def execute(self, cmd: Foreign = Input()) -> str:
            return cmd.text

    assert "hi" == await UseCaseTest(Echo()).with_command(Foreign("hi")).run()
    assert None is await UseCaseTest(ShowTenant()).with_command(Similar(full_name="a", email="b")).run()


async def test_the_plan_is_one_object_before_and_after_the_run() -> None:
    """It is the plan the run used."""
    case = UseCaseTest(Rename()).with_params(customer_id=7).with_input().with_loaded(Customer, ANN)
    before = case.plan
    await case.run()

    assert before is case.plan
    assert (Rename, "cmd") == (before.use_case_type, before.input_binding and before.input_binding.name)


async def test_without_a_repository_the_missing_model_is_named() -> None:
    """Both ways to lack one say so."""
    case = UseCaseTest(Rename()).with_params(customer_id=7).with_input()
    with pytest.raises(RuntimeError, match="No dependencies provided"):
        await case.run()

    with pytest.raises(RuntimeError, match="No repository registered for Customer"):
        await case.with_deps(Similar, object()).run()
