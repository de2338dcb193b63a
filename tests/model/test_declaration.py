"""What a class body becomes: struct fields, defaults, JSON."""

from typing import Annotated, Any, ClassVar

import msgspec
import pytest
from msgspec import UNSET

from loom.core.model import (
    BaseModel,
    BigInteger,
    Cardinality,
    ColumnField,
    Field,
    Integer,
    OnDelete,
    ProjectionField,
    RelationField,
    ServerDefault,
    ServerOnUpdate,
    TimestampedModel,
    get_column_fields,
    get_id_attribute,
    get_projections,
    get_relations,
    get_table_name,
)
from loom.core.projection import CountLoader


class Remark(BaseModel):
    __tablename__ = "remarks"
    id: int = ColumnField(primary_key=True, autoincrement=True)
    item_id: int = ColumnField(foreign_key="items.id")


class Item(TimestampedModel):
    __tablename__ = "items"
    kinds: ClassVar[int] = 3
    id: int = ColumnField(primary_key=True, autoincrement=True)
    full_name: str = ColumnField(length=40)
    quantity: int = ColumnField(default=0)
    open: bool = ColumnField(default=False)
    note: str | None = ColumnField()
    total: float = 0.0
    labels: list[str] = ColumnField(default=["new"])
    remarks: list[Remark] = RelationField(foreign_key="item_id", cardinality=Cardinality.ONE_TO_MANY)
    remark_count: int = ProjectionField(loader=CountLoader(Remark))


STORED = [
    ("id", None),
    ("full_name", UNSET),
    ("quantity", 0),
    ("open", False),
    ("note", UNSET),
    ("total", 0.0),
    ("labels", ["new"]),
    ("remarks", UNSET),
    ("remark_count", UNSET),
    ("created_at", UNSET),
]


@pytest.mark.parametrize(("name", "expected"), STORED)
def test_a_field_that_was_not_given_holds_its_stored_default(name: str, expected: Any) -> None:
    """A model may be built with nothing; each field then holds its default, None for a generated key, or UNSET."""
    assert expected == getattr(Item(), name)


def test_a_mutable_default_is_not_shared() -> None:
    """Two models built with a list default hold two lists."""
    Item().labels.append("changed")

    assert Item().labels == ["new"]


def test_inherited_fields_come_first() -> None:
    """The timestamps precede the fields of the subclass, in the struct and among the columns."""
    assert Item.__struct_fields__[:3] == ("created_at", "updated_at", "id")
    assert list(get_column_fields(Item))[:3] == ["created_at", "updated_at", "id"]


def test_json_shows_every_loaded_column_and_nothing_else() -> None:
    """Zero, false and null are shown though they equal a default; what was not loaded is absent."""
    item = Item(id=0, full_name="", note=None, labels=[])

    expected = {"id": 0, "fullName": "", "quantity": 0, "open": False, "note": None, "total": 0.0, "labels": []}
    assert expected == msgspec.json.decode(msgspec.json.encode(item))


def test_a_model_takes_keywords_only() -> None:
    """A positional argument is a TypeError."""
    with pytest.raises(TypeError):
        Item(1)


def test_a_model_is_frozen() -> None:
    """Assigning an attribute is an AttributeError."""
    with pytest.raises(AttributeError):
        Item().quantity = 1


def test_class_keywords_override() -> None:
    """A subclass chooses its own struct options."""

    class Loose(BaseModel, frozen=False, rename=None):
        full_name: str = ColumnField()

    loose = Loose(full_name="a")
    loose.full_name = "b"

    assert msgspec.json.encode(loose) == b'{"full_name":"b"}'


FLAGS = [
    ("primary_key", True, True),
    ("unique", True, True),
    ("index", True, True),
    ("nullable", True, True),
    ("autoincrement", True, True),
    ("server_default", ServerDefault.NOW, ServerDefault.NOW),
    ("server_onupdate", "NOW", ServerOnUpdate.NOW),
    ("server_onupdate", ServerOnUpdate.NOW, ServerOnUpdate.NOW),
    ("foreign_key", "users.id", "users.id"),
    ("on_delete", OnDelete.SET_NULL, OnDelete.SET_NULL),
    ("default", 7, 7),
    ("length", 9, 9),
]


@pytest.mark.parametrize(("flag", "given", "expected"), FLAGS)
def test_every_flag_can_be_read_back(flag: str, given: Any, expected: Any) -> None:
    """What `ColumnField` was given is an attribute of the column's `field`."""

    class Flagged(BaseModel):
        value: int = ColumnField(**{flag: given})

    assert expected == getattr(get_column_fields(Flagged)["value"].field, flag)
    assert expected == getattr(Flagged.__loom_columns__["value"].field, flag)


def test_db_type_wins_over_the_positional_type() -> None:
    """`db_type` is used where both are given."""

    class Typed(BaseModel):
        value: int = ColumnField(Integer, db_type=BigInteger())

    assert get_column_fields(Typed)["value"].column_type.type_name == "BigInteger"


def test_a_type_that_is_none_is_refused() -> None:
    """Something else than a column type is a TypeError where it is written."""
    with pytest.raises(TypeError, match="not a column type"):
        ColumnField(int)


def test_annotated_declarations_mean_the_same() -> None:
    """Type and flags may stand in `Annotated`."""

    class Tagged(BaseModel):
        __tablename__ = "tagged"
        id: Annotated[int, BigInteger, Field(primary_key=True, autoincrement=True)]

    assert get_id_attribute(Tagged) == "id"
    assert get_column_fields(Tagged)["id"].column_type.type_name == "BigInteger"
    assert Tagged().id is None


def test_relations_and_projections_are_no_columns() -> None:
    """Each kind of field has its own registry."""
    assert {"remarks", "remark_count", "kinds"}.isdisjoint(get_column_fields(Item))
    assert list(get_relations(Item)) == ["remarks"]
    assert list(get_projections(Item)) == ["remark_count"]


def test_any_struct_can_be_asked_for_columns() -> None:
    """Every field of a plain struct is a column."""

    class Plain(msgspec.Struct):
        name: str
        tags: list[str] = []
        nick: str | None = None

    columns = get_column_fields(Plain)

    assert {n: c.column_type.type_name for n, c in columns.items()} == {
        "name": "String",
        "tags": "JSON",
        "nick": "String",
    }
    assert [c.field.nullable for c in columns.values()] == [False, False, True]


def test_what_is_not_declared_is_a_value_error() -> None:
    """A model without a key or table name says so when asked."""

    class Bare(BaseModel):
        name: str = ColumnField()

    with pytest.raises(ValueError, match="no primary key"):
        get_id_attribute(Bare)
    with pytest.raises(ValueError, match="__tablename__"):
        get_table_name(Bare)


NULLABLE = [
    (ColumnField(), True),
    (ColumnField(nullable=False), False),
    (ColumnField(default=None), True),
    (None, True),
]


@pytest.mark.parametrize(("declared", "expected"), NULLABLE)
def test_an_optional_annotation_makes_the_column_nullable(declared: Any, expected: bool) -> None:
    """`X | None` is nullable unless the declaration says otherwise."""

    class Optional(BaseModel):
        value: int | None = declared

    assert expected is get_column_fields(Optional)["value"].field.nullable
