from __future__ import annotations

from loom.core.command import Command
from loom.core.response import Response


class DispatchRestockEmailCommand(Command, frozen=True):
    recipient_email: str
    force_fail: bool = False


class SendRestockEmailCommand(Command, frozen=True):
    product_id: int
    recipient_email: str
    force_fail: bool = False


class DispatchRestockEmailResponse(Response, frozen=True):
    job_id: str
    queue: str


class RestockWorkflowResponse(Command, frozen=True):
    summary: str
    restock_job_id: str
    queue: str


class ProductSummaryResponse(Command, frozen=True):
    product_id: int
    summary: str


class SyncProductsCommand(Command, frozen=True):
    product_ids: list[int] = []
    force_fail: bool = False


class SyncProductCommand(Command, frozen=True):
    product_id: int
    force_fail: bool = False


class SyncProductsResponse(Command, frozen=True):
    dispatched: int
    job_ids: list[str]
