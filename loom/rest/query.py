"""The query string of a list route, as a `QuerySpec`.

A filter value becomes the type of the column it names. Where the route's model has no such column (`relation.column`)
the text is kept for the repository to type; where the route has no model, its spelling decides.
"""

import re
from collections.abc import Mapping
from typing import Any

from loom.core.errors import InvalidQuery
from loom.core.repository.abc.query import (
    FilterGroup,
    FilterOp,
    FilterSpec,
    PaginationMode,
    QuerySpec,
    SortSpec,
    check_page,
)
from loom.core.repository.values import column_value
from loom.rest.constants import QueryParam
from loom.rest.route import CompiledRoute

RESERVED = frozenset(map(str, QueryParam))
_INTEGER = re.compile(r"-?[0-9]{1,9}")
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_DECIMAL = re.compile(r"-?[0-9]+\.[0-9]+")


def read_query(params: Mapping[str, str], route: CompiledRoute) -> QuerySpec:
    """Return the query a list request asks for.

    Raises:
        InvalidQuery: a parameter cannot be read; the message is safe to show.
    """
    token = params.get("after") or params.get("cursor")
    mode = _mode(params.get("pagination"), token, route)
    limit, page = _integer(params, "limit", 50), _integer(params, "page", 1)
    check_page(page, limit)
    return QuerySpec(
        filters=_filters(params, route),
        sort=_sort(params),
        pagination=mode,
        limit=limit,
        page=page,
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
    if not _INTEGER.fullmatch(raw):
        raise InvalidQuery(f"{name} must be an integer", field=name)
    return int(raw)


def _filters(params: Mapping[str, str], route: CompiledRoute) -> FilterGroup | None:
    own = RESERVED.union(route.query_params)
    specs = tuple(_filter(key, text, route) for key, text in params.items() if key not in own and snake(key) not in own)
    return FilterGroup(specs) if specs else None


def _filter(key: str, text: str, route: CompiledRoute) -> FilterSpec:
    parts = [part for part in key.split("__") if part]
    op = FilterOp.EQ
    if parts and parts[-1].lower() in _OPS:
        op = _OPS[parts.pop().lower()]
    if not parts:
        raise InvalidQuery("a filter needs a field", field=None)
    field = ".".join(snake(part) for part in parts)
    return FilterSpec(field, op, _value(field, op, text, route))


_OPS = {str(op): op for op in FilterOp}
_YES_OR_NO = frozenset({FilterOp.EXISTS, FilterOp.NOT_EXISTS, FilterOp.IS_NULL})


def _value(field: str, op: FilterOp, text: str, route: CompiledRoute) -> Any:
    if op in _YES_OR_NO:
        return _flag(field, text)
    if op in (FilterOp.LIKE, FilterOp.ILIKE):
        return text
    if op is FilterOp.IN:
        return tuple(_typed(field, item, route) for item in text.split(",") if item)
    return _typed(field, text, route)


def _flag(field: str, text: str) -> bool:
    if text.lower() not in _FLAGS:
        raise InvalidQuery(f"'{field}' needs true or false", field=field)
    return _FLAGS[text.lower()]


_FLAGS = {"true": True, "1": True, "": True, "false": False, "0": False}


def _typed(field: str, text: str, route: CompiledRoute) -> Any:
    if field in route.columns:
        return column_value(route.columns[field], text)
    return text if route.columns else _guess(text)


def _guess(text: str) -> Any:
    """The value a text looks like."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text
