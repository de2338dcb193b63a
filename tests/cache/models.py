"""A library: shelves hold books, which go when their shelf goes; a book has one author and many words."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from loom.core.cache import cache_query
from loom.core.model import BaseModel, Cardinality, ColumnField, OnDelete, ProjectionField, RelationField
from loom.core.projection.loaders import CountLoader
from loom.core.repository.sqlalchemy import RepositorySQLAlchemy, SessionManager


class Shelf(BaseModel):
    __tablename__ = "ct_shelves"

    id: int = ColumnField(primary_key=True, autoincrement=True)
    label: str = ColumnField(length=40)
    books: list["Volume"] = RelationField(
        foreign_key="shelf_id", cardinality=Cardinality.ONE_TO_MANY, profiles=("full",)
    )
    book_count: int = ProjectionField(loader=CountLoader(model=lambda: Volume), profiles=("counted",))


class Writer(BaseModel):
    __tablename__ = "ct_writers"

    id: int = ColumnField(primary_key=True, autoincrement=True)
    name: str = ColumnField(length=40)


class Volume(BaseModel):
    __tablename__ = "ct_volumes"

    id: int = ColumnField(primary_key=True, autoincrement=True)
    title: str = ColumnField(length=40)
    shelf_id: int = ColumnField(foreign_key="ct_shelves.id", on_delete=OnDelete.CASCADE)
    writer_id: int | None = ColumnField(foreign_key="ct_writers.id", on_delete=OnDelete.SET_NULL)
    writer: Writer | None = RelationField(
        foreign_key="ct_writers.id", cardinality=Cardinality.MANY_TO_ONE, profiles=("full",)
    )
    words: list["Word"] = RelationField(
        foreign_key="volume_id", secondary="ct_volume_words", cardinality=Cardinality.MANY_TO_MANY, profiles=("full",)
    )


class Word(BaseModel):
    __tablename__ = "ct_words"

    id: int = ColumnField(primary_key=True, autoincrement=True)
    text: str = ColumnField(length=20)


class VolumeWord(BaseModel):
    __tablename__ = "ct_volume_words"

    id: int = ColumnField(primary_key=True, autoincrement=True)
    volume_id: int = ColumnField(foreign_key="ct_volumes.id", on_delete=OnDelete.CASCADE)
    word_id: int = ColumnField(foreign_key="ct_words.id", on_delete=OnDelete.CASCADE)


class Undeclared:
    """A loader that reads what nobody knows of."""

    async def load_many(self, session: Any, parent_ids: Any) -> dict[Any, Any]:
        return dict.fromkeys(parent_ids, 7)


class Sample(BaseModel):
    __tablename__ = "ct_samples"

    id: UUID = ColumnField(primary_key=True)
    price: Decimal = ColumnField()
    weight: float = ColumnField()
    on: date = ColumnField()
    at: datetime = ColumnField()
    notes: dict[str, Any] | None = ColumnField(nullable=True)
    flag: bool = ColumnField(default=False)
    secret: int = ProjectionField(loader=Undeclared(), profiles=("odd",))


MODELS = (Shelf, Writer, Volume, Word, VolumeWord, Sample)
SAMPLE = {
    "price": Decimal("12.50"),
    "weight": 0.1,
    "on": date(2024, 2, 29),
    "at": datetime(2024, 2, 29, 12, 0, 0, 123456, tzinfo=UTC),
    "notes": {"a": [1, 2.5, None, "ü"]},
}


class Volumes(RepositorySQLAlchemy[Volume, int]):
    """A repository with reads of its own."""

    def __init__(self, session_manager: SessionManager) -> None:
        super().__init__(session_manager, Volume)
        self.calls: list[str] = []

    @cache_query(scope="list")
    async def titled(self, title: str) -> list[Volume]:
        self.calls.append(title)
        found = await self.get_by("title", title)
        return [] if found is None else [found]

    async def plain(self) -> str:
        return "plain"
