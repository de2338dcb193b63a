"""Opening a file of the project in the developer's editor: an argument list, never a shell."""

import asyncio
import os
import shlex
from pathlib import Path

_GOTO = frozenset({"code", "code-insiders", "codium", "cursor", "windsurf"})
_COLON = frozenset({"subl", "zed"})
_LINE = frozenset({"idea", "pycharm", "webstorm"})
_TERMINAL = frozenset({"vi", "vim", "nvim", "nano", "emacs", "hx", "ed", "less"})


def editor_command(editor: str, file: Path, line: int) -> list[str]:
    """Return the argument list that opens `file` at `line`.

    Raises:
        LookupError: no editor is configured, or it needs a terminal.
    """
    words = shlex.split(editor)
    if not words:
        raise LookupError("no editor is configured: set LOOM_EDITOR, for example LOOM_EDITOR=code")
    name = Path(words[0]).name
    if name in _TERMINAL:
        raise LookupError(f"{name} needs a terminal: set LOOM_EDITOR to an editor with a window")
    if name in _GOTO:
        return [*words, "--goto", f"{file}:{line}"]
    if name in _LINE:
        return [*words, "--line", str(line), str(file)]
    return [*words, f"{file}:{line}"] if name in _COLON else [*words, str(file)]


async def open_file(root: Path, file: str, line: int) -> None:
    """Open a file below `root`.

    Raises:
        LookupError: it is not a file of the project, or no editor is configured.
    """
    path = _own_file(root, file)
    editor = os.environ.get("LOOM_EDITOR") or os.environ.get("VISUAL") or os.environ.get("EDITOR") or ""
    await asyncio.create_subprocess_exec(*editor_command(editor, path, line))


def _own_file(root: Path, file: str) -> Path:
    path = Path(file).resolve()
    if not (path.is_file() and path.is_relative_to(root)):
        raise LookupError("only files of the project can be opened")
    return path
