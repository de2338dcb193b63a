"""What a list query of a route may ask for: which fields filter, which sort, how long a page may be.

By default exactly what the answer shows: a filter on anything else would let a client guess, bit by bit, what it is not
given. The columns of a relation count as shown where a profile the route allows loads it. An interface, or a route, may
name others instead.
"""

from collections.abc import Iterable, Iterator
from typing import Any, get_args

from msgspec import Struct

from loom.core.errors import DiagnosticError, did_you_mean
from loom.core.model import BaseModel, EntityInfo, inspect_model
from loom.core.model.introspection import ColumnFieldInfo
from loom.core.repository.abc.query import MAX_LIMIT

_NO_ORDER = frozenset({"JSON", "JSONB", "ARRAY", "TSVECTOR"})


class Listing(Struct, frozen=True, kw_only=True):
    """What a list query may ask for; a route without a model leaves that to its use case.

    Attributes:
        columns: of the model, by name; empty where there is none.
        filterable: columns, `relation.column`s, and relations that may be asked for existence; None = anything.
        sortable: columns; None = anything.
    """

    columns: dict[str, ColumnFieldInfo] = {}
    filterable: tuple[str, ...] | None = None
    sortable: tuple[str, ...] | None = None
    max_limit: int = MAX_LIMIT


def listing_of(
    model: type[BaseModel] | None,
    returns: Any,
    profiles: Iterable[str],
    *,
    filterable: tuple[str, ...] | None = None,
    sortable: tuple[str, ...] | None = None,
    max_limit: int = MAX_LIMIT,
) -> Listing:
    """Return what a route over `model` that answers `returns` may be asked for.

    Args:
        profiles: that the route may answer with.
        filterable, sortable: declared ones; None takes what the answer shows.
    """
    info = _inspected(model)
    if info is None:
        return Listing(filterable=filterable, sortable=sortable, max_limit=max_limit)
    shown = tuple(_shown_columns(info, returns))
    if filterable is None:
        filterable = (*shown, *_shown_relations(info, returns, profiles))
    if sortable is None:
        sortable = tuple(name for name in shown if info.columns[name].column_type.type_name not in _NO_ORDER)
    return Listing(columns=info.columns, filterable=filterable, sortable=sortable, max_limit=max_limit)


def unknown_fields(model: type[BaseModel] | None, listing: Listing) -> Iterator[tuple[str, str]]:
    """Yield each declared field that `model` does not have, and what may have been meant."""
    info = _inspected(model)
    if info is None:
        return
    paths = {*info.columns, *(path for name in info.relations for path in _paths(info, name))}
    for name in listing.filterable or ():
        if name not in paths:
            yield name, did_you_mean(name, paths)
    for name in listing.sortable or ():
        if name not in info.columns:
            yield name, did_you_mean(name, info.columns)


def _inspected(model: type[BaseModel] | None) -> EntityInfo | None:
    """A broken model is reported with its tables."""
    try:
        return inspect_model(model) if model is not None else None
    except DiagnosticError:
        return None


def _shown_columns(info: EntityInfo, returns: Any) -> Iterator[str]:
    item = _item_of(returns)
    fields = getattr(item, "__struct_fields__", None)
    return (name for name in info.columns if fields is None or name in fields)


def _shown_relations(info: EntityInfo, returns: Any, profiles: Iterable[str]) -> Iterator[str]:
    if _item_of(returns) is not info.model:
        return
    loaded = {relation.name for profile in profiles for relation in info.relations_in(profile)}
    for name in info.relations:
        if name in loaded:
            yield from _paths(info, name)


def _paths(info: EntityInfo, relation: str) -> Iterator[str]:
    yield relation
    target = _inspected(info.relations[relation].target)
    if target is not None:
        yield from (f"{relation}.{column}" for column in target.columns)


def _item_of(returns: Any) -> Any:
    """Return the struct a page, or a union of pages, is made of; None where it cannot be told."""
    for part in get_args(returns):
        if isinstance(part, type) and hasattr(part, "__struct_fields__"):
            return part
        found = _item_of(part)
        if found is not None:
            return found
    return None
