"""What happens after a restock e-mail: the product's category tells how it went."""

from typing import Any

from app.product.model import Product
from loom.core.use_case.invoker import ApplicationInvoker


class RestockEmailSuccessCallback:
    """Marks the product `-notified`, once, where a message was really sent."""

    def __init__(self, app: ApplicationInvoker) -> None:
        self._app = app

    async def on_success(self, job_id: str, result: Any, **context: Any) -> None:
        if result:
            await _mark(self._app, context["product_id"], "-notified")


class RestockEmailFailureCallback:
    """Marks the product `-failed`, once."""

    def __init__(self, app: ApplicationInvoker) -> None:
        self._app = app

    async def on_failure(self, job_id: str, exc_type: str, exc_msg: str, **context: Any) -> None:
        await _mark(self._app, context["product_id"], "-failed")


async def _mark(app: ApplicationInvoker, product_id: int, suffix: str) -> None:
    entity = app.entity(Product)
    product = await entity.get(params={"id": product_id})
    if product and not product.category.endswith(suffix):
        category = product.category[: 120 - len(suffix)]
        await entity.update(params={"id": product.id}, payload={"category": f"{category}{suffix}"})
