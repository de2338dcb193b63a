"""The models the repository tests store."""

from datetime import date, datetime, time
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from msgspec import Struct

from loom.core.command import Command, Patch
from loom.core.model import (
    BaseModel,
    BigInteger,
    Cardinality,
    ColumnField,
    DateTime,
    OnDelete,
    Postgres,
    ProjectionField,
    RelationField,
    Text,
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


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Size(Struct, frozen=True):
    width: int
    unit: str = "mm"


class Everything(BaseModel):
    __tablename__ = "rt_everything"

    id: int = ColumnField(primary_key=True, autoincrement=True)
    parent_id: int | None = ColumnField(foreign_key="rt_everything.id", on_delete=OnDelete.CASCADE)
    whole: int | None = ColumnField()
    big: int | None = ColumnField(BigInteger)
    real: float | None = ColumnField()
    flag: bool | None = ColumnField()
    word: str | None = ColumnField(length=40)
    prose: str | None = ColumnField(Text)
    exact: Decimal | None = ColumnField()
    day: date | None = ColumnField()
    hour: time | None = ColumnField()
    moment: datetime | None = ColumnField()
    local: datetime | None = ColumnField(DateTime(tz=False))
    key: UUID | None = ColumnField()
    raw: bytes | None = ColumnField()
    colour: Colour | None = ColumnField(length=8)
    level: Level | None = ColumnField()
    document: dict[str, Any] | None = ColumnField()
    binary: list[Any] | None = ColumnField(Postgres.JSONB)
    sizes: list[Size] | None = ColumnField()
    parent: "Everything" = RelationField(
        foreign_key="rt_everything.id", cardinality=Cardinality.MANY_TO_ONE, profiles=("parent", "all")
    )
    children: list["Everything"] = RelationField(
        foreign_key="parent_id", cardinality=Cardinality.ONE_TO_MANY, profiles=("children", "all")
    )
    child_count: int = ProjectionField(
        loader=CountLoader(model=lambda: Everything, via="children"), profiles=("derived", "all")
    )
    is_parent: bool = ProjectionField(
        loader=ExistsLoader(model=lambda: Everything, via="children"), profiles=("derived", "all"), default=None
    )
    facts: list[dict[str, Any]] = ProjectionField(
        loader=JoinFieldsLoader(
            model=lambda: Everything, via="children", value_columns=("exact", "moment", "key", "sizes")
        ),
        profiles=("derived", "all"),
    )


class Shout:
    """Computes from the object, and from what was computed before it."""

    def load_from_object(self, obj: Any, context: Any = None) -> str:
        return f"{obj.name.upper()} {context['report_count']}"


class SkillTotal:
    """Asks the database once for all parents; says nothing about those without skills."""

    async def load_many(self, session: Any, parent_ids: list[Any]) -> dict[Any, int]:
        link = sa.table("rt_person_skills", sa.column("person_id"))
        grouped = sa.select(link.c.person_id, sa.func.count()).where(link.c.person_id.in_(parent_ids))
        return dict(tuple(row) for row in await session.execute(grouped.group_by(link.c.person_id)))


class Person(BaseModel):
    __tablename__ = "rt_people"

    id: int = ColumnField(primary_key=True, autoincrement=True)
    name: str = ColumnField(length=40)
    boss_id: int | None = ColumnField(foreign_key="rt_people.id")
    boss: "Person | None" = RelationField(
        foreign_key="rt_people.id", cardinality=Cardinality.MANY_TO_ONE, profiles=("around", "all")
    )
    reports: list["Person"] = RelationField(
        foreign_key="rt_people.boss_id", cardinality=Cardinality.ONE_TO_MANY, profiles=("around", "all")
    )
    badge: "Badge | None" = RelationField(foreign_key="person_id", cardinality=Cardinality.ONE_TO_ONE)
    skills: list[dict[str, Any]] = RelationField(
        foreign_key="person_id",
        secondary="rt_person_skills",
        cardinality=Cardinality.MANY_TO_MANY,
        profiles=("around", "all"),
    )
    shout: str = ProjectionField(loader=Shout(), profiles=("counts", "all"), depends_on=("projection:report_count",))
    report_count: int = ProjectionField(loader=CountLoader(lambda: Person, via="reports"), profiles=("counts", "all"))
    has_boss: bool = ProjectionField(loader=ExistsLoader(lambda: Person, via="boss"), profiles=("counts", "all"))
    skill_words: list[dict[str, Any]] = ProjectionField(
        loader=JoinFieldsLoader(model=lambda: Skill, value_columns=("word", "id")), profiles=("counts", "all")
    )
    skill_total: int = ProjectionField(loader=SkillTotal(), profiles=("custom",))
    skill_total_or_none: int | None = ProjectionField(loader=SkillTotal(), profiles=("custom",), default=None)


class Badge(BaseModel):
    __tablename__ = "rt_badges"

    id: int = ColumnField(primary_key=True, autoincrement=True)
    person_id: int = ColumnField(foreign_key="rt_people.id", unique=True)
    colour: Colour = ColumnField(length=10)


class Skill(BaseModel):
    __tablename__ = "rt_skills"

    id: int = ColumnField(primary_key=True, autoincrement=True)
    word: str = ColumnField(length=20)


class PersonSkill(BaseModel):
    __tablename__ = "rt_person_skills"

    person_id: int = ColumnField(primary_key=True, foreign_key="rt_people.id", on_delete=OnDelete.CASCADE)
    skill_id: int = ColumnField(primary_key=True, foreign_key="rt_skills.id", on_delete=OnDelete.CASCADE)


MODELS = (Item, Author, Book, Tag, BookTag, Person, Badge, Skill, PersonSkill, Everything)
