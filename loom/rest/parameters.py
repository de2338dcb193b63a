"""The path and query parameters of a route, as OpenAPI has them."""

from collections.abc import Iterator
from typing import Any

from loom.core.engine.plan import ParamBinding
from loom.core.model.bounds import column_bounds
from loom.core.model.introspection import ColumnFieldInfo
from loom.core.repository.abc.query import FilterOp, PaginationMode
from loom.rest.filters import GROUP
from loom.rest.query import MAX_PAGE, RESERVED, default_limit
from loom.rest.route import CompiledRoute
from loom.rest.schemas import Schema, Schemas, bounded

Parameter = dict[str, Any]
_TEXT: Schema = {"type": "string"}
_ORDERED = (FilterOp.NE, FilterOp.GT, FilterOp.GTE, FilterOp.LT, FilterOp.LTE, FilterOp.IN, FilterOp.IS_NULL)
_TEXTUAL = (*_ORDERED, FilterOp.LIKE, FilterOp.ILIKE)
_CURSOR = "A walk's `next_cursor`: the page behind it. Good for the path, sort, filters and profile it was given for."
_GROUPS = "Filters of which one must hold: `(a=1,b__gte=2)`; may be repeated, and hold `and(...)` and `or(...)`."


def parameters(route: CompiledRoute, names: dict[str, str], schemas: Schemas) -> list[Parameter]:
    """Return what a request of `route` may carry outside its body.

    Args:
        names: of its path parameters, as the document spells them.
    """
    return [*_path(route, names, schemas), *_query_string(route, schemas)]


def _path(route: CompiledRoute, names: dict[str, str], schemas: Schemas) -> Iterator[Parameter]:
    for name in route.path_params:
        key = route.keys.get(name)
        schema = _schema(schemas, bounded(route.execute_param_types.get(name), key.bounds if key else None))
        yield {"name": names[name], "in": "path", "required": True, "schema": schema}


def _query_string(route: CompiledRoute, schemas: Schemas) -> Iterator[Parameter]:
    bindings = {binding.name: binding for binding in route.plan.param_bindings}
    for name in route.query_params:
        yield _query(name, _defaulted(schemas, bindings[name]), required=bindings[name].required)
    if route.query_spec:
        yield from _paging(route)
        yield from _filters(route, schemas)
    if route.takes_profile and route.effective_expose_profile:
        profiles = list(route.effective_allowed_profiles)
        yield _query("profile", {**_TEXT, "enum": profiles, "default": route.effective_profile_default})


def _paging(route: CompiledRoute) -> Iterator[Parameter]:
    modes = [str(mode) for mode in PaginationMode]
    if not route.effective_allow_pagination_override:
        modes = [str(route.effective_pagination_mode)]
    limit, sortable = route.listing.max_limit, route.listing.sortable
    yield _query("page", {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": 1})
    yield _query("limit", {"type": "integer", "minimum": 1, "maximum": limit, "default": default_limit(route)})
    yield _query("pagination", {**_TEXT, "enum": modes, "default": str(route.effective_pagination_mode)})
    if str(PaginationMode.CURSOR) in modes:
        yield {**_query("after", {**_TEXT, "format": "cursor"}), "description": _CURSOR}
        yield {**_query("cursor", {**_TEXT, "format": "cursor"}), "description": "The same as `after`, which wins."}
    if sortable is None or sortable:
        yield _query("sort", {**_TEXT, "enum": list(sortable)} if sortable else _TEXT)
        yield _query("direction", {**_TEXT, "enum": ["ASC", "DESC"], "default": "ASC"})


def _filters(route: CompiledRoute, schemas: Schemas) -> Iterator[Parameter]:
    listing = route.listing
    for path in listing.filterable or ():
        name = path.replace(".", "__")
        if path in listing.columns and name not in RESERVED and name not in route.query_params:
            yield _filter(name, listing.columns[path], schemas)
    if listing.filterable:
        yield {**_query(GROUP, {**_TEXT, "format": "filters"}), "description": _GROUPS}


def _filter(name: str, column: ColumnFieldInfo, schemas: Schemas) -> Parameter:
    kind = column.column_type.type_name
    if kind in ("JSON", "JSONB", "ARRAY", "TSVECTOR"):
        return {**_query(f"{name}__is_null", {"type": "boolean"}), "description": "Whether there is no value."}
    others = ", ".join(f"`{name}__{op}`" for op in (_TEXTUAL if kind in ("String", "Text") else _ORDERED))
    bounds = column_bounds(column) if column.value_type is int else None  # a text too long just matches nothing
    schema = _schema(schemas, bounded(column.value_type, bounds))
    return {**_query(name, schema), "description": f"Equal to. Also {others}."}


def _defaulted(schemas: Schemas, binding: ParamBinding) -> Schema:
    schema = _schema(schemas, bounded(binding.annotation))
    if isinstance(binding.default, str | int | float | bool):
        return {"allOf": [schema], "default": binding.default}  # the schema itself is filled in later
    return schema


def _schema(schemas: Schemas, annotation: Any) -> Schema:
    schema = schemas.answer(annotation)
    return _TEXT if schema is None else schema


def _query(name: str, schema: Schema, *, required: bool = False) -> Parameter:
    return {"name": name, "in": "query", "required": required, "schema": schema}
