"""What the API takes and gives beside the model itself."""

from loom.core.command import Command
from loom.core.response import Response


class Pong(Response, frozen=True):
    """The answer that needs no database."""

    status: str


class NewRecord(Command, frozen=True):
    """One record of a bulk."""

    owner_id: int
    title: str
    unit_price: float
    status: str = "draft"
    country: str = "DE"
    currency: str = "EUR"
    quantity: int = 1
    amount: float = 0.0


class BulkCreate(Command, frozen=True):
    """Several records, stored together or not at all."""

    items: list[NewRecord]


class PricingPreview(Command, frozen=True):
    """An order to be priced. What has a default after `quantity` is derived."""

    email: str
    country: str
    unit_price: float
    quantity: int = 1
    contact: str = ""
    subtotal: float = 0.0
    discount_rate: float = 0.0
    discount: float = 0.0
    taxable: float = 0.0
    tax_rate: float = 0.0
    tax: float = 0.0
    total: float = 0.0


class Priced(Command, frozen=True):
    """What a preview leaves behind on its record."""

    country: str
    quantity: int
    unit_price: float
    amount: float


class PricingResponse(Response, frozen=True):
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
