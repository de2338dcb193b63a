"""Changes: every build of this run, newest first, with its diff in words or its failure."""

from collections.abc import Iterator

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from studio.store import BUILDS_KEPT, Build
from studio.web.page import Page, PageRoute, Studio


class ChangesView(Struct, frozen=True, kw_only=True):
    """Builds, newest first; `first_kept` is above 1 where older ones were forgotten."""

    builds: tuple[Build, ...]
    failed: int
    first_kept: int
    kept: int = BUILDS_KEPT


async def show(request: Request, studio: Studio) -> Response:
    """Render the page."""
    builds = studio.store.builds
    failed = sum(not build.ok for build in builds)
    view = ChangesView(builds=builds, failed=failed, first_kept=builds[-1].number if builds else 1)
    return studio.renderer.page(request, CHANGES, "changes.html", view, title="Changes")


async def as_markdown(request: Request, studio: Studio) -> Response:
    """Return the log as Markdown, for a pull request."""
    return PlainTextResponse(markdown(studio.store.builds))


def markdown(builds: tuple[Build, ...]) -> str:
    """Return the log as Markdown: a heading per build, a line per change or problem."""
    return "\n".join(line for build in builds for line in _lines(build))


def _lines(build: Build) -> Iterator[str]:
    trigger = ", ".join(f"`{name}`" for name in build.trigger)
    yield f"### Build {build.number}: {'ready' if build.ok else 'failed'} ({trigger})"
    yield ""
    if build.failure is not None:
        yield f"- **{build.failure.title}**: {' '.join(build.failure.message.split())}"
        yield from (f"- {item.where}: {item.message}" for item in build.failure.diagnostics)
    yield from (f"- {change.text}" for change in build.changes)
    yield ""


CHANGES = Page(
    slug="changes",
    title="Changes",
    group="Quality",
    key="c",
    icon="changes",
    routes=(PageRoute(path="/changes", handler=show), PageRoute(path="/changes.md", handler=as_markdown)),
)
