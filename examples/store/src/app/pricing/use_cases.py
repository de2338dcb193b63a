"""A compute-heavy flow: fields are derived in order, then rules judge, then `execute` only formats."""

from app.pricing.commands import TAX_RATES, PricingCommand, PricingPreviewResponse
from app.pricing.model import Record
from loom.core.use_case import Compute, F, Input, LoadById, Rule
from loom.core.use_case.use_case import UseCase


class PricingPreviewUseCase(UseCase[Record, PricingPreviewResponse]):
    """Preview a price under an agreement; nothing is stored."""

    computes = (
        Compute.set(F(PricingCommand).normalized_email).from_command(
            F(PricingCommand).email,
            via=lambda v: v.strip().lower(),
        ),
        Compute.set(F(PricingCommand).subtotal).from_command(
            F(PricingCommand).unit_price,
            F(PricingCommand).quantity,
            via=lambda price, qty: price * qty,
        ),
        # Computes run before rules: a country without a rate must survive until its rule can refuse it.
        Compute.set(F(PricingCommand).tax_rate).from_command(
            F(PricingCommand).country,
            via=lambda country: TAX_RATES.get(country, 0.0),
        ),
        Compute.set(F(PricingCommand).tax_amount).from_command(
            F(PricingCommand).subtotal,
            F(PricingCommand).tax_rate,
            via=lambda sub, rate: sub * rate,
        ),
    )
    rules = (
        Rule.check(F(PricingCommand).unit_price, via=lambda v: v <= 0, message="unit_price must be > 0"),
        Rule.check(F(PricingCommand).quantity, via=lambda v: v <= 0, message="quantity must be > 0"),
        Rule.check(F(PricingCommand).country, via=lambda v: v not in TAX_RATES, message="Unsupported country"),
    )

    async def execute(
        self,
        record_id: int,
        cmd: PricingCommand = Input(),
        record: Record = LoadById(Record, by="record_id"),
    ) -> PricingPreviewResponse:
        return PricingPreviewResponse(
            record_id=record_id,
            title=record.title,
            currency=record.currency,
            email=cmd.normalized_email,
            subtotal=round(cmd.subtotal, 2),
            tax_rate=cmd.tax_rate,
            tax_amount=round(cmd.tax_amount, 2),
            total=round(cmd.subtotal + cmd.tax_amount, 2),
        )
