"""The read side of one compiled model, for code that writes its own statements: columns, statements, rows as structs."""

from typing import Any

import sqlalchemy as sa

from loom.core.backend.mapping import SABase
from loom.core.backend.related import RelatedReader, Runner
from loom.core.model import EntityInfo


class CoreModel:
    """Reads one model with statements of one's own; every column is an attribute of that name.

    ::

        products = get_compiled_core(Product)
        low = products.select().where(products.stock <= 5).order_by(products.stock)
        rows = await products.fetch_all(session, low)

    Attributes:
        table: the table itself, for columns whose name is taken by a method.
    """

    def __init__(self, info: EntityInfo, table: sa.Table, related: RelatedReader) -> None:
        self.table = table
        self._info = info
        self._related = related

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in self.table.c:
            raise AttributeError(f"{self._info.name} has no column {name!r}")
        return self.table.c[name]

    def select(self, profile: str = "default") -> sa.Select[Any]:
        """Return a statement for every column; what `profile` adds is loaded by the fetch.

        Raises:
            InvalidQuery: there is no such profile.
        """
        self._info.check_profile(profile)
        return sa.select(*(self.table.c[name] for name in self._info.columns))

    async def fetch_one(self, session: Runner, statement: Any, *, profile: str = "default") -> Any:
        """Return the first row as a struct with `profile` loaded, or None."""
        row = (await session.execute(statement)).first()
        return None if row is None else (await self._related.fill(session, [self.struct(row)], profile))[0]

    async def fetch_all(self, session: Runner, statement: Any, *, profile: str = "default") -> list[Any]:
        """Return every row as a struct with `profile` loaded, in the order of the statement."""
        rows = (await session.execute(statement)).all()
        return await self._related.fill(session, [self.struct(row) for row in rows], profile)

    def struct(self, row: Any) -> Any:
        """Return the columns of `row`, a row of a statement or a mapped object, as the model's struct."""
        if not isinstance(row, SABase) and len(row) == 1 and isinstance(row[0], SABase):
            row = row[0]
        given = {name: getattr(row, name) for name in self._info.columns if hasattr(row, name)}
        return self._info.model(**given)
