"""Dependency injection: recipes by key, made once per application or anew each time."""

from collections.abc import Callable, Hashable
from enum import StrEnum
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
    """Nothing is registered under a key, or its provider failed. The message names the key."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="resolution_failed")


class _Recipe:
    __slots__ = ("instance", "provider", "scope")

    def __init__(self, provider: Provider, scope: Scope) -> None:
        self.provider = provider
        self.scope = scope
        self.instance: Any = _UNMADE

    def serve(self) -> Any:
        if self.scope is not Scope.APPLICATION:
            return self.provider()
        if self.instance is _UNMADE:
            self.instance = self.provider()
        return self.instance


class LoomContainer:
    """The recipes of one application. A later registration of a key replaces an earlier one."""

    def __init__(self) -> None:
        self._recipes: dict[Hashable, _Recipe] = {}
        self._repositories: dict[type[Any], Hashable] = {}

    def register(self, key: Hashable, provider: Provider, scope: Scope = Scope.REQUEST) -> None:
        """Remember how to make `key`; a provider is called with no arguments and may itself resolve other keys."""
        self._recipes[key] = _Recipe(provider, scope)

    def resolve(self, key: Hashable) -> Any:
        """Return an instance for `key`.

        Raises:
            ResolutionError: nothing is registered under it.
        """
        recipe = self._recipes.get(key)
        if recipe is None:
            raise ResolutionError(f"nothing is registered for {_name(key)}")
        return recipe.serve()

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
            raise ResolutionError(f"no repository is registered for {_name(model)}")
        return self.resolve(self._repositories[model])

    def validate(self) -> None:
        """Make every application-scoped instance now.

        Raises:
            ResolutionError: one could not be made; the message names its key, the cause is chained.
        """
        for key, recipe in list(self._recipes.items()):
            if recipe.scope is Scope.APPLICATION:
                try:
                    recipe.serve()
                except Exception as error:
                    raise ResolutionError(f"{_name(key)} could not be made: {error}") from error


def _name(key: Any) -> str:
    return str(getattr(key, "__qualname__", None) or repr(key))
