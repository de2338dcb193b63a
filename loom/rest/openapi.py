"""The OpenAPI 3.1 document of an application, written from compiled routes. Types: `loom.rest.schemas`."""

import inspect
import re
from collections.abc import Iterator, Sequence
from typing import Any

from loom.core.engine.plan import ParamBinding
from loom.core.model.introspection import ColumnFieldInfo
from loom.core.repository.abc.query import MAX_LIMIT, FilterOp, PaginationMode
from loom.rest.query import RESERVED
from loom.rest.route import CompiledRoute
from loom.rest.schemas import Schema, Schemas

_NO_WORD = re.compile(r"\W")
_CONVERTER = re.compile(r"{(\w+):\w+}")
_TEXT: Schema = {"type": "string"}

_ERROR_SCHEMAS: dict[str, Schema] = {
    "Violation": {
        "type": "object",
        "required": ["field", "message"],
        "properties": {"field": _TEXT, "message": _TEXT},
    },
    "ErrorDetail": {
        "type": "object",
        "required": ["code", "message", "trace_id"],
        "properties": {
            "code": _TEXT,
            "message": _TEXT,
            "trace_id": {"type": ["string", "null"]},
            "entity": _TEXT,
            "id": {},
            "violations": {"type": "array", "items": {"$ref": "#/components/schemas/Violation"}},
        },
    },
    "ErrorBody": {
        "type": "object",
        "required": ["detail"],
        "properties": {"detail": {"anyOf": [_TEXT, {"$ref": "#/components/schemas/ErrorDetail"}]}},
    },
}
_ERRORS = {"400": "Malformed request", "404": "Not found", "409": "Conflict", "422": "Rejected"}
_BODILESS = frozenset({204, 205, 304})
_ORDERED = (FilterOp.NE, FilterOp.GT, FilterOp.GTE, FilterOp.LT, FilterOp.LTE, FilterOp.IN, FilterOp.IS_NULL)
_TEXTUAL = (*_ORDERED, FilterOp.LIKE, FilterOp.ILIKE)


def build_openapi(
    title: str, version: str, routes: Sequence[CompiledRoute], *, base: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the document. `base` contributes paths and components of other routes of the same app."""
    base = base or {}
    schemas = _Document()
    paths = dict(base.get("paths", {}))
    for route in routes:
        path = _CONVERTER.sub(r"{\1}", route.full_path)
        operations = paths.setdefault(path, {})
        operations.setdefault(route.method.lower(), schemas.operation(route))
    known = base.get("components", {})
    components = {**known.get("schemas", {}), **schemas.components(), **_ERROR_SCHEMAS}
    return {
        **base,
        "openapi": "3.1.0",
        "info": {**base.get("info", {}), "title": title, "version": version},
        "paths": paths,
        "components": {**known, "schemas": components},
    }


class _Document:
    """Writes operations and remembers what must be unique or shared among them."""

    def __init__(self) -> None:
        self._schemas = Schemas()
        self._ids: set[str] = set()

    def components(self) -> dict[str, Schema]:
        """The components of every operation written so far."""
        return self._schemas.components()

    def operation(self, route: CompiledRoute) -> dict[str, Any]:
        """Return the operation of one route."""
        summary, description = _texts(route)
        found: dict[str, Any] = {
            "operationId": self._unique(_operation_id(route)),
            "summary": summary,
            "description": description,
            "tags": list(route.interface_tags),
            "parameters": [*self._path_parameters(route), *self._query_parameters(route)],
            "requestBody": self._request_body(route),
            "responses": self._responses(route),
        }
        return {key: value for key, value in found.items() if value}

    def _unique(self, wanted: str) -> str:
        candidates = (wanted, *(f"{wanted}_{number}" for number in range(2, len(self._ids) + 3)))
        chosen = next(name for name in candidates if name not in self._ids)
        self._ids.add(chosen)
        return chosen

    def _responses(self, route: CompiledRoute) -> dict[str, Any]:
        success: dict[str, Any] = {"description": "Success"}
        if route.route.status_code not in _BODILESS:
            schema = self._schemas.answer(route.plan.returns)
            success["content"] = {"application/json": {} if schema is None else {"schema": schema}}
        error = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}}
        errors = {status: {"description": text, "content": error} for status, text in _ERRORS.items()}
        return {str(route.route.status_code): success, **errors}

    def _request_body(self, route: CompiledRoute) -> dict[str, Any]:
        if route.plan.input_binding is None:
            return {}
        schema = self._schemas.request(route.plan.input_binding.command_type)
        content = {"type": "object"} if schema is None else schema
        return {"required": True, "content": {"application/json": {"schema": content}}}

    def _path_parameters(self, route: CompiledRoute) -> Iterator[dict[str, Any]]:
        for name in route.path_params:
            yield {"name": name, "in": "path", "required": True, "schema": self._type(route, name)}

    def _query_parameters(self, route: CompiledRoute) -> Iterator[dict[str, Any]]:
        bindings = {binding.name: binding for binding in route.plan.param_bindings}
        for name in route.query_params:
            yield _query(name, self._defaulted(route, bindings[name]), required=bindings[name].required)
        if route.query_spec:
            yield from _list_parameters(route)
            yield from self._filters(route)
        if route.takes_profile and route.effective_expose_profile:
            profiles = list(route.effective_allowed_profiles)
            yield _query("profile", {**_TEXT, "enum": profiles, "default": route.effective_profile_default})

    def _filters(self, route: CompiledRoute) -> Iterator[dict[str, Any]]:
        for name, column in route.columns.items():
            if name not in RESERVED and name not in route.query_params:
                others = ", ".join(f"`{name}__{op}`" for op in _operators(column))
                schema = self._text_or(column.value_type)
                yield {**_query(name, schema), "description": f"Equal to. Also {others}."}

    def _type(self, route: CompiledRoute, name: str) -> Schema:
        return self._text_or(route.execute_param_types.get(name))

    def _text_or(self, annotation: Any) -> Schema:
        schema = self._schemas.answer(annotation)
        return _TEXT if schema is None else schema

    def _defaulted(self, route: CompiledRoute, binding: ParamBinding) -> Schema:
        schema = self._type(route, binding.name)
        if isinstance(binding.default, str | int | float | bool):
            return {"allOf": [schema], "default": binding.default}
        return schema


def _operation_id(route: CompiledRoute) -> str:
    path = _NO_WORD.sub("_", route.full_path)
    return f"handle_{route.route.use_case.__name__}_{path}_{route.method.lower()}"


def _texts(route: CompiledRoute) -> tuple[str, str]:
    """Summary and description: the route's own, else the first line of the use case's docstring and the rest."""
    doc = (vars(route.route.use_case).get("__doc__") or "").strip()
    first, _, rest = doc.partition("\n")
    return route.route.summary or first, route.route.description or inspect.cleandoc(rest)


def _operators(column: ColumnFieldInfo) -> tuple[FilterOp, ...]:
    return _TEXTUAL if column.column_type.type_name in ("String", "Text") else _ORDERED


def _list_parameters(route: CompiledRoute) -> Iterator[dict[str, Any]]:
    modes = [str(mode) for mode in PaginationMode]
    if not route.effective_allow_pagination_override:
        modes = [str(route.effective_pagination_mode)]
    yield _query("page", {"type": "integer", "minimum": 1, "default": 1})
    yield _query("limit", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": 50})
    yield _query("pagination", {**_TEXT, "enum": modes, "default": str(route.effective_pagination_mode)})
    yield _query("after", _TEXT)
    yield _query("cursor", _TEXT)
    yield _query("sort", {**_TEXT, "enum": list(route.columns)} if route.columns else _TEXT)
    yield _query("direction", {**_TEXT, "enum": ["ASC", "DESC"], "default": "ASC"})


def _query(name: str, schema: Schema, *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": required, "schema": schema}
