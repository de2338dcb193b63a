"""The OpenAPI 3.1 document of an application, written from compiled routes.

Types: `loom.rest.schemas`. Parameters: `loom.rest.parameters`. Errors: `loom.rest.refusals`.
"""

import inspect
import re
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from loom.core.command.base import command_shape
from loom.rest.examples import NoExample, example_of
from loom.rest.parameters import parameters
from loom.rest.refusals import RESPONSES, SCHEMAS, error_responses
from loom.rest.route import PATH_PARAM, CompiledRoute
from loom.rest.schemas import Schema, Schemas

_NO_WORD = re.compile(r"\W")
_BODILESS = frozenset({204, 205, 304})


def build_openapi(
    title: str, version: str, routes: Sequence[CompiledRoute], *, base: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the document. `base` contributes paths and components of other routes of the same app.

    Routes whose paths differ in the names of parameters only are one path, as the specification has it: under the
    names of the first of them.
    """
    base = base or {}
    document = _Document()
    paths = {path: dict(item) for path, item in base.get("paths", {}).items()}
    first: dict[str, CompiledRoute] = {}
    reached: set[tuple[str, str]] = set()
    for route in routes:
        named = first.setdefault(route.shape, route)
        names = dict(zip(route.path_params, named.path_params, strict=True))
        if (route.shape, route.method) not in reached:
            operations = paths.setdefault(PATH_PARAM.sub(r"{\1}", named.full_path), {})
            operations[route.method.lower()] = document.operation(route, names)
        reached.add((route.shape, route.method))
    known = base.get("components", {})
    schemas = {**known.get("schemas", {}), **document.components(), **SCHEMAS}
    return {
        **base,
        "openapi": "3.1.0",
        "info": {**base.get("info", {}), "title": title, "version": version},
        "paths": paths,
        "components": {**known, "schemas": schemas, "responses": {**known.get("responses", {}), **RESPONSES}},
    }


class _Document:
    """Writes operations and remembers what must be unique or shared among them."""

    def __init__(self) -> None:
        self._schemas = Schemas()
        self._ids: set[str] = set()
        self._bodies: list[tuple[dict[str, Any], Schema]] = []

    def components(self) -> dict[str, Schema]:
        """The components of every operation written so far; fills in what those left open."""
        components = self._schemas.components()
        for content, schema in self._bodies:
            try:
                content["example"] = example_of(schema, components)
            except NoExample:
                continue
        return components

    def operation(self, route: CompiledRoute, names: dict[str, str]) -> dict[str, Any]:
        """Return the operation of one route; `names` are those of its path parameters in the document."""
        summary, description = _texts(route)
        found: dict[str, Any] = {
            "operationId": self._unique(_operation_id(route)),
            "summary": summary,
            "description": description,
            "tags": list(route.interface_tags),
            "parameters": parameters(route, names, self._schemas),
            "requestBody": self._request_body(route),
            "responses": {str(route.route.status_code): self._success(route), **error_responses(route)},
        }
        return {key: value for key, value in found.items() if value}

    def _unique(self, wanted: str) -> str:
        candidates = (wanted, *(f"{wanted}_{number}" for number in range(2, len(self._ids) + 3)))
        chosen = next(name for name in candidates if name not in self._ids)
        self._ids.add(chosen)
        return chosen

    def _success(self, route: CompiledRoute) -> dict[str, Any]:
        success: dict[str, Any] = {"description": "Success"}
        if route.route.status_code not in _BODILESS:
            schema = self._schemas.answer(route.returns)
            success["content"] = {"application/json": {} if schema is None else {"schema": schema}}
        return success

    def _request_body(self, route: CompiledRoute) -> dict[str, Any]:
        if route.plan.input_binding is None:
            return {}
        schema = self._schemas.request(route.plan.input_binding.command_type, route.stated_bounds)
        content: dict[str, Any] = {"schema": {"type": "object"} if schema is None else schema}
        if schema is not None:
            self._bodies.append((content, schema))
        body: dict[str, Any] = {"content": {"application/json": content}}
        return body if _may_be_empty(route) else {"required": True, **body}


def _may_be_empty(route: CompiledRoute) -> bool:
    """Return whether the command can be made of nothing; no body is then the same as an empty one."""
    binding = route.plan.input_binding
    if binding is None or not issubclass(binding.command_type, Struct):
        return False
    return not any(field.required for field in command_shape(binding.command_type).values())


def _operation_id(route: CompiledRoute) -> str:
    path = _NO_WORD.sub("_", route.full_path)
    return f"handle_{route.route.use_case.__name__}_{path}_{route.method.lower()}"


def _texts(route: CompiledRoute) -> tuple[str, str]:
    """Summary and description: the route's own, else the first line of the use case's docstring and the rest."""
    doc = (vars(route.route.use_case).get("__doc__") or "").strip()
    first, _, rest = doc.partition("\n")
    return route.route.summary or first, route.route.description or inspect.cleandoc(rest)
