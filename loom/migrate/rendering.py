"""How columns are written into a revision: as SQLAlchemy alone, and alike whichever database it was made on."""

from typing import Any, Literal

import sqlalchemy as sa
from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import _repr_type
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql import functions

from loom.core.backend.columns import RandomUuid
from loom.core.backend.values import Document, EnumValue, RoundedDecimal

_PORTABLE: dict[type[Any], str] = {
    functions.now: "sa.func.now()",
    functions.current_date: "sa.func.current_date()",
    functions.current_time: "sa.func.current_time()",
    RandomUuid: "RandomUuid()",
}


def render_item(kind: str, item: Any, context: AutogenContext) -> str | Literal[False]:
    """Return the source of a type or server default that Alembic would write in loom's or one database's words."""
    if kind == "type":
        return _type(item, context)
    if kind == "server_default":
        written: str | Literal[False] = _PORTABLE.get(type(getattr(item, "arg", None)), False)
        if written == "RandomUuid()":
            context.imports.add(f"from {RandomUuid.__module__} import {RandomUuid.__name__}")
        return written
    return False


def _type(item: Any, context: AutogenContext) -> str | Literal[False]:
    """Alembic writes PostgreSQL's types rightly on PostgreSQL only."""
    plain = _plain(item)
    if plain is not item:
        return _repr_type(plain, context)
    if isinstance(item, postgresql.ARRAY | postgresql.JSONB):
        context.imports.add("from sqlalchemy.dialects import postgresql")
        of = _repr_type(item.item_type, context) if isinstance(item, postgresql.ARRAY) else "none_as_null=True"
        return f"postgresql.{type(item).__name__}({of})"
    return False


def _plain(kind: Any) -> Any:
    """The type as the database knows it: conversions of Python values are no business of a schema."""
    if isinstance(kind, EnumValue | Document):
        return _plain(kind.storage)
    variants = getattr(kind, "_variant_mapping", {})
    if any(isinstance(variant, RoundedDecimal) for variant in variants.values()):
        return sa.Numeric(precision=kind.precision, scale=kind.scale)
    return kind
