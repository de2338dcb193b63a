"""How values pass between Python and the driver: what the types of SQLAlchemy do, without its results."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

Converter = Callable[[Any], Any]
_FLOAT8, _NUMERIC = 701, 1700
"""PostgreSQL's numbers of the types."""


def converter(kind: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> Converter | None:
    """Return what turns a driver's value into `kind`; None where it is one already."""
    found: Converter | None = kind.dialect_impl(dialect).result_processor(dialect, _code(kind, dialect))
    return found


def parameter_converter(kind: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> Converter | None:
    """Return what turns a value of `kind` into what the driver takes; None where it takes it as it is."""
    found: Converter | None = kind.dialect_impl(dialect).bind_processor(dialect)
    return found


def _code(kind: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> int | None:
    """Return the code a driver would report for a column, where a converter depends on it."""
    stored: Any = kind.dialect_impl(dialect)
    while isinstance(stored, sa.types.TypeDecorator):
        stored = stored.impl_instance.dialect_impl(dialect)
    if isinstance(stored, sa.Float):
        return _FLOAT8
    return _NUMERIC if isinstance(stored, sa.Numeric) else None
