"""The models the repository tests store."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from loom.core.command import Command, Patch
from loom.core.model import (
    BaseModel,
    Cardinality,
    ColumnField,
    OnDelete,
    ProjectionField,
    RelationField,
    TimestampedModel,
)
from loom.core.projection.loaders import CountLoader, ExistsLoader, JoinFieldsLoader


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Item(TimestampedModel):
    __tablename__ = "rt_items"

    id: int = ColumnField(primary_key=True, autoincrement=True)
    sku: str = ColumnField(length=20, unique=True)
    full_name: str | None = ColumnField(length=40, nullable=True)
    rank: int | None = ColumnField(nullable=True)
    price: Decimal | None = ColumnField(nullable=True)
    colour: Colour | None = ColumnField(nullable=True)
    sold_on: date | None = ColumnField(nullable=True)
    seen_at: datetime | None = ColumnField(nullable=True)
    notes: dict[str, Any] | None = ColumnField(nullable=True)
    stock: int = ColumnField(default=3)


class CreateItem(Command, frozen=True):
    sku: str
    full_name: str | None = None
    rank: int | None = None
    stock: int = 5


class PatchItem(Command, frozen=True):
    full_name: Patch[str | None] = None
    rank: Patch[int | None] = None
    stock: Patch[int]


class Author(BaseModel):
    __tablename__ = "rt_authors"

    id: int = ColumnField(primary_key=True, autoincrement=True)
    name: str = ColumnField(length=40)
    books: list["Book"] = RelationField(
        foreign_key="author_id", cardinality=Cardinality.ONE_TO_MANY, profiles=("detail", "both")
    )
    book_count: int = ProjectionField(loader=CountLoader(model=lambda: Book), profiles=("summary", "both"))
    has_books: bool = ProjectionField(loader=ExistsLoader(model=lambda: Book), profiles=("summary", "both"))
    titles: list[dict[str, Any]] = ProjectionField(
        loader=JoinFieldsLoader(model=lambda: Book, value_columns=("id", "title")), profiles=("summary", "both")
    )


class Book(BaseModel):
    __tablename__ = "rt_books"

    id: int = ColumnField(primary_key=True, autoincrement=True)
    title: str = ColumnField(length=40)
    author_id: int = ColumnField(foreign_key="rt_authors.id", on_delete=OnDelete.RESTRICT)
    author: Author = RelationField(
        foreign_key="rt_authors.id", cardinality=Cardinality.MANY_TO_ONE, profiles=("detail",)
    )
    tags: list["Tag"] = RelationField(
        foreign_key="book_id",
        secondary="rt_book_tags",
        cardinality=Cardinality.MANY_TO_MANY,
        profiles=("detail",),
    )
    tag_count: int = ProjectionField(loader=CountLoader(model=lambda: Tag), profiles=("summary",))


class Tag(BaseModel):
    __tablename__ = "rt_tags"

    id: int = ColumnField(primary_key=True, autoincrement=True)
    word: str = ColumnField(length=20)


class BookTag(BaseModel):
    __tablename__ = "rt_book_tags"

    book_id: int = ColumnField(primary_key=True, foreign_key="rt_books.id", on_delete=OnDelete.CASCADE)
    tag_id: int = ColumnField(primary_key=True, foreign_key="rt_tags.id", on_delete=OnDelete.CASCADE)


MODELS = (Item, Author, Book, Tag, BookTag)
