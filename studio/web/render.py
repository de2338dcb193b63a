"""How a view becomes HTML: the whole page, or one named block of it. Templates get values and no logic."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse

from studio.store import Store
from studio.web import filters
from studio.web.page import Page
from studio.web.sources import SourceIds

LAYERS = ("tokens", "base", "layout", "components", "pages")
"""Style sheets in the order of their cascade layers; others follow by name."""

MODULES = ("boot", "stream")
"""Script modules that come first; others of `static/js` follow by name."""


class MenuItem(Struct, frozen=True, kw_only=True):
    """One page in the menu; `href` is its first route."""

    slug: str
    title: str
    key: str
    icon: str
    href: str


class MenuGroup(Struct, frozen=True, kw_only=True):
    """Pages under one heading; `title` is "" for those above all headings."""

    title: str
    items: tuple[MenuItem, ...]


class Problem(Struct, frozen=True, kw_only=True):
    """What `problem.html` shows: a status code, a headline and one sentence on what to do."""

    status: int
    title: str
    text: str


class Renderer:
    """Renders templates with what every page needs: menu, status, filters and the assets to load.

    Attributes:
        sources: ids of places in the source; templates call `source_id(file, line)`.
    """

    def __init__(
        self,
        *,
        store: Store,
        pages: Sequence[Page],
        assets: Iterable[str],
        folders: Sequence[Path] = (),
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.sources = SourceIds()
        self._store = store
        self._menu = _menu(pages)
        self._env = _environment(folders or template_folders())
        self._env.filters |= _filters(now) | {"short": self._short}
        self._env.globals |= {"source_id": self.sources.issue, **head_files(assets)}

    def page(
        self, request: Request, page: Page, template: str, view: Struct | None, *, title: str, part: str | None = None
    ) -> HTMLResponse:
        """Answer with `template`, or with its block `part_<name>` where `part` or `?part=` names one.

        Raises:
            HTTPException: 404, the template has no such part.
        """
        name = part or request.query_params.get("part")
        context = self._context(page, view, title)
        return HTMLResponse(self.part(template, name, context) if name else self.text(template, context))

    def problem(self, problem: Problem) -> HTMLResponse:
        """Answer with the page that says what went wrong."""
        page = Page(slug="problem", title=problem.title, group="", key="", icon="", routes=())
        context = self._context(page, problem, problem.title)
        return HTMLResponse(self.text("problem.html", context), status_code=problem.status)

    def text(self, template: str, context: Mapping[str, Any]) -> str:
        """Return the whole of `template`."""
        return self._env.get_template(template).render(context)

    def part(self, template: str, name: str, context: Mapping[str, Any]) -> str:
        """Return the block `part_<name>` of `template`.

        Raises:
            HTTPException: 404, there is no such block.
        """
        found = self._env.get_template(template)
        if f"part_{name}" not in found.blocks:
            raise HTTPException(404)
        scope = found.new_context(dict(context))
        # The first step of the root runs the template's own imports, which its blocks need, and nothing of the page.
        root = found.root_render_func(scope)
        next(root, None)
        root.close()  # type: ignore[attr-defined]  # declared as an iterator, compiled as a generator
        return "".join(scope.blocks[f"part_{name}"][0](scope))

    def _context(self, page: Page, view: Struct | None, title: str) -> dict[str, Any]:
        """What every template gets; `serving` is the build whose code answers, or None."""
        store = self._store
        common = {"menu": self._menu, "status": store.status, "serving": store.serving}
        return {"view": view, "page": page, "title": title, **common}

    def _short(self, file: str) -> str:
        return filters.short(file, self._store.snapshot.root if self._store.snapshot else "")


def template_folders() -> tuple[Path, ...]:
    """Return where templates are looked for, first match wins: the pages' own, then the shell's."""
    web = Path(__file__).parent
    return web.parent / "templates", web / "templates"


def head_files(assets: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return what the head loads: `stylesheets` by layer and `modules`, ours only, sub-folders left out."""
    paths = sorted(assets)
    return {
        "stylesheets": tuple(_ordered(paths, "/static/css/", LAYERS)),
        "modules": tuple(_ordered(paths, "/static/js/", MODULES)),
    }


def _ordered(paths: Sequence[str], folder: str, first: Sequence[str]) -> list[str]:
    names = [path for path in paths if path.startswith(folder) and "/" not in path.removeprefix(folder)]
    rank = {name: place for place, name in enumerate(first)}
    return sorted(names, key=lambda path: (rank.get(Path(path).stem, len(rank)), path))


def _environment(folders: Sequence[Path]) -> Environment:
    return Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _filters(now: Callable[[], datetime]) -> dict[str, Callable[..., Any]]:
    return {
        "ago": lambda at: filters.ago(at, now()),
        "when": lambda at: filters.when(at, now()),
        "absolute": filters.absolute,
        "clock": filters.clock,
        "ms": filters.ms,
        "us": filters.us,
        "moment": filters.moment,
        "inline": filters.inline,
        "pretty": filters.pretty,
        "size": filters.size,
        "pluralise": filters.pluralise,
        "plain": filters.plain,
        "json": lambda value: msgspec.json.encode(value).decode(),
    }


def _menu(pages: Sequence[Page]) -> tuple[MenuGroup, ...]:
    return tuple(
        MenuGroup(title=title, items=tuple(_items(group)))
        for title, group in groupby(pages, key=lambda page: page.group)
    )


def _items(pages: Iterable[Page]) -> Iterator[MenuItem]:
    for page in pages:
        href = page.routes[0].path
        yield MenuItem(slug=page.slug, title=page.title, key=page.key, icon=page.icon, href=href)
