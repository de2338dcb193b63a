"""The pages of the studio, in menu order."""

from msgspec.structs import replace

from studio.pages.changes import CHANGES
from studio.pages.now import NOW
from studio.pages.plans import PLANS
from studio.pages.requests import REQUESTS
from studio.pages.routes import ROUTES
from studio.pages.trace import TRACE_ROUTE

PAGES = (NOW, ROUTES, PLANS, replace(REQUESTS, routes=(*REQUESTS.routes, TRACE_ROUTE)), CHANGES)
