"""The query string of a list route, as a `QuerySpec`. Its filters: `loom.rest.filters`."""

import re
from collections.abc import Mapping, Sequence

from loom.core.errors import InvalidQuery, did_you_mean
from loom.core.repository.abc.query import PaginationMode, QuerySpec, SortSpec, check_page
from loom.rest.constants import QueryParam
from loom.rest.filters import read_filters
from loom.rest.names import snake
from loom.rest.route import CompiledRoute

RESERVED = frozenset(map(str, QueryParam))
DEFAULT_LIMIT = 50
MAX_PAGE = 999_999_999
_INTEGER = re.compile(r"-?[0-9]{1,9}")
_SHOWN = 60


def read_query(sent: Sequence[tuple[str, str]], route: CompiledRoute, path: str = "") -> QuerySpec:
    """Return the query a list request asks for.

    Args:
        sent: the parameters, in order.
        path: of the request; a cursor is good for the path it was given at.

    Raises:
        InvalidQuery: a parameter cannot be read or is not allowed; the message is safe to show.
    """
    params = dict(sent)
    token = params.get("after") or params.get("cursor")
    mode = _mode(params.get("pagination"), token, route)
    limit, page = _limit(params, route), _integer(params, "page", 1)
    check_page(page, limit)
    own = RESERVED.union(route.query_params)
    return QuerySpec(
        filters=read_filters([(k, v) for k, v in sent if k not in own and snake(k) not in own], route.listing),
        sort=_sort(params, route),
        pagination=mode,
        limit=limit,
        page=page,
        cursor=token if mode is PaginationMode.CURSOR else None,
        scope=path,
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


def default_limit(route: CompiledRoute) -> int:
    """Return the page length of a request that names none."""
    return min(DEFAULT_LIMIT, route.listing.max_limit)


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


def _sort(params: Mapping[str, str], route: CompiledRoute) -> tuple[SortSpec, ...]:
    direction = params.get("direction", "ASC").upper()
    if direction not in ("ASC", "DESC"):
        raise InvalidQuery("Invalid direction; use ASC or DESC", field="direction")
    field, sortable = snake(params.get("sort", "")), route.listing.sortable
    if not field:
        return ()
    if sortable is not None and field not in sortable:
        hint = did_you_mean(field[:_SHOWN], sortable)
        raise InvalidQuery(f"cannot sort by '{field[:_SHOWN]}'" + (f"; {hint}" if hint else ""), field="sort")
    return (SortSpec(field, "DESC" if direction == "DESC" else "ASC"),)


def _limit(params: Mapping[str, str], route: CompiledRoute) -> int:
    limit, longest = _integer(params, "limit", default_limit(route)), route.listing.max_limit
    if not 1 <= limit <= longest:
        raise InvalidQuery(f"limit must be in [1, {longest}]", field="limit")
    return limit


def _integer(params: Mapping[str, str], name: str, default: int) -> int:
    raw = params.get(name)
    if raw is None:
        return default
    if not _INTEGER.fullmatch(raw):
        raise InvalidQuery(f"{name} must be an integer", field=name)
    return int(raw)
