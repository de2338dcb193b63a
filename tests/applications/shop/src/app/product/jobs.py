from __future__ import annotations

from loom.core.job.job import Job
from loom.core.use_case import Input, LoadById

from app.product.commands import ProductSummaryResponse, SendRestockEmailCommand, SyncProductCommand
from app.product.model import Product


class SendRestockEmailJob(Job[bool]):
    __queue__ = "notifications"

    async def execute(
        self,
        product_id: int,
        cmd: SendRestockEmailCommand = Input(),
        product: Product = LoadById(Product, by="product_id"),
    ) -> bool:
        if cmd.force_fail:
            raise RuntimeError("mail server refused")
        return product.stock <= 5


class BuildProductSummaryJob(Job[ProductSummaryResponse]):
    __queue__ = "analytics"

    async def execute(
        self, product_id: int, product: Product = LoadById(Product, by="product_id")
    ) -> ProductSummaryResponse:
        return ProductSummaryResponse(product_id=product.id, summary=f"{product.sku}: {product.name}")


class SyncProductsToErpJob(Job[bool]):
    __queue__ = "erp"

    def execute(self, cmd: SyncProductCommand = Input()) -> bool:
        if cmd.force_fail:
            raise RuntimeError("erp refused")
        return True
