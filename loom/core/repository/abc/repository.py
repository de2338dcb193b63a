"""The repository protocols with every type left open, for fakes and for code over more than one model.

Business code asks for `RepoFor[Model]`, which fixes all but the model.
"""

from typing import Any, Protocol, TypeVar

from loom.core.repository.abc.query import CursorResult, FilterParams, PageParams, PageResult, QuerySpec

OutputT = TypeVar("OutputT")
CreateT = TypeVar("CreateT")
UpdateT = TypeVar("UpdateT")
IdT = TypeVar("IdT")
_OutputT = TypeVar("_OutputT", covariant=True)
_CreateT = TypeVar("_CreateT", contravariant=True)
_UpdateT = TypeVar("_UpdateT", contravariant=True)
_IdT = TypeVar("_IdT", contravariant=True)


class RepositoryRead(Protocol[OutputT, _IdT]):
    """Reads entities. An undefined profile is refused; a missing entity is None."""

    async def get_by_id(self, obj_id: _IdT, profile: str = "default") -> OutputT | None:
        """Return the entity, or None."""

    async def get_by(self, field: str, value: Any, profile: str = "default") -> OutputT | None:
        """Return an entity whose column equals `value`, or None; ValueError for an unknown column."""

    async def exists_by(self, field: str, value: Any) -> bool:
        """Return whether a row has `field` equal to `value`."""
        ...

    async def count(self) -> int:
        """Return the number of rows."""
        ...

    async def list_paginated(
        self, page_params: PageParams, filter_params: FilterParams | None = None, profile: str = "default"
    ) -> PageResult[OutputT]:
        """Return a page in primary-key order."""
        ...

    async def list_with_query(
        self, query: QuerySpec, profile: str = "default"
    ) -> PageResult[OutputT] | CursorResult[OutputT]:
        """Return what `query` asks for."""
        ...


class RepositoryWrite(Protocol[_OutputT, _CreateT, _UpdateT, _IdT]):
    """Writes entities."""

    async def create(self, data: _CreateT) -> _OutputT:
        """Store and return the entity, generated columns included; Conflict where the database refuses."""
        ...

    async def update(self, obj_id: _IdT, data: _UpdateT) -> _OutputT | None:
        """Change what `data` names and return the entity, or None where there is none."""

    async def delete(self, obj_id: _IdT) -> bool:
        """Return whether a row was deleted; Conflict where others still reference it."""
        ...


class Repository(
    RepositoryRead[OutputT, _IdT],
    RepositoryWrite[OutputT, _CreateT, _UpdateT, _IdT],
    Protocol[OutputT, _CreateT, _UpdateT, _IdT],
):
    """Reads and writes: `Repository[Output, Create, Update, Id]`. A fake may inherit from it."""
