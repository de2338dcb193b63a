"""What products can do beyond auto-CRUD."""

from app.product.callbacks import RestockEmailFailureCallback, RestockEmailSuccessCallback
from app.product.commands import (
    DispatchRestockEmailCommand,
    DispatchRestockEmailResponse,
    ProductSummary,
    RestockWorkflowResponse,
)
from app.product.jobs import SendRestockEmailJob
from app.product.model import Product
from loom.core.job.service import JobService
from loom.core.repository.abc.query import (
    FilterGroup,
    FilterOp,
    FilterSpec,
    PageResult,
    PaginationMode,
    QuerySpec,
    SortSpec,
)
from loom.core.use_case import Exists, Input, LoadById, OnMissing
from loom.core.use_case.invoker import ApplicationInvoker
from loom.core.use_case.use_case import UseCase


class ListLowStockProductsUseCase(UseCase[Product, PageResult[Product]]):
    """List products with five pieces or fewer, scarcest first."""

    async def execute(self, profile: str = "default") -> PageResult[Product]:
        query = QuerySpec(
            filters=FilterGroup(filters=(FilterSpec(field="stock", op=FilterOp.LTE, value=5),)),
            sort=(SortSpec(field="stock", direction="ASC"),),
            pagination=PaginationMode.OFFSET,
            limit=20,
            page=1,
        )
        result = await self.main_repo.list_with_query(query, profile=profile)
        if not isinstance(result, PageResult):
            raise RuntimeError("expected offset result")  # noqa: TRY004 - nobody passed a wrong type
        return result


class BuildProductSummaryUseCase(UseCase[Product, ProductSummary]):
    """Describe a product in one line."""

    async def execute(self, product_id: int, product: Product = LoadById(Product, by="product_id")) -> ProductSummary:
        return ProductSummary(
            product_id=product_id, summary=f"{product.name} ({product.sku}): {product.stock} in stock"
        )


class DispatchRestockEmailUseCase(UseCase[Product, DispatchRestockEmailResponse]):
    """Ask for a restock e-mail; it is sent once this request has committed."""

    def __init__(self, job_service: JobService) -> None:
        self._jobs = job_service

    async def execute(
        self,
        product_id: int,
        cmd: DispatchRestockEmailCommand = Input(),
        _product_exists: bool = Exists(Product, from_param="product_id", against="id", on_missing=OnMissing.RAISE),
    ) -> DispatchRestockEmailResponse:
        handle = self._jobs.dispatch(
            SendRestockEmailJob,
            params={"product_id": product_id},
            payload={"product_id": product_id, **cmd.__dict__},
            on_success=RestockEmailSuccessCallback,
            on_failure=RestockEmailFailureCallback,
        )
        return DispatchRestockEmailResponse(job_id=handle.job_id, queue=handle.queue)


class RestockWorkflowUseCase(UseCase[Product, RestockWorkflowResponse]):
    """Summarise a product through another use case, then ask for its restock e-mail."""

    def __init__(self, app: ApplicationInvoker, job_service: JobService) -> None:
        self._app = app
        self._jobs = job_service

    async def execute(self, product_id: int, cmd: DispatchRestockEmailCommand = Input()) -> RestockWorkflowResponse:
        summary = await self._app.invoke(BuildProductSummaryUseCase, params={"product_id": product_id})
        handle = self._jobs.dispatch(
            SendRestockEmailJob,
            params={"product_id": product_id},
            payload={"product_id": product_id, **cmd.__dict__},
            on_success=RestockEmailSuccessCallback,
            on_failure=RestockEmailFailureCallback,
        )
        return RestockWorkflowResponse(summary=summary.summary, restock_job_id=handle.job_id, queue=handle.queue)
