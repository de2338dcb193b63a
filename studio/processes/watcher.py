"""Which files changed in content. A touch is no change; caches, databases and logs are not code."""

import hashlib
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

from watchfiles import Change, DefaultFilter, awatch

CODE_SUFFIXES = frozenset({".py", ".yaml", ".yml", ".toml"})
IGNORED = frozenset({".git", ".venv", "venv", "node_modules", "__pycache__", ".loom", ".mypy_cache", ".pytest_cache"})


class CodeFilter(DefaultFilter):
    """Lets code through: by suffix, outside ignored directories."""

    def __call__(self, change: Change, path: str) -> bool:
        """Return whether `path` is code."""
        place = Path(path)
        is_code = place.suffix in CODE_SUFFIXES or place.name == ".env"
        return is_code and IGNORED.isdisjoint(place.parts)


class ContentMemory:
    """Remembers what each file held, to tell a change from a touch."""

    def __init__(self, root: Path) -> None:
        self._digests: dict[Path, str] = {}
        for suffix in CODE_SUFFIXES:
            for path in root.rglob(f"*{suffix}"):
                if IGNORED.isdisjoint(path.parts):
                    self._digests[path] = _digest(path)

    def changed(self, paths: Iterable[Path]) -> tuple[Path, ...]:
        """Return those of `paths` whose content differs from what was seen last, sorted."""
        different = []
        for path in sorted(set(paths)):
            digest = _digest(path)
            if self._digests.get(path, "") != digest:
                self._digests[path] = digest
                different.append(path)
        return tuple(different)


async def watch_code(root: Path) -> AsyncIterator[tuple[str, ...]]:
    """Yield the project-relative names of files whose content changed, one batch per burst of saves."""
    memory = ContentMemory(root)
    async for changes in awatch(root, watch_filter=CodeFilter(), step=20, debounce=150, rust_timeout=1000):
        changed = memory.changed(Path(path) for _, path in changes)
        if changed:
            yield tuple(str(path.relative_to(root)) for path in changed)


def _digest(path: Path) -> str:
    try:
        return hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
    except OSError:
        return ""
