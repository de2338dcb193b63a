"""An example of a request, made from its schema: declared examples and defaults first, then plain values within bounds."""

from collections.abc import Mapping
from typing import Any

from loom.rest.schemas import Schema

_FORMATS = {
    "date-time": "2026-01-31T10:00:00Z",
    "date": "2026-01-31",
    "time": "10:00:00",
    "uuid": "3f0d7c52-6f0e-4a57-9d7d-2b6f4f1c9a10",
    "decimal": "1.50",
}
_PLAIN: dict[str, Any] = {"boolean": True, "null": None}
_MAX_DEPTH = 8


class NoExample(LookupError):
    """A value cannot be made up: it must match a pattern, or refer to itself."""


def example_of(schema: Schema, components: Mapping[str, Schema], depth: int = 0) -> Any:
    """Return a value of `schema`.

    Raises:
        NoExample: none can be made up.
    """
    if depth > _MAX_DEPTH:
        raise NoExample
    for given in (schema.get("examples"), schema.get("enum")):
        if given:
            return given[0]
    if "default" in schema:
        return schema["default"]
    if "$ref" in schema:
        return example_of(components[schema["$ref"].rpartition("/")[2]], components, depth + 1)
    for name in ("anyOf", "oneOf", "allOf"):
        if name in schema:
            return _first(schema[name], components, depth)
    return _of_type(schema, components, depth)


def _first(options: list[Schema], components: Mapping[str, Schema], depth: int) -> Any:
    chosen = next((option for option in options if option.get("type") != "null"), options[0])
    return example_of(chosen, components, depth + 1)


def _of_type(schema: Schema, components: Mapping[str, Schema], depth: int) -> Any:
    kind = schema.get("type")
    if kind == "object":
        properties: dict[str, Schema] = schema.get("properties", {})
        return {name: example_of(each, components, depth + 1) for name, each in properties.items()}
    if kind == "array":
        return [example_of(schema["items"], components, depth + 1)] if schema.get("items") else []
    if kind == "string":
        return _text(schema)
    if kind in ("integer", "number"):
        return _number(schema)
    return _PLAIN.get(str(kind), {})


def _text(schema: Schema) -> str:
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    if "pattern" in schema:
        raise NoExample
    text = "string".ljust(schema.get("minLength", 0), "x")
    return text[: schema.get("maxLength")]


def _number(schema: Schema) -> float:
    lowest = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
    highest = schema.get("maximum", schema.get("exclusiveMaximum", 2) - 1)
    wanted: float = min(max(1, lowest), highest)
    return wanted
