"""What clients and jobs are told about products, and what they answer."""

from loom.core.command import Command
from loom.core.response import Response


class DispatchRestockEmailCommand(Command, frozen=True):
    """Who is to be told; `force_fail` makes the mail server refuse."""

    recipient_email: str
    force_fail: bool = False


class SendRestockEmailCommand(Command, frozen=True):
    """The job's own input: self-contained, it may run in another process."""

    product_id: int
    recipient_email: str
    force_fail: bool = False


class DispatchRestockEmailResponse(Response, frozen=True):
    """Where the work waits."""

    job_id: str
    queue: str


class ProductSummary(Response, frozen=True):
    """A product in one line."""

    product_id: int
    summary: str


class RestockWorkflowResponse(Response, frozen=True):
    """The summary, and where the work waits."""

    summary: str
    restock_job_id: str
    queue: str
