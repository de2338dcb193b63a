"""What templates are given and how whole pages, parts and hostile text come out."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import jinja2
import pytest
from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from studio.store import Store
from studio.web import filters
from studio.web.page import Page, PageRoute, Studio
from studio.web.render import Renderer, head_files

NOW = datetime(2026, 1, 31, 14, 2, 11, tzinfo=UTC)


class View(Struct, frozen=True):
    text: str
    at: datetime = NOW


async def _no_handler(request: Request, studio: Studio) -> Response:
    return Response()


def _page(slug: str, group: str = "", path: str = "") -> Page:
    routes = (PageRoute(path=path or f"/{slug}", handler=_no_handler),)
    return Page(slug=slug, title=slug.title(), group=group, key=slug[0], icon=slug, routes=routes)


PAGES = (_page("now", path="/"), _page("routes", "Explore"), _page("plans", "Explore"), _page("jobs", "Observe"))


@pytest.fixture
def renderer(tmp_path: Path) -> Renderer:
    (tmp_path / "base.html").write_text(
        "<title>{{ title }}</title><body data-page='{{ page.slug }}' data-state='{{ status.state }}'>"
        "{% for group in menu %}{{ group.title }}"
        "({% for item in group.items %}{{ item.href }} {% endfor %}){% endfor %}"
        "{% block content %}{% endblock %}</body>"
    )
    (tmp_path / "ui.html").write_text("{% macro shout(text) %}<b>{{ text }}</b>{% endmacro %}")
    (tmp_path / "x.html").write_text(
        "{% extends 'base.html' %}{% import 'ui.html' as ui %}"
        "{% block content %}<h1>All</h1>{% block part_one %}{{ ui.shout(view.text) }}{% endblock %}"
        "{% block part_two %}{{ view.at | when }}{% endblock %}{% endblock %}"
    )
    (tmp_path / "typo.html").write_text("{{ view.txet }}")
    store = Store(now=lambda: NOW)
    return Renderer(store=store, pages=PAGES, assets=(), folders=(tmp_path,), now=lambda: NOW + timedelta(seconds=75))


def _request(query: str = "") -> Request:
    return Request({"type": "http", "query_string": query.encode(), "headers": []})


def _text(renderer: Renderer, query: str = "", *, text: str = "hi", part: str | None = None) -> str:
    answer = renderer.page(_request(query), PAGES[1], "x.html", View(text), title="Routes", part=part)
    return bytes(answer.body).decode()


def test_a_page_knows_its_menu_status_and_title(renderer: Renderer) -> None:
    """The whole page carries the title, the page's slug, the app's state and the menu in its groups."""
    text = _text(renderer)

    assert text.startswith("<title>Routes</title><body data-page='routes' data-state='starting'>")
    assert "(/ )Explore(/routes /plans )Observe(/jobs )" in text


@pytest.mark.parametrize(("query", "part"), [("part=one", None), ("", "one"), ("part=two", "one")])
def test_a_part_comes_alone(renderer: Renderer, query: str, part: str | None) -> None:
    """A named part is rendered without the rest of the page, and sees what its template imported."""
    assert "<b>hi</b>" == _text(renderer, query, part=part)


@pytest.mark.parametrize("name", ["three", "content", "../x", "one%0a", "__class__"])
def test_a_part_that_is_not_there_is_not_found(renderer: Renderer, name: str) -> None:
    """Only blocks named `part_...` can be asked for."""
    with pytest.raises(HTTPException) as caught:
        _text(renderer, f"part={name}")

    assert 404 == caught.value.status_code


def test_hostile_text_is_escaped(renderer: Renderer) -> None:
    """Markup in a value comes out as text."""
    hostile = "<img src=x onerror=alert(1)>"

    assert "<b>&lt;img src=x onerror=alert(1)&gt;</b>" == _text(renderer, "part=one", text=hostile)


def test_a_name_that_is_not_there_is_an_error(renderer: Renderer) -> None:
    """A misspelt attribute fails instead of showing nothing."""
    with pytest.raises(jinja2.UndefinedError):
        renderer.page(_request(), PAGES[0], "typo.html", View("hi"), title="")


def test_a_time_is_relative_with_the_absolute_on_hover(renderer: Renderer) -> None:
    """The time element says how long ago, and its title says when."""
    expected = '<time datetime="2026-01-31T14:02:11+00:00" title="2026-01-31 14:02:11 UTC">1 min ago</time>'

    assert expected == _text(renderer, "part=two")


def test_style_sheets_come_in_the_order_of_their_layers() -> None:
    """Layers first, then the rest by name; modules start with the one that has the key; sub-folders are lazy."""
    css = [f"/static/css/{name}.css" for name in ("zeta", "pages", "layout", "tokens", "base", "components")]
    scripts = [f"/static/js/{name}.js" for name in ("stream", "a", "boot", "lazy/editor")]
    found = head_files([*css, *scripts, "/static/vendor/htmx.min.js"])

    assert ["tokens", "base", "layout", "components", "pages", "zeta"] == [Path(p).stem for p in found["stylesheets"]]
    assert ("/static/js/boot.js", "/static/js/stream.js", "/static/js/a.js") == found["modules"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "now"),
        (0, "now"),
        (1, "1 s ago"),
        (59, "59 s ago"),
        (60, "1 min ago"),
        (7200, "2 h ago"),
        (90_000, "1 d ago"),
    ],
)
def test_ago(seconds: int, text: str) -> None:
    """Elapsed time reads in its largest whole unit."""
    assert text == filters.ago(NOW, NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0 ms"), (0.44, "0.4 ms"), (9.96, "10.0 ms"), (94.2, "94 ms"), (1250, "1.25 s")]
)
def test_ms(value: float, text: str) -> None:
    """A duration reads with its unit and no more digits than matter."""
    assert text == filters.ms(value)


@pytest.mark.parametrize(
    ("args", "text"),
    [((0, "route"), "0 routes"), ((1, "route"), "1 route"), ((12_480, "entry", "entries"), "12,480 entries")],
)
def test_pluralise(args: tuple[int, str], text: str) -> None:
    """A count agrees with its noun."""
    assert text == filters.pluralise(*args)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("caf\u00e9 \U0001f389\n\tok", "caf\u00e9 \U0001f389\n\tok"),
        ("a\x00b\x1b[31m", r"a\x00b\x1b[31m"),
        ("user\u202etxt.exe", r"user\u202etxt.exe"),
        ("\ud800\u2028\x9f", r"\ud800\u2028\x9f"),
    ],
)
def test_plain(raw: str, text: str) -> None:
    """Characters that hide or turn text are shown as what they are."""
    assert text == filters.plain(raw)
