"""How models become SQLAlchemy tables. `Tables` belongs to one application; the functions act on a default one.

The functions exist for Alembic environments and scripts, which have no application object. Everything else carries its
own `Tables`, so any number of applications live in one process. One column: `loom.core.backend.columns`; mapped
classes, for those who want an ORM session: `loom.core.backend.mapping`.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa

from loom.core.backend.columns import build_column
from loom.core.backend.mapping import Mapping, SABase
from loom.core.backend.profiles import Additions, InvalidProjections, compile_profiles
from loom.core.backend.reading import CoreModel
from loom.core.backend.related import RelatedReader
from loom.core.errors import Diagnostic, DiagnosticError, did_you_mean
from loom.core.model import EntityInfo, get_column_fields, get_table_name, inspect_model
from loom.core.model.place import problem

__all__ = [
    "CoreModel",
    "SABase",
    "Tables",
    "compile_all",
    "compile_model",
    "default_tables",
    "get_compiled",
    "get_compiled_core",
    "get_metadata",
    "reset_registry",
]


class Tables:
    """The tables of one application.

    Attributes:
        metadata: all of them, for `create_all` and migrations.
    """

    def __init__(self) -> None:
        self.metadata = sa.MetaData()
        self._tables: dict[type[Any], sa.Table] = {}
        self._profiles: dict[type[Any], dict[str, Additions]] = {}
        self._readers: dict[type[Any], RelatedReader] = {}
        self._mapping = Mapping(self.metadata, self.table, self.is_compiled)

    @property
    def models(self) -> tuple[type[Any], ...]:
        """Every compiled model, in the order they were compiled: what a model depends on stands before it."""
        return tuple(self._tables)

    def compile(self, *models: type[Any]) -> None:
        """Build tables for `models` and every model they reach through relations, link tables and loaders.

        Idempotent. All or nothing: where something is wrong, no table is added.

        Raises:
            DiagnosticError: what cannot be built, all of it: a missing or doubled table name, a foreign key to nowhere,
                a relation that leads nowhere. An `InvalidProjections` where projections are among it.
        """
        reached = list(_reachable(models))
        added = self._add(reached)
        problems = [p for model in reached for p in self._unmet_foreign_keys(model)]
        if problems:
            self._remove(added)
            raise DiagnosticError(problems)

    def add(self, model: type[Any]) -> None:
        """Build the table of one model alone; the tables it references may follow later.

        Raises:
            DiagnosticError: as in `compile`, foreign keys aside.
        """
        self._add([model])

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
            name = model.__name__
            raise RuntimeError(f"{name} has not been compiled; call compile_all({name}) first") from None

    def mapped(self, model: type[Any]) -> type[Any]:
        """Return the mapped class of `model`, made on first use and the same ever after.

        Raises:
            RuntimeError: the model has not been compiled here.
        """
        return self._mapping.mapped(model)

    def core(self, model: type[Any]) -> CoreModel:
        """Return the read side of `model`, for statements of one's own.

        Raises:
            RuntimeError: the model has not been compiled here.
        """
        return CoreModel(inspect_model(model), self.table(model), self.related(model))

    def related(self, model: type[Any]) -> RelatedReader:
        """Return the reader of what the profiles of `model` add; the same one every time.

        Raises:
            RuntimeError: the model has not been compiled here.
        """
        self.table(model)
        if model not in self._readers:
            self._readers[model] = RelatedReader(inspect_model(model), self.table, self._profiles[model])
        return self._readers[model]

    def clear(self) -> None:
        """Forget every table and mapped class."""
        self._mapping.dispose()
        self._profiles.clear()
        self._readers.clear()
        self._tables.clear()
        self.metadata.clear()

    def _add(self, models: Iterable[type[Any]]) -> list[type[Any]]:
        """Build what is not there yet; on a problem, nothing stays."""
        new = [model for model in models if model not in self._tables]
        errors: list[DiagnosticError] = []
        for model in new:
            try:
                self._tables[model] = self._build(model)
                self._profiles[model] = compile_profiles(inspect_model(model))
            except DiagnosticError as error:
                errors.append(error)
        if errors:
            self._remove(new)
            raise _all_of(errors)
        self._mapping.catch_up()
        return new

    def _build(self, model: type[Any]) -> sa.Table:
        name = _table_name(model)
        if name in self.metadata.tables:
            raise DiagnosticError([problem("duplicate_table", model, f"table {name!r} belongs to another model too")])
        return sa.Table(name, self.metadata, *_columns(model))

    def _remove(self, models: Iterable[type[Any]]) -> None:
        for model in models:
            self._profiles.pop(model, None)
            table = self._tables.pop(model, None)
            if table is not None:
                self.metadata.remove(table)

    def _unmet_foreign_keys(self, model: type[Any]) -> Iterator[Diagnostic]:
        known = self.metadata.tables
        for name, column in get_column_fields(model).items():
            if column.field.foreign_key is None:
                continue
            table, _, target = column.field.foreign_key.rpartition(".")
            message = f"foreign_key={column.field.foreign_key!r}"
            if table not in known:
                hint = did_you_mean(table, known) or "compile the model that declares it, too"
                yield problem("unknown_table", model, f"{message}: no compiled table {table!r}", field=name, hint=hint)
            elif target not in known[table].c:
                hint = did_you_mean(target, known[table].c.keys())
                yield problem("unknown_column", model, f"{message}: no such column", field=name, hint=hint)


def compile_all(*models: type[Any]) -> None:
    """Build tables for `models` and all they reach, in the default registry. Idempotent. See `Tables.compile`."""
    _default.compile(*models)


def compile_model(model: type[Any]) -> type[Any]:
    """Build the table of one model in the default registry and return its mapped class."""
    _default.add(model)
    return _default.mapped(model)


def get_compiled(model: type[Any]) -> type[Any] | None:
    """Return the mapped class of `model` in the default registry, or None where it was not compiled."""
    return _default.mapped(model) if _default.is_compiled(model) else None


def get_compiled_core(model: type[Any]) -> CoreModel | None:
    """Return the read side of `model` in the default registry, or None where it was not compiled."""
    return _default.core(model) if _default.is_compiled(model) else None


def get_metadata() -> sa.MetaData:
    """Return the metadata of the default registry: the same object for the life of the process."""
    return _default.metadata


def reset_registry() -> None:
    """Forget every table of the default registry."""
    _default.clear()


def default_tables() -> Tables:
    """Return the tables the functions of this module act on."""
    return _default


_default = Tables()


def _all_of(errors: list[DiagnosticError]) -> DiagnosticError:
    """One error for all; of the kind of the projections' where they are among them."""
    diagnostics = [diagnostic for error in errors for diagnostic in error.diagnostics]
    kind = next((type(error) for error in errors if isinstance(error, InvalidProjections)), DiagnosticError)
    return kind(diagnostics)


def _table_name(model: type[Any]) -> str:
    try:
        return get_table_name(model)
    except ValueError as error:
        raise DiagnosticError([problem("missing_table_name", model, str(error))]) from None


def _columns(model: type[Any]) -> list[sa.Column[Any]]:
    columns: list[sa.Column[Any]] = []
    problems: list[Diagnostic] = []
    for name, info in get_column_fields(model).items():
        try:
            columns.append(build_column(info))
        except ValueError as error:
            problems.append(problem("invalid_column", model, str(error), field=name))
    if problems:
        raise DiagnosticError(problems)
    return columns


def _reachable(models: Iterable[type[Any]]) -> Iterator[type[Any]]:
    """Each model once, what it reaches before it; a cycle is entered once."""
    seen: set[type[Any]] = set()
    stack = [(model, False) for model in reversed(list(models))]
    while stack:
        model, done = stack.pop()
        if done:
            yield model
        elif model not in seen:
            seen.add(model)
            stack.append((model, True))
            stack.extend((reached, False) for reached in reversed(_next(inspect_model(model))))


def _next(info: EntityInfo) -> list[type[Any]]:
    related = [r.target for r in info.relations.values()]
    links = [r.join.secondary_model for r in info.relations.values() if r.join.secondary_model is not None]
    return [*related, *links]
