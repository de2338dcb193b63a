"""The kernel's own news of directories (Linux): which file was finished, moved or removed, and nothing while it is written.

Only complete saves are told: a file closed after writing, one renamed into place, one that went away, a link. See inotify(7).
"""

import ctypes
import os
import struct
import sys
from pathlib import Path
from typing import NamedTuple

CLOSE_WRITE = 0x8
MOVED_FROM = 0x40
MOVED_TO = 0x80
CREATE = 0x100
DELETE = 0x200
OVERFLOW = 0x4000
IGNORED = 0x8000
IS_DIR = 0x40000000
_ONLY_DIR = 0x01000000
_EXCLUDE_UNLINKED = 0x04000000
_WANTED = CLOSE_WRITE | MOVED_FROM | MOVED_TO | CREATE | DELETE | _ONLY_DIR | _EXCLUDE_UNLINKED
_HEADER = struct.Struct("iIII")
_READ_BYTES = 256 * 1024

AVAILABLE = sys.platform == "linux"


class News(NamedTuple):
    """One event: `mask` says what happened to `path`."""

    path: Path
    mask: int

    @property
    def is_folder(self) -> bool:
        """True where `path` is or was a directory."""
        return bool(self.mask & IS_DIR)

    @property
    def is_gone(self) -> bool:
        """True where `path` was removed or renamed away."""
        return bool(self.mask & (DELETE | MOVED_FROM))


class Inotify:
    """Watches single directories, without what is below them.

    Attributes:
        overflowed: events were lost since the last `read`; look at everything again.
    """

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor < 0:
            raise _last_error("inotify")
        self._folders: dict[int, Path] = {}
        self.overflowed = False

    def fileno(self) -> int:
        """The descriptor to wait on for reading."""
        return int(self._descriptor)

    def add(self, folder: Path) -> None:
        """Watch `folder`; a second time is the same as once.

        Raises:
            OSError: ENOSPC where the user's watches are used up, EACCES where it cannot be read, ENOENT where it is gone.
        """
        number = self._libc.inotify_add_watch(self._descriptor, os.fsencode(folder), _WANTED)
        if number < 0:
            raise _last_error(str(folder))
        self._folders[number] = folder

    def read(self) -> list[News]:
        """Return what happened since the last time; empty where nothing did."""
        try:
            buffer = os.read(self._descriptor, _READ_BYTES)
        except BlockingIOError:
            return []
        found, offset = [], 0
        while offset < len(buffer):
            number, mask, _, length = _HEADER.unpack_from(buffer, offset)
            offset += _HEADER.size + length
            name = buffer[offset - length : offset].rstrip(b"\0")
            self.overflowed = self.overflowed or bool(mask & OVERFLOW)
            if mask & IGNORED:
                self._folders.pop(number, None)
            elif number in self._folders and name:
                found.append(News(self._folders[number] / os.fsdecode(name), mask))
        return found

    def close(self) -> None:
        """Watch nothing any more."""
        os.close(self._descriptor)


def _last_error(what: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number), what)
