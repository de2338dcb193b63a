"""What a pricing preview takes and gives."""

from loom.core.command import Command, Computed
from loom.core.response import Response


class PricingCommand(Command, frozen=True):
    """What is bought and where it goes. `Computed` fields are derived; a client cannot set them."""

    email: str
    country: str
    unit_price: float
    quantity: int = 1
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
