"""The values a query is made of and the pages it gives."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, Literal, TypeVar

from msgspec import Struct
from msgspec import field as struct_field

from loom.core.errors import InvalidQuery

T = TypeVar("T")
MAX_LIMIT = 1000
_MAX_OFFSET = 2**63 - 1


class PaginationMode(StrEnum):
    """Numbered pages with a total, or a walk by key."""

    OFFSET = "offset"
    CURSOR = "cursor"


class FilterOp(StrEnum):
    """How a field is compared."""

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    IN = "in"
    LIKE = "like"
    ILIKE = "ilike"
    IS_NULL = "is_null"
    EXISTS = "exists"
    NOT_EXISTS = "not_exists"


@dataclass(frozen=True)
class FilterSpec:
    """One comparison. `field` is a column, `relation.column`, or a relation for EXISTS and NOT_EXISTS."""

    field: str
    op: FilterOp
    value: Any = None


@dataclass(frozen=True)
class FilterGroup:
    """Comparisons, and groups of them, combined by AND or OR."""

    filters: "tuple[FilterSpec | FilterGroup, ...]" = ()
    op: Literal["AND", "OR"] = "AND"


@dataclass(frozen=True)
class SortSpec:
    """One sort field."""

    field: str
    direction: Literal["ASC", "DESC"] = "ASC"


@dataclass(frozen=True)
class QuerySpec:
    """A list query. `page` counts for OFFSET, `cursor` for CURSOR; the primary key always breaks ties.

    `scope` is where the query was asked, such as a URL's path; a cursor is good for the scope it was given in.
    """

    filters: FilterGroup | None = None
    sort: tuple[SortSpec, ...] = ()
    pagination: PaginationMode = PaginationMode.OFFSET
    limit: int = 50
    page: int = 1
    cursor: str | None = None
    scope: str = field(default="", compare=False, repr=False)


class PageResult(Struct, Generic[T], frozen=True, kw_only=True):
    """A numbered page. `total_count` is over all pages, whatever the page."""

    items: tuple[T, ...]
    total_count: int
    page: int
    limit: int
    has_next: bool


class CursorResult(Struct, Generic[T], frozen=True, kw_only=True):
    """A step of a walk by key. `next_cursor` is None on the last one."""

    items: tuple[T, ...]
    next_cursor: str | None
    has_next: bool


class PageParams(Struct, frozen=True, kw_only=True):
    """Which page, how long."""

    page: int = 1
    limit: int = 50

    def __post_init__(self) -> None:
        check_page(self.page, self.limit)

    @property
    def offset(self) -> int:
        """Rows before this page."""
        return (self.page - 1) * self.limit


class FilterParams(Struct, frozen=True, kw_only=True):
    """Equality filters by column."""

    filters: dict[str, Any] = struct_field(default_factory=dict)


def check_page(page: int, limit: int) -> None:
    """Refuse a page or limit no repository runs.

    Raises:
        InvalidQuery: `page` is below 1 or beyond what a database counts to, or `limit` outside 1 to 1000.
    """
    if page < 1:
        raise InvalidQuery("page must be >= 1", field="page")
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidQuery(f"limit must be in [1, {MAX_LIMIT}]", field="limit")
    if page * limit > _MAX_OFFSET:
        raise InvalidQuery("page is out of range", field="page")


def build_page_result(items: Sequence[T], total_count: int, page_params: PageParams) -> PageResult[T]:
    """Return the page; there is a next one where rows remain behind it."""
    return PageResult(
        items=tuple(items),
        total_count=total_count,
        page=page_params.page,
        limit=page_params.limit,
        has_next=page_params.offset + len(items) < total_count,
    )
