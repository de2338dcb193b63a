"""A page of documentation as things to run: its fenced blocks and its hidden ones, in order."""

import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(
    r"^(?P<indent> *)(?P<ticks>```+)(?P<info>[^\n`]*)\n(?P<body>.*?)^(?P=indent)(?P=ticks)$", re.MULTILINE | re.DOTALL
)
_HIDDEN = re.compile(r"^<!-- (?P<info>python|store)\b(?P<body>.*?)-->$", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r'title="(?P<name>[^"]+)"')


class Block(Struct, frozen=True):
    """One block of a page.

    Attributes:
        language: first word of the info string: `python`, `yaml`, `console`, ...
        title: name of the file it stands for; "" where it is none.
        body: its text, without the indentation of the fence.
        line: 1-based line of the page where the body begins.
    """

    language: str
    title: str
    body: str
    line: int


def pages() -> list[Path]:
    """Return README.md, every guide and every README of an example."""
    guides = [path for path in (ROOT / "docs" / "pages").rglob("*.md") if path.name != "architecture.md"]
    return sorted([ROOT / "README.md", *(ROOT / "examples").glob("*/README.md"), *guides])


def blocks(page: Path) -> list[Block]:
    """Return the blocks of `page` in the order of their appearance; `<!-- python ... -->` is a hidden block of Python."""
    text = page.read_text()
    return sorted((*_fenced(text), *_hidden(text)), key=lambda block: block.line)


def _fenced(text: str) -> Iterator[Block]:
    for match in _FENCE.finditer(text):
        info, indent = match["info"].strip(), len(match["indent"])
        title = _TITLE.search(info)
        body = "\n".join(line[indent:] for line in match["body"].splitlines()) + "\n"
        yield Block(info.split(" ")[0], title["name"] if title else "", body, _line(text, match.start("body")))


def _hidden(text: str) -> Iterator[Block]:
    for match in _HIDDEN.finditer(text):
        yield Block(match["info"], "", match["body"], _line(text, match.start("body")))


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
