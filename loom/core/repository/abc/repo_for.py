"""The contract of a repository, and the type business code asks for: `RepoFor[Product]`."""

from typing import Any, Protocol, TypeVar

from loom.core.repository.abc.query import CursorResult, FilterParams, PageParams, PageResult, QuerySpec

ModelT = TypeVar("ModelT")


class RepoFor(Protocol[ModelT]):
    """The repository of one model."""

    async def get_by_id(self, obj_id: Any, profile: str = "default") -> ModelT | None:
        """Return the entity, or None."""

    async def get_by(self, field: str, value: Any, profile: str = "default") -> ModelT | None:
        """Return an entity whose column equals `value`, or None; ValueError for an unknown column."""

    async def exists_by(self, field: str, value: Any) -> bool:
        """Return whether a row has `field` equal to `value`."""
        ...

    async def count(self) -> int:
        """Return the number of rows."""
        ...

    async def list_paginated(
        self, page_params: PageParams, filter_params: FilterParams | None = None, profile: str = "default"
    ) -> PageResult[ModelT]:
        """Return a page in primary-key order."""
        ...

    async def list_with_query(
        self, query: QuerySpec, profile: str = "default"
    ) -> PageResult[ModelT] | CursorResult[ModelT]:
        """Return what `query` asks for."""
        ...

    async def create(self, data: Any) -> ModelT:
        """Store and return the entity, generated columns included; Conflict where the database refuses."""
        ...

    async def update(self, obj_id: Any, data: Any) -> ModelT | None:
        """Change what `data` names and return the entity, or None where there is none."""

    async def delete(self, obj_id: Any) -> bool:
        """Return whether a row was deleted; Conflict where others still reference it."""
        ...
