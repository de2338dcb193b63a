"""Data to look at on the first start. Written through the application's own use cases, in one transaction."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import FastAPI

from app.address.model import Address
from app.pricing.model import Record
from app.product.model import Product
from app.seed_data import ADDRESSES, PRODUCTS, RECORDS, USERS
from app.user.model import User
from loom.core.repository.abc.query import QuerySpec
from loom.core.use_case.invoker import ApplicationInvoker
from loom.core.use_case.use_case import UseCase

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[Any]]


def seeded(lifespan: Lifespan) -> Lifespan:
    """Return `lifespan` extended: once it has started (so the tables exist), an empty store is filled."""

    @asynccontextmanager
    async def start(api: FastAPI) -> AsyncIterator[Any]:
        async with lifespan(api) as state:
            await api.state.loom.kernel.app.invoke(FillEmptyStoreUseCase)
            yield state

    return start


class FillEmptyStoreUseCase(UseCase[User, bool]):
    """Write the seed data unless there is a user already; all of it or nothing."""

    def __init__(self, app: ApplicationInvoker) -> None:
        self._app = app

    async def execute(self) -> bool:
        page = await self._app.entity(User).list(params={"query": QuerySpec(limit=1)})
        if page.items:
            return False
        await self._fill()
        return True

    async def _fill(self) -> None:
        user_ids = {}
        for full_name, email in USERS:
            user = await self._app.entity(User).create(payload={"full_name": full_name, "email": email})
            user_ids[email] = user.id
        for email, city, country in ADDRESSES:
            place = {"user_id": user_ids[email], "city": city, "country": country}
            await self._app.entity(Address).create(payload=place)
        for product in PRODUCTS:
            fields = ("sku", "name", "category", "price_cents", "stock")
            await self._app.entity(Product).create(payload=dict(zip(fields, product, strict=True)))
        for title, currency in RECORDS:
            await self._app.entity(Record).create(payload={"title": title, "currency": currency})
