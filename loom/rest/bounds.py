"""Where the bounds of columns meet a request: a path that can name no row is a 404, a body field that does not fit a 422.

A path parameter is a key where a load or check looks a row up by it, or where it has the name of the main model's key. A
body field stands for a column where it has the name and the type of one of the main model's. Any other integer has 64 bits.

The inputs of auto-CRUD are held to their columns at once. A hand-written command may be trimmed, looked up or thrown away
before anything is stored, so its fields are held to theirs by the repository, when they are; a field that a compute sets
promises nothing at all.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from loom.core.command.base import FieldShape, command_shape
from loom.core.engine.plan import ExecutionPlan, ExistsStep, LoadStep
from loom.core.errors import NotFound
from loom.core.model import get_column_fields
from loom.core.model.annotation import value_type
from loom.core.model.bounds import INT64, Bounds, column_bounds
from loom.core.model.introspection import ColumnFieldInfo
from loom.core.use_case.compute import ComputeSpec
from loom.core.use_case.markers import SourceKind


class Key(Struct, frozen=True, kw_only=True):
    """A path parameter that names a row.

    Attributes:
        entity: what is not found where the value is out of bounds.
    """

    entity: str
    bounds: Bounds


class BodyBound(Struct, frozen=True, kw_only=True):
    """A body field with the bounds of its column."""

    field: str
    bounds: Bounds


BodyBounds = Mapping[str, BodyBound]
"""By the key a client sends: wire and Python name."""


def path_keys(plan: ExecutionPlan, path_params: tuple[str, ...], model: type[Any] | None) -> dict[str, Key]:
    """Return the keys among `path_params`; an integer that is none still has a 64-bit range."""
    types = {binding.name: binding.annotation for binding in plan.param_bindings}
    named = _looked_up(plan) | _own_key(model)
    keys: dict[str, Key] = {}
    for name in path_params:
        entity, column = named.get(name, (model.__name__ if model else "Resource", None))
        bounds = column_bounds(column) if column is not None else None
        if bounds is None and value_type(types.get(name)) is int:
            bounds = INT64
        if bounds is not None:
            keys[name] = Key(entity=entity, bounds=bounds)
    return keys


def check_path(params: Mapping[str, Any], keys: Mapping[str, Key]) -> None:
    """Refuse a path that can name no row.

    Raises:
        NotFound: a value is out of the bounds of its column.
    """
    for name, key in keys.items():
        if name in params and key.bounds.problem(params[name]):
            raise NotFound(key.entity, id=params[name])


def stated_bounds(plan: ExecutionPlan, model: type[Any] | None) -> dict[str, BodyBound]:
    """Return what the fields of a command must stay within to be stored: what its documentation states."""
    if plan.input_binding is None or not issubclass(plan.input_binding.command_type, Struct):
        return {}
    columns = get_column_fields(model) if model is not None else {}
    rewritten = {step.fn.target.leaf for step in plan.compute_steps if isinstance(step.fn, ComputeSpec)}
    return _by_key(
        (field, _bounds_of(field, columns.get(field.name) if field.name not in rewritten else None))
        for field in command_shape(plan.input_binding.command_type).values()
    )


def enforced_bounds(stated: BodyBounds, *, is_crud: bool) -> dict[str, BodyBound]:
    """Return what a body is held to before anything runs."""
    if is_crud:
        return dict(stated)
    integers = {key: bound for key, bound in stated.items() if bound.bounds.minimum is not None}
    return {key: BodyBound(field=bound.field, bounds=INT64) for key, bound in integers.items()}


def misfits(payload: dict[str, Any], bounds: BodyBounds) -> list[tuple[str, str]]:
    """Return field and problem of every value outside its bounds.

    Where an integer is meant, `21.0` is replaced by the integer it is: JSON does not tell the two apart.
    """
    found: list[tuple[str, str]] = []
    for key, value in payload.items():
        bound = bounds.get(key)
        if bound is None:
            continue
        if type(value) is float and value.is_integer() and bound.bounds.minimum is not None:
            payload[key] = int(value)
        problem = bound.bounds.problem(payload[key])
        if problem:
            found.append((bound.field, problem))
    return found


def _by_key(found: Iterable[tuple[FieldShape, Bounds | None]]) -> dict[str, BodyBound]:
    keys: dict[str, BodyBound] = {}
    for field, bounds in found:
        if bounds is not None:
            keys[field.name] = keys[field.wire] = BodyBound(field=field.name, bounds=bounds)
    return keys


def _bounds_of(field: FieldShape, column: ColumnFieldInfo | None) -> Bounds | None:
    if field.marker is not None and field.marker.hidden:
        return None
    kind = value_type(field.annotation)
    found = column_bounds(column) if column is not None and column.value_type is kind else None
    return found or (INT64 if kind is int else None)


def _looked_up(plan: ExecutionPlan) -> dict[str, tuple[str, ColumnFieldInfo | None]]:
    steps: tuple[LoadStep | ExistsStep, ...] = (*plan.load_steps, *plan.exists_steps)
    keys = {step: _keys(step.entity_type).get(step.against) for step in steps if step.source_kind is SourceKind.PARAM}
    return {step.source_name: (step.entity_type.__name__, key) for step, key in keys.items() if key is not None}


def _own_key(model: type[Any] | None) -> dict[str, tuple[str, ColumnFieldInfo | None]]:
    return {name: (model.__name__, column) for name, column in _keys(model).items()} if model is not None else {}


def _keys(entity: Any) -> dict[str, ColumnFieldInfo]:
    columns = get_column_fields(entity) if hasattr(entity, "__struct_fields__") else {}
    return {name: column for name, column in columns.items() if column.field.primary_key}
