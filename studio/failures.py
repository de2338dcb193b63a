"""What an exception of the user's app looks like to its developer: own frames first, with the code around them."""

import linecache
import traceback
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from loom.core.errors import Diagnostic, DiagnosticError
from studio.events import Failure, Fix, Frame
from studio.fixes import fix_for

CONTEXT_LINES = 3
MESSAGE_LIMIT = 2000
FRAMES_KEPT = 30
MODULES_LOOKED_AT = 2000
_STUDIO = Path(__file__).parent
INSTALLED = frozenset({"site-packages", "dist-packages", ".venv", "venv"})


def failure_of(error: BaseException, root: Path, phase: str) -> Failure:
    """Describe `error`, raised while importing, compiling or starting the app below `root`."""
    if isinstance(error, DiagnosticError):
        return Failure(
            phase="compile",
            title=type(error).__name__,
            message=f"{len(error.diagnostics)} problem{'s' if len(error.diagnostics) > 1 else ''} in the declarations",
            frames=tuple(_diagnostic_frame(d, root) for d in error.diagnostics if d.file),
            diagnostics=error.diagnostics,
        )
    frames = _frames(error, root)
    own = next((frame for frame in frames if frame.own), None)
    fix = fix_for(error, _own_modules(root), own.file if own else "", own.line if own else 0)
    return Failure(
        phase=phase,
        title=type(error).__name__,
        message=str(error)[:MESSAGE_LIMIT] or type(error).__name__,
        frames=frames,
        hint=_hint(error, fix),
        fix=fix,
    )


def is_own(file: str, root: Path) -> bool:
    """Return whether `file` is the project's own code."""
    path = Path(file)
    if not (path.is_absolute() and path.is_relative_to(root)):
        return False
    return INSTALLED.isdisjoint(path.relative_to(root).parts)


def make_frame(file: str, line: int, function: str, root: Path) -> Frame:
    """Return a frame with the source around `line`."""
    first = max(1, line - CONTEXT_LINES)
    linecache.checkcache(file)
    lines = [linecache.getline(file, number) for number in range(first, line + CONTEXT_LINES + 1)]
    return Frame(file=file, line=line, function=function, code="".join(lines), first_line=first, own=is_own(file, root))


def own_first(frames: Iterable[Frame]) -> tuple[Frame, ...]:
    """Return own frames before library ones, innermost first within each group; those of the import machinery left out."""
    innermost_first = [frame for frame in frames if not _is_machinery(frame.file)][::-1]
    return tuple(sorted(innermost_first, key=lambda frame: not frame.own))


def _is_machinery(file: str) -> bool:
    return file.startswith("<frozen") or Path(file).is_relative_to(_STUDIO)


def _frames(error: BaseException, root: Path) -> tuple[Frame, ...]:
    found = [make_frame(s.filename, s.lineno or 0, s.name, root) for s in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError) and error.filename:
        found.append(make_frame(error.filename, error.lineno or 0, "<module>", root))
    return own_first(found)[:FRAMES_KEPT]


def _diagnostic_frame(diagnostic: Diagnostic, root: Path) -> Frame:
    return make_frame(diagnostic.file, diagnostic.line, diagnostic.where, root)


def _own_modules(root: Path) -> set[str]:
    found = (path.stem for path in root.rglob("*.py") if is_own(str(path), root))
    return set(islice(found, MODULES_LOOKED_AT))


def _hint(error: BaseException, fix: Fix | None) -> str:
    if fix is not None:
        return fix.command or (f"did you mean '{fix.new}'?" if fix.kind == "replace" else fix.label)
    if isinstance(error, ModuleNotFoundError) and error.name:
        return f"is it installed? pip install {error.name.partition('.')[0]}"
    if isinstance(error, NameError) and error.name:
        return f"{error.name} is not defined here; is an import missing?"
    return ""
