"""Changes: every build of this run, newest first, with its diff in words or its failure."""

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from studio.store import Build
from studio.web.page import Page, PageRoute, Studio


class ChangesView(Struct, frozen=True, kw_only=True):
    """Builds, newest first."""

    builds: tuple[Build, ...]


async def show(request: Request, studio: Studio) -> Response:
    """Render the page."""
    view = ChangesView(builds=studio.store.builds)
    return studio.renderer.page(request, CHANGES, "changes.html", view, title="Changes")


async def as_markdown(request: Request, studio: Studio) -> Response:
    """Return the log as Markdown, for a pull request."""
    return PlainTextResponse("\n".join(line for build in studio.store.builds for line in _markdown(build)))


def _markdown(build: Build) -> list[str]:
    heading = f"### Build {build.number}: {'ready' if build.ok else 'failed'} ({', '.join(build.trigger)})"
    if build.failure is not None:
        return [heading, f"- {build.failure.title}: {build.failure.message}", ""]
    return [heading, *(f"- {change.text}" for change in build.changes), ""]


CHANGES = Page(
    slug="changes",
    title="Changes",
    group="Quality",
    key="c",
    icon="changes",
    routes=(PageRoute(path="/changes", handler=show), PageRoute(path="/changes.md", handler=as_markdown)),
)
