"""The repository protocols with every type left open, for fakes and for code over more than one model.

Business code asks for `RepoFor[Model]`, which fixes all but the model.
"""

from typing import Any, Protocol, TypeVar

from loom.core.repository.abc.query import CursorResult, FilterParams, PageParams, PageResult, QuerySpec

OutputT = TypeVar("OutputT")
CreateT = TypeVar("CreateT")
UpdateT = TypeVar("UpdateT")
IdT = TypeVar("IdT")
_OutputT_co = TypeVar("_OutputT_co", covariant=True)
_CreateT_contra = TypeVar("_CreateT_contra", contravariant=True)
_UpdateT_contra = TypeVar("_UpdateT_contra", contravariant=True)
_IdT_contra = TypeVar("_IdT_contra", contravariant=True)


class RepositoryRead(Protocol[OutputT, _IdT_contra]):
    """Reads entities. An undefined profile is refused; a missing entity is None."""

    async def get_by_id(self, obj_id: _IdT_contra, profile: str = "default") -> OutputT | None:
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


class RepositoryWrite(Protocol[_OutputT_co, _CreateT_contra, _UpdateT_contra, _IdT_contra]):
    """Writes entities."""

    async def create(self, data: _CreateT_contra) -> _OutputT_co:
        """Store and return the entity, generated columns included; Conflict where the database refuses."""
        ...

    async def update(self, obj_id: _IdT_contra, data: _UpdateT_contra) -> _OutputT_co | None:
        """Change what `data` names and return the entity, or None where there is none."""

    async def delete(self, obj_id: _IdT_contra) -> bool:
        """Return whether a row was deleted; Conflict where others still reference it."""
        ...


class Repository(
    RepositoryRead[OutputT, _IdT_contra],
    RepositoryWrite[OutputT, _CreateT_contra, _UpdateT_contra, _IdT_contra],
    Protocol[OutputT, _CreateT_contra, _UpdateT_contra, _IdT_contra],
):
    """Reads and writes: `Repository[Output, Create, Update, Id]`. A fake may inherit from it."""
