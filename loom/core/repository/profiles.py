"""What a profile shows of an entity that is held whole: its own relations, and projections computed from them."""

from typing import Any, TypeVar

from msgspec import UNSET, structs

from loom.core.model import EntityInfo
from loom.core.projection.runtime import build_projection_plan

EntityT = TypeVar("EntityT")


def shown(info: EntityInfo, entity: EntityT, profile: str) -> EntityT:
    """Return `entity` as `profile` shows it: what belongs to other profiles is UNSET."""
    derived: list[Any] = [*info.relations.values(), *info.projections.values()]
    if not derived:
        return entity
    hidden = {each.name: UNSET for each in derived if profile not in each.profiles}
    changes = hidden | _projections(info, entity, profile)
    return structs.replace(entity, **changes)  # type: ignore[type-var]  # entities are structs


def _projections(info: EntityInfo, entity: Any, profile: str) -> dict[str, Any]:
    """Compute from the relations `entity` holds; nothing where it holds too little and there is no default."""
    values: dict[str, Any] = {}
    declared = {p.name: p.declared for p in info.projections_in(profile)}
    for step in build_projection_plan(declared).steps:
        value = step.projection.loader.load_from_object(entity, values) if step.in_memory else UNSET
        if value is UNSET and step.projection.has_default and getattr(entity, step.name) is UNSET:
            value = step.projection.default
        if value is not UNSET:
            values[step.name] = value
    return values
