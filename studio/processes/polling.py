"""Looking at folders again and again, where the kernel tells nothing: network file systems, or no watches left."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

from studio.processes.code import code_folders, code_in

POLL_S = 0.5
REMOTE = frozenset(
    {"9p", "drvfs", "nfs", "nfs4", "cifs", "smb3", "smbfs", "vboxsf", "prl_fs", "fuse.sshfs", "fuse.vmhgfs-fuse"}
)


class Poller:
    """Compares time and size of the code files in and below the folders it was given."""

    def __init__(self) -> None:
        self._folders: set[Path] = set()
        self._seen: dict[Path, tuple[int, int]] = {}

    def add(self, folder: Path) -> None:
        """Look at `folder` and below from now on."""
        if not any(folder.is_relative_to(known) for known in self._folders):
            self._folders.add(folder)
            self._seen |= _look(folder)

    async def changes(self) -> AsyncIterator[set[Path]]:
        """Yield the files that look different, for ever; a file is told once two looks agree on it."""
        told = self._seen
        while True:
            await asyncio.sleep(POLL_S)
            before, self._seen = self._seen, self._look()
            if before == self._seen and told != self._seen:
                yield {path for path, _ in told.items() ^ self._seen.items()}
                told = self._seen

    def _look(self) -> dict[Path, tuple[int, int]]:
        found: dict[Path, tuple[int, int]] = {}
        for folder in self._folders:
            found |= _look(folder)
        return found


def file_system(folder: Path) -> str:
    """Return the type of the file system that `folder` is on; "" where that cannot be told."""
    best, kind = "", ""
    with suppress(OSError):
        for line in Path("/proc/self/mounts").read_text().splitlines():
            _, place, name, *_ = line.split()
            if len(place) >= len(best) and folder.is_relative_to(place):
                best, kind = place, name
    return kind


def _look(place: Path) -> dict[Path, tuple[int, int]]:
    found = {}
    for folder in code_folders(place):
        for path in code_in(folder):
            with suppress(OSError):
                status = path.stat()
                found[path] = (status.st_mtime_ns, status.st_size)
    return found
