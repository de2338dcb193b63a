"""When a save is complete, and what it changed. One batch per burst; a touch is no change; storms are waited out.

Rules for the next editor
    Never tell a half-written file: on Linux only a close after writing or a rename counts (`inotify`). A quick save must
    not wait for a storm that does not come: the pause that ends a batch depends on what is in it.

The pauses
    A single save ends after `QUIET_S`. A name that went away is waited for (`GONE_S`), because many editors rename the old
    file off before they write the new one. More than `MANY` files are a checkout or an installation (`STORM_S`). A file
    that changes again within `DRIBBLE_S` is still being worked on. While git holds its index lock the tree is in between.
"""

import asyncio
import errno
import sysconfig
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from studio.processes import inotify
from studio.processes.code import ContentMemory, code_folders, code_in, is_code, is_ignored
from studio.processes.inotify import Inotify, News
from studio.processes.polling import REMOTE, Poller, file_system

QUIET_S = 0.004
GONE_S = 0.06
STORM_S = 0.25
DRIBBLE_S = 0.3
INSTALL_S = 1.0
LONGEST_S = 10.0
MANY = 3

POLLED = "{place} is on a file system that tells of no changes; it is looked at twice a second instead"
USED_UP = (
    "the system's file watches are used up, so some folders are looked at twice a second instead; "
    "raise the limit: sudo sysctl fs.inotify.max_user_watches=524288"
)
UNREADABLE = "{place} cannot be read, so it is not followed; chmod u+rx it, or move it out of the project"


class Changed(Struct, frozen=True, kw_only=True):
    """A batch of changes.

    Attributes:
        names: what changed, relative to the project where it lies there.
        libraries: installed packages, or loom itself, are among it.
    """

    names: tuple[str, ...]
    libraries: bool = False


class Watcher:
    """Follows one project.

    Args:
        root: the project.
        installed: folders of installed packages, watched for what comes and goes.
        sources: folders of libraries that are edited in place, watched with all they hold.
        warn: told once of every kind of thing that cannot be watched, with what to do about it.
        source: the kernel's news; None where there is none.
        polled: look at the files again and again, for file systems that tell nothing.
    """

    def __init__(
        self,
        root: Path,
        *,
        installed: Iterable[Path] = (),
        sources: Iterable[Path] = (),
        warn: Callable[[str], None] = lambda _: None,
        source: Inotify | None = None,
        polled: bool = False,
    ) -> None:
        self._root = root
        self._installed = frozenset(installed)
        self._sources = tuple(sources)
        self._warn = warn
        self._warned: set[str] = set()
        self._source = source
        self._polled = polled
        self._poller = Poller()
        self._pending: set[Path] = set()
        self._told: dict[Path, float] = {}
        self._some_gone = False
        self._wake = asyncio.Event()
        folders = [folder for place in (root, *self._sources) for folder in code_folders(place)]
        for folder in (*folders, *self._installed):
            self._watch(folder)
        self._memory = ContentMemory(folders)

    async def changes(self) -> AsyncIterator[Changed]:
        """Yield a batch per burst of changes, for ever."""
        loop = asyncio.get_running_loop()
        others = [asyncio.create_task(self._poll())]
        if self._source is None and not self._polled:
            others.append(asyncio.create_task(self._follow_elsewhere()))
        if self._source is not None:
            loop.add_reader(self._source.fileno(), self._read, self._source)
        try:
            while True:
                await self._until_quiet()
                if (batch := self._take()) is not None:
                    yield batch
        finally:
            for task in others:
                task.cancel()
            if self._source is not None:
                loop.remove_reader(self._source.fileno())
                self._source.close()

    async def _until_quiet(self) -> None:
        """Wait for a change, then until nothing has changed for as long as what changed asks for."""
        await self._wake.wait()
        began = time.monotonic()
        while self._wake.is_set() or (self._is_git_busy() and time.monotonic() - began < LONGEST_S):
            self._wake.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._pause_s(time.monotonic()))
            if time.monotonic() - began > LONGEST_S:
                self._wake.clear()

    def _pause_s(self, now: float) -> float:
        if any(path.parent in self._installed for path in self._pending):
            return INSTALL_S
        if len(self._pending) > MANY or any(now - self._told.get(path, 0) < DRIBBLE_S for path in self._pending):
            return STORM_S
        return GONE_S if self._some_gone else QUIET_S

    def _is_git_busy(self) -> bool:
        return (self._root / ".git" / "index.lock").exists()

    def _take(self) -> Changed | None:
        """Return what of the pending really changed."""
        pending, self._pending, self._some_gone = self._pending, set(), False
        entries = {path for path in pending if path.parent in self._installed}
        changed = self._memory.changed(pending - entries)
        foreign = sorted(entries | {path for path in changed if self._is_foreign(path)})
        own = [path for path in changed if not self._is_foreign(path)]
        now = time.monotonic()
        self._told = {path: at for path, at in self._told.items() if now - at < DRIBBLE_S} | dict.fromkeys(own, now)
        if not own and not foreign:
            return None
        names = [*(str(path.relative_to(self._root)) for path in own), *(path.name for path in foreign)]
        return Changed(names=tuple(names), libraries=bool(foreign))

    def _is_foreign(self, path: Path) -> bool:
        return any(path.is_relative_to(folder) for folder in self._sources) or not path.is_relative_to(self._root)

    def _read(self, source: Inotify) -> None:
        for item in source.read():
            self._note(item)
        if source.overflowed:
            source.overflowed = False
            self._enter(self._root)
            self._add(self._memory)

    def _note(self, item: News) -> None:
        if item.path.parent in self._installed:
            self._add([item.path] if not item.path.name.startswith((".", "__pycache__")) else [])
        elif item.is_folder and item.is_gone:
            self._add(path for path in self._memory if path.is_relative_to(item.path))
        elif item.is_folder:
            self._enter(item.path)
        elif is_code(item.path) and not (item.mask & inotify.CREATE and _will_be_closed(item.path)):
            self._some_gone = item.is_gone
            self._add([item.path])

    def _enter(self, place: Path) -> None:
        """Follow a folder that appeared, and take what it holds already."""
        for folder in code_folders(place) if not is_ignored(place) else ():
            self._watch(folder)
            self._add(code_in(folder))

    def _add(self, paths: Iterable[Path]) -> None:
        found = set(paths)
        if found:
            self._pending |= found
            self._wake.set()

    def _watch(self, folder: Path) -> None:
        """Follow `folder`, by looking at it where the kernel will not."""
        if self._polled:
            self._poller.add(folder)
        if self._source is None:
            return
        try:
            self._source.add(folder)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EMFILE, errno.ENOMEM):
                self._poller.add(folder)
                self._warn_once(USED_UP)
            elif error.errno == errno.EACCES:
                self._warn_once(UNREADABLE.format(place=folder))

    def _warn_once(self, text: str) -> None:
        if text not in self._warned:
            self._warned.add(text)
            self._warn(text)

    async def _poll(self) -> None:
        async for paths in self._poller.changes():
            self._add(paths)

    async def _follow_elsewhere(self) -> None:
        """Follow by watchfiles, on systems without inotify; it cannot tell a finished save from one in progress."""
        from watchfiles import awatch  # not needed on Linux

        async for changes in awatch(self._root, *self._sources, *self._installed, step=1, debounce=10):
            paths = [Path(path) for _, path in changes]
            self._add(path for path in paths if path.parent in self._installed or self._is_watched(path))

    def _is_watched(self, path: Path) -> bool:
        return is_code(path) and not any(is_ignored(folder) for folder in path.parents if folder != self._root)


def watch_project(root: Path, warn: Callable[[str], None]) -> Watcher:
    """Return the watcher of a project, of the packages installed for this interpreter, and of loom where it is edited too."""
    remote = file_system(root) in REMOTE
    if remote:
        warn(POLLED.format(place=root))
    installed = {Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")}
    sources = [folder for folder in _own_sources() if not any(folder.is_relative_to(place) for place in installed)]
    source = Inotify() if inotify.AVAILABLE and not remote else None
    present = [folder for folder in installed if folder.is_dir()]
    return Watcher(root, installed=present, sources=sources, warn=warn, source=source, polled=remote)


def _own_sources() -> list[Path]:
    import loom

    return [Path(str(loom.__file__)).parent, Path(__file__).parents[1]]


def _will_be_closed(path: Path) -> bool:
    """Return whether a name that just appeared is told again when it is closed; links are not."""
    try:
        return not path.is_symlink() and path.stat().st_nlink == 1
    except OSError:
        return True
