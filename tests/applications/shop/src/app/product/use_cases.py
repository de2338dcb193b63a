from __future__ import annotations

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
from loom.core.use_case import F, Input, LoadById, Rule
from loom.core.use_case.invoker import ApplicationInvoker
from loom.core.use_case.use_case import UseCase

from app.product.callbacks import RestockEmailFailureCallback, RestockEmailSuccessCallback
from app.product.commands import (
    DispatchRestockEmailCommand,
    DispatchRestockEmailResponse,
    ProductSummaryResponse,
    RestockWorkflowResponse,
    SyncProductsCommand,
    SyncProductsResponse,
)
from app.product.jobs import BuildProductSummaryJob, SendRestockEmailJob, SyncProductsToErpJob
from app.product.model import Product


class ListLowStockProductsUseCase(UseCase[Product, PageResult[Product]]):
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
            raise RuntimeError("expected offset result")
        return result


class GetProductSummaryUseCase(UseCase[object, ProductSummaryResponse]):
    def __init__(self, job_service: JobService) -> None:
        self._jobs = job_service

    async def execute(self, product_id: str) -> ProductSummaryResponse:
        return await self._jobs.run(BuildProductSummaryJob, params={"product_id": int(product_id)})


class BuildProductSummaryUseCase(UseCase[Product, ProductSummaryResponse]):
    async def execute(
        self, product_id: int, product: Product = LoadById(Product, by="product_id")
    ) -> ProductSummaryResponse:
        return ProductSummaryResponse(product_id=product.id, summary=f"{product.name} ({product.stock})")


class DispatchRestockEmailUseCase(UseCase[Product, DispatchRestockEmailResponse]):
    def __init__(self, job_service: JobService) -> None:
        self._jobs = job_service

    async def execute(
        self, product_id: str, cmd: DispatchRestockEmailCommand = Input()
    ) -> DispatchRestockEmailResponse:
        handle = self._jobs.dispatch(
            SendRestockEmailJob,
            params={"product_id": int(product_id)},
            payload={
                "product_id": int(product_id),
                "recipient_email": cmd.recipient_email,
                "force_fail": cmd.force_fail,
            },
            on_success=RestockEmailSuccessCallback,
            on_failure=RestockEmailFailureCallback,
        )
        return DispatchRestockEmailResponse(job_id=handle.job_id, queue=handle.queue)


class RestockWorkflowUseCase(UseCase[Product, RestockWorkflowResponse]):
    def __init__(self, app: ApplicationInvoker, job_service: JobService) -> None:
        self._app = app
        self._jobs = job_service

    async def execute(self, product_id: str, cmd: DispatchRestockEmailCommand = Input()) -> RestockWorkflowResponse:
        summary = await self._app.invoke(BuildProductSummaryUseCase, params={"product_id": int(product_id)})
        handle = self._jobs.dispatch(
            SendRestockEmailJob,
            params={"product_id": int(product_id)},
            payload={
                "product_id": int(product_id),
                "recipient_email": cmd.recipient_email,
                "force_fail": cmd.force_fail,
            },
            on_success=RestockEmailSuccessCallback,
            on_failure=RestockEmailFailureCallback,
        )
        return RestockWorkflowResponse(summary=summary.summary, restock_job_id=handle.job_id, queue=handle.queue)


class SyncProductsUseCase(UseCase[object, SyncProductsResponse]):
    rules = [
        Rule.check(F(SyncProductsCommand).product_ids, via=lambda ids: not ids, message="product_ids must not be empty")
    ]

    def __init__(self, job_service: JobService) -> None:
        self._jobs = job_service

    async def execute(self, cmd: SyncProductsCommand = Input()) -> SyncProductsResponse:
        group = self._jobs.dispatch_parallel(
            [
                (SyncProductsToErpJob, {"product_id": product_id, "force_fail": cmd.force_fail})
                for product_id in cmd.product_ids
            ]
        )
        return SyncProductsResponse(dispatched=len(group.handles), job_ids=[handle.job_id for handle in group.handles])
