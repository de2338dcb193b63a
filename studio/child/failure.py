"""How an exception of the user's code becomes a `Failure`: which phase, whose frame, and what might help."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from loom.core.errors import DiagnosticError, did_you_mean
from loom.core.target import Target
from studio.events import Failure, Frame
from studio.supervisor.frames import frame_at, traceback_frames

MAX_MESSAGE_CHARS = 2000

# Distributions whose name is not the name of the module they bring.
DISTRIBUTIONS = {
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "jose": "python-jose",
    "jwt": "pyjwt",
    "PIL": "pillow",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}

_MISSING_NAME = re.compile(r"cannot import name '(?P<name>\w+)' from")


class AppMissing(Exception):
    """The module has no application under the expected name; the message says what it has."""


def failure_of(error: BaseException, *, phase: str, target: Target) -> Failure:
    """Describe `error`.

    Args:
        error: what the user's code raised.
        phase: "import" or "startup"; a `DiagnosticError` is always "compile".
        target: the application; its root tells own frames from others.
    """
    if isinstance(error, DiagnosticError):
        return _declaration_failure(error, target)
    return Failure(
        phase=phase,
        title=type(error).__name__,
        message=_message(error)[:MAX_MESSAGE_CHARS],
        frames=(*_syntax_frame(error, target), *traceback_frames(error.__traceback__, target.root)),
        hint=_hint(error, target),
    )


def _declaration_failure(error: DiagnosticError, target: Target) -> Failure:
    count = len(error.diagnostics)
    return Failure(
        phase="compile",
        title=f"{count} problem{'' if count == 1 else 's'} in the declarations",
        message=error.diagnostics[0].message[:MAX_MESSAGE_CHARS],
        frames=traceback_frames(error.__traceback__, target.root),
        diagnostics=error.diagnostics,
    )


def _message(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return error.msg
    if isinstance(error, SystemExit):
        return f"The app ended its process with code {error.code} instead of starting."
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - the user's __str__ may raise anything
        return "The exception has no readable message."


def _syntax_frame(error: BaseException, target: Target) -> tuple[Frame, ...]:
    if not isinstance(error, SyntaxError) or not error.filename:
        return ()
    return (frame_at(error.filename, error.lineno or 1, "<module>", target.root),)


def _hint(error: BaseException, target: Target) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name:
        return _missing_module(error.name, target.import_dir)
    if isinstance(error, ImportError) and (match := _MISSING_NAME.search(error.msg)):
        return did_you_mean(match["name"], vars(sys.modules.get(error.name or "", sys)))
    if isinstance(error, SystemExit):
        return "Code that ends the process belongs below `if __name__ == '__main__':`."
    return ""


def _missing_module(name: str, import_dir: Path) -> str:
    suggestion = did_you_mean(name, _project_modules(import_dir))
    top = name.partition(".")[0]
    if suggestion or (import_dir / top).exists():
        return suggestion
    return f"pip install {DISTRIBUTIONS.get(top, top)}"


def _project_modules(import_dir: Path) -> Iterator[str]:
    """Yield the dotted names of the modules two levels deep."""
    for pattern in ("*.py", "*/*.py", "*/*/*.py"):
        for file in import_dir.glob(pattern):
            parts = file.relative_to(import_dir).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            if all(part.isidentifier() for part in name.split(".")):
                yield name
