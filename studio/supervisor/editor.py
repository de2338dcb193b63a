"""How a file of the project is opened in the developer's editor: an argv list, never a shell."""

import asyncio
import os
import shlex
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Mapping
from pathlib import Path

VARIABLES = ("LOOM_EDITOR", "VISUAL", "EDITOR")

HOW_TO_CONFIGURE = "Set LOOM_EDITOR to a graphical editor, for example: export LOOM_EDITOR=code"

Places = Callable[[str, int], list[str]]


def _goto(file: str, line: int) -> list[str]:
    return ["--goto", f"{file}:{line}"]


def _colon(file: str, line: int) -> list[str]:
    return [f"{file}:{line}"]


def _line_option(file: str, line: int) -> list[str]:
    return ["--line", str(line), file]


def _file_only(file: str, line: int) -> list[str]:  # noqa: ARG001 - one shape for every entry of the table
    return [file]


FORMATS: dict[str, Places] = {
    **dict.fromkeys(("code", "code-insiders", "codium", "cursor", "windsurf"), _goto),
    **dict.fromkeys(("subl", "zed"), _colon),
    **dict.fromkeys(("idea", "pycharm", "charm"), _line_option),
}
TERMINAL_EDITORS = frozenset({"vi", "vim", "nvim", "nano", "pico", "hx", "helix", "kak", "micro", "mcedit", "joe"})


def editor_argv(file: str, line: int, *, root: Path, environment: Mapping[str, str]) -> list[str]:
    """Return the command that opens `file` at `line`.

    Raises:
        LookupError: no usable editor is configured, or the file is not one of the project's.
    """
    command = _configured(environment)
    name = Path(command[0]).name
    if name in TERMINAL_EDITORS:
        raise LookupError(f"{name} needs a terminal of its own. {HOW_TO_CONFIGURE}")
    return [*command, *FORMATS.get(name, _file_only)(_project_file(file, root), max(1, line))]


async def open_editor(file: str, line: int, *, root: Path) -> Process:
    """Start the editor and return without waiting for it; the caller reaps the process.

    Raises:
        LookupError: see `editor_argv`; or the editor could not be started.
    """
    argv = editor_argv(file, line, root=root, environment=os.environ)
    try:
        return await asyncio.create_subprocess_exec(
            *argv, stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True
        )
    except OSError as error:
        raise LookupError(f"{argv[0]} could not be started: {error.strerror}. {HOW_TO_CONFIGURE}") from error


def _configured(environment: Mapping[str, str]) -> list[str]:
    text = next((environment[name] for name in VARIABLES if environment.get(name, "").strip()), "")
    try:
        command = shlex.split(text)
    except ValueError as error:
        raise LookupError(f"The configured editor does not parse: {error}. {HOW_TO_CONFIGURE}") from None
    if not command:
        raise LookupError(f"No editor is configured. {HOW_TO_CONFIGURE}")
    return command


def _project_file(file: str, root: Path) -> str:
    """Return the real path of `file`, which starts with a slash and so can never be read as an option."""
    try:
        path = Path(file).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):
        raise LookupError("There is no such file in the project.") from None
    if not path.is_file() or not path.is_relative_to(root.resolve()):
        raise LookupError("There is no such file in the project.")
    return str(path)
