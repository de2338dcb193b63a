"""The filters of a query string: `price__gte=20`, `owner__name=Ada`, and groups: `or=(stock__lte=5,category=desk)`.

A key is a path and an operator (`eq` where none is named), camelCase or snake_case. All filters must hold; of a repeated
key the last one counts. A group is a list of filters of which one must hold; groups may be repeated and may hold `and(...)`
and `or(...)` again. A value with a comma, a bracket or a quote in it stands in double quotes, `\\` before a quote or
another `\\`: `or=(name="Smith, J.",id__in="1,2")`.

A value becomes the type of the column it names. Where the route's model has no such column (`relation.column`) the text is
kept for the repository to type; where the route has no model, its spelling decides.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from loom.core.errors import InvalidQuery, did_you_mean
from loom.core.repository.abc.query import FilterGroup, FilterOp, FilterSpec
from loom.core.repository.values import column_value
from loom.rest.listing import Listing
from loom.rest.names import is_storable, snake

GROUP = "or"
_MAX_DEPTH = 5
_SHOWN = 60
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_DECIMAL = re.compile(r"-?[0-9]+\.[0-9]+")
_ITEM = re.compile(r'(?:(and|or)\()|([^=,()"]+)=(?:"((?:[^"\\]|\\.)*)"|([^,()"]*))', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def read_filters(sent: Iterable[tuple[str, str]], listing: Listing) -> FilterGroup | None:
    """Return the filters among the parameters `sent`; None where there are none.

    Raises:
        InvalidQuery: one cannot be read, or is not allowed.
    """
    found = list(sent)
    single = {key: text for key, text in found if key != GROUP}
    filters: list[FilterSpec | FilterGroup] = [_filter(key, text, listing) for key, text in single.items()]
    filters += [_read_group(text, listing) for key, text in found if key == GROUP]
    return FilterGroup(tuple(filters)) if filters else None


def _read_group(text: str, listing: Listing) -> FilterGroup:
    if not text.startswith("("):
        raise _malformed()
    group, end = _group(text, 1, "OR", listing, _MAX_DEPTH)
    if end != len(text):
        raise _malformed()
    return group


def _group(text: str, at: int, op: Literal["AND", "OR"], listing: Listing, depth: int) -> tuple[FilterGroup, int]:
    """Read from behind an opening bracket; return the group and the place behind its closing one."""
    if not depth:
        raise InvalidQuery("filters are nested too deep", field=GROUP)
    filters: list[FilterSpec | FilterGroup] = []
    while found := _ITEM.match(text, at):
        at = found.end()
        if found[1]:
            inner, at = _group(text, at, "AND" if found[1] == "and" else "OR", listing, depth - 1)
            filters.append(inner)
        else:
            value = found[4] if found[3] is None else _ESCAPED.sub(r"\1", found[3])
            filters.append(_filter(found[2], value, listing))
        closing = text[at : at + 1]
        at += 1
        if closing == ")":
            return FilterGroup(tuple(filters), op), at
        if closing != ",":
            break
    raise _malformed()


def _malformed() -> InvalidQuery:
    return InvalidQuery("or must look like (a=1,b__gte=2)", field=GROUP)


def _filter(key: str, text: str, listing: Listing) -> FilterSpec:
    if not is_storable(key):
        raise InvalidQuery("a filter names a field with a character no field has")
    parts = [part for part in key.split("__") if part]
    op = FilterOp.EQ
    if parts and parts[-1].lower() in _OPS:
        op = _OPS[parts.pop().lower()]
    if not parts:
        raise InvalidQuery("a filter needs a field")
    field = ".".join(snake(part) for part in parts)
    _check_allowed(field, listing)
    return FilterSpec(field, op, _value(field, op, text, listing))


def _check_allowed(field: str, listing: Listing) -> None:
    """What exists but is not shown is refused in the same words as what does not exist."""
    if listing.filterable is not None and field not in listing.filterable:
        hint = did_you_mean(field[:_SHOWN], listing.filterable)
        raise InvalidQuery(f"unknown field '{field[:_SHOWN]}'" + (f"; {hint}" if hint else ""), field=field[:_SHOWN])


_OPS = {str(op): op for op in FilterOp}
_YES_OR_NO = frozenset({FilterOp.EXISTS, FilterOp.NOT_EXISTS, FilterOp.IS_NULL})


def _value(field: str, op: FilterOp, text: str, listing: Listing) -> Any:
    if op in _YES_OR_NO:
        return _flag(field, text)
    if op in (FilterOp.LIKE, FilterOp.ILIKE):
        return text
    if op is FilterOp.IN:
        return tuple(_typed(field, item, listing) for item in _items(text))
    return _typed(field, text, listing)


def _items(text: str) -> Iterator[str]:
    return (item for item in text.split(",") if item)


def _flag(field: str, text: str) -> bool:
    if text.lower() not in _FLAGS:
        raise InvalidQuery(f"'{field}' needs true or false", field=field)
    return _FLAGS[text.lower()]


_FLAGS = {"true": True, "1": True, "": True, "false": False, "0": False}


def _typed(field: str, text: str, listing: Listing) -> Any:
    if field in listing.columns:
        return column_value(listing.columns[field], text)
    return text if listing.columns else _guess(text)


def _guess(text: str) -> Any:
    """The value a text looks like."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text
