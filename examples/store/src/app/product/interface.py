"""Products over HTTP. Routes match in the order they are declared: `/low-stock` before auto-CRUD's `/{id}`."""

from app.product.model import Product
from app.product.use_cases import DispatchRestockEmailUseCase, ListLowStockProductsUseCase, RestockWorkflowUseCase
from loom.rest.autocrud import build_auto_routes
from loom.rest.model import PaginationMode, RestInterface, RestRoute


class ProductRestInterface(RestInterface[Product]):
    """`/products/` and below; lists walk by cursor unless asked for pages."""

    prefix = "/products"
    tags = ("Products",)
    pagination_mode = PaginationMode.CURSOR
    routes = (
        RestRoute(
            use_case=ListLowStockProductsUseCase,
            method="GET",
            path="/low-stock",
            summary="List low stock products",
        ),
        RestRoute(
            use_case=DispatchRestockEmailUseCase,
            method="POST",
            path="/{product_id}/jobs/restock-email",
            status_code=202,
            summary="Dispatch restock email",
        ),
        RestRoute(
            use_case=RestockWorkflowUseCase,
            method="POST",
            path="/{product_id}/workflows/restock",
            status_code=202,
            summary="Run restock workflow",
        ),
        *build_auto_routes(Product, ()),  # adds GET, POST, PATCH, DELETE automatically
    )
