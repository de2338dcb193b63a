"""Marks on repositories: which may be cached, and which of their own reads are."""

from collections.abc import Callable
from typing import Any, Literal, TypeVar

from msgspec import Struct

C = TypeVar("C", bound=type[Any])
F = TypeVar("F", bound=Callable[..., Any])
Scope = Literal["list", "entity"]
MARK = "__cache_query__"


class QueryPolicy(Struct, frozen=True):
    """How one read method is cached.

    Attributes:
        scope: "list" or "entity": which of the table's times to live holds.
        ttl_key: key of `cache.ttl` instead.
    """

    scope: Scope = "list"
    ttl_key: str | None = None


def cached(cls: C) -> C:
    """Mark a repository class as one to cache. With the cache on every repository is, but for those that set
    `__cache_policy__ = False`."""
    cls.__cache_policy__ = True
    return cls


def cache_query(*, scope: Scope = "list", ttl_key: str | None = None) -> Callable[[F], F]:
    """Cache an async read method of a repository by its arguments, until a row of a table it reads changes.

    Those are the repository's own table and the ones its model's relations and projections lead to.
    """

    def mark(method: F) -> F:
        setattr(method, MARK, QueryPolicy(scope, ttl_key))
        return method

    return mark
