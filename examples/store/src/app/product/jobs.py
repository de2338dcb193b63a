"""The restock e-mail: a background job and what follows it."""

import logging
from typing import Any

from app.product.model import Product
from loom.core.command import Command
from loom.core.job.job import Job
from loom.core.use_case import Input, LoadById
from loom.core.use_case.invoker import ApplicationInvoker

_log = logging.getLogger("store.mail")


class SendRestockEmailCommand(Command, frozen=True):
    """Whom to tell; `force_fail` stands for a mail server that refuses."""

    product_id: int
    recipient_email: str
    force_fail: bool = False


class SendRestockEmailJob(Job[bool]):
    """Tell somebody that a product is sold out; False where it is not."""

    __queue__ = "notifications"

    async def execute(
        self,
        product_id: int,
        cmd: SendRestockEmailCommand = Input(),
        product: Product = LoadById(Product, by="product_id"),
    ) -> bool:
        if cmd.force_fail:
            raise ConnectionError("the mail server refused the message")
        if product.stock > 0:
            return False
        _log.info("restock mail for %s to %s", product.sku, cmd.recipient_email)
        return True


class RestockEmailSuccessCallback:
    """Marks the product once the mail is out."""

    def __init__(self, app: ApplicationInvoker) -> None:
        self._app = app

    async def on_success(self, job_id: str, result: Any, **context: Any) -> None:
        """Append `-notified` to the category."""
        if not result:
            return
        await _mark(self._app, context["product_id"], "notified")


class RestockEmailFailureCallback:
    """Marks the product when the mail could not be sent."""

    def __init__(self, app: ApplicationInvoker) -> None:
        self._app = app

    async def on_failure(self, job_id: str, exc_type: str, exc_msg: str, **context: Any) -> None:
        """Append `-failed` to the category."""
        await _mark(self._app, context["product_id"], "failed")


async def _mark(app: ApplicationInvoker, product_id: int, word: str) -> None:
    entity = app.entity(Product)
    product = await entity.get(params={"id": product_id})
    if product:
        await entity.update(params={"id": product.id}, payload={"category": f"{product.category}-{word}"})
