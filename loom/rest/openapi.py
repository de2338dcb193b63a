"""The OpenAPI document of an application, written from compiled routes."""

import re
from collections.abc import Sequence
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import msgspec
from msgspec import UNSET, Struct, UnsetType, defstruct

from loom.core.command.base import command_shape
from loom.core.repository.abc.query import CursorResult, PageResult, PaginationMode
from loom.rest.compiler import CompiledRoute

_REF = "#/components/schemas/{name}"
_WORD = re.compile(r"\W")
_CONVERTER = re.compile(r"{(\w+):\w+}")
_TEXT = {"type": "string"}

_ERROR_SCHEMAS: dict[str, Any] = {
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


def build_openapi(
    title: str, version: str, routes: Sequence[CompiledRoute], *, base: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return an OpenAPI 3.1 document. `base` contributes paths and components of other routes of the same app."""
    base = base or {}
    document = {
        **base,
        "openapi": "3.1.0",
        "info": {**base.get("info", {}), "title": title, "version": version},
        "paths": dict(base.get("paths", {})),
        "components": dict(base.get("components", {})),
    }
    schemas = _Schemas()
    for route in routes:
        path = _CONVERTER.sub(r"{\1}", route.full_path)
        document["paths"].setdefault(path, {})[route.route.method.lower()] = _operation(route, schemas)
    known = document["components"].get("schemas", {})
    document["components"]["schemas"] = {**known, **_ERROR_SCHEMAS, **schemas.components}
    return document


class _Schemas:
    """Collects component schemas; what cannot be described is left out of the document, never a failure."""

    def __init__(self) -> None:
        self.components: dict[str, Any] = {}

    def of(self, annotation: Any) -> dict[str, Any] | None:
        """Return a schema for `annotation`, its components collected; None for `Any` and the indescribable."""
        if annotation in (Any, None, NoneType) or isinstance(annotation, str):
            return None
        try:
            (schema,), components = msgspec.json.schema_components([_described(annotation)], ref_template=_REF)
        except (TypeError, ValueError):
            return None
        self.components |= components
        return schema


def _described(annotation: Any) -> Any:
    """Return `annotation` with every struct replaced by its documented twin."""
    if isinstance(annotation, type) and issubclass(annotation, Struct) and not get_args(annotation):
        return _twin(annotation)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, UnionType):
        return Union[tuple(_described(a) for a in arguments)]  # noqa: UP007 - members known here only
    if origin in (PageResult, CursorResult, list, tuple, dict):
        return origin[tuple(_described(a) for a in arguments)]
    return annotation


def _twin(model: type[Struct]) -> type[Struct]:
    """A struct documents the fields every answer holds as required, and hides what no one sends or sees."""
    twin: type[Struct] | None = vars(model).get("__loom_documented__")
    if twin is None:
        fields: list[Any] = []
        for info in msgspec.structs.fields(model):
            kind = info.type
            optional = info.default is UNSET and UnsetType in get_args(kind)
            fields.append((info.name, kind, UNSET) if optional else (info.name, kind))
        rename = {info.name: info.encode_name for info in msgspec.structs.fields(model)}
        twin = defstruct(model.__name__, fields, rename=rename, kw_only=True)
        model.__loom_documented__ = twin  # type: ignore[attr-defined]  # lives as long as the model
    return twin


def _input_twin(command: type[Any]) -> Any:
    """What a client may send: no internal or computed field; a patch field may be absent."""
    if not issubclass(command, Struct):
        return command
    fields: list[Any] = []
    rename = {}
    for field in command_shape(command).values():
        if field.marker is not None and field.marker.hidden:
            continue
        kind = _without_unset(field.annotation)
        fields.append((field.name, kind) if field.required else (field.name, kind | UnsetType, UNSET))
        rename[field.name] = field.wire
    return defstruct(f"{command.__name__}Request", fields, rename=rename, kw_only=True)


def _without_unset(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, UnionType):
        kept = tuple(a for a in get_args(annotation) if a is not UnsetType)
        return Union[kept]  # noqa: UP007 - members known here only
    return annotation


def _operation(route: CompiledRoute, schemas: _Schemas) -> dict[str, Any]:
    doc = (vars(route.route.use_case).get("__doc__") or "").strip()
    summary, _, rest = doc.partition("\n")
    name = _WORD.sub("_", route.full_path)
    operation: dict[str, Any] = {
        "operationId": f"handle_{route.route.use_case.__name__}_{name}_{route.route.method.lower()}",
        "summary": route.route.summary or summary,
        "responses": _responses(route, schemas),
    }
    description = route.route.description or rest.strip()
    if description:
        operation["description"] = description
    if route.interface_tags:
        operation["tags"] = list(route.interface_tags)
    parameters = [*_path_parameters(route, schemas), *_query_parameters(route, schemas)]
    if parameters:
        operation["parameters"] = parameters
    if route.plan.input_binding is not None:
        operation["requestBody"] = _request_body(route.plan.input_binding.command_type, schemas)
    return operation


def _responses(route: CompiledRoute, schemas: _Schemas) -> dict[str, Any]:
    success: dict[str, Any] = {"description": "Success"}
    schema = schemas.of(route.plan.returns)
    success["content"] = {"application/json": {"schema": schema if schema is not None else {}}}
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}}
    errors = {status: {"description": text, "content": error} for status, text in _ERRORS.items()}
    return {str(route.route.status_code): success, **errors}


def _request_body(command: type[Any], schemas: _Schemas) -> dict[str, Any]:
    schema = schemas.of(_input_twin(command)) or {"type": "object"}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _path_parameters(route: CompiledRoute, schemas: _Schemas) -> list[dict[str, Any]]:
    types = route.execute_param_types
    return [
        {"name": name, "in": "path", "required": True, "schema": schemas.of(types.get(name)) or _TEXT}
        for name in route.path_params
    ]


def _query_parameters(route: CompiledRoute, schemas: _Schemas) -> list[dict[str, Any]]:
    found = [_query(name, schemas.of(route.execute_param_types[name]) or _TEXT) for name in route.query_params]
    if route.query_spec:
        found += _list_parameters(route)
    if route.takes_profile and route.effective_expose_profile:
        found.append(_query("profile", {"type": "string", "enum": list(route.effective_allowed_profiles)}))
    return found


def _list_parameters(route: CompiledRoute) -> list[dict[str, Any]]:
    modes = {"type": "string", "enum": list(PaginationMode), "default": str(route.effective_pagination_mode)}
    return [
        _query("page", {"type": "integer", "minimum": 1, "default": 1}),
        _query("limit", {"type": "integer", "minimum": 1, "maximum": 1000, "default": 50}),
        _query("pagination", modes),
        _query("after", _TEXT),
        _query("cursor", _TEXT),
        _query("sort", _TEXT),
        _query("direction", {"type": "string", "enum": ["ASC", "DESC"], "default": "ASC"}),
    ]


def _query(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema}
