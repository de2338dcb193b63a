from __future__ import annotations

from loom.rest.autocrud import build_auto_routes
from loom.rest.model import RestInterface, RestRoute

from app.order.model import Order, OrderItem
from app.order.use_cases import (
    CreateOrderItemUseCase,
    CreateOrderUseCase,
    GetOrderItemUseCase,
    UpdateOrderUseCase,
)


class OrderRestInterface(RestInterface[Order]):
    prefix = "/orders"
    tags = ("Orders",)
    routes = (
        RestRoute(use_case=CreateOrderUseCase, method="POST", path="/", status_code=201),
        RestRoute(use_case=UpdateOrderUseCase, method="PATCH", path="/{id}"),
        *build_auto_routes(Order, ("get", "list", "delete")),
    )


class OrderItemRestInterface(RestInterface[OrderItem]):
    prefix = "/order-items"
    tags = ("OrderItems",)
    routes = (
        RestRoute(use_case=CreateOrderItemUseCase, method="POST", path="/", status_code=201),
        RestRoute(use_case=GetOrderItemUseCase, method="GET", path="/{item_id}"),
        *build_auto_routes(OrderItem, include=("list", "update", "delete")),
    )
