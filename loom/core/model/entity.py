"""What a model is once its declaration is understood: `inspect_model` turns a class into one plain value.

Relations are joined up here: which column on this side meets which column on the other, through which link table. A
repository writes its statements from this and from nothing else.
"""

from typing import Any

from msgspec import Struct

from loom.core.errors import Diagnostic, DiagnosticError, InvalidQuery, did_you_mean
from loom.core.model.annotation import is_open, widen
from loom.core.model.base import BaseModel
from loom.core.model.enums import Cardinality
from loom.core.model.introspection import (
    ColumnFieldInfo,
    declaring_class,
    get_column_fields,
    get_projections,
    get_relations,
)
from loom.core.model.joins import Join, Unresolved, join_of
from loom.core.model.lookup import resolve_annotation
from loom.core.model.place import problem
from loom.core.model.projection import Projection
from loom.core.model.relation import Relation


class RelationInfo(Struct, frozen=True, kw_only=True):
    """One relation, joined up.

    Attributes:
        name: field name.
        target: the related model.
        cardinality, many: how many stand on the other side; `many` = the loaded value is a list.
        join: the columns that meet.
        profiles: profiles that load it.
        declared: the declaration itself.
        annotation: the annotation, names resolved.
    """

    name: str
    target: type[Any]
    cardinality: Cardinality
    join: Join
    profiles: tuple[str, ...]
    declared: Relation
    annotation: Any

    @property
    def many(self) -> bool:
        """True where the loaded value is a list."""
        return self.cardinality.many


class ProjectionInfo(Struct, frozen=True, kw_only=True):
    """One projection.

    Attributes:
        name: field name.
        loader: what computes it.
        profiles: profiles that load it.
        declared: the declaration itself.
        annotation: the annotation, names resolved.
    """

    name: str
    loader: Any
    profiles: tuple[str, ...]
    declared: Projection
    annotation: Any


class EntityInfo(Struct, frozen=True, kw_only=True):
    """One model.

    Attributes:
        model: the class.
        name: its name.
        table: its table; "" where it declares none.
        columns: by name, in struct order.
        id_column: name of the first primary key column, or None.
        relations, projections: by name.
        profiles: "default" first, then every name a relation or projection lists, sorted.
    """

    model: type[Any]
    name: str
    table: str
    columns: dict[str, ColumnFieldInfo]
    id_column: str | None
    relations: dict[str, RelationInfo]
    projections: dict[str, ProjectionInfo]
    profiles: tuple[str, ...]

    @property
    def primary_key(self) -> tuple[str, ...]:
        """The primary key columns; the first column where none is declared."""
        declared = tuple(name for name, column in self.columns.items() if column.field.primary_key)
        return declared or tuple(self.columns)[:1]

    def relations_in(self, profile: str) -> tuple[RelationInfo, ...]:
        """The relations `profile` loads, in declaration order."""
        return tuple(r for r in self.relations.values() if profile in r.profiles)

    def projections_in(self, profile: str) -> tuple[ProjectionInfo, ...]:
        """The projections `profile` loads, in declaration order."""
        return tuple(p for p in self.projections.values() if profile in p.profiles)

    def check_profile(self, profile: str) -> None:
        """Refuse a profile the model does not have.

        Raises:
            InvalidQuery: with the closest name there is.
        """
        if profile not in self.profiles:
            hint = did_you_mean(profile, self.profiles)
            told = f"{self.name} has no profile '{profile}'" + (f"; {hint}" if hint else "")
            raise InvalidQuery(told, field="profile")


def inspect_model(cls: type[Any]) -> EntityInfo:
    """Return what `cls` declares, with every relation joined up. Computed once per class.

    Any msgspec struct may be asked; one that is no model has columns only.

    Raises:
        DiagnosticError: relations that cannot be joined up, all of them.
    """
    known = cls.__dict__.get("__loom_entity__")
    if isinstance(known, EntityInfo):
        return known
    info = _inspect(cls)
    if issubclass(cls, BaseModel) and not any(is_open(column.python_type) for column in info.columns.values()):
        cls.__loom_entity__ = info  # type: ignore[attr-defined]  # kept on the class: it lives as long as the class
    return info


def _inspect(cls: type[Any]) -> EntityInfo:
    columns = get_column_fields(cls)
    relations = _relations(cls)
    projections = {name: _projection(cls, name, spec) for name, spec in get_projections(cls).items()}
    named = {p for items in (relations, projections) for item in items.values() for p in item.profiles}
    return EntityInfo(
        model=cls,
        name=cls.__name__,
        table=getattr(cls, "__tablename__", ""),
        columns=columns,
        id_column=next((name for name, column in columns.items() if column.field.primary_key), None),
        relations=relations,
        projections=projections,
        profiles=("default", *sorted(named - {"default"})),
    )


def _relations(cls: type[Any]) -> dict[str, RelationInfo]:
    found: dict[str, RelationInfo] = {}
    problems: list[Diagnostic] = []
    for name, spec in get_relations(cls).items():
        try:
            found[name] = _relation(cls, name, spec)
        except Unresolved as error:
            problems.append(problem("unresolved_relation", cls, str(error), field=name, hint=error.hint))
    if problems:
        raise DiagnosticError(problems)
    return found


def _relation(cls: type[Any], name: str, spec: Relation) -> RelationInfo:
    annotation = _resolved(cls, name, spec)
    target, join = join_of(cls, name, spec, annotation)
    return RelationInfo(
        name=name,
        target=target,
        cardinality=spec.cardinality,
        join=join,
        profiles=spec.profiles,
        declared=spec,
        annotation=annotation,
    )


def _projection(cls: type[Any], name: str, spec: Projection) -> ProjectionInfo:
    return ProjectionInfo(
        name=name,
        loader=spec.loader,
        profiles=spec.profiles,
        declared=spec,
        annotation=_resolved(cls, name, spec),
    )


def _resolved(cls: type[Any], name: str, spec: Relation | Projection) -> Any:
    """Resolve, and give the struct field the type it could not have while the class was declared."""
    owner = declaring_class(cls, name)
    annotation = resolve_annotation(spec.annotation, owner, BaseModel)
    if is_open(spec.annotation) and not is_open(annotation):
        owner.__annotations__[name] = widen(annotation)
    return annotation
