"""What every repository offers, and the values queries are made of."""

from loom.core.repository.abc.query import (
    CursorResult,
    FilterGroup,
    FilterOp,
    FilterParams,
    FilterSpec,
    PageParams,
    PageResult,
    PaginationMode,
    QuerySpec,
    SortSpec,
    build_page_result,
)
from loom.core.repository.abc.repo_for import RepoFor

__all__ = [
    "CursorResult",
    "FilterGroup",
    "FilterOp",
    "FilterParams",
    "FilterSpec",
    "PageParams",
    "PageResult",
    "PaginationMode",
    "QuerySpec",
    "RepoFor",
    "SortSpec",
    "build_page_result",
]
