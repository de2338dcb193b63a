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

__all__ = [
    "FilterParams",
    "PageParams",
    "PageResult",
    "RepoFor",
    "Repository",
    "RepositoryRead",
    "RepositoryWrite",
]
