"""In which order projections are computed, and computing them for a list of objects outside a repository."""

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any

from msgspec import UNSET, Struct

from loom.core.model import Projection

_PREFIX = "projection:"


class ProjectionStep(Struct, frozen=True):
    """One projection in its turn. `in_memory`: its loader computes from the object itself."""

    name: str
    projection: Projection
    in_memory: bool


class ProjectionPlan(Struct, frozen=True):
    """Projections in an order in which each comes after what it depends on."""

    steps: tuple[ProjectionStep, ...]


def build_projection_plan(projections: Mapping[str, Projection]) -> ProjectionPlan:
    """Order `projections` by their `depends_on`; independent ones keep their order.

    Raises:
        ValueError: the dependencies form a cycle.
        TypeError: a loader has neither `load_from_object` nor `load_many`.
    """
    sorter = TopologicalSorter({name: _siblings(spec, projections) for name, spec in projections.items()})
    try:
        order = list(sorter.static_order())
    except CycleError as error:
        raise ValueError(f"projections depend on each other in a cycle: {' -> '.join(error.args[1])}") from None
    return ProjectionPlan(tuple(_step(name, projections[name]) for name in order))


async def execute_projection_plan(
    plan: ProjectionPlan, *, objs: Sequence[Any], id_attr: str, backend_context: Any
) -> dict[int, dict[str, Any]]:
    """Compute every step for every object.

    Args:
        plan: from `build_projection_plan`.
        objs: the parents.
        id_attr: their id attribute, the key of a batched loader's answer.
        backend_context: the session handed to batched loaders; may be None where there are none.

    Returns:
        index in `objs` -> field -> value; a value nobody has and nothing defaults is left out.

    Raises:
        RuntimeError: a batched loader and no backend context.
    """
    values: dict[int, dict[str, Any]] = {index: {} for index in range(len(objs))}
    for step in plan.steps:
        found = (
            _from_objects(step, objs, values)
            if step.in_memory
            else await _batched(step, objs, id_attr, backend_context)
        )
        for index, value in found.items():
            values[index][step.name] = value
    return values


def _siblings(spec: Projection, projections: Mapping[str, Projection]) -> list[str]:
    named = (entry.removeprefix(_PREFIX) for entry in spec.depends_on)
    return [name for name in named if name in projections]


def _step(name: str, projection: Projection) -> ProjectionStep:
    in_memory = hasattr(projection.loader, "load_from_object")
    if not in_memory and not hasattr(projection.loader, "load_many"):
        kind = type(projection.loader).__name__
        raise TypeError(f"the loader of {name!r} ({kind}) has neither load_from_object nor load_many")
    return ProjectionStep(name, projection, in_memory)


def _from_objects(step: ProjectionStep, objs: Sequence[Any], values: Mapping[int, Any]) -> dict[int, Any]:
    load = step.projection.loader.load_from_object
    loaded = {index: load(obj, values[index]) for index, obj in enumerate(objs)}
    return {index: value for index, value in loaded.items() if value is not UNSET}


async def _batched(step: ProjectionStep, objs: Sequence[Any], id_attr: str, session: Any) -> dict[int, Any]:
    if session is None:
        raise RuntimeError(f"projection {step.name!r} requires backend context")
    ids = [getattr(obj, id_attr) for obj in objs]
    found = await step.projection.loader.load_many(session, ids)
    missing = step.projection.default if step.projection.has_default else UNSET
    values = {index: found.get(key, missing) for index, key in enumerate(ids)}
    return {index: value for index, value in values.items() if value is not UNSET}
