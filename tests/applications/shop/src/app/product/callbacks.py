from __future__ import annotations

from typing import Any

from loom.core.use_case.invoker import ApplicationInvoker

from app.product.model import Product


class RestockEmailSuccessCallback:
    def __init__(self, app: ApplicationInvoker) -> None:
        self._app = app

    async def on_success(self, job_id: str, result: Any, **context: Any) -> None:
        if not result:
            return
        entity = self._app.entity(Product)
        product = await entity.get(params={"id": context["product_id"]})
        if product:
            await entity.update(params={"id": product.id}, payload={"category": f"{product.category}-restock-notified"})

    def on_failure(self, job_id: str, exc_type: str, exc_msg: str, **context: Any) -> None:
        return None


class RestockEmailFailureCallback:
    def __init__(self, app: ApplicationInvoker) -> None:
        self._app = app

    def on_success(self, job_id: str, result: Any, **context: Any) -> None:
        return None

    async def on_failure(self, job_id: str, exc_type: str, exc_msg: str, **context: Any) -> None:
        entity = self._app.entity(Product)
        product = await entity.get(params={"id": context["product_id"]})
        if product:
            await entity.update(params={"id": product.id}, payload={"category": f"{product.category}-restock-failed"})
