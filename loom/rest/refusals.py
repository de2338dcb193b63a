"""The error answers of an operation, as OpenAPI has them: shared responses, each with an example."""

from typing import Any

from loom.rest.errors import JSON, PROBLEM
from loom.rest.route import CompiledRoute
from loom.rest.schemas import Schema

_TEXT: Schema = {"type": "string"}
_TRACE: Schema = {"type": ["string", "null"]}
_VIOLATIONS: Schema = {"type": "array", "items": {"$ref": "#/components/schemas/Violation"}}

SCHEMAS: dict[str, Schema] = {
    "Violation": {
        "type": "object",
        "title": "Violation",
        "description": "One field or parameter that was refused.",
        "required": ["field", "message"],
        "properties": {"field": _TEXT, "message": _TEXT},
    },
    "ErrorDetail": {
        "type": "object",
        "title": "ErrorDetail",
        "required": ["code", "message", "trace_id"],
        "properties": {
            "code": _TEXT,
            "message": _TEXT,
            "trace_id": _TRACE,
            "entity": _TEXT,
            "id": {},
            "violations": _VIOLATIONS,
        },
    },
    "ErrorBody": {
        "type": "object",
        "title": "ErrorBody",
        "description": "An error. `detail` is a text where a query cannot run.",
        "required": ["detail"],
        "properties": {"detail": {"anyOf": [_TEXT, {"$ref": "#/components/schemas/ErrorDetail"}]}},
    },
    "Problem": {
        "type": "object",
        "title": "Problem",
        "description": "The same error as RFC 9457 problem details, where a client accepts them.",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": _TEXT,
            "title": _TEXT,
            "status": {"type": "integer"},
            "detail": _TEXT,
            "code": _TEXT,
            "trace_id": _TRACE,
            "entity": _TEXT,
            "id": {},
            "violations": _VIOLATIONS,
        },
    },
}
_RETRY_AFTER = {
    "Retry-After": {"description": "Seconds to wait before asking again.", "schema": {"type": "integer", "minimum": 1}}
}
_ALWAYS = ("400", "404", "409", "422", "503")
_WITH_BODY = ("413", "415")


def error_responses(route: CompiledRoute) -> dict[str, Any]:
    """Return the error responses of an operation, by status."""
    statuses = (*_ALWAYS, *(_WITH_BODY if route.plan.input_binding is not None else ()))
    return {status: {"$ref": f"#/components/responses/{_NAMES[status]}"} for status in sorted(statuses)}


def _response(description: str, example: Any, headers: dict[str, Any] | None = None) -> dict[str, Any]:
    content = {
        JSON: {"schema": {"$ref": "#/components/schemas/ErrorBody"}, "example": {"detail": example}},
        PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}},
    }
    found = {"description": description, "headers": headers, "content": content}
    return {key: value for key, value in found.items() if value is not None}


def _detail(code: str, message: str, **more: Any) -> dict[str, Any]:
    return {"code": code, "message": message, "trace_id": "7c9e6679f0b94b2d8c1a2f3b4c5d6e7f", **more}


_NAMES = {
    "400": "BadRequest",
    "404": "NotFound",
    "409": "Conflict",
    "413": "TooLarge",
    "415": "UnsupportedMediaType",
    "422": "Rejected",
    "503": "Unavailable",
}
_MISSING = [{"field": "name", "message": "field is required"}]
RESPONSES: dict[str, Any] = {
    "BadRequest": _response("A query that cannot run, or a body that is no JSON object", "limit must be in [1, 1000]"),
    "NotFound": _response("Not found", _detail("not_found", "Item with id=7 not found", entity="Item", id=7)),
    "Conflict": _response("Conflict", _detail("conflict", "An entity with this name already exists")),
    "TooLarge": _response("The body is too large", _detail("body_too_large", "the body is too large")),
    "UnsupportedMediaType": _response("No JSON", _detail("unsupported_media_type", "the body must be JSON")),
    "Rejected": _response("Rejected", _detail("validation_error", "name: field is required", violations=_MISSING)),
    "Unavailable": _response(
        "Temporarily unavailable",
        _detail("unavailable", "The service is temporarily unavailable"),
        _RETRY_AFTER,
    ),
}
