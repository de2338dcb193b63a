"""Templates hold no script, style or handler of their own: the content policy would refuse them."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from studio.web.render import template_folders

TEMPLATES = sorted(path for folder in template_folders() if folder.is_dir() for path in folder.rglob("*.html"))
_TAGS = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)


class _Inline(HTMLParser):
    """Collects what the policy forbids."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = {name for name, _ in attrs}
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            if (
                name == "style"
                or name.startswith(("on", "hx-on"))
                or (value or "").strip().lower().startswith("javascript:")
            ):
                self.found.append(f"<{tag} {name}>")


def _inline(text: str) -> list[str]:
    parser = _Inline()
    parser.feed(_TAGS.sub("", text))
    parser.close()
    return parser.found


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_holds_nothing_inline(path: Path) -> None:
    """A template has no script text, no style, no event handler and turns no escaping off."""
    text = path.read_text()

    assert [] == _inline(text)
    assert [] == re.findall(r"\|\s*safe\b|autoescape\s+false", text)


@pytest.mark.parametrize(
    "text",
    [
        "<script>go()</script>",
        "<p style='color:red'>x</p>",
        "<style>p{}</style>",
        "<p onclick='go()'>x</p>",
        "<p hx-on:click='go()'>x</p>",
        "<a href='javascript:go()'>x</a>",
    ],
)
def test_the_check_can_fail(text: str) -> None:
    """Each forbidden form is found where it stands."""
    assert 1 == len(_inline(text))
