"""Dependency injection: recipes by key, made once per application or anew each time."""

from collections.abc import Callable, Hashable
from enum import StrEnum
from threading import RLock
from typing import Any

from loom.core.errors import LoomError

Provider = Callable[[], Any]
_UNMADE = object()


class Scope(StrEnum):
    """How long an instance lives."""

    APPLICATION = "application"
    """Made once, then shared."""
    REQUEST = "request"
    """Made anew by every `resolve`."""
    TRANSACTION = "transaction"
    """Made anew by every `resolve`."""


class ResolutionError(LoomError):
    """Nothing is registered under a key, or what is cannot be made. The message names the key."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="resolution_failed")


class _Recipe:
    __slots__ = ("instance", "provider", "scope")

    def __init__(self, provider: Provider, scope: Scope) -> None:
        self.provider = provider
        self.scope = scope
        self.instance: Any = _UNMADE


class LoomContainer:
    """The recipes of one application. A later registration of a key replaces an earlier one, instance included.

    Any thread may resolve: an application-scoped instance is made by exactly one call of its provider.
    """

    def __init__(self) -> None:
        self._recipes: dict[Hashable, _Recipe] = {}
        self._repositories: dict[type[Any], Hashable] = {}
        self._making = RLock()
        self._in_the_making: list[Hashable] = []

    def register(self, key: Hashable, provider: Provider, scope: Scope = Scope.REQUEST) -> None:
        """Remember how to make `key`; a provider is called with no arguments and may itself resolve other keys."""
        self._recipes[key] = _Recipe(provider, scope)

    def resolve(self, key: Hashable) -> Any:
        """Return an instance for `key`; what its provider raises comes out unchanged.

        Raises:
            ResolutionError: nothing is registered under it, or application-scoped providers need each other.
        """
        recipe = self._recipes.get(key)
        if recipe is None:
            raise ResolutionError(f"nothing is registered for {_name(key)}")
        if recipe.scope is not Scope.APPLICATION:
            return recipe.provider()
        return self._make_once(key, recipe) if recipe.instance is _UNMADE else recipe.instance

    def is_registered(self, key: Hashable) -> bool:
        """Return whether `resolve(key)` has a recipe."""
        return key in self._recipes

    def register_repo(self, model: type[Any], key: Hashable) -> None:
        """Say which key serves the repository of `model`."""
        self._repositories[model] = key

    def has_repo_mapping(self, model: type[Any]) -> bool:
        """Return whether `model` has a repository."""
        return model in self._repositories

    def resolve_repo(self, model: type[Any]) -> Any:
        """Return the repository of `model`.

        Raises:
            ResolutionError: it has none; the message names the model.
        """
        if model not in self._repositories:
            raise ResolutionError(f"No repository registered for {_name(model)}")
        return self.resolve(self._repositories[model])

    def validate(self) -> None:
        """Make every application-scoped instance now.

        Raises:
            ResolutionError: one could not be made; the message names its key, the cause is chained.
        """
        for key, recipe in list(self._recipes.items()):
            if recipe.scope is Scope.APPLICATION and recipe.instance is _UNMADE:
                self._make_or_explain(key, recipe)

    def _make_once(self, key: Hashable, recipe: _Recipe) -> Any:
        with self._making:
            if key in self._in_the_making:
                raise ResolutionError(f"{' -> '.join(map(_name, (*self._in_the_making, key)))}: each needs the other")
            if recipe.instance is _UNMADE:
                self._in_the_making.append(key)
                try:
                    recipe.instance = recipe.provider()
                finally:
                    self._in_the_making.pop()
            return recipe.instance

    def _make_or_explain(self, key: Hashable, recipe: _Recipe) -> None:
        try:
            self._make_once(key, recipe)
        except Exception as error:
            raise ResolutionError(f"{_name(key)} could not be made: {error}") from error


def _name(key: Any) -> str:
    return str(getattr(key, "__qualname__", None) or repr(key))
