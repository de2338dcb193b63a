from __future__ import annotations

from loom.core.command import Command, Patch
from loom.core.errors import NotFound
from loom.core.use_case import Exists, F, Input, LoadById, OnMissing, Rule
from loom.core.use_case.use_case import UseCase

from app.address.model import Address
from app.order.model import Order, OrderItem
from app.product.model import Product
from app.user.model import User

_STATUSES = {"created", "paid", "shipped", "cancelled"}


class CreateOrder(Command, frozen=True):
    user_id: int
    address_id: int
    payment_method: str = "card"


class UpdateOrder(Command, frozen=True):
    status: Patch[str] = None
    payment_method: Patch[str] = None


class CreateOrderItem(Command, frozen=True):
    order_id: int
    product_id: int
    quantity: int


class CreateOrderUseCase(UseCase[Order, Order]):
    async def execute(
        self,
        cmd: CreateOrder = Input(),
        _user: bool = Exists(User, from_command="user_id", against="id", on_missing=OnMissing.RAISE),
        _address: bool = Exists(Address, from_command="address_id", against="id", on_missing=OnMissing.RAISE),
    ) -> Order:
        return await self.main_repo.create(cmd)


class UpdateOrderUseCase(UseCase[Order, Order | None]):
    rules = (
        Rule.check(
            F(UpdateOrder).status,
            via=lambda v: None if v in _STATUSES else f"status must be one of {sorted(_STATUSES)}",
        ).when_present(F(UpdateOrder).status),
    )

    async def execute(
        self, id: int, cmd: UpdateOrder = Input(), current: Order = LoadById(Order, by="id")
    ) -> Order | None:
        return await self.main_repo.update(id, cmd)


class CreateOrderItemUseCase(UseCase[OrderItem, OrderItem]):
    rules = (Rule.check(F(CreateOrderItem).quantity, via=lambda v: v <= 0, message="quantity must be > 0"),)

    async def execute(
        self,
        cmd: CreateOrderItem = Input(),
        _order: bool = Exists(Order, from_command="order_id", against="id", on_missing=OnMissing.RAISE),
        _product: bool = Exists(Product, from_command="product_id", against="id", on_missing=OnMissing.RAISE),
    ) -> OrderItem:
        return await self.main_repo.create(cmd)


class GetOrderItemUseCase(UseCase[OrderItem, OrderItem]):
    async def execute(self, item_id: int) -> OrderItem:
        item = await self.main_repo.get_by_id(item_id)
        if item is None:
            raise NotFound("OrderItem", id=item_id)
        return item
