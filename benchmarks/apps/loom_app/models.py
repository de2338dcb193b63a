"""Records with an owner and notes; the profile `with_details` loads both and what is derived from them."""

from typing import Any

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

DETAILS = "with_details"


class Owner(BaseModel):
    """Who a record belongs to."""

    __tablename__ = "bench_owners"

    id: int = ColumnField(primary_key=True, autoincrement=True)
    full_name: str = ColumnField(length=120)
    email: str = ColumnField(length=160)


class Note(BaseModel):
    """A remark on a record."""

    __tablename__ = "bench_notes"

    id: int = ColumnField(primary_key=True, autoincrement=True)
    record_id: int = ColumnField(foreign_key="bench_records.id", on_delete=OnDelete.CASCADE, index=True)
    title: str = ColumnField(length=120)
    body: str = ColumnField(length=500)


class Record(TimestampedModel):
    """A priced record."""

    __tablename__ = "bench_records"

    id: int = ColumnField(primary_key=True, autoincrement=True)
    owner_id: int = ColumnField(foreign_key="bench_owners.id", index=True)
    title: str = ColumnField(length=120)
    status: str = ColumnField(length=20, default="draft")
    country: str = ColumnField(length=2, default="DE")
    currency: str = ColumnField(length=3, default="EUR")
    quantity: int = ColumnField(default=1)
    unit_price: float = ColumnField()
    amount: float = ColumnField(default=0.0)

    owner: Owner = RelationField(
        foreign_key="bench_owners.id", cardinality=Cardinality.MANY_TO_ONE, profiles=(DETAILS,)
    )
    notes: list[Note] = RelationField(foreign_key="record_id", cardinality=Cardinality.ONE_TO_MANY, profiles=(DETAILS,))
    has_notes: bool = ProjectionField(loader=ExistsLoader(model=Note), profiles=("default", DETAILS), default=False)
    notes_count: int = ProjectionField(loader=CountLoader(model=Note), profiles=(DETAILS,), default=0)
    note_snippets: list[dict[str, Any]] = ProjectionField(
        loader=JoinFieldsLoader(model=Note, value_columns=("id", "title")), profiles=(DETAILS,), default=[]
    )
