"""Which changes on disk are changes of the app: the watched kinds of file, compared by content.

A touch, a save without an edit and everything the app writes itself (databases, logs, caches) are no change.
"""

import hashlib
import os
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from pathlib import Path

from watchfiles import Change, awatch

STEP_MS = 10
DEBOUNCE_MS = 200

CODE_SUFFIXES = frozenset({".py", ".yaml", ".yml", ".toml", ".env"})
IGNORED_FOLDERS = frozenset(
    {
        ".git", ".hg", ".svn", ".venv", "venv", "node_modules", "__pycache__", "__pypackages__", "site-packages", ".loom",
        ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".tox", ".nox", ".idea", ".vscode",
    }
)  # fmt: skip
TEMPORARY_PREFIXES = (".#", ".!", "~", "#")

POLLING_NOTICE = (
    "The system's limit of file watches is reached, so changes are polled for, which is slower. "
    "Raise it with: sudo sysctl fs.inotify.max_user_watches=524288"
)


class Fingerprints:
    """Contents of the watched files of one project, so that a touch can be told from a change."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known = {file: digest for file in code_files(root) if (digest := _digest(file))}

    def changed(self, paths: Iterable[Path]) -> tuple[str, ...]:
        """Return the project-relative files whose content differs from what was last seen here, sorted.

        Args:
            paths: files or folders, existing or gone.
        """
        files = {file for path in paths for file in self._files_at(path)}
        return tuple(sorted(str(file.relative_to(self._root)) for file in files if self._renew(file)))

    def _files_at(self, path: Path) -> set[Path]:
        if is_code(path, self._root):
            return {path}
        gone = {file for file in self._known if file.is_relative_to(path)}
        return gone | set(code_files(path, self._root)) if path.is_dir() else gone

    def _renew(self, file: Path) -> bool:
        before, now = self._known.pop(file, ""), _digest(file)
        if now:
            self._known[file] = now
        return before != now


def is_ignored(path: Path, root: Path) -> bool:
    """True where nothing at `path` can be a change of the app."""
    if not path.is_relative_to(root):
        return True
    return not IGNORED_FOLDERS.isdisjoint(path.relative_to(root).parts) or path.name.startswith(TEMPORARY_PREFIXES)


def is_code(path: Path, root: Path) -> bool:
    """True where a change of this file is a change of the app."""
    watched = path.suffix in CODE_SUFFIXES or path.name == ".env" or path.name.startswith(".env.")
    return watched and not is_ignored(path, root)


def code_files(folder: Path, root: Path | None = None) -> Iterator[Path]:
    """Yield every watched file below `folder`; symbolic links to folders are not followed."""
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in IGNORED_FOLDERS]
        yield from (path for name in names if is_code(path := Path(parent, name), root or folder))


async def watch(root: Path, *, notice: Callable[[str], None]) -> AsyncIterator[tuple[str, ...]]:
    """Yield the project-relative files of each change, until cancelled.

    Watching has begun, and the contents before it are known, when the first item is awaited.

    Args:
        root: project directory, resolved.
        notice: told in one sentence when the system refuses to watch and polling takes over.
    """
    seen = Fingerprints(root)
    try:
        async for files in _changes(root, seen, polling=False):
            yield files
    except OSError:
        notice(POLLING_NOTICE)
        async for files in _changes(root, seen, polling=True):
            yield files


async def _changes(root: Path, seen: Fingerprints, *, polling: bool) -> AsyncIterator[tuple[str, ...]]:
    def relevant(_: Change, path: str) -> bool:
        return not is_ignored(Path(path), root)

    changes = awatch(
        root,
        watch_filter=relevant,
        step=STEP_MS,
        debounce=DEBOUNCE_MS,
        force_polling=polling or None,
        ignore_permission_denied=True,
    )
    async for batch in changes:
        if files := seen.changed(Path(path) for _, path in batch):
            yield files


def _digest(file: Path) -> str:
    """Return a hash of the content; "" where there is no readable file."""
    try:
        return hashlib.blake2b(file.read_bytes(), digest_size=16).hexdigest()
    except OSError:
        return ""
