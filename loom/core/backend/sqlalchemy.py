"""How models become SQLAlchemy tables. `Tables` belongs to one application; the functions below act on a default one.

The functions exist for Alembic environments and scripts, which have no application object. Everything else carries its
own `Tables`, so any number of applications live in one process.
"""

from collections.abc import Iterator
from enum import Enum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeDecorator, TypeEngine

from loom.core.errors import Diagnostic, DiagnosticError, did_you_mean
from loom.core.model.enums import ServerDefault
from loom.core.model.entity import inspect_model
from loom.core.model.introspection import ColumnFieldInfo, get_column_fields, get_table_name
from loom.core.model.types import ColumnType


class Tables:
    """The tables of one application."""

    def __init__(self) -> None:
        self.metadata = sa.MetaData()
        self._tables: dict[type[Any], sa.Table] = {}

    @property
    def models(self) -> tuple[type[Any], ...]:
        """Every compiled model, dependencies included, in the order they were found."""
        return tuple(self._tables)

    def compile(self, *models: type[Any]) -> None:
        """Build tables for `models` and every model reachable through relations and projection loaders. Idempotent.

        Raises:
            DiagnosticError: a foreign key names a table that is not among them.
        """
        for model in models:
            for reached in _reachable(model, set()):
                if reached not in self._tables:
                    self._tables[reached] = self._build(reached)
        self._check_foreign_keys()

    def is_compiled(self, model: type[Any]) -> bool:
        """Return whether `table(model)` has an answer."""
        return model in self._tables

    def table(self, model: type[Any]) -> sa.Table:
        """Return the table of `model`.

        Raises:
            RuntimeError: the model has not been compiled here.
        """
        try:
            return self._tables[model]
        except KeyError:
            raise RuntimeError(f"{model.__name__} has not been compiled; call compile_all({model.__name__}) first") from None

    def clear(self) -> None:
        """Forget every table."""
        self._tables.clear()
        self.metadata.clear()

    def _build(self, model: type[Any]) -> sa.Table:
        columns = (_column(info) for info in get_column_fields(model).values())
        return sa.Table(get_table_name(model), self.metadata, *columns)

    def _check_foreign_keys(self) -> None:
        known = set(self.metadata.tables)
        problems = [
            Diagnostic(
                code="unknown_table",
                message=f"{table.name}.{column.name} references table {target!r}, which no compiled model declares",
                where=table.name,
                hint=did_you_mean(target, known) or "add its model to the discovered modules",
            )
            for table in self.metadata.tables.values()
            for column in table.columns
            for target in (key.target_fullname.rpartition(".")[0] for key in column.foreign_keys)
            if target not in known
        ]
        if problems:
            raise DiagnosticError(problems)


_default = Tables()


def default_tables() -> Tables:
    """Return the tables the functions of this module act on."""
    return _default


def compile_all(*models: type[Any]) -> None:
    """Build tables for `models` and all they reach, in the default registry. Idempotent."""
    _default.compile(*models)


def get_metadata() -> sa.MetaData:
    """Return the metadata of the default registry."""
    return _default.metadata


def reset_registry() -> None:
    """Forget every table of the default registry."""
    _default.clear()


class EnumValue(TypeDecorator[Any]):
    """Stores an enum member by its value, as text or integer."""

    impl = sa.String
    cache_ok = True

    def __init__(self, enum: type[Enum]) -> None:
        super().__init__()
        self.enum = enum

    def load_dialect_impl(self, dialect: sa.Dialect) -> TypeEngine[Any]:
        """Pick the storage by the first member's value."""
        is_int = isinstance(next(iter(self.enum)).value, int)
        return dialect.type_descriptor(sa.Integer() if is_int else sa.String())

    def process_bind_param(self, value: Any, dialect: sa.Dialect) -> Any:
        """Member or raw value in, raw value out."""
        return self.enum(value).value if value is not None else None

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Any:
        """Raw value in, member out."""
        return self.enum(value) if value is not None else None


_PLAIN: dict[str, Any] = {
    "String": sa.String,
    "Text": sa.Text,
    "Integer": sa.Integer,
    "BigInteger": sa.BigInteger,
    "Float": sa.Float,
    "Boolean": sa.Boolean,
    "Numeric": sa.Numeric,
    "JSON": sa.JSON,
    "DateTime": sa.DateTime,
    "Date": sa.Date,
    "Time": sa.Time,
    "Uuid": sa.Uuid,
    "UUID": sa.Uuid,
    "LargeBinary": sa.LargeBinary,
    "Enum": EnumValue,
}


def sql_type(column_type: ColumnType) -> TypeEngine[Any]:
    """Return the SQLAlchemy type; PostgreSQL-only ones fall back to JSON or text elsewhere."""
    if column_type.type_name == "JSONB":
        return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    if column_type.type_name == "TSVECTOR":
        return sa.Text().with_variant(postgresql.TSVECTOR(), "postgresql")
    if column_type.type_name == "ARRAY":
        return sa.JSON().with_variant(postgresql.ARRAY(sql_type(column_type.args[0])), "postgresql")
    made: TypeEngine[Any] = _PLAIN[column_type.type_name](*column_type.args, **column_type.kwargs)
    return made


def _column(info: ColumnFieldInfo) -> sa.Column[Any]:
    field = info.field
    kind = sql_type(info.column_type)
    if field.primary_key and isinstance(kind, sa.BigInteger):
        kind = kind.with_variant(sa.Integer(), "sqlite")  # only INTEGER keys number themselves on SQLite
    keys = [sa.ForeignKey(field.foreign_key, ondelete=field.on_delete)] if field.foreign_key else []
    return sa.Column(
        info.name,
        kind,
        *keys,
        primary_key=field.primary_key,
        autoincrement=field.autoincrement if field.primary_key else False,
        nullable=bool(field.nullable),
        unique=field.unique or None,
        index=field.index or None,
        server_default=sa.func.now() if field.server_default is ServerDefault.NOW else _uuid_default(info),
        onupdate=sa.func.now() if field.server_onupdate else None,
    )


def _uuid_default(info: ColumnFieldInfo) -> Any:
    return sa.text("gen_random_uuid()") if info.field.server_default is ServerDefault.UUID4 else None


def _reachable(model: type[Any], seen: set[type[Any]]) -> Iterator[type[Any]]:
    if model in seen:
        return
    seen.add(model)
    info = inspect_model(model)
    targets = [relation.target for relation in info.relations.values()]
    targets += [link for r in info.relations.values() if (link := r.join.secondary_model) is not None]
    targets += [found for p in info.projections.values() if (found := _loader_model(p.loader)) is not None]
    for target in targets:
        yield from _reachable(target, seen)
    yield model


def _loader_model(loader: Any) -> type[Any] | None:
    resolve = getattr(loader, "resolve_model", None)
    found: type[Any] | None = resolve() if callable(resolve) else None
    return found
