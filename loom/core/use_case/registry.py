"""Which use case answers to which key, in one application."""

from collections.abc import Iterable
from typing import Any

from loom.core.use_case.keys import get_use_case_key, model_entity_key

__all__ = ["UseCaseRegistry", "model_entity_key"]


class UseCaseRegistry:
    """An immutable map from key to use case."""

    def __init__(self, by_key: dict[str, type[Any]]) -> None:
        self._by_key = by_key

    @classmethod
    def build(cls, use_cases: Iterable[type[Any]]) -> "UseCaseRegistry":
        """Collect the keyed ones of `use_cases`.

        Raises:
            ValueError: two classes answer to one key.
        """
        by_key: dict[str, type[Any]] = {}
        for use_case in use_cases:
            key = get_use_case_key(use_case)
            if key is None:
                continue
            other = by_key.setdefault(key, use_case)
            if other is not use_case:
                raise ValueError(f"Duplicate use-case key {key!r}: {_where(other)} and {_where(use_case)}")
        return cls(by_key)

    def resolve(self, key: str) -> type[Any]:
        """Return the use case of `key`.

        Raises:
            KeyError: nothing answers to it.
        """
        try:
            return self._by_key[key]
        except KeyError:
            raise KeyError(f"use case {key!r} is not registered") from None

    def key_for(self, cls: type[Any]) -> str | None:
        """Return the key of a registered class."""
        return next((key for key, known in self._by_key.items() if known is cls), None)

    def has(self, key: str) -> bool:
        """Return whether something answers to `key`."""
        return key in self._by_key

    def keys(self) -> tuple[str, ...]:
        """Return every key, sorted."""
        return tuple(sorted(self._by_key))


def _where(cls: type[Any]) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"
