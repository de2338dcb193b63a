"""What auto-CRUD does not do: ping, a bulk, and the pricing preview with its nine computes and five rules."""

from benchmarks.apps import pricing
from benchmarks.apps.loom_app.commands import BulkCreate, Pong, Priced, PricingPreview, PricingResponse
from benchmarks.apps.loom_app.models import Record
from loom.core.errors import NotFound
from loom.core.use_case import Compute, F, Input, Rule, UseCase


class Ping(UseCase[object, Pong]):
    """Answer."""

    async def execute(self) -> Pong:
        return Pong(status="ok")


class BulkCreateRecords(UseCase[Record, list[Record]]):
    """Create several records in one transaction."""

    async def execute(self, cmd: BulkCreate = Input()) -> list[Record]:
        return [await self.main_repo.create(item) for item in cmd.items]


class PreviewPricing(UseCase[Record, PricingResponse]):
    """Price an order under a record and leave the result on it."""

    computes = (
        Compute.set(F(PricingPreview).country).from_command(F(PricingPreview).country, via=pricing.normal_country),
        Compute.set(F(PricingPreview).contact).from_command(F(PricingPreview).email, via=pricing.normal_email),
        Compute.set(F(PricingPreview).subtotal).from_command(
            F(PricingPreview).unit_price, F(PricingPreview).quantity, via=pricing.product
        ),
        Compute.set(F(PricingPreview).discount_rate).from_command(
            F(PricingPreview).quantity, via=pricing.discount_rate
        ),
        Compute.set(F(PricingPreview).discount).from_command(
            F(PricingPreview).subtotal, F(PricingPreview).discount_rate, via=pricing.product
        ),
        Compute.set(F(PricingPreview).taxable).from_command(
            F(PricingPreview).subtotal, F(PricingPreview).discount, via=pricing.difference
        ),
        Compute.set(F(PricingPreview).tax_rate).from_command(F(PricingPreview).country, via=pricing.tax_rate),
        Compute.set(F(PricingPreview).tax).from_command(
            F(PricingPreview).taxable, F(PricingPreview).tax_rate, via=pricing.product
        ),
        Compute.set(F(PricingPreview).total).from_command(
            F(PricingPreview).taxable, F(PricingPreview).tax, via=pricing.total
        ),
    )
    rules = (
        Rule.check(F(PricingPreview).unit_price, via=pricing.not_positive, message="unit_price must be > 0"),
        Rule.check(F(PricingPreview).quantity, via=pricing.not_positive, message="quantity must be > 0"),
        Rule.check(F(PricingPreview).quantity, via=pricing.too_many, message="quantity is too large"),
        Rule.check(F(PricingPreview).country, via=pricing.unsupported, message="unsupported country"),
        Rule.check(F(PricingPreview).email, via=pricing.not_an_address, message="email must be valid"),
    )

    async def execute(self, record_id: int, cmd: PricingPreview = Input()) -> PricingResponse:
        change = Priced(
            country=cmd.country, quantity=cmd.quantity, unit_price=cmd.unit_price, amount=round(cmd.total, 2)
        )
        record = await self.main_repo.update(record_id, change)
        if record is None:
            raise NotFound("Record", id=record_id)
        return PricingResponse(
            record_id=record.id,
            title=record.title,
            currency=record.currency,
            contact=cmd.contact,
            country=cmd.country,
            subtotal=round(cmd.subtotal, 2),
            discount=round(cmd.discount, 2),
            tax_rate=cmd.tax_rate,
            tax=round(cmd.tax, 2),
            total=round(cmd.total, 2),
        )
