"""Children from a zygote (Linux): forked from a process that has imported the libraries, so a child is there in milliseconds.

The zygote is started on first use and again after `renew` or when it has died. Where it must not fork, because something it
imported left a thread, a loop, a connection or an open file, that is said once and fresh interpreters take over.
"""

import asyncio
import ctypes
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, Process, create_subprocess_exec
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from loom.core.target import Target
from studio.events import Forked, Message, Unfit, receive
from studio.processes.connections import Lobby
from studio.processes.spawn import Child, FreshInterpreter, Spawner, environment, stack_file

AVAILABLE = sys.platform == "linux" and hasattr(os, "pidfd_open")
ORPHAN_S = 1.0
_PR_SET_CHILD_SUBREAPER = 36


class Zygote:
    """The running zygote process and the socket it takes requests on."""

    def __init__(
        self, process: Process, control: socket.socket, streams: tuple[asyncio.StreamReader, asyncio.StreamWriter]
    ) -> None:
        self._process = process
        self._control = control
        self._reader, self._writer = streams

    async def fork(self, control: socket.socket, stack: int) -> Message | None:
        """Have it fork a child with these descriptors; return its answer, None where it is gone."""
        with suppress(ConnectionError):
            socket.send_fds(self._control, [b"f"], [control.fileno(), stack])
            return await receive(self._reader)
        return None

    async def answer(self) -> Message | None:
        """Return what it says next; None where it is gone."""
        with suppress(ConnectionError):
            return await receive(self._reader)
        return None

    async def close(self) -> None:
        """End it; its children stay."""
        self._control.close()
        self._writer.close()
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()


class FromZygote:
    """Forks children from a zygote.

    Args:
        root: the project; the working directory of children.
        listener: socket that children accept on.
        lobby: where they leave idle connections.
        warn: told why the zygote may not be used.
        modules: what it imports beside what every application needs.
    """

    def __init__(
        self,
        root: Path,
        listener: socket.socket,
        lobby: Lobby,
        *,
        warn: Callable[[str], None] = lambda _: None,
        modules: Iterable[str] = (),
    ) -> None:
        self._root = root
        self._sockets = (listener, *lobby)
        self._fallback = FreshInterpreter(root, listener, lobby)
        self._warn = warn
        self._modules = tuple(modules)
        self._zygote: Zygote | None = None
        self._is_unfit = False
        self._one_at_a_time = asyncio.Lock()

    async def spawn(self) -> Child:
        """Return a parked child: forked, or a fresh interpreter where that is not safe."""
        async with self._one_at_a_time:
            for _ in range(2):  # a zygote that has died is replaced once
                if self._is_unfit:
                    break
                if (child := await self._fork()) is not None:
                    return child
        return await self._fallback.spawn()

    async def renew(self) -> None:
        """Replace the zygote; children of the one before go on serving."""
        async with self._one_at_a_time:
            self._is_unfit = False
            await self._end()

    async def close(self) -> None:
        """End the zygote."""
        await self.renew()

    async def _fork(self) -> Child | None:
        zygote = self._zygote = self._zygote or await self._start()
        ours, theirs = socket.socketpair()
        stack = stack_file()
        with theirs:
            answer = await zygote.fork(theirs, stack)
        if isinstance(answer, Forked):
            ours.setblocking(False)
            return Child(answer.pid, exit_of(answer.pid), ours, stack)
        ours.close()
        os.close(stack)
        await self._end()
        if isinstance(answer, Unfit):
            self._is_unfit = True
            self._warn(
                f"reloads are slower: the imported libraries left {', '.join(answer.found)}, so nothing can be forked"
            )
        return None

    async def _start(self) -> Zygote:
        become_subreaper()
        ours, theirs = socket.socketpair()
        descriptors = (theirs.fileno(), *(sock.fileno() for sock in self._sockets))
        with theirs:
            process = await create_subprocess_exec(
                sys.executable,
                *("-P", "-m", "studio.processes.zygote", *map(str, descriptors), str(os.getpid()), *self._modules),
                pass_fds=descriptors,
                cwd=self._root,
                env=environment(),
                stdin=DEVNULL,
                start_new_session=True,
            )
        zygote = Zygote(process, ours, await asyncio.open_connection(sock=ours.dup()))
        await zygote.answer()
        return zygote

    async def _end(self) -> None:
        if self._zygote is not None:
            zygote, self._zygote = self._zygote, None
            await zygote.close()


def spawner_for(target: Target, listener: socket.socket, lobby: Lobby, warn: Callable[[str], None]) -> Spawner:
    """Return the fastest spawner that this system has."""
    if AVAILABLE:
        return FromZygote(target.root, listener, lobby, warn=warn, modules=target.preload)
    return FreshInterpreter(target.root, listener, lobby)


def become_subreaper() -> None:
    """Have the kernel give this process the orphans of its descendants, children of a zygote among them.

    So the processes that the app started and left behind are ours too, and must not stay zombies when they end.
    """
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGCHLD, lambda: loop.call_later(ORPHAN_S, reap_orphans))


def reap_orphans() -> None:
    """Wait for children that ended a while ago; by now only those are left that nobody else waits for."""
    with suppress(OSError):
        for name in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
            with suppress(OSError):
                if Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                    os.waitpid(int(name), os.WNOHANG)


def exit_of(pid: int) -> asyncio.Future[int]:
    """Return what will be the exit code of a child of this process; negative for a signal."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[int] = loop.create_future()
    descriptor = os.pidfd_open(pid)

    def ended() -> None:
        loop.remove_reader(descriptor)
        os.close(descriptor)
        _, status = os.waitpid(pid, 0)
        if not done.done():
            done.set_result(os.waitstatus_to_exitcode(status))

    loop.add_reader(descriptor, ended)
    return done
