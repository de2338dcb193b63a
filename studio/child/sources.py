"""How the project's modules are read: always from source.

Two saves of the same size within one second leave a cached `.pyc` that looks valid and holds the older code. So files of
the project are compiled from what is on disk now and no cache is read or written for them. Libraries keep their caches:
without those every child would compile them again.
"""

import sys
from collections.abc import Callable
from importlib.machinery import EXTENSION_SUFFIXES, SOURCE_SUFFIXES, ExtensionFileLoader, FileFinder, SourceFileLoader
from pathlib import Path
from types import CodeType

from studio.supervisor.frames import is_own


class UncachedLoader(SourceFileLoader):
    """Loads a module from its source, past every bytecode cache."""

    def get_code(self, fullname: str) -> CodeType:
        """Compile the file as it is now."""
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


def read_project_from_source(root: Path) -> None:
    """Have every later import of a module below `root` compile its source."""
    sys.path_hooks.insert(0, _hook(root))
    sys.path_importer_cache.clear()


def _hook(root: Path) -> Callable[[str], FileFinder]:
    def finder(path: str) -> FileFinder:
        if not is_own(Path(path or ".").resolve(), root):
            raise ImportError(path)
        return FileFinder(path, (ExtensionFileLoader, EXTENSION_SUFFIXES), (UncachedLoader, SOURCE_SUFFIXES))

    return finder
