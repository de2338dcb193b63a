"""Calling use cases by type, by key and through entities."""

from typing import Any

import msgspec
import pytest

from loom.core.command import Command
from loom.core.di import LoomContainer
from loom.core.engine import RuntimeExecutor, UseCaseCompiler
from loom.core.errors import NotFound
from loom.core.job import Job
from loom.core.model import BaseModel, ColumnField
from loom.core.repository.abc import PageResult, QuerySpec
from loom.core.repository.memory import InMemoryRepository
from loom.core.use_case import (
    AppInvoker,
    ApplicationInvoker,
    Input,
    UseCase,
    UseCaseFactory,
    UseCaseRegistry,
    get_use_case_key,
    model_entity_key,
    set_use_case_key,
    use_case_key,
)
from loom.rest.autocrud import crud_use_case


class ProductReview(BaseModel):
    __tablename__ = "inv_reviews"
    id: int = ColumnField(primary_key=True, autoincrement=True)
    text: str = ColumnField(default="")


class Say(Command, frozen=True):
    text: str


@use_case_key(" demo.echo ")
class Echo(UseCase[Any, str]):
    async def execute(self, times: int, cmd: Say = Input()) -> str:
        return cmd.text * times


class Unkeyed(Echo): ...


class Count(Job[int]):
    def execute(self, start: int) -> int:
        return start + 1


class Strict(UseCase[ProductReview, ProductReview]):
    """Takes the place of the generated `get`, and fails over another entity."""

    async def execute(self, id: int, profile: str = "default") -> ProductReview:  # noqa: A002
        raise NotFound("Author", id=id)


set_use_case_key(Strict, "product_review:get")


def invoker(*use_cases: type[Any]) -> AppInvoker:
    container, reviews = LoomContainer(), InMemoryRepository(ProductReview)
    container.register(ProductReview, lambda: reviews)
    container.register_repo(ProductReview, ProductReview)
    executor = RuntimeExecutor(UseCaseCompiler(), repo_resolver=container.resolve_repo)
    return AppInvoker(UseCaseFactory(container), executor, UseCaseRegistry.build(use_cases), crud_use_case)


async def test_a_use_case_or_job_is_invoked_by_type_without_being_registered() -> None:
    """It is built and run like any other."""
    app = invoker()

    assert "abab" == await app.invoke(Echo, params={"times": 2}, payload={"text": "ab"})
    assert 8 == await app.invoke(Count, params={"start": 7})


async def test_a_use_case_is_invoked_by_its_key() -> None:
    """A key nothing answers to is a KeyError that says so."""
    app = invoker(Echo)

    assert "ab" == await app.invoke_name("demo.echo", params={"times": 1}, payload={"text": "ab"})
    with pytest.raises(KeyError, match="not registered"):
        await app.invoke_name("demo.other")


async def test_an_entity_has_five_operations() -> None:
    """They need no interface; `get` and `list` read the default profile."""
    reviews = invoker().entity(ProductReview)
    made = await reviews.create(payload={"text": "good"})
    page = await reviews.list(params={"query": QuerySpec()})

    assert (1, "good") == (made.id, (await reviews.get(params={"id": 1})).text)
    assert (PageResult, 1) == (type(page), page.total_count)
    assert "bad" == (await reviews.update(params={"id": 1}, payload={"text": "bad"})).text
    assert await reviews.delete(params={"id": 1}) is True


async def test_a_missing_entity_is_falsy_and_no_error() -> None:
    """None from get and update, False from delete."""
    reviews = invoker().entity(ProductReview)

    assert (None, None, False) == (
        await reviews.get(params={"id": 9}),
        await reviews.update(params={"id": 9}, payload={"text": "x"}),
        await reviews.delete(params={"id": 9}),
    )


async def test_a_registered_use_case_takes_the_place_of_a_generated_one() -> None:
    """What the application declares under the key is run; that something else is missing stays an error."""
    with pytest.raises(NotFound, match="Author"):
        await invoker(Strict).entity(ProductReview).get(params={"id": 1})


def test_the_invoker_is_recognised_by_its_protocol() -> None:
    """Business code may check what it was given."""
    assert isinstance(invoker(), ApplicationInvoker)
    assert not isinstance(object(), ApplicationInvoker)


@pytest.mark.parametrize("key", ["", "  ", "Demo", "a b", "a/b"])
def test_a_key_of_other_characters_is_refused(key: str) -> None:
    """Lower-case letters, digits and _ . : - only."""
    with pytest.raises(ValueError, match="invalid use-case key"):
        use_case_key(key)(Unkeyed)


def test_a_key_belongs_to_exactly_one_class() -> None:
    """It is stripped, and not inherited."""
    assert ("demo.echo", None) == (get_use_case_key(Echo), get_use_case_key(Unkeyed))


def test_a_registry_holds_what_is_keyed() -> None:
    """The same class twice is one; what has no key is left out; keys come sorted."""
    registry = UseCaseRegistry.build([Strict, Echo, Echo, Unkeyed])

    assert ("demo.echo", "product_review:get") == registry.keys()
    assert (Echo, "demo.echo", None) == (
        registry.resolve("demo.echo"),
        registry.key_for(Echo),
        registry.key_for(Unkeyed),
    )
    assert (True, False) == (registry.has("demo.echo"), registry.has("demo.other"))


@pytest.mark.parametrize(
    ("name", "key"),
    [("ProductReview", "product_review"), ("SKUItem", "s_k_u_item"), ("_Discovered", "__discovered"), ("A", "a")],
)
def test_the_key_of_an_entity_is_its_name_in_snake_case(name: str, key: str) -> None:
    """An underscore before every capital but the first character."""
    assert key == model_entity_key(msgspec.defstruct(name, []))


@pytest.mark.parametrize("op", ["create", "get", "list", "update", "delete"])
def test_generated_use_cases_have_the_key_of_their_operation(op: str) -> None:
    """`<entity>:<op>`."""
    assert f"product_review:{op}" == get_use_case_key(crud_use_case(ProductReview, op))  # type: ignore[arg-type]  # StrEnum
