"""Request and response bodies."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Schema(BaseModel):
    """camelCase on the wire, read from attributes."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True)


class PongOut(Schema):
    """The answer that needs no database."""

    status: str


class OwnerOut(Schema):
    """An owner."""

    id: int
    full_name: str
    email: str


class NoteOut(Schema):
    """A note."""

    id: int
    record_id: int
    title: str
    body: str


class SnippetOut(BaseModel):
    """The short form of a note."""

    id: int
    title: str


class RecordOut(Schema):
    """The columns of a record."""

    id: int
    owner_id: int
    title: str
    status: str
    country: str
    currency: str
    quantity: int
    unit_price: float
    amount: float
    created_at: datetime | None
    updated_at: datetime | None


class RecordItem(RecordOut):
    """A record as lists show it."""

    has_notes: bool


class RecordDetails(RecordItem):
    """A record with everything around it."""

    owner: OwnerOut
    notes: list[NoteOut]
    notes_count: int
    note_snippets: list[SnippetOut]


class RecordPage(BaseModel):
    """A numbered page."""

    items: list[RecordItem]
    total_count: int
    page: int
    limit: int
    has_next: bool


class RecordStep(BaseModel):
    """A step of a walk."""

    items: list[RecordItem]
    next_cursor: str | None
    has_next: bool


class RecordCreate(Schema):
    """A new record."""

    owner_id: int
    title: str = Field(max_length=120)
    unit_price: float
    status: str = Field("draft", max_length=20)
    country: str = Field("DE", max_length=2)
    currency: str = Field("EUR", max_length=3)
    quantity: int = 1
    amount: float = 0.0


class RecordBulk(Schema):
    """Several new records."""

    items: list[RecordCreate]


class RecordUpdate(Schema):
    """What changes of a record; absent fields stay."""

    owner_id: int = 0
    title: str = Field("", max_length=120)
    status: str = Field("", max_length=20)
    country: str = Field("", max_length=2)
    currency: str = Field("", max_length=3)
    quantity: int = 0
    unit_price: float = 0
    amount: float = 0


class PricingIn(Schema):
    """An order to be priced."""

    email: str
    country: str
    unit_price: float
    quantity: int = 1


class PricingOut(Schema):
    """A price, rounded to cents."""

    record_id: int
    title: str
    currency: str
    contact: str
    country: str
    subtotal: float
    discount: float
    tax_rate: float
    tax: float
    total: float
