"""Recipes and the instances made from them."""

from collections.abc import Callable
from threading import Barrier, Thread
from typing import Any

import pytest

from loom.core.di import LoomContainer, ResolutionError, Scope
from loom.core.errors import LoomError


class Mailer:
    """Something to inject."""


@pytest.fixture
def container() -> LoomContainer:
    return LoomContainer()


@pytest.mark.parametrize("key", [Mailer, "mailer", ("repository", Mailer)])
def test_any_hashable_is_a_key(container: LoomContainer, key: Any) -> None:
    """What is registered under a key is what that key resolves to."""
    container.register(key, lambda: 7)

    assert 7 == container.resolve(key)


@pytest.mark.parametrize(
    ("scope", "shared"), [(Scope.APPLICATION, True), (Scope.REQUEST, False), (Scope.TRANSACTION, False)]
)
def test_only_an_application_scoped_instance_is_shared(container: LoomContainer, scope: Scope, shared: bool) -> None:
    """Application scope makes once; the others make anew."""
    container.register(Mailer, Mailer, scope)

    assert shared is (container.resolve(Mailer) is container.resolve(Mailer))


def test_the_default_scope_makes_anew(container: LoomContainer) -> None:
    """Without a scope, each resolve makes an instance."""
    container.register(Mailer, Mailer)

    assert container.resolve(Mailer) is not container.resolve(Mailer)


def test_none_is_an_instance(container: LoomContainer) -> None:
    """A provider that returns None is called once like any other."""
    calls: list[int] = []
    container.register("nothing", lambda: calls.append(1), Scope.APPLICATION)
    container.resolve("nothing")
    container.resolve("nothing")

    assert [1] == calls


def test_a_later_registration_wins(container: LoomContainer) -> None:
    """Registering again replaces the recipe, and the instance already made with the old one."""
    container.register("x", lambda: "old", Scope.APPLICATION)
    container.resolve("x")
    container.register("x", lambda: "new", Scope.APPLICATION)

    assert "new" == container.resolve("x")


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda c: c.resolve(Mailer), "Mailer"),
        (lambda c: c.resolve(("repository", 3)), r"\('repository', 3\)"),
        (lambda c: c.resolve_repo(Mailer), "No repository registered for Mailer"),
    ],
)
def test_an_unknown_key_is_named(container: LoomContainer, ask: Callable[[LoomContainer], Any], words: str) -> None:
    """What cannot be resolved is an error of loom's tree that names the key."""
    with pytest.raises(ResolutionError, match=words) as caught:
        ask(container)

    assert isinstance(caught.value, LoomError)


def test_a_provider_may_resolve_what_is_registered_later(container: LoomContainer) -> None:
    """Order of registration does not matter to `validate`."""
    container.register("outer", lambda: ("outer", container.resolve("inner")), Scope.APPLICATION)
    container.register("inner", lambda: "inner", Scope.APPLICATION)
    container.validate()

    assert ("outer", "inner") == container.resolve("outer")


def test_validate_makes_application_instances_only(container: LoomContainer) -> None:
    """A request-scoped provider is not called before a request needs it."""
    made: list[Scope] = []
    for scope in Scope:
        container.register(scope, lambda scope=scope: made.append(scope), scope)
    container.validate()

    assert [Scope.APPLICATION] == made


def test_validate_names_the_key_and_chains_the_cause(container: LoomContainer) -> None:
    """A provider that fails is reported with its key; its own exception is the cause."""
    container.register(Mailer, lambda: 1 / 0, Scope.APPLICATION)

    with pytest.raises(ResolutionError, match="Mailer") as caught:
        container.validate()
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_provider_s_own_exception_comes_out_of_resolve(container: LoomContainer) -> None:
    """`resolve` does not disguise what a provider raises, and the next call tries again."""
    outcomes = iter([ZeroDivisionError(), None])

    def flaky() -> str:
        error = next(outcomes)
        if error:
            raise error
        return "made"

    container.register(Mailer, flaky, Scope.APPLICATION)
    with pytest.raises(ZeroDivisionError):
        container.resolve(Mailer)

    assert "made" == container.resolve(Mailer)


def test_providers_that_need_each_other_are_drawn(container: LoomContainer) -> None:
    """A circle of application-scoped providers is an error that shows the circle."""
    container.register("a", lambda: container.resolve("b"), Scope.APPLICATION)
    container.register("b", lambda: container.resolve("a"), Scope.APPLICATION)

    with pytest.raises(ResolutionError, match="'a' -> 'b' -> 'a'"):
        container.resolve("a")


def test_threads_share_one_instance(container: LoomContainer) -> None:
    """Two threads that ask at once are given the same application-scoped instance."""
    together = Barrier(2)
    entered: list[Mailer] = []

    def slow() -> Mailer:
        entered.append(Mailer())
        return entered[-1]

    def ask() -> None:
        together.wait(timeout=5)
        container.resolve(Mailer)

    container.register(Mailer, slow, Scope.APPLICATION)
    threads = [Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=5)

    assert [container.resolve(Mailer)] == entered


def test_a_model_has_the_repository_mapped_to_it(container: LoomContainer) -> None:
    """`resolve_repo` resolves the key a model was mapped to."""
    container.register("mail_repository", lambda: "repository")
    container.register_repo(Mailer, "mail_repository")

    assert (True, "repository") == (container.has_repo_mapping(Mailer), container.resolve_repo(Mailer))


def test_what_is_registered_is_known(container: LoomContainer) -> None:
    """`is_registered` and `has_repo_mapping` answer without making anything."""
    container.register(Mailer, lambda: 1 / 0)

    assert (True, False, False) == (
        container.is_registered(Mailer),
        container.is_registered("other"),
        container.has_repo_mapping(Mailer),
    )
