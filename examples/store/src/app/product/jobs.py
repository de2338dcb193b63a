"""Background work about products."""

import logging

from app.product.commands import SendRestockEmailCommand
from app.product.model import Product
from loom.core.job.job import Job
from loom.core.use_case import Input, LoadById

_log = logging.getLogger("app.mail")


class DeliveryError(Exception):
    """The mail server will not take the message."""


class SendRestockEmailJob(Job[bool]):
    """Ask a supplier to restock a product that has run out; false where it has not."""

    __queue__ = "notifications"

    async def execute(
        self,
        product_id: int,
        cmd: SendRestockEmailCommand = Input(),
        product: Product = LoadById(Product, by="product_id"),
    ) -> bool:
        if product.stock > 0:
            return False
        if cmd.force_fail:
            raise DeliveryError(f"the mail server refuses {cmd.recipient_email}")
        # Where a mail server would be asked, the store writes a line.
        _log.info("mail to %s: please restock %s (%s)", cmd.recipient_email, product.name, product.sku)
        return True
