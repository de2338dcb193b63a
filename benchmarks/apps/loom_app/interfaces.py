"""The routes."""

from benchmarks.apps.loom_app.models import DETAILS, Record
from benchmarks.apps.loom_app.use_cases import BulkCreateRecords, Ping, PreviewPricing
from loom.rest.autocrud import build_auto_routes
from loom.rest.model import PaginationMode, RestInterface, RestRoute


class BenchInterface(RestInterface[str]):
    """What needs no model."""

    prefix = "/bench"
    routes = (RestRoute(use_case=Ping, method="GET", path="/ping"),)


class RecordInterface(RestInterface[Record]):
    """Records: four of the five auto-CRUD routes, a bulk and the preview."""

    prefix = "/bench/records"
    pagination_mode = PaginationMode.CURSOR
    expose_profile = True
    allowed_profiles = ("default", DETAILS)
    routes = (
        RestRoute(use_case=BulkCreateRecords, method="POST", path="/bulk", status_code=201),
        RestRoute(use_case=PreviewPricing, method="POST", path="/{record_id}/pricing-preview"),
        *build_auto_routes(Record, ("create", "get", "list", "update")),
    )
