"""How a child comes to be. `FreshInterpreter` starts a new Python; anything with the same shape may take its place.

A spawner returns a *parked* child: a process that has everything but the user's code. `Child.start` lets it go.
"""

import asyncio
import os
import re
import signal
import socket
import sys
import tempfile
from asyncio.subprocess import DEVNULL, create_subprocess_exec
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from loom.core.target import Target
from studio.events import Drain, Frame, Message, Parted, Start, encode, receive
from studio.failures import FRAMES_KEPT, make_frame, own_first
from studio.processes.connections import Lobby

STACK_S = 1.0
PARTING_S = 0.1
_STACK_LINE = re.compile(r'File "(.+)", line (\d+) in (.+)')


class Child:
    """A process that imports the app, and the socket it reports on.

    Args:
        exited: done when the process has ended, with its exit code; negative for a signal.
        control: our end of its control socket.
        stack: descriptor of the file it writes its stack to; owned from here on.
    """

    def __init__(self, pid: int, exited: asyncio.Future[int], control: socket.socket, stack: int) -> None:
        self.pid = pid
        self.exited = exited
        self._control = control
        self._stack = stack
        self._messages: asyncio.Queue[Message | None] = asyncio.Queue()
        self._parted = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None
        self._writer: asyncio.StreamWriter | None = None

    @property
    def alive(self) -> bool:
        """True while the process runs."""
        return not self.exited.done()

    async def start(self, target: Target) -> None:
        """Let it import `target`."""
        reader, self._writer = await asyncio.open_connection(sock=self._control)
        self._listening = asyncio.create_task(self._listen(reader))
        where = Start(
            root=str(target.root),
            import_dir=str(target.import_dir),
            module=target.module,
            attribute=target.attribute,
        )
        await self._say(where)

    async def next_message(self) -> Message | None:
        """Return what the child says next; None once it has closed its end.

        Raises:
            ValueError: it sent something that is no message.
        """
        message = await self._messages.get()
        if message is None and self._listening is not None:
            await self._listening
        return message

    async def ended(self) -> int:
        """Return the exit code once it has ended."""
        return await asyncio.shield(self.exited)

    async def drain(self, grace_s: float, *, hand_over: bool = True) -> None:
        """Ask it to stop accepting and to leave within `grace_s`; end it a second after that."""
        await self._say(Drain(grace_s=grace_s, hand_over=hand_over))
        await asyncio.wait([self.exited], timeout=grace_s + 1)
        await self.kill()

    async def parted(self) -> None:
        """Wait until a draining child takes no more connections.

        One that is busy in a call which does not await accepts nothing meanwhile, so it is waited for a moment only.
        """
        with suppress(TimeoutError):
            await asyncio.wait_for(self._parted.wait(), PARTING_S)

    async def kill(self) -> None:
        """End it now, if it has not ended, and give back what belongs to it."""
        self.kill_now()
        await self.ended()
        self._close()

    def kill_now(self) -> None:
        """Send SIGKILL, if it has not ended."""
        if self.alive:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    async def where(self, root: Path) -> tuple[Frame, ...]:
        """Ask a silent child where it is and return its frames, own ones first."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGUSR1)
        for _ in range(int(STACK_S / 0.05)):  # it writes from a signal handler, and nothing tells when
            await asyncio.sleep(0.05)
            if frames := self.last_words(root):
                return frames
        return ()

    def last_words(self, root: Path) -> tuple[Frame, ...]:
        """Return the frames it wrote before it crashed or left; nothing where it had no time to."""
        text = os.pread(self._stack, 64 * 1024, 0).decode(errors="replace")
        found = [make_frame(f, int(line), function, root) for f, line, function in _STACK_LINE.findall(text)]
        return own_first(found[::-1])[:FRAMES_KEPT]

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        """Take what the child sends until it closes its end."""
        try:
            while (message := await self._receive(reader)) is not None:
                if isinstance(message, Parted):
                    self._parted.set()
                else:
                    self._messages.put_nowait(message)
        finally:
            self._parted.set()
            self._messages.put_nowait(None)

    async def _receive(self, reader: asyncio.StreamReader) -> Message | None:
        with suppress(ConnectionError):
            return await receive(reader)
        return None

    async def _say(self, message: Message) -> None:
        if self._writer is not None:
            with suppress(ConnectionError):
                self._writer.write(encode(message))
                await self._writer.drain()

    def _close(self) -> None:
        if self._stack >= 0:
            os.close(self._stack)
            self._stack = -1
            self._control.close() if self._writer is None else self._writer.close()
            if self._listening is not None:
                self._listening.cancel()


class Spawner(Protocol):
    """Starts children."""

    async def spawn(self) -> Child:
        """Return a parked child."""
        ...

    async def renew(self) -> None:
        """Forget every library that was imported ahead; those on disk have changed."""
        ...

    async def close(self) -> None:
        """Start no more."""
        ...


class FreshInterpreter:
    """A new Python per child: slow to start, and free of everything the one before it did.

    Args:
        root: the project; the working directory of children.
        listener: socket that children accept on.
        lobby: where they leave idle connections.
    """

    def __init__(self, root: Path, listener: socket.socket, lobby: Lobby) -> None:
        self._root = root
        self._sockets = (listener, *lobby)

    async def spawn(self) -> Child:
        """Start the child module with everything it needs as inherited descriptors."""
        ours, theirs = socket.socketpair()
        stack = stack_file()
        descriptors = (theirs.fileno(), *(sock.fileno() for sock in self._sockets), stack)
        with theirs:
            process = await create_subprocess_exec(
                sys.executable,
                *("-P", "-m", "studio.processes.child", *map(str, descriptors), str(os.getpid())),
                pass_fds=descriptors,
                cwd=self._root,
                env=environment(),
                stdin=DEVNULL,
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which then drains its child
            )
        ours.setblocking(False)
        return Child(process.pid, asyncio.ensure_future(process.wait()), ours, stack)

    async def renew(self) -> None:
        """Nothing was imported ahead."""

    async def close(self) -> None:
        """Nothing is kept."""


def stack_file() -> int:
    """Return the descriptor of a file that has no name, so that nothing is left behind."""
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def environment() -> dict[str, str]:
    """This process's environment, with its import path, and no byte code left behind."""
    return {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
