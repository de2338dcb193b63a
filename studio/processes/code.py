"""What counts as code of a project: which folders are looked into, which files matter, and whether one really changed."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

SUFFIXES = frozenset({".py", ".yaml", ".yml", ".toml"})
IGNORED = frozenset({"venv", "node_modules", "__pycache__", "site-packages", "dist-packages"})


def is_code(path: Path) -> bool:
    """Return whether the name of `path` is that of code: python, YAML, TOML, `.env`. Templates, assets, data are not."""
    return (path.suffix in SUFFIXES and not path.name.startswith(".")) or path.name.startswith(".env")


def is_ignored(folder: Path) -> bool:
    """Return whether a folder is none of the project's own: hidden, installed, a virtual environment."""
    return folder.name in IGNORED or folder.name.startswith(".") or (folder / "pyvenv.cfg").is_file()


def code_folders(root: Path) -> Iterator[Path]:
    """Yield `root` and every folder below it that may hold code, each once, through links too, however they loop."""
    seen: set[tuple[int, int]] = set()
    for name, children, _ in os.walk(root, followlinks=True):
        folder = Path(name)
        children[:] = [child for child in children if not is_ignored(folder / child)]
        try:
            status = folder.stat()
        except OSError:
            continue
        if (status.st_dev, status.st_ino) in seen:
            children.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        yield folder


def code_in(folder: Path) -> list[Path]:
    """Return the code files of `folder` itself; empty where it cannot be read."""
    try:
        return [path for path in folder.iterdir() if is_code(path) and path.is_file()]
    except OSError:
        return []


class ContentMemory:
    """Remembers what each file held, to tell a change from a touch."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._digests = {path: _digest(path) for folder in folders for path in code_in(folder)}

    def __iter__(self) -> Iterator[Path]:
        return iter(self._digests)

    def changed(self, paths: Iterable[Path]) -> tuple[Path, ...]:
        """Return those of `paths` whose content differs from what was seen last, sorted; one that is gone differs once."""
        different = []
        for path in sorted(set(paths)):
            digest = _digest(path)
            if self._digests.get(path, "") != digest:
                self._digests[path] = digest
                different.append(path)
        return tuple(different)


def _digest(path: Path) -> str:
    try:
        return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
    except OSError:
        return ""
