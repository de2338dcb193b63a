"""Query values, pages and the protocols of repositories."""

from dataclasses import FrozenInstanceError
from typing import Any, Protocol, get_origin

import msgspec
import pytest

from loom.core.model import BaseModel, ColumnField
from loom.core.repository.abc import (
    CursorResult,
    FilterGroup,
    FilterOp,
    FilterParams,
    FilterSpec,
    PageParams,
    PageResult,
    PaginationMode,
    QuerySpec,
    RepoFor,
    Repository,
    RepositoryRead,
    RepositoryWrite,
    SortSpec,
    build_page_result,
)


class Product(BaseModel):
    __tablename__ = "contract_products"
    id: int = ColumnField(primary_key=True)
    full_name: str = ColumnField(default="")


class ProductRepo(RepoFor[Product], Protocol):
    async def cheapest(self) -> Product: ...


class Fake(Repository[Product, Any, Any, int]):
    def __init__(self, found: Product) -> None:
        self._found = found

    async def get_by_id(self, obj_id: int, profile: str = "default") -> Product | None:
        return self._found


def on_the_wire(value: Any) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value))


def test_queries_are_frozen_values_with_defaults() -> None:
    """By position or by name; two that say the same are equal."""
    spec = FilterSpec("price", FilterOp.GTE, 20)

    assert FilterSpec(field="price", op=FilterOp.GTE, value=20) == spec
    assert FilterGroup(filters=(spec,), op="AND") == FilterGroup((spec,))
    assert SortSpec(field="id", direction="ASC") == SortSpec("id")
    assert QuerySpec(None, (), PaginationMode.OFFSET, 50, 1, None) == QuerySpec()
    with pytest.raises(FrozenInstanceError):
        spec.value = 1  # type: ignore[misc]


def test_the_words_of_queries_are_stable() -> None:
    """They are the words of the query string."""
    assert ["offset", "cursor"] == list(PaginationMode)
    assert ["eq", "ne", "gt", "gte", "lt", "lte", "in", "like", "ilike", "is_null", "exists", "not_exists"] == list(
        FilterOp
    )


def test_pages_keep_their_names_on_the_wire_while_entities_are_camel_case() -> None:
    """`total_count` beside `fullName`."""
    item = Product(id=1, full_name="a")
    page = PageResult(items=(item,), total_count=1, page=1, limit=50, has_next=False)
    step = CursorResult(items=(item,), next_cursor=None, has_next=False)
    entity = {"id": 1, "fullName": "a"}

    assert {"items": [entity], "total_count": 1, "page": 1, "limit": 50, "has_next": False} == on_the_wire(page)
    assert {"items": [entity], "next_cursor": None, "has_next": False} == on_the_wire(step)


def test_pages_are_real_classes_also_in_annotations() -> None:
    """`PageResult[Model]` stands in a union and is decoded; `isinstance` takes the bare class."""
    union = PageResult[Product] | CursorResult[Product]
    body = {"items": [{"id": 1}], "total_count": 1, "page": 1, "limit": 1, "has_next": False}
    page = msgspec.convert(body, PageResult[Product])

    assert union is not None
    assert isinstance(page, PageResult)
    assert isinstance(page.items[0], Product)


def test_page_params_know_their_offset() -> None:
    """Rows before the page; the first page of 50 where nothing is said."""
    assert (1, 50, 0) == (PageParams().page, PageParams().limit, PageParams().offset)
    assert 40 == PageParams(page=3, limit=20).offset


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_limit_has_bounds(limit: int) -> None:
    """From 1 to 1000."""
    with pytest.raises(ValueError, match="limit must be in"):
        PageParams(limit=limit)


def test_filter_params_are_their_own() -> None:
    """A fresh mapping for each."""
    assert {} == FilterParams().filters
    assert FilterParams().filters is not FilterParams().filters


@pytest.mark.parametrize(("page", "total", "has_next"), [(1, 5, True), (2, 5, True), (3, 5, False), (2, 4, False)])
def test_there_is_a_next_page_where_rows_remain(page: int, total: int, has_next: bool) -> None:
    """Counted from the rows before this page and on it."""
    params = PageParams(page=page, limit=2)
    items = range(total)[params.offset : params.offset + 2]

    made = build_page_result(items, total, params)

    assert (tuple(items), total, page, 2, has_next) == (
        made.items,
        made.total_count,
        made.page,
        made.limit,
        made.has_next,
    )


def test_the_repository_of_a_model_is_recognised_by_its_origin() -> None:
    """`RepoFor[Product]` is a subscripted RepoFor; a contract derived from it is a class of its own."""
    assert get_origin(RepoFor[Product]) is RepoFor
    assert RepoFor in ProductRepo.__mro__


async def test_a_fake_may_inherit_from_the_protocol() -> None:
    """With a constructor of its own, and no more methods than its test needs."""
    found = Product(id=1)

    assert found is await Fake(found).get_by_id(1)
    assert {RepositoryRead, RepositoryWrite} < set(Repository.__mro__)
