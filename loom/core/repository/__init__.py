"""Repositories: how entities are read and written. `abc` has the contracts, `sqlalchemy` and `memory` the adapters."""

from loom.core.repository.abc import (
    FilterParams,
    PageParams,
    PageResult,
    RepoFor,
    Repository,
    RepositoryRead,
    RepositoryWrite,
)
from loom.core.repository.mutation import MutationEvent

__all__ = [
    "FilterParams",
    "MutationEvent",
    "PageParams",
    "PageResult",
    "RepoFor",
    "Repository",
    "RepositoryRead",
    "RepositoryWrite",
]
