"""What a pricing preview takes and gives."""

from typing import Annotated

from msgspec import Meta

from loom.core.command import Command, Computed
from loom.core.response import Response

TAX_RATES = {"DE": 0.19, "ES": 0.21, "FR": 0.20, "IE": 0.23, "PT": 0.23}

# Where rules judge a field, its schema tells the API's readers; what no order needs is refused before they run.
Country = Annotated[str, Meta(extra_json_schema={"enum": list(TAX_RATES)})]
Price = Annotated[float, Meta(le=1_000_000, extra_json_schema={"exclusiveMinimum": 0})]
Quantity = Annotated[int, Meta(le=1_000_000, extra_json_schema={"minimum": 1})]


class PricingCommand(Command, frozen=True):
    """What is bought and where it goes. `Computed` fields are derived; a client cannot set them."""

    email: str
    country: Country
    unit_price: Price
    quantity: Quantity = 1
    normalized_email: Computed[str] = None
    tax_rate: Computed[float] = None
    subtotal: Computed[float] = None
    tax_amount: Computed[float] = None


class PricingPreviewResponse(Response, frozen=True):
    """The price under an agreement, rounded to cents."""

    record_id: int
    title: str
    currency: str
    email: str
    subtotal: float
    tax_rate: float
    tax_amount: float
    total: float
