"""What each profile of a model adds to its columns, decided once, when the model is compiled.

A projection that reads related rows is computed from them in memory where its profile loads the relation anyway, else by one
grouped statement for all parents. Any other loader computes from the object, or is asked once for all of them.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct

from loom.core.errors import Diagnostic, DiagnosticError, did_you_mean
from loom.core.model import EntityInfo, Projection, ProjectionInfo, RelationInfo, get_column_fields
from loom.core.model.place import problem
from loom.core.projection.loaders import JoinFieldsLoader, RelatedLoader, relation_for
from loom.core.projection.runtime import build_projection_plan


class Source(StrEnum):
    """Where the value of a projection comes from."""

    OBJECT = "object"
    STATEMENT = "statement"
    LOADER = "loader"


class ProfileProjection(Struct, frozen=True):
    """One projection in its turn.

    Attributes:
        relation: the relation whose rows it reads; None for loaders that are not loom's.
    """

    name: str
    projection: Projection
    source: Source
    relation: RelationInfo | None


class Additions(Struct, frozen=True):
    """What one profile loads beyond the columns: relations, and projections each after what it depends on."""

    relations: tuple[RelationInfo, ...]
    projections: tuple[ProfileProjection, ...]


class InvalidProjections(DiagnosticError, ValueError, TypeError):
    """Projections that cannot be computed: no relation, a cycle, a loader that loads nothing."""


def compile_profiles(info: EntityInfo) -> dict[str, Additions]:
    """Return what each profile of `info` adds.

    Raises:
        InvalidProjections: every projection that cannot be computed.
    """
    problems = [found for item in info.projections.values() for found in _problems(info, item)]
    problems = problems or list(_cycles(info))
    if problems:
        raise InvalidProjections(problems)
    return {profile: _additions(info, profile) for profile in info.profiles}


def _additions(info: EntityInfo, profile: str) -> Additions:
    relations = info.relations_in(profile)
    loaded = {relation.name for relation in relations}
    steps = build_projection_plan(_declared(info, profile)).steps
    return Additions(relations, tuple(_projection(info, step.name, step.in_memory, loaded) for step in steps))


def _projection(info: EntityInfo, name: str, in_memory: bool, loaded: set[str]) -> ProfileProjection:
    projection = info.projections[name].declared
    if not isinstance(projection.loader, RelatedLoader):
        source = Source.OBJECT if in_memory else Source.LOADER
        return ProfileProjection(name, projection, source, None)
    relation = relation_for(info, projection.loader)
    source = Source.OBJECT if relation.name in loaded else Source.STATEMENT
    return ProfileProjection(name, projection, source, relation)


def _declared(info: EntityInfo, profile: str) -> Mapping[str, Projection]:
    return {item.name: item.declared for item in info.projections_in(profile)}


def _problems(info: EntityInfo, item: ProjectionInfo) -> Iterator[Diagnostic]:
    try:
        build_projection_plan({item.name: item.declared})
        if isinstance(item.loader, RelatedLoader):
            yield from _unknown_columns(info, item, relation_for(info, item.loader))
    except (ValueError, TypeError, NameError) as error:
        yield problem("invalid_projection", info.model, str(error), field=item.name)


def _unknown_columns(info: EntityInfo, item: ProjectionInfo, relation: RelationInfo) -> Iterator[Diagnostic]:
    loader: Any = item.loader
    known = get_column_fields(relation.target)
    for name in loader.value_columns if isinstance(loader, JoinFieldsLoader) else ():
        if name not in known:
            message = f"{relation.target.__name__} has no column {name!r}"
            yield problem("invalid_projection", info.model, message, field=item.name, hint=did_you_mean(name, known))


def _cycles(info: EntityInfo) -> Iterator[Diagnostic]:
    """Seen over all projections: a cycle is one in whichever profile it may meet."""
    try:
        build_projection_plan({name: item.declared for name, item in info.projections.items()})
    except ValueError as error:
        yield problem("projection_cycle", info.model, str(error))
