"""The zygote forks only what may be forked, says why when it may not, and is replaced when libraries change."""

import os
import signal
import socket
import sysconfig
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from loom.core.target import find_target
from studio.events import Compiled, Ready
from studio.processes.connections import Lobby
from studio.processes.ports import listen
from studio.processes.spawn import Child, FreshInterpreter, Spawner
from studio.processes.warm import AVAILABLE, FromZygote
from tests.processes.conftest import Dev, descendants, edit, is_running, wait_until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not AVAILABLE, reason="needs fork, pidfd and a subreaper: Linux"),
]

THREAD = "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True, name='poller').start()\n"
SOCKET = "import socket\nKEPT = socket.socket()\n"
LOOP = "import asyncio\nKEPT = asyncio.new_event_loop()\n"
DATABASE = "import sqlite3\nKEPT = sqlite3.connect('kept.db')\n"


@pytest.fixture
async def parts(home: Path) -> AsyncIterator[tuple[Path, socket.socket, Lobby]]:
    """A project, its listening socket and lobby."""
    listener, lobby = listen("127.0.0.1", 0), Lobby.open()
    yield home, listener, lobby
    listener.close()
    lobby.close()


Parts = tuple[Path, socket.socket, Lobby]


async def first_words(child: Child, home: Path) -> list[type]:
    """Let a child start; return what kind of messages it sends until it accepts."""
    await child.start(find_target(str(home)))
    return [type(await child.next_message()), type(await child.next_message())]


@pytest.mark.parametrize("kind", [FreshInterpreter, FromZygote])
async def test_every_spawner_starts_the_same_child(kind: type[Spawner], parts: Parts) -> None:
    """A child of either kind reports, accepts, is a child of this process and leaves when it is told."""
    home, listener, lobby = parts
    spawner = kind(home, listener, lobby)  # type: ignore[call-arg]
    child = await spawner.spawn()

    assert [Compiled, Ready] == await first_words(child, home)
    assert child.pid in descendants(os.getpid())
    await child.drain(1, hand_over=False)
    assert 0 == await child.ended()
    await spawner.close()


@pytest.mark.parametrize(
    ("code", "says"),
    [(THREAD, "1 thread (poller)"), (SOCKET, "an open connection"), (LOOP, "an event loop"), (DATABASE, "kept.db")],
)
async def test_a_library_that_keeps_something_open_turns_forking_off(
    code: str, says: str, parts: Parts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the zygote may not fork that is said once, and children are fresh interpreters that serve as well."""
    (tmp_path / "keeps_open.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    warnings: list[str] = []
    home, listener, lobby = parts
    spawner = FromZygote(home, listener, lobby, warn=warnings.append, modules=("keeps_open",))

    children = [await spawner.spawn(), await spawner.spawn()]

    assert 1 == len(warnings)
    assert says in warnings[0]
    assert [Compiled, Ready] == await first_words(children[0], home)
    for child in children:
        await child.kill()
    await spawner.close()


async def test_a_zygote_that_died_is_replaced(parts: Parts) -> None:
    """SIGKILL of the zygote costs nothing but the time to make another; its children go on."""
    spawner = FromZygote(*parts)
    first = await spawner.spawn()
    zygote = next(pid for pid in descendants(os.getpid()) if name_of(pid) == "loom-zygote")

    os.kill(zygote, signal.SIGKILL)
    second = await spawner.spawn()

    assert first.alive
    assert [Compiled, Ready] == await first_words(second, parts[0])
    for child in (first, second):
        await child.kill()
    await spawner.close()


def test_a_package_that_is_installed_replaces_the_zygote(home: Path, run: Callable[..., Dev], tmp_path: Path) -> None:
    """A distribution that appears among the installed ones starts one build, from another zygote."""
    dev = run(home)
    dev.build("ready")
    before = zygotes(dev)
    marker = Path(sysconfig.get_path("purelib")) / f"loom_test_{os.getpid()}-1.0.dist-info"

    marker.mkdir()
    try:
        (marker / "RECORD").write_text("")
        build = dev.build("ready")
    finally:
        (marker / "RECORD").unlink()
        marker.rmdir()

    assert [marker.name] == build["trigger"]
    assert before != zygotes(dev)
    assert "one" == dev.word()
    wait_until(lambda: not any(map(is_running, before)))


def zygotes(dev: Dev) -> list[int]:
    """Return the zygotes of a running `loom dev`."""
    return [pid for pid in descendants(dev.process.pid) if name_of(pid) == "loom-zygote"]


def name_of(pid: int) -> str:
    """Return what the kernel calls a process."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def test_what_the_app_left_behind_is_no_zombie(home: Path, run: Callable[..., Dev]) -> None:
    """A process that the app started and outlived it is waited for when it ends."""
    edit(home / "main.py", "WORD =", 'import subprocess\n\nLEFT = subprocess.Popen(["sleep", "3"])\nWORD =')
    dev = run(home)
    dev.build("ready")
    sleeper = next(pid for pid in dev.family() if name_of(pid) == "sleep")

    os.kill(dev.pid(), signal.SIGKILL)

    wait_until(lambda: not Path(f"/proc/{sleeper}").exists(), 15)


def test_libraries_named_by_the_project_are_imported_once(home: Path, run: Callable[..., Dev]) -> None:
    """`preload` of pyproject.toml is in the zygote: the app finds the module imported, by a process that is not its own."""
    (home / "pyproject.toml").write_text('[tool.loom]\npreload = ["xml.dom.minidom"]\n')
    edit(home / "main.py", 'WORD = "one"', 'import sys\n\nWORD = str("xml.dom.minidom" in sys.modules)')
    dev = run(home)
    dev.build("ready")

    assert "True" == dev.word()
