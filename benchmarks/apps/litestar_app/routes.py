"""The routes."""

import base64
import binascii
from typing import Annotated, Literal

from advanced_alchemy.extensions.litestar import filters, providers, repository, service
from litestar import Controller, get, patch, post
from litestar.exceptions import ClientException
from litestar.params import Parameter
from sqlalchemy.orm import joinedload, selectinload

from benchmarks.apps.litestar_app.schemas import (
    Pong,
    PricingIn,
    PricingOut,
    RecordBulk,
    RecordCreate,
    RecordDetails,
    RecordItem,
    RecordOut,
    RecordPage,
    RecordStep,
    RecordUpdate,
)
from benchmarks.apps.orm import HAS_NOTES, Record
from benchmarks.apps.preview import price_of, violations

_ITEM = [HAS_NOTES]
_DETAILS = [*_ITEM, joinedload(Record.owner), selectinload(Record.notes)]


class RecordService(service.SQLAlchemyAsyncRepositoryService[Record]):
    """Reads and writes records."""

    class Repo(repository.SQLAlchemyAsyncRepository[Record]):
        """The repository."""

        model_type = Record

    repository_type = Repo


@get("/bench/ping")
async def ping() -> Pong:
    """Answer."""
    return Pong(status="ok")


class RecordController(Controller):
    """Records."""

    path = "/bench/records"
    dependencies = providers.create_service_dependencies(RecordService, "records", count_with_window_function=False)

    @get("/{record_id:int}")
    async def get_record(
        self, records: RecordService, record_id: int, profile: Literal["default", "with_details"] = "default"
    ) -> RecordItem:
        """Return one record."""
        if profile == "with_details":
            return records.to_schema(await records.get(record_id, load=_DETAILS), schema_type=RecordDetails)
        return records.to_schema(await records.get(record_id, load=_ITEM), schema_type=RecordItem)

    @get("/")
    async def list_records(
        self,
        records: RecordService,
        pagination: Literal["cursor", "offset"] = "cursor",
        limit: Annotated[int, Parameter(ge=1, le=1000)] = 50,
        page: Annotated[int, Parameter(ge=1)] = 1,
        after: str | None = None,
    ) -> RecordStep | RecordPage:
        """Return records in the order of their ids."""
        order = filters.OrderBy("id", "asc")
        if pagination == "cursor":
            beyond = [Record.id > last_seen(after)] if after else []
            rows = await records.list(*beyond, filters.LimitOffset(limit + 1, 0), order, load=_ITEM)
            return step_of(records, list(rows), limit)
        bounds = filters.LimitOffset(limit, (page - 1) * limit)
        found, total = await records.list_and_count(bounds, order, load=_ITEM)
        items = [records.to_schema(row, schema_type=RecordItem) for row in found]
        return RecordPage(items=items, total_count=total, page=page, limit=limit, has_next=page * limit < total)

    @post("/")
    async def create_record(self, records: RecordService, data: RecordCreate) -> RecordOut:
        """Create a record."""
        return records.to_schema(await records.create(data, auto_refresh=False), schema_type=RecordOut)

    @post("/bulk")
    async def create_records(self, records: RecordService, data: RecordBulk) -> list[RecordOut]:
        """Create several records in one transaction."""
        created = await records.create_many(data.items)
        return [records.to_schema(row, schema_type=RecordOut) for row in created]

    @patch("/{record_id:int}")
    async def update_record(self, records: RecordService, record_id: int, data: RecordUpdate) -> RecordOut:
        """Change what the body names."""
        return records.to_schema(
            await records.update(data, item_id=record_id, auto_refresh=False), schema_type=RecordOut
        )

    @post("/{record_id:int}/pricing-preview", status_code=200)
    async def preview_pricing(self, records: RecordService, record_id: int, data: PricingIn) -> PricingOut:
        """Price an order under a record and leave the result on it."""
        price = price_of(data)
        if wrong := violations(data, price):
            raise ClientException("rule_violations", status_code=422, extra={"violations": wrong})
        values = {"country": price.country, "quantity": data.quantity, "unit_price": data.unit_price}
        record = await records.update(values | {"amount": round(price.total, 2)}, item_id=record_id, auto_refresh=False)
        return PricingOut(
            record_id=record.id,
            title=record.title,
            currency=record.currency,
            contact=price.contact,
            country=price.country,
            subtotal=round(price.subtotal, 2),
            discount=round(price.discount, 2),
            tax_rate=price.tax_rate,
            tax=round(price.tax, 2),
            total=round(price.total, 2),
        )


def step_of(records: RecordService, rows: list[Record], limit: int) -> RecordStep:
    """Return a step; its cursor is the last id."""
    items = [records.to_schema(row, schema_type=RecordItem) for row in rows[:limit]]
    has_next = len(rows) > limit
    token = base64.urlsafe_b64encode(str(items[-1].id).encode()).decode() if has_next else None
    return RecordStep(items=items, next_cursor=token, has_next=has_next)


def last_seen(cursor: str) -> int:
    """Return the id a cursor stands for."""
    try:
        return int(base64.urlsafe_b64decode(cursor))
    except (binascii.Error, ValueError):
        raise ClientException("not a cursor") from None
