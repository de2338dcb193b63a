"""Models: their base classes, fields, relations and projections, and what can be read off a class."""

from loom.core.model.base import BaseModel, LoomStructMeta
from loom.core.model.entity import EntityInfo, ProjectionInfo, RelationInfo, inspect_model
from loom.core.model.enums import Cardinality, OnDelete, OnUpdate, ServerDefault, ServerOnUpdate
from loom.core.model.field import ColumnField, ColumnFieldSpec, Field, column_field
from loom.core.model.introspection import (
    ColumnFieldInfo,
    get_column_fields,
    get_id_attribute,
    get_projections,
    get_relations,
    get_table_name,
)
from loom.core.model.joins import Join
from loom.core.model.projection import PROJECTION_DEFAULT_MISSING, Projection, ProjectionField, projection_field
from loom.core.model.relation import Relation, RelationField, relation_field
from loom.core.model.timestamped import TimestampedModel
from loom.core.model.types import (
    JSON,
    BigInteger,
    Boolean,
    ColumnType,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    Numeric,
    String,
    Text,
    Time,
    Uuid,
)
from loom.core.model.types_postgres import Postgres

__all__ = [
    "JSON",
    "PROJECTION_DEFAULT_MISSING",
    "BaseModel",
    "BigInteger",
    "Boolean",
    "Cardinality",
    "ColumnField",
    "ColumnFieldInfo",
    "ColumnFieldSpec",
    "ColumnType",
    "Date",
    "DateTime",
    "EntityInfo",
    "Field",
    "Float",
    "Integer",
    "Join",
    "LargeBinary",
    "LoomStructMeta",
    "Numeric",
    "OnDelete",
    "OnUpdate",
    "Postgres",
    "Projection",
    "ProjectionField",
    "ProjectionInfo",
    "Relation",
    "RelationField",
    "RelationInfo",
    "ServerDefault",
    "ServerOnUpdate",
    "String",
    "Text",
    "Time",
    "TimestampedModel",
    "Uuid",
    "column_field",
    "get_column_fields",
    "get_id_attribute",
    "get_projections",
    "get_relations",
    "get_table_name",
    "inspect_model",
    "projection_field",
    "relation_field",
]
