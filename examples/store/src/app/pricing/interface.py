"""Pricing over HTTP."""

from app.pricing.model import Record
from app.pricing.use_cases import PricingPreviewUseCase
from loom.rest.model import RestInterface, RestRoute


class PricingRestInterface(RestInterface[Record]):
    """Price previews."""

    prefix = "/pricing"
    tags = ("Pricing",)
    routes = (RestRoute(use_case=PricingPreviewUseCase, method="POST", path="/{record_id}/preview"),)
