"""Reads by the driver: a statement is compiled once to text, order of parameters and converters, then SQLAlchemy is out of it.

SQLAlchemy writes the statement and its types say how values are converted, so the answer is what it would have given. What
cannot be read this way is read by SQLAlchemy: statements whose text depends on their values (IN), profiles with loaders that
are not loom's, everything inside a unit of work, and whatever the driver failed to answer, so that errors are told in one
place.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from msgspec import Struct
from sqlalchemy.exc import SQLAlchemyError

from loom.core.backend.profiles import Additions
from loom.core.model import EntityInfo
from loom.core.repository.sqlalchemy.beside import Beside, beside
from loom.core.repository.sqlalchemy.convert import Converter, converter, parameter_converter
from loom.core.repository.sqlalchemy.errors import translate
from loom.core.repository.sqlalchemy.lending import Driver, NotRead, Rows
from loom.core.repository.sqlalchemy.session import SessionManager, running_uow

_MAX_KEPT = 256


class Text(Struct, frozen=True):
    """One statement as the driver takes it.

    Attributes:
        order: parameter names, in the order of the text.
        fixed: values that belong to the statement.
        converters: of parameters, by name, where one is needed.
    """

    sql: str
    order: tuple[str, ...]
    fixed: Mapping[str, Any]
    converters: Mapping[str, Converter]

    def values(self, given: Mapping[str, Any]) -> list[Any]:
        """Return the parameters in order."""
        known = {**self.fixed, **given}
        convert = self.converters
        return [convert[name](known[name]) if name in convert else known[name] for name in self.order]


class Reading(Struct, frozen=True):
    """A statement and what becomes of its rows.

    Attributes:
        entity: makes an entity of a row.
    """

    text: Text
    entity: Callable[[Sequence[Any]], Any]


class Value(Struct, frozen=True):
    """What a statement with one column gave; None where it gave no row."""

    value: Any


class DirectReads:
    """The reads of one model that need no SQLAlchemy once they are compiled.

    Every method returns None where SQLAlchemy has to read.
    """

    def __init__(self, manager: SessionManager, info: EntityInfo) -> None:
        self._driver = manager.driver
        self._tables = manager.tables
        self._info = info
        self._kept: dict[tuple[sa.Select[Any], str | None], Reading | None] = {}

    async def entities(
        self, statement: sa.Select[Any], given: Mapping[str, Any], profile: str | None
    ) -> list[Any] | None:
        """Return the entities `statement` selects, columns of the model in order, with `profile` loaded."""
        if (driver := self._usable()) is None or (reading := self._reading(driver, statement, profile)) is None:
            return None
        rows = await _rows(driver, reading.text, given)
        return None if rows is None else [reading.entity(row) for row in rows]

    async def value(self, statement: sa.Select[Any], given: Mapping[str, Any]) -> Value | None:
        """Return the first value of the first row, or a value that is None."""
        if (driver := self._usable()) is None or (reading := self._reading(driver, statement, None)) is None:
            return None
        rows = await _rows(driver, reading.text, given)
        return None if rows is None else Value(rows[0][0] if rows else None)

    def _usable(self) -> Driver | None:
        driver = self._driver
        return None if driver is None or driver.is_watched or running_uow() is not None else driver

    def _reading(self, driver: Driver, statement: sa.Select[Any], profile: str | None) -> Reading | None:
        key = (statement, profile)
        if key not in self._kept:
            if len(self._kept) >= _MAX_KEPT:  # clients choose shapes, so they must not fill memory
                self._kept.clear()
            self._kept[key] = self._compiled(driver.dialect, statement, profile)
        return self._kept[key]

    def _compiled(self, dialect: sa.Dialect, statement: sa.Select[Any], profile: str | None) -> Reading | None:
        nothing = Additions((), ())
        added = nothing if profile is None else self._tables.related(self._info.model).additions(profile)
        loads = beside(added, self._tables, dialect)
        text = None if loads is None else _text(_with(statement, loads), dialect)
        if loads is None or text is None:
            return None
        return Reading(text, _entity(self._info, list(statement.selected_columns), loads, dialect))


async def _rows(driver: Driver, text: Text, given: Mapping[str, Any]) -> Rows | None:
    try:
        values = text.values(given)
    except (ValueError, TypeError, OverflowError):  # SQLAlchemy finds it too, and tells it as it always does
        return None
    try:
        return await driver.fetch(text.sql, values)
    except NotRead:
        return None
    except (SQLAlchemyError, OSError) as error:
        meaning = translate(error)
        if meaning is None:
            raise
        raise meaning from error


def _with(statement: sa.Select[Any], loads: Sequence[Beside]) -> sa.Select[Any]:
    """Return `statement` with what stands beside its columns, looked up for the rows of its page only.

    The rows come in the order of the page: nothing joins it, so nothing reorders it.
    """
    if not loads:
        return statement
    page = statement.subquery("loom_page")
    return sa.select(*page.c, *(load.column(page) for load in loads))


def _text(statement: sa.Select[Any], dialect: sa.Dialect) -> Text | None:
    compiled: Any = statement.compile(dialect=dialect)
    if compiled.post_compile_params or compiled.literal_execute_params:
        return None
    converters = {name: parameter_converter(bind.type, dialect) for name, bind in compiled.binds.items()}
    return Text(
        compiled.string,
        tuple(compiled.positiontup),
        dict(compiled.params),
        {name: convert for name, convert in converters.items() if convert is not None},
    )


def _entity(
    info: EntityInfo, columns: Sequence[Any], loads: Sequence[Beside], dialect: sa.Dialect
) -> Callable[[Sequence[Any]], Any]:
    model, names, width = info.model, tuple(info.columns), len(columns)
    converters = [
        (name, convert)
        for name, column in zip(names, columns, strict=False)
        if (convert := converter(column.type, dialect)) is not None
    ]

    def make(row: Sequence[Any]) -> Any:
        values = dict(zip(names, row, strict=False))
        for name, convert in converters:
            values[name] = convert(values[name])
        for index, load in enumerate(loads, width):
            load.put(values, row[index])
        return model(**values)

    return make
