"""What a page is: a menu entry and the routes behind it. Pages are passed in, so a third party adds one alike."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

if TYPE_CHECKING:  # the render seam knows pages only for the menu
    from studio.web.render import Renderer

from studio.store import Store


class Controls(Protocol):
    """What a page may ask of the supervisor."""

    async def reload(self) -> None:
        """Build again now, as if a file had changed."""

    async def open_in_editor(self, file: str, line: int) -> None:
        """Open `file` in the developer's editor (argv list, never a shell).

        Raises:
            LookupError: no editor is configured; the message says how to configure one.
        """


class Studio(Struct, frozen=True, kw_only=True):
    """What a handler works with."""

    store: Store
    controls: Controls
    renderer: "Renderer"


Handler = Callable[[Request, Studio], Awaitable[Response]]


class PageRoute(Struct, frozen=True, kw_only=True):
    """One URL of a page. GET renders and changes nothing; POST acts and answers JSON or a fragment."""

    path: str
    handler: Handler
    method: str = "GET"


class Page(Struct, frozen=True, kw_only=True):
    """A page of the studio.

    Attributes:
        slug: first path segment and `data-page` of the body: `routes`.
        title: menu and heading text.
        group: menu group: "", "Explore", "Observe", "Work" or "Quality".
        key: the letter after `g` that goes here.
        icon: name of an icon in `templates/icons.html`.
        routes: its URLs; the first one is where the menu leads.
    """

    slug: str
    title: str
    group: str
    key: str
    icon: str
    routes: tuple[PageRoute, ...]
