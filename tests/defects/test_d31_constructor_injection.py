"""D31: a constructor gets what the container has, keeps its defaults, and never loses the main repository."""

from typing import Any, Protocol

import msgspec
import pytest

from loom.core.di import LoomContainer, ResolutionError, Scope
from loom.core.repository.abc import RepoFor
from loom.core.use_case import UseCase, UseCaseFactory


class Item(msgspec.Struct, frozen=True):
    id: int


class Other(msgspec.Struct, frozen=True):
    id: int


class Mailer(Protocol):
    def send(self) -> str: ...


class Post:
    def send(self) -> str:
        return "sent"


BACKUP = Post()


class Everything(UseCase[Item, None]):
    def __init__(
        self,
        mailer: Mailer,
        others: RepoFor[Other],
        clock: Post | None = None,
        backup: Post = BACKUP,
        retries: int = 3,
        label: str = "x",
        spare: Mailer | None = None,
    ) -> None:
        self.given = (mailer, others, clock, backup, retries, label, spare)

    async def execute(self) -> None: ...


class Optional(UseCase[Any, None]):
    def __init__(self, clock: Post | None) -> None:
        self.clock = clock

    async def execute(self) -> None: ...


class Unannotated(UseCase[Any, None]):
    def __init__(self, anything=None, *rest: Any, **more: Any) -> None:  # type: ignore[no-untyped-def]  # on purpose
        self.given = (anything, rest, more)

    async def execute(self) -> None: ...


class Plain(UseCase[Item, None]):
    async def execute(self) -> None: ...


class Homeless(UseCase[Any, None]):
    async def execute(self) -> None: ...


ITEMS, OTHERS, POST = object(), object(), Post()


def factory(*, bare: bool = False) -> UseCaseFactory:
    container = LoomContainer()
    if not bare:
        container.register(Mailer, lambda: POST, Scope.APPLICATION)
        for model, repository in ((Item, ITEMS), (Other, OTHERS)):
            container.register(("repository", model), lambda kept=repository: kept)
            container.register_repo(model, ("repository", model))
    return UseCaseFactory(container)


def test_d31_defaults_are_kept_where_nothing_is_bound() -> None:
    """Protocols, `RepoFor[Model]` and optional types are filled; plain values and unbound optionals keep their default."""
    built = factory().build(Everything)

    assert (POST, OTHERS, None, BACKUP, 3, "x", POST) == built.given


def test_d31_a_custom_constructor_does_not_lose_the_main_repository() -> None:
    """It is there without a call to `super().__init__`."""
    assert ITEMS is factory().build(Everything).main_repo
    assert ITEMS is factory().build(Plain).main_repo


def test_d31_an_optional_without_default_is_none_where_unbound() -> None:
    """And the instance where it is bound."""
    container = LoomContainer()
    container.register(Post, lambda: POST)

    assert factory().build(Optional).clock is None
    assert POST is UseCaseFactory(container).build(Optional).clock


def test_d31_what_is_not_annotated_is_left_alone() -> None:
    """Unannotated parameters keep their default; collecting ones stay empty."""
    assert (None, (), {}) == factory().build(Unannotated).given


@pytest.mark.parametrize("make", [lambda: factory(bare=True).build(Plain), lambda: factory().build(Homeless), Plain])
def test_d31_a_missing_main_repository_says_so_when_it_is_used(make: Any) -> None:
    """Whoever built it and however, the first use is a RuntimeError with the class's name."""
    with pytest.raises(RuntimeError, match=r"(Plain|Homeless) has no main repository"):
        _ = make().main_repo


def test_d31_a_missing_binding_is_named_when_built_and_not_before() -> None:
    """Registering a class looks at its constructor only."""
    bare = factory(bare=True)
    bare.register(Everything)

    with pytest.raises(ResolutionError, match="Mailer"):
        bare.build(Everything)


def test_d31_every_build_makes_a_new_instance() -> None:
    """What one call leaves on it the next does not see."""
    one = factory()

    assert one.build(Plain) is not one.build(Plain)
