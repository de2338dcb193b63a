"""What the watcher tells: whole saves, once, whatever the editor does; storms as one; and what it cannot watch, it says."""

import asyncio
import errno
import os
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from studio.processes import inotify
from studio.processes.inotify import Inotify
from studio.processes.watcher import Changed, Watcher

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not inotify.AVAILABLE, reason="needs inotify: Linux")]


class Batches:
    """What a watcher has told so far."""

    def __init__(self, watcher: Watcher) -> None:
        self._queue: asyncio.Queue[Changed] = asyncio.Queue()
        self._task = asyncio.create_task(self._follow(watcher))

    async def _follow(self, watcher: Watcher) -> None:
        async for batch in watcher.changes():
            self._queue.put_nowait(batch)

    async def next(self, timeout_s: float = 10) -> Changed:
        """Return the next batch."""
        return await asyncio.wait_for(self._queue.get(), timeout_s)

    async def none_within(self, seconds: float) -> bool:
        """Return whether nothing is told for so long."""
        try:
            await self.next(seconds)
        except TimeoutError:
            return True
        return False

    async def close(self) -> None:
        """Stop."""
        self._task.cancel()
        await asyncio.wait([self._task])


@asynccontextmanager
async def watching(root: Path, **options: object) -> AsyncIterator[Batches]:
    """Watch `root`, with the kernel's news unless told otherwise."""
    batches = Batches(Watcher(root, **({"source": Inotify()} | options)))  # type: ignore[arg-type]
    await asyncio.sleep(0.01)
    yield batches
    await batches.close()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A module of a project."""
    (tmp_path / "app").mkdir()
    path = tmp_path / "app" / "main.py"
    path.write_text("old\n" * 50)
    return path


def in_place(file: Path, text: str) -> None:
    """VS Code: truncate and write."""
    file.write_text(text)


def dribbled(file: Path, text: str) -> None:
    """A slow disk: one byte at a time through one descriptor."""
    with file.open("wb", buffering=0) as out:
        for byte in text.encode():
            out.write(bytes([byte]))
            time.sleep(0.0005)


def renamed_over(file: Path, text: str) -> None:
    """JetBrains and most tools: a complete new file takes the name."""
    fresh = file.with_name("main.py___jb_tmp___")
    fresh.write_text(text)
    fresh.replace(file)


def moved_off_first(file: Path, text: str) -> None:
    """Vim: the old file gets a backup name, then the new one is written, then the backup goes."""
    (file.parent / "4913").touch()
    (file.parent / "4913").unlink()
    backup = file.with_name("main.py~")
    file.rename(backup)
    time.sleep(0.005)
    file.write_text(text)
    backup.unlink()


def linked(file: Path, text: str) -> None:
    """A build tool: a link to a finished file takes the name."""
    fresh = file.with_name("finished.txt")
    fresh.write_text(text)
    file.unlink()
    os.link(fresh, file)


SHAPES = [in_place, dribbled, renamed_over, moved_off_first, linked]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
async def test_a_save_is_told_once_and_only_when_it_is_whole(shape: Callable[[Path, str], None], file: Path) -> None:
    """However an editor saves, there is one batch, and the file holds its last byte by then."""
    whole = "new\n" * 50
    async with watching(file.parents[1]) as batches:
        for number in range(5):
            await asyncio.to_thread(shape, file, f"{number}{whole}")

            assert ("app/main.py",) == (await batches.next()).names
            assert f"{number}{whole}" == file.read_text()
        assert await batches.none_within(0.4)


async def test_a_touch_is_no_change(file: Path) -> None:
    """A file written again with what it held tells nothing."""
    async with watching(file.parents[1]) as batches:
        file.touch()
        file.write_text(file.read_text())

        assert await batches.none_within(0.4)


async def test_folders_that_come_and_go_are_followed(file: Path) -> None:
    """Files of a new folder are told, edits in it too, and its removal."""
    folder = file.parent / "new" / "deep"
    async with watching(file.parents[1]) as batches:
        folder.mkdir(parents=True)
        (folder / "a.py").write_text("1")
        assert ("app/new/deep/a.py",) == (await batches.next()).names
        (folder / "a.py").write_text("2")
        assert ("app/new/deep/a.py",) == (await batches.next()).names
        folder.rename(file.parents[1] / "elsewhere")

        assert ("app/new/deep/a.py", "elsewhere/a.py") == (await batches.next()).names


async def test_a_checkout_of_two_thousand_files_is_one_batch(tmp_path: Path) -> None:
    """Switching a branch of 2,000 files is told once, within two seconds of its end."""
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org"]

    def run(*words: str) -> None:
        subprocess.run([*git, *words], cwd=tmp_path, check=True, capture_output=True)

    run("init", "-q", "-b", "one")
    for number in range(2000):
        (tmp_path / f"m{number}.py").write_text("one\n")
    run("add", ".")
    run("commit", "-qm", "one")
    run("checkout", "-qb", "two")
    for number in range(2000):
        (tmp_path / f"m{number}.py").write_text("two\n")
    run("commit", "-qam", "two")
    async with watching(tmp_path) as batches:
        await asyncio.to_thread(run, "checkout", "-q", "one")
        ended = time.monotonic()
        batch = await batches.next()

        assert 2000 == len(batch.names)
        assert time.monotonic() - ended < 2
        assert await batches.none_within(0.5)


async def test_nothing_is_told_of_ignored_folders_and_other_files(tmp_path: Path) -> None:
    """A virtual environment of any name, caches, hidden folders, logs and data are silent, ten thousand writes or not."""
    names = (".git", "node_modules", "__pycache__", "env/lib/python3.11/site-packages")
    for name in names:
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "env" / "pyvenv.cfg").touch()
    async with watching(tmp_path) as batches:
        for name in names:
            (tmp_path / name / "x.py").write_text("1")
        with (tmp_path / "app.log").open("w") as log:
            for number in range(10_000):
                log.write(f"{number}\n")
                log.flush()
        (tmp_path / "store.db").write_bytes(b"1")

        assert await batches.none_within(0.5)


class Limited(Inotify):
    """A kernel with watches for `LEFT` folders."""

    LEFT = 2

    def add(self, folder: Path) -> None:
        """Watch, or fail as the kernel does when its watches are used up."""
        self.LEFT -= 1
        if self.LEFT < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
        super().add(folder)


async def test_used_up_watches_are_said_once_and_edits_are_still_seen(tmp_path: Path) -> None:
    """Where the kernel has no watch left, one warning names the setting, and the rest is looked at instead."""
    for number in range(6):
        (tmp_path / f"p{number}").mkdir()
        (tmp_path / f"p{number}" / "m.py").write_text("1")
    warnings: list[str] = []
    async with watching(tmp_path, source=Limited(), warn=warnings.append) as batches:
        for number in range(6):
            (tmp_path / f"p{number}" / "m.py").write_text("2")
            assert (f"p{number}/m.py",) == (await batches.next()).names

    assert 1 == len(warnings)
    assert "fs.inotify.max_user_watches" in warnings[0]


class Guarded(Inotify):
    """A kernel that does not let this user into `secret`."""

    def add(self, folder: Path) -> None:
        """Watch, or fail as the kernel does for a folder that cannot be read."""
        if folder.name == "secret":
            raise OSError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
        super().add(folder)


async def test_an_unreadable_folder_is_said_and_left_out(file: Path) -> None:
    """A folder that cannot be read is named with what to do about it; everything else is followed."""
    (file.parent / "secret").mkdir()
    warnings: list[str] = []
    async with watching(file.parents[1], source=Guarded(), warn=warnings.append) as batches:
        file.write_text("new")

        assert ("app/main.py",) == (await batches.next()).names
    assert [True] == ["secret cannot be read" in text and "chmod" in text for text in warnings]


async def test_a_file_system_without_news_is_looked_at(file: Path) -> None:
    """Without the kernel's news, edits, new files and removals are seen all the same."""
    async with watching(file.parents[1], source=None, polled=True) as batches:
        file.write_text("new")
        assert ("app/main.py",) == (await batches.next()).names
        (file.parent / "other.py").write_text("new")
        assert ("app/other.py",) == (await batches.next()).names
        file.unlink()
        assert ("app/main.py",) == (await batches.next()).names


async def test_systems_without_inotify_follow_by_events(file: Path) -> None:
    """The fallback of other systems tells an edit too."""
    async with watching(file.parents[1], source=None) as batches:
        await asyncio.sleep(0.5)  # its thread begins to watch at some time, and nothing tells when
        file.write_text("new")

        assert ("app/main.py",) == (await batches.next()).names


async def test_links_that_loop_end(tmp_path: Path) -> None:
    """A link to a folder above it is walked once; edits beside it are seen."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "up").symlink_to(tmp_path)
    async with watching(tmp_path) as batches:
        (tmp_path / "app" / "main.py").write_text("1")

        assert ("app/main.py",) == (await batches.next()).names


async def test_changes_of_libraries_are_told_as_such(tmp_path: Path) -> None:
    """A package that is installed, and a source folder of a library, are libraries; a file of the project is none."""
    root, installed, source = (tmp_path / name for name in ("project", "site-packages", "loom"))
    for folder in (root, installed, source):
        folder.mkdir()
    async with watching(root, installed=[installed], sources=[source]) as batches:
        (installed / "thing-1.0.dist-info").mkdir()
        assert Changed(names=("thing-1.0.dist-info",), libraries=True) == await batches.next()
        (source / "core.py").write_text("1")
        assert Changed(names=("core.py",), libraries=True) == await batches.next()
        (root / "main.py").write_text("1")
        assert Changed(names=("main.py",), libraries=False) == await batches.next()
