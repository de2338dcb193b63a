"""What happens when a model class is declared: its fields become struct fields plus metadata.

A value made by `ColumnField`, `RelationField` or `ProjectionField` is metadata and moves to `__loom_columns__`,
`__loom_relations__` or `__loom_projections__` of the class; the struct keeps a plain default. Nothing is required: a
model built with nothing holds UNSET everywhere, which JSON never shows.
"""

import copy
from typing import Any, ClassVar, dataclass_transform

import msgspec
from msgspec import NODEFAULT, UNSET, Struct, StructMeta, structs

from loom.core.annotations import declaring_locals
from loom.core.annotations import resolve_annotation as resolve_text
from loom.core.model.annotation import is_class_var, is_open, split_markers, widen
from loom.core.model.field import ColumnFieldSpec, Field
from loom.core.model.projection import Projection
from loom.core.model.relation import Relation
from loom.core.model.types import as_column_type


@dataclass_transform(kw_only_default=True, frozen_default=True)
class LoomStructMeta(StructMeta):
    """Metaclass of models."""

    def __new__(mcls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> Any:
        local = declaring_locals(namespace["__module__"])
        declared = _Declaration(namespace, local)
        options.setdefault("kw_only", True)  # msgspec applies it to a class's own fields only
        cls = super().__new__(mcls, name, bases, namespace, **options)
        for attribute, value in declared.registries().items():
            setattr(cls, attribute, value)
        return cls


def plain_column(annotation: Any, default: Any) -> ColumnFieldSpec:
    """Return the column a field without `ColumnField` stands for; NODEFAULT = no default."""
    _, markers = split_markers(annotation)
    field = next((m for m in markers if isinstance(m, Field)), Field())
    if isinstance(default, _StructField):
        default = default.default if default.default_factory is NODEFAULT else default.default_factory
    if default is not NODEFAULT:
        field = structs.replace(field, default=default)
    return ColumnFieldSpec(field, next(filter(None, map(as_column_type, markers)), None))


class _Declaration:
    """Sorts one class body; edits its namespace so that msgspec sees plain fields."""

    def __init__(self, namespace: dict[str, Any], local: dict[str, Any]) -> None:
        self._namespace = namespace
        self._annotations: dict[str, Any] = namespace.get("__annotations__", {})
        if "__tablename__" in namespace:
            self._annotations.pop("__tablename__", None)
        self.columns: dict[str, ColumnFieldSpec] = {}
        self.relations: dict[str, Relation] = {}
        self.projections: dict[str, Projection] = {}
        for name, annotation in list(self._annotations.items()):
            if not is_class_var(annotation):
                self._sort(name, resolve_text(annotation, namespace["__module__"], local))
        self._locals = local if any(map(is_open, self._written())) else {}

    def registries(self) -> dict[str, Any]:
        """What the class keeps."""
        return {
            "__loom_columns__": self.columns,
            "__loom_relations__": self.relations,
            "__loom_projections__": self.projections,
            "__loom_locals__": self._locals,
        }

    def _sort(self, name: str, annotation: Any) -> None:
        self._annotations[name] = annotation
        spec = self._spec(name, annotation)
        if isinstance(spec, Relation | Projection):
            self._derived(name, annotation, spec)
        else:
            self.columns[name] = spec
            if not isinstance(self._namespace.get(name), _StructField):
                self._namespace[name] = _stored_default(spec.field)

    def _spec(self, name: str, annotation: Any) -> ColumnFieldSpec | Relation | Projection:
        value = self._namespace.get(name, NODEFAULT)
        _, markers = split_markers(annotation)
        declared = next((m for m in (value, *markers) if isinstance(m, _SPECS)), None)
        if declared is None:
            return plain_column(annotation, value)
        if isinstance(declared, ColumnFieldSpec) and declared.column_type is None:
            named = next(filter(None, map(as_column_type, markers)), None)
            return ColumnFieldSpec(declared.field, named)
        return declared

    def _derived(self, name: str, annotation: Any, spec: Relation | Projection) -> None:
        bare, _ = split_markers(annotation)
        self._annotations[name] = widen(bare)
        self._namespace[name] = UNSET
        if isinstance(spec, Relation):
            self.relations[name] = structs.replace(spec, annotation=bare)
        else:
            self.projections[name] = structs.replace(spec, annotation=bare)

    def _written(self) -> list[Any]:
        derived: list[Relation | Projection] = [*self.relations.values(), *self.projections.values()]
        return [*self._annotations.values(), *(spec.annotation for spec in derived)]


_SPECS = (ColumnFieldSpec, Relation, Projection)
_StructField: Any = type(msgspec.field())


def _stored_default(field: Field) -> Any:
    """Return what msgspec should store for a field that was not given."""
    default = field.default
    if default is UNSET:
        return None if field.primary_key and field.autoincrement else UNSET
    if isinstance(default, list | dict | set | bytearray):
        return msgspec.field(default_factory=lambda: copy.deepcopy(default))
    if callable(default):
        return msgspec.field(default_factory=default)
    return default


class BaseModel(Struct, metaclass=LoomStructMeta, frozen=True, kw_only=True, rename="camel"):
    """Base of models: frozen, keyword-only, camelCase in JSON. A stored model names its `__tablename__`."""

    __loom_kind__: ClassVar[str] = "model"
    __tablename__: ClassVar[str]
    __loom_columns__: ClassVar[dict[str, ColumnFieldSpec]]
    __loom_relations__: ClassVar[dict[str, Relation]]
    __loom_projections__: ClassVar[dict[str, Projection]]
