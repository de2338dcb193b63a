"""Importing the user's modules from what their files hold now, never from byte code on disk.

A `.pyc` is trusted by time and size, so the second of two saves of one size within a second would run old code. Here code
is compiled from the bytes that were just read. What a parked child compiled ahead is used only where the bytes are equal.
Everything outside the project keeps Python's own importers and its byte code.
"""

import importlib.machinery
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType
from typing import Any

INSTALLED = frozenset({"site-packages", "dist-packages", ".venv", "venv", "node_modules", "__pycache__", ".git"})
AHEAD_LIMIT = 2000


class CompiledAhead:
    """Code objects by file, each with the bytes it was compiled from."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[bytes, CodeType]] = {}

    def compile(self, files: Iterable[Path]) -> None:
        """Compile what compiles; a file that does not will say so when it is imported."""
        for file in files:
            try:
                source = file.read_bytes()
                self._known[str(file)] = source, compile(source, str(file), "exec", dont_inherit=True)
            except (OSError, SyntaxError, ValueError, RecursionError):
                continue

    def code(self, source: bytes, path: str) -> CodeType:
        """Return the code of `source`."""
        known = self._known.get(path)
        if known is not None and known[0] == source:
            return known[1]
        return compile(source, path, "exec", dont_inherit=True)


def own_files(root: Path) -> Iterator[Path]:
    """Yield the python files of the project, at most `AHEAD_LIMIT`."""
    found = 0
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if name not in INSTALLED]
        for name in files:
            if name.endswith(".py") and found < AHEAD_LIMIT:
                found += 1
                yield Path(folder, name)


def import_from_source(root: Path, ahead: CompiledAhead) -> None:
    """Make this process import everything below `root` that is not an installed package from its source."""

    class SourceLoader(importlib.machinery.SourceFileLoader):
        """Reads source only."""

        def get_code(self, fullname: str) -> CodeType:
            """Compile what the file holds now."""
            return ahead.code(self.get_data(self.path), self.path)

    details: Any = (
        (importlib.machinery.ExtensionFileLoader, importlib.machinery.EXTENSION_SUFFIXES),
        (SourceLoader, importlib.machinery.SOURCE_SUFFIXES),
    )

    def hook(folder: str) -> importlib.machinery.FileFinder:
        place = Path(folder or ".").resolve()
        if not place.is_relative_to(root) or not INSTALLED.isdisjoint(place.relative_to(root).parts):
            raise ImportError("not the project's own")
        if not place.is_dir():
            raise ImportError("not a directory")
        return importlib.machinery.FileFinder(folder, *details)

    sys.path_hooks.insert(0, hook)
    sys.path_importer_cache.clear()
