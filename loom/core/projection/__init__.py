"""Derived values: the loaders that compute them and the order they are computed in."""

from loom.core.projection.loaders import CountLoader, ExistsLoader, JoinFieldsLoader, RelatedLoader, relation_for
from loom.core.projection.runtime import (
    ProjectionPlan,
    ProjectionStep,
    build_projection_plan,
    execute_projection_plan,
)

__all__ = [
    "CountLoader",
    "ExistsLoader",
    "JoinFieldsLoader",
    "ProjectionPlan",
    "ProjectionStep",
    "RelatedLoader",
    "build_projection_plan",
    "execute_projection_plan",
    "relation_for",
]
