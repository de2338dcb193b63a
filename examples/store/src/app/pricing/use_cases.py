"""The pricing preview: a chain of computes, then rules, then an answer. Nothing is written."""

from app.pricing.model import Record
from loom.core.command import Command
from loom.core.response import Response
from loom.core.use_case import Compute, F, Input, LoadById, Rule
from loom.core.use_case.use_case import UseCase

TAX_RATES = {"DE": 0.19, "ES": 0.21, "FR": 0.20, "PT": 0.23}


class PricingCommand(Command, frozen=True):
    """What is to be priced; the lower fields are computed."""

    email: str
    country: str
    unit_price: float
    quantity: int = 1
    normalized_email: str = ""
    tax_rate: float = 0.0
    subtotal: float = 0.0
    tax_amount: float = 0.0
    total: float = 0.0


class PricingPreviewResponse(Response):
    """The price, broken down."""

    record_id: int
    title: str
    email: str
    subtotal: float
    tax_amount: float
    total: float


class PricingPreviewUseCase(UseCase[Record, PricingPreviewResponse]):
    """Preview the price of a record for a country."""

    computes = (
        Compute.set(F(PricingCommand).normalized_email).from_command(
            F(PricingCommand).email, via=lambda v: v.strip().lower()
        ),
        Compute.set(F(PricingCommand).tax_rate).from_command(
            F(PricingCommand).country, via=lambda country: TAX_RATES.get(country, 0.0)
        ),
        Compute.set(F(PricingCommand).subtotal).from_command(
            F(PricingCommand).unit_price, F(PricingCommand).quantity, via=lambda price, qty: price * qty
        ),
        Compute.set(F(PricingCommand).tax_amount).from_command(
            F(PricingCommand).subtotal, F(PricingCommand).tax_rate, via=lambda sub, rate: round(sub * rate, 2)
        ),
        Compute.set(F(PricingCommand).total).from_command(
            F(PricingCommand).subtotal, F(PricingCommand).tax_amount, via=lambda sub, tax: round(sub + tax, 2)
        ),
    )
    rules = (
        Rule.check(F(PricingCommand).unit_price, via=lambda v: v <= 0, message="unit_price must be > 0"),
        Rule.check(F(PricingCommand).quantity, via=lambda v: v <= 0, message="quantity must be > 0"),
        Rule.check(F(PricingCommand).country, via=lambda v: v not in TAX_RATES, message="Unsupported country"),
    )

    async def execute(
        self, record_id: int, cmd: PricingCommand = Input(), record: Record = LoadById(Record, by="record_id")
    ) -> PricingPreviewResponse:
        return PricingPreviewResponse(
            record_id=record.id,
            title=record.title,
            email=cmd.normalized_email,
            subtotal=cmd.subtotal,
            tax_amount=cmd.tax_amount,
            total=cmd.total,
        )
