"""Pricing over HTTP."""

from app.pricing.model import Record
from app.pricing.use_cases import PricingPreviewUseCase
from loom.rest.autocrud import build_auto_routes
from loom.rest.model import RestInterface, RestRoute


class PricingRestInterface(RestInterface[Record]):
    """`/pricing/` for agreements, `/pricing/{record_id}/preview` for prices under one."""

    prefix = "/pricing"
    tags = ("Pricing",)
    routes = (
        RestRoute(
            use_case=PricingPreviewUseCase, method="POST", path="/{record_id}/preview", summary="Preview a price"
        ),
        *build_auto_routes(Record, ("create", "get", "list")),
    )
