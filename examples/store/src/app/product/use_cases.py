"""Low stock, restock mails and the restock workflow."""

from app.product.jobs import (
    RestockEmailFailureCallback,
    RestockEmailSuccessCallback,
    SendRestockEmailJob,
)
from app.product.model import Product
from loom.core.command import Command
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
from loom.core.response import Response
from loom.core.use_case import Input, LoadById
from loom.core.use_case.invoker import ApplicationInvoker
from loom.core.use_case.use_case import UseCase


class DispatchRestockEmailCommand(Command, frozen=True):
    """Whom to tell."""

    recipient_email: str
    force_fail: bool = False


class DispatchRestockEmailResponse(Response):
    """The job that was asked for."""

    job_id: str
    queue: str


class ProductSummary(Response):
    """A product in one sentence."""

    product_id: int
    summary: str


class RestockWorkflowResponse(Response):
    """What the workflow found and started."""

    summary: str
    restock_job_id: str
    queue: str


class ListLowStockProductsUseCase(UseCase[Product, PageResult[Product]]):
    """List products that are nearly sold out, scarcest first."""

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
            raise TypeError("expected offset result")
        return result


class DispatchRestockEmailUseCase(UseCase[Product, DispatchRestockEmailResponse]):
    """Ask for a restock mail; it is sent after the answer is committed."""

    def __init__(self, job_service: JobService) -> None:
        self._jobs = job_service

    async def execute(
        self,
        product_id: int,
        cmd: DispatchRestockEmailCommand = Input(),
        product: Product = LoadById(Product, by="product_id"),
    ) -> DispatchRestockEmailResponse:
        handle = self._jobs.dispatch(
            SendRestockEmailJob,
            params={"product_id": product.id},
            payload={"product_id": product.id, **cmd.__dict__},
            on_success=RestockEmailSuccessCallback,
            on_failure=RestockEmailFailureCallback,
        )
        return DispatchRestockEmailResponse(job_id=handle.job_id, queue=handle.queue)


class BuildProductSummaryUseCase(UseCase[Product, ProductSummary]):
    """Say in one sentence how a product stands."""

    read_only = True

    async def execute(self, product_id: int, product: Product = LoadById(Product, by="product_id")) -> ProductSummary:
        state = "sold out" if product.stock == 0 else f"{product.stock} left"
        return ProductSummary(product_id=product.id, summary=f"{product.name} ({product.sku}): {state}")


class RestockWorkflowUseCase(UseCase[Product, RestockWorkflowResponse]):
    """Summarise a product, then ask for its restock mail."""

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
