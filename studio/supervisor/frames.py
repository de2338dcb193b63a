"""How a place in a file becomes a `Frame`: which code is the developer's own, and the lines around it."""

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType

from studio.events import Frame

CONTEXT_LINES = 2
MAX_LINE_CHARS = 200
MAX_FRAMES = 40

FOREIGN_PARTS = frozenset({"site-packages", "dist-packages", ".venv", "venv", "node_modules", "__pypackages__"})

_DUMPED = re.compile(r'^  File "(?P<file>.*)", line (?P<line>\d+) in (?P<function>.*)$', re.MULTILINE)


def is_own(file: str | Path, root: Path) -> bool:
    """True where `file` belongs to the project: below `root`, and in no environment that happens to live there."""
    path = Path(file)
    if not path.is_absolute() or not path.is_relative_to(root):
        return False
    prefix = Path(sys.prefix)
    if prefix != root and prefix.is_relative_to(root) and path.is_relative_to(prefix):
        return False
    return FOREIGN_PARTS.isdisjoint(path.relative_to(root).parts)


def frame_at(file: str, line: int, function: str, root: Path) -> Frame:
    """Return the frame with two lines of its file on either side."""
    first, code = code_around(file, line)
    return Frame(file=file, line=line, function=function, code=code, first_line=first, own=is_own(file, root))


def code_around(file: str, line: int) -> tuple[int, str]:
    """Return (number of the first line, up to five lines around `line`); (0, "") where the file cannot be read."""
    try:
        lines = Path(file).read_text(errors="replace").splitlines()
    except (OSError, ValueError):
        return 0, ""
    first = max(1, line - CONTEXT_LINES)
    return first, "\n".join(text[:MAX_LINE_CHARS] for text in lines[first - 1 : line + CONTEXT_LINES])


def own_first(frames: Iterable[Frame]) -> tuple[Frame, ...]:
    """Sort own frames before others, keeping the order within each, and bound their number."""
    return tuple(sorted(frames, key=lambda frame: not frame.own))[:MAX_FRAMES]


def traceback_frames(traceback: TracebackType | None, root: Path) -> tuple[Frame, ...]:
    """Return the frames of an exception, own first, innermost first."""
    places = list(_places(traceback))
    return own_first(frame_at(file, line, function, root) for file, line, function in reversed(places))


def dumped_frames(text: str, root: Path) -> tuple[Frame, ...]:
    """Return the frames of a stack that `faulthandler` wrote, own first, innermost first."""
    found = (match.groupdict() for match in _DUMPED.finditer(text))
    places = ((place["file"], int(place["line"]), place["function"]) for place in found)
    return own_first(frame_at(*place, root) for place in places if not _is_machinery(place[0]))


def _places(traceback: TracebackType | None) -> Iterator[tuple[str, int, str]]:
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if not _is_machinery(code.co_filename):
            yield code.co_filename, traceback.tb_lineno, code.co_qualname
        traceback = traceback.tb_next


def _is_machinery(file: str) -> bool:
    """True for the import system and for our own child: how the app was reached is not news."""
    return file.startswith("<frozen ") or Path(file).parent.parts[-2:] == ("studio", "child")
