"""Believable data for a first start, put in through the application itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from app.address.model import Address
from app.pricing.model import Record
from app.product.model import Product
from app.user.model import User
from loom.core.repository.abc.query import QuerySpec

USERS = (
    "Ada Byron",
    "Grace Murray",
    "Alan Reyes",
    "Mary Keller",
    "Edsger Vos",
    "Radia Perl",
    "Ken Ritter",
    "Joan Clarke",
)
CITIES = (("Lisbon", "PT"), ("Berlin", "DE"), ("Lyon", "FR"), ("Seville", "ES"))
PRODUCTS = (
    ("KB-75", "Low-profile keyboard", "peripherals", 9900, 0),
    ("KB-60", "Compact keyboard", "peripherals", 7900, 14),
    ("MS-01", "Vertical mouse", "peripherals", 5900, 3),
    ("MS-02", "Travel mouse", "peripherals", 2900, 3),
    ("MO-27", "27-inch monitor", "displays", 32900, 5),
    ("MO-32", "32-inch monitor", "displays", 49900, 8),
    ("HD-10", "Studio headphones", "audio", 14900, 0),
    ("HD-20", "Noise-cancelling headphones", "audio", 24900, 21),
    ("MC-05", "Podcast microphone", "audio", 11900, 5),
    ("CB-01", "USB-C cable, 2 m", "cables", 1500, 240),
    ("CB-02", "DisplayPort cable", "cables", 1900, 240),
    ("HB-07", "Seven-port hub", "adapters", 4500, 14),
    ("ST-03", "Aluminium laptop stand", "furniture", 5400, 2),
    ("DS-16", "Standing desk", "furniture", 62900, 1),
    ("LT-04", "Desk lamp", "lighting", 6900, 8),
    ("WC-09", "4K webcam", "video", 15900, 3),
)


def seed_on_first_start(app: FastAPI) -> None:
    """Fill an empty database once the tables exist, before the first request."""
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(served: FastAPI) -> AsyncIterator[Any]:
        async with inner(served) as state:
            await _fill(served.state.loom.kernel.app)
            yield state

    app.router.lifespan_context = lifespan


async def _fill(invoker: Any) -> None:
    known = await invoker.entity(User).list(params={"query": QuerySpec(limit=1)})
    if known.total_count:
        return
    for index, name in enumerate(USERS):
        email = f"{name.lower().replace(' ', '.')}@example.com"
        user = await invoker.entity(User).create(payload={"full_name": name, "email": email})
        city, country = CITIES[index % len(CITIES)]
        await invoker.entity(Address).create(payload={"user_id": user.id, "city": city, "country": country})
    for sku, name, category, price_cents, stock in PRODUCTS:
        payload = {"sku": sku, "name": name, "category": category, "price_cents": price_cents, "stock": stock}
        await invoker.entity(Product).create(payload=payload)
    for title in ("Office refit", "Studio build"):
        await invoker.entity(Record).create(payload={"title": title})
