from __future__ import annotations

from loom.rest.autocrud import build_auto_routes
from loom.rest.model import PaginationMode, RestInterface, RestRoute

from app.product.model import Product
from app.product.use_cases import (
    DispatchRestockEmailUseCase,
    GetProductSummaryUseCase,
    ListLowStockProductsUseCase,
    RestockWorkflowUseCase,
    SyncProductsUseCase,
)


class ProductRestInterface(RestInterface[Product]):
    prefix = "/products"
    tags = ("Products",)
    pagination_mode = PaginationMode.CURSOR
    routes = (
        RestRoute(use_case=ListLowStockProductsUseCase, method="GET", path="/low-stock"),
        RestRoute(
            use_case=DispatchRestockEmailUseCase,
            method="POST",
            path="/{product_id}/jobs/restock-email",
            status_code=202,
        ),
        RestRoute(use_case=GetProductSummaryUseCase, method="GET", path="/{product_id}/jobs/summary"),
        RestRoute(
            use_case=RestockWorkflowUseCase, method="POST", path="/{product_id}/workflows/restock", status_code=202
        ),
        RestRoute(use_case=SyncProductsUseCase, method="POST", path="/jobs/sync-erp", status_code=202),
        *build_auto_routes(Product, ()),
    )
