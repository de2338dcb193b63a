"""The run file: how other tools of the same account find a running studio. It holds the token, so only its owner reads it."""

import os
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import Struct

FOLDER = ".loom"
NAME = "studio.json"


class RunFile(Struct, frozen=True, kw_only=True):
    """What one running `loom dev` says about itself.

    Attributes:
        url: the studio, with the token as fragment.
        token: what requests to the studio carry.
        app_url: where the app answers.
        pid: the supervisor.
        app_pid: the process that serves; 0 for none.
    """

    url: str
    token: str
    app_url: str
    pid: int
    app_pid: int = 0


def write_run_file(root: Path, content: RunFile) -> Path:
    """Write `content` below `root`, readable by its owner alone, replacing another's at once. Returns the file."""
    folder = root / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        ignore.write_text("*\n")
    scratch, file = folder / f"{NAME}.{os.getpid()}", folder / NAME
    scratch.unlink(missing_ok=True)
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(msgspec.json.encode(content))
    return scratch.replace(file)


def remove_run_file(root: Path, pid: int) -> None:
    """Remove the run file, unless another `loom dev` has put its own there."""
    file = root / FOLDER / NAME
    with suppress(OSError, msgspec.DecodeError):
        if msgspec.json.decode(file.read_bytes(), type=RunFile).pid == pid:
            file.unlink()
