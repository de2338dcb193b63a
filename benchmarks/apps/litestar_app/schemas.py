"""Request and response bodies."""

from datetime import datetime

from msgspec import UNSET, Struct, UnsetType


class Schema(Struct, kw_only=True, rename="camel"):
    """camelCase on the wire."""


class Pong(Schema):
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


class SnippetOut(Struct):
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


class RecordItem(RecordOut, kw_only=True):
    """A record as lists show it."""

    has_notes: bool


class RecordDetails(RecordItem, kw_only=True):
    """A record with everything around it."""

    owner: OwnerOut
    notes: list[NoteOut]
    notes_count: int
    note_snippets: list[SnippetOut]


class RecordPage(Struct):
    """A numbered page."""

    items: list[RecordItem]
    total_count: int
    page: int
    limit: int
    has_next: bool


class RecordStep(Struct):
    """A step of a walk."""

    items: list[RecordItem]
    next_cursor: str | None
    has_next: bool


class RecordCreate(Schema):
    """A new record."""

    owner_id: int
    title: str
    unit_price: float
    status: str = "draft"
    country: str = "DE"
    currency: str = "EUR"
    quantity: int = 1
    amount: float = 0.0


class RecordBulk(Schema):
    """Several new records."""

    items: list[RecordCreate]


class RecordUpdate(Schema):
    """What changes of a record; absent fields stay."""

    owner_id: int | UnsetType = UNSET
    title: str | UnsetType = UNSET
    status: str | UnsetType = UNSET
    country: str | UnsetType = UNSET
    currency: str | UnsetType = UNSET
    quantity: int | UnsetType = UNSET
    unit_price: float | UnsetType = UNSET
    amount: float | UnsetType = UNSET


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
