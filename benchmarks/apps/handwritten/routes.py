"""The routes."""

import base64
import binascii
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Query, Request
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, selectinload

from benchmarks.apps.handwritten.schemas import (
    PongOut,
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

router = APIRouter(prefix="/bench")


async def get_session(request: Request) -> AsyncIterator[AsyncSession]:
    """Yield the request's session."""
    async with request.app.state.sessions() as session:
        yield session


Session = Annotated[AsyncSession, Depends(get_session)]
Limit = Annotated[int, Query(ge=1, le=1000)]


@router.get("/ping")
async def ping() -> PongOut:
    """Answer."""
    return PongOut(status="ok")


@router.get("/records/{record_id}", response_model=RecordDetails | RecordItem)
async def get_record(record_id: int, session: Session, profile: Literal["default", "with_details"] = "default") -> Any:
    """Return one record."""
    query = select(Record).where(Record.id == record_id).options(HAS_NOTES)
    if profile == "with_details":
        query = query.options(joinedload(Record.owner), selectinload(Record.notes))
    record = await session.scalar(query)
    if record is None:
        raise HTTPException(404, "no such record")
    schema = RecordDetails if profile == "with_details" else RecordItem
    return schema.model_validate(record)


@router.get("/records/", response_model=RecordStep | RecordPage)
async def list_records(
    session: Session,
    pagination: Literal["cursor", "offset"] = "cursor",
    limit: Limit = 50,
    page: Annotated[int, Query(ge=1)] = 1,
    after: str | None = None,
) -> Any:
    """Return records in the order of their ids."""
    query = select(Record).options(HAS_NOTES).order_by(Record.id)
    if pagination == "cursor":
        query = query.where(Record.id > last_seen(after)) if after else query
        rows = (await session.scalars(query.limit(limit + 1))).all()
        return step_of(rows[:limit], has_next=len(rows) > limit)
    total = await session.scalar(select(func.count()).select_from(Record)) or 0
    rows = (await session.scalars(query.limit(limit).offset((page - 1) * limit))).all()
    items = [RecordItem.model_validate(row) for row in rows]
    return RecordPage(items=items, total_count=total, page=page, limit=limit, has_next=page * limit < total)


@router.post("/records/", status_code=201, response_model=RecordOut)
async def create_record(body: RecordCreate, session: Session) -> Any:
    """Create a record."""
    record = Record(**body.model_dump())
    session.add(record)
    await session.commit()
    return record


@router.post("/records/bulk", status_code=201, response_model=list[RecordOut])
async def create_records(body: RecordBulk, session: Session) -> Any:
    """Create several records in one transaction."""
    records = [Record(**item.model_dump()) for item in body.items]
    session.add_all(records)
    await session.commit()
    return records


@router.patch("/records/{record_id}", response_model=RecordOut)
async def update_record(record_id: int, body: RecordUpdate, session: Session) -> Any:
    """Change what the body names."""
    return await changed(session, record_id, body.model_dump(exclude_unset=True))


@router.post("/records/{record_id}/pricing-preview")
async def preview_pricing(record_id: int, body: PricingIn, session: Session) -> PricingOut:
    """Price an order under a record and leave the result on it."""
    price = price_of(body)
    if wrong := violations(body, price):
        raise HTTPException(422, {"code": "rule_violations", "violations": wrong})
    values = {"country": price.country, "quantity": body.quantity, "unit_price": body.unit_price}
    record = await changed(session, record_id, values | {"amount": round(price.total, 2)})
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


async def changed(session: AsyncSession, record_id: int, values: dict[str, Any]) -> Record:
    """Update one record in one statement and return it."""
    record: Record | None = await session.scalar(
        update(Record).where(Record.id == record_id).values(values).returning(Record)
    )
    if record is None:
        raise HTTPException(404, "no such record")
    await session.commit()
    return record


def step_of(rows: Any, *, has_next: bool) -> RecordStep:
    """Return a step; its cursor is the last id."""
    token = base64.urlsafe_b64encode(str(rows[-1].id).encode()).decode() if has_next else None
    items = [RecordItem.model_validate(row) for row in rows]
    return RecordStep(items=items, next_cursor=token, has_next=has_next)


def last_seen(cursor: str) -> int:
    """Return the id a cursor stands for."""
    try:
        return int(base64.urlsafe_b64decode(cursor))
    except (binascii.Error, ValueError):
        raise HTTPException(400, "not a cursor") from None
