"""The pages of the studio, in menu order."""

from studio.pages.changes import CHANGES
from studio.pages.now import NOW
from studio.pages.plans import PLANS
from studio.pages.routes import ROUTES

PAGES = (NOW, ROUTES, PLANS, CHANGES)
