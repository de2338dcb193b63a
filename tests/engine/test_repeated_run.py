"""A run the database undid, walked again."""

from contextlib import contextmanager
from typing import Any

import pytest

from loom.core.engine import RuntimeExecutor, UseCaseCompiler
from loom.core.errors import Contention
from loom.core.model import BaseModel, ColumnField
from loom.core.use_case import LoadById, UseCase


class Row(BaseModel):
    """Something to load."""

    __tablename__ = "repeated_rows"

    id: int = ColumnField(primary_key=True)


class Rows:
    """Has every row."""

    async def get_by_id(self, obj_id: Any, profile: str = "default") -> Row:
        """Return it."""
        return Row(id=obj_id)


class Undone(UseCase[Row, int]):
    """Is undone twice."""

    def __init__(self) -> None:
        self.walks = 0

    async def execute(self, row_id: int, row: Row = LoadById(Row, by="row_id")) -> int:
        """Count walks."""
        self.walks += 1
        if self.walks < 3:
            raise Contention
        return row.id


class Watch:
    """Notes which steps began; steps are counted as the plan lists them."""

    values = True

    def __init__(self) -> None:
        self.began_at: list[int] = []

    @contextmanager
    def run(self, plan: Any, params: Any, payload: Any) -> Any:
        """Watch every run."""
        yield self

    def began(self, index: int) -> None:
        """Note it."""
        self.began_at.append(index)

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


@pytest.mark.parametrize("watch", [None, Watch()], ids=["unwatched", "watched"])
async def test_walk_begins_anew(watch: Watch | None) -> None:
    """Each walk binds, loads and executes from the start, and whoever watches is told the same steps each time."""
    executor = RuntimeExecutor(UseCaseCompiler())
    executor.watch(watch)
    use_case = Undone()

    assert 7 == await executor.execute(use_case, params={"row_id": 7}, dependencies={Row: Rows()})
    assert 3 == use_case.walks
    if watch is not None:
        assert [0, 1, 2] * 3 == watch.began_at
