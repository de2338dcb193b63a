"""The query string of a list route, as a `QuerySpec`."""

from collections.abc import Mapping
from typing import Any

from loom.core.errors import InvalidQuery
from loom.core.repository.abc.query import FilterGroup, FilterOp, FilterSpec, PaginationMode, QuerySpec, SortSpec
from loom.rest.compiler import CompiledRoute

RESERVED = frozenset({"page", "limit", "pagination", "after", "cursor", "sort", "direction", "profile"})


def read_query(params: Mapping[str, str], route: CompiledRoute) -> QuerySpec:
    """Return the query a list request asks for.

    Raises:
        InvalidQuery: a parameter cannot be read; the message is safe to show.
    """
    token = params.get("after") or params.get("cursor")
    mode = _mode(params.get("pagination"), token, route)
    return QuerySpec(
        filters=_filters(params),
        sort=_sort(params),
        pagination=mode,
        limit=_integer(params, "limit", 50),
        page=_integer(params, "page", 1),
        cursor=token if mode is PaginationMode.CURSOR else None,
    )


def read_profile(params: Mapping[str, str], route: CompiledRoute) -> str:
    """Return the profile a request asks for.

    Raises:
        InvalidQuery: the route exposes none, or not this one.
    """
    asked = params.get("profile")
    if asked is None:
        return route.effective_profile_default
    if not route.effective_expose_profile:
        raise InvalidQuery("profile is not allowed on this route", field="profile")
    if asked not in route.effective_allowed_profiles:
        raise InvalidQuery(
            f"Invalid profile; use one of {', '.join(route.effective_allowed_profiles)}", field="profile"
        )
    return asked


def snake(name: str) -> str:
    """`fullName` -> `full_name`."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name)


def _mode(asked: str | None, token: str | None, route: CompiledRoute) -> PaginationMode:
    default, may_override = route.effective_pagination_mode, route.effective_allow_pagination_override
    if asked is None:
        if token and default is PaginationMode.OFFSET and not may_override:
            raise InvalidQuery("a cursor is not allowed on this route", field="after")
        return PaginationMode.CURSOR if token else default
    try:
        mode = PaginationMode(asked.lower())
    except ValueError:
        raise InvalidQuery("Invalid pagination; use offset or cursor", field="pagination") from None
    if mode is not default and not may_override:
        raise InvalidQuery("cannot override the pagination of this route", field="pagination")
    return mode


def _sort(params: Mapping[str, str]) -> tuple[SortSpec, ...]:
    direction = params.get("direction", "ASC").upper()
    if direction not in ("ASC", "DESC"):
        raise InvalidQuery("Invalid direction; use ASC or DESC", field="direction")
    field = params.get("sort")
    return (SortSpec(snake(field), "DESC" if direction == "DESC" else "ASC"),) if field else ()


def _integer(params: Mapping[str, str], name: str, default: int) -> int:
    raw = params.get(name)
    if raw is None:
        return default
    if not raw.isascii() or not raw.lstrip("-").isdigit() or len(raw) > 9:
        raise InvalidQuery(f"{name} must be an integer", field=name)
    return int(raw)


def _filters(params: Mapping[str, str]) -> FilterGroup | None:
    specs = tuple(_filter(key, value) for key, value in params.items() if key not in RESERVED)
    return FilterGroup(specs) if specs else None


def _filter(key: str, value: str) -> FilterSpec:
    parts = [part for part in key.split("__") if part]
    op = FilterOp.EQ
    if parts and parts[-1].lower() in set(FilterOp):
        op = FilterOp(parts.pop().lower())
    if not parts:
        raise InvalidQuery("a filter needs a field", field=None)
    return FilterSpec(".".join(snake(part) for part in parts), op, _value(op, value))


def _value(op: FilterOp, value: str) -> Any:
    if op in (FilterOp.EXISTS, FilterOp.NOT_EXISTS, FilterOp.IS_NULL):
        return value.lower() != "false"
    if op is FilterOp.IN:
        return tuple(item for item in value.split(",") if item)
    return value
